"""What a person may decide about a delivery in each state: the button, what it does, and the same on the command line."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.delivery import Delivery, State
from bot.flow.deciding import begun
from bot.web.words import N_


@dataclass(frozen=True, slots=True)
class Move:
    """One decision: `name` is its address and its command, `final` what to say before it because it cannot be undone."""

    name: str
    label: str
    does: str
    final: str = ""

    def command(self, delivery: Delivery) -> str:
        """Return the command that does the same to the delivery as it was shown."""
        return f"handbill {self.name} {delivery.id}@{delivery.version}"


PUBLIC = N_("It is public within seconds, and followers may see it even if you take it back.")
APPROVE = Move("approve", N_("Approve"), N_("It goes out at its channel's next free time."))
REVIVE = Move("approve", N_("Bring it back"), N_("When the cause is mended: the next free time of its channel."))
GO_ON = Move("approve", N_("Let the thread go on"), N_("The rest goes out at its channel's next free time."))
SEND_NOW = Move("send-now", N_("Send now"), N_("It goes out at once, whatever its slot."), PUBLIC)
TRY_NOW = Move("send-now", N_("Try again now"), N_("It is tried again at once."), PUBLIC)
HOLD = Move("hold", N_("Hold"), N_("Off the schedule until somebody approves it again."))
CANCEL = Move(
    "cancel", N_("Cancel"), N_("It ends unsent."), N_("It ends unsent for good: nobody can approve it later.")
)
RETRACT = Move(
    "retract",
    N_("Take it back"),
    N_("It is removed from the platform."),
    N_("It is removed from the platform, with the replies and likes that it has there."),
)

MOVES: Mapping[State, tuple[Move, ...]] = {
    State.HELD: (APPROVE, SEND_NOW, CANCEL),
    State.SCHEDULED: (HOLD, SEND_NOW, CANCEL),
    State.RETRYING: (TRY_NOW, HOLD, CANCEL),
    State.SENT: (RETRACT,),
    State.FAILED: (REVIVE,),
}
#: The same for a thread of which a part is public and the rest waits: it is finished or taken back.
BEGUN: Mapping[State, tuple[Move, ...]] = {
    State.HELD: (GO_ON, RETRACT),
    State.SCHEDULED: (SEND_NOW, RETRACT),
    State.RETRYING: (TRY_NOW, RETRACT),
    State.FAILED: (GO_ON, RETRACT),
}
#: How an uncertain delivery is settled on the command line.
SETTLING = (
    (N_("It is there, at this address"), "handbill settle {id}@{version} --there --url https://…"),
    (N_("It is not there: send it again"), "handbill settle {id}@{version} --absent"),
    (N_("Give up"), "handbill settle {id}@{version} --give-up"),
)


def moves(delivery: Delivery) -> tuple[Move, ...]:
    """Return what may be decided about a delivery now."""
    return (BEGUN if begun(delivery) else MOVES).get(delivery.state, ())


def commands(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    """Return the same for the command line: what each does, and the command."""
    if delivery.state is State.UNCERTAIN:
        return tuple((does, line.format(id=delivery.id, version=delivery.version)) for does, line in SETTLING)
    return tuple((each.does, each.command(delivery)) for each in moves(delivery))
