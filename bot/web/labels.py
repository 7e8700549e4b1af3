"""What the desk calls things: states, reasons, outcomes, moves. English here, translated where they are shown."""

from collections.abc import Mapping

from bot.domain.delivery import State
from bot.domain.excerpt import Reason
from bot.domain.people import Role
from bot.flow.releasing import Overdue
from bot.flow.settling import Verdict
from bot.web.words import N_

STATES: Mapping[State, str] = {
    State.HELD: N_("held"),
    State.SCHEDULED: N_("scheduled"),
    State.SENDING: N_("sending"),
    State.RETRYING: N_("retrying"),
    State.UNCERTAIN: N_("uncertain"),
    State.SENT: N_("sent"),
    State.FAILED: N_("failed"),
    State.CANCELLED: N_("cancelled"),
    State.RETRACTED: N_("retracted"),
}

REASONS: Mapping[Reason, str] = {
    Reason.LEAD: N_("lead"),
    Reason.QUOTE: N_("quote"),
    Reason.FIGURE: N_("figure"),
    Reason.KEY_POINT: N_("key point"),
    Reason.BY_HAND: N_("by hand"),
    Reason.OWN_WORDS: N_("the manager's own words"),
    Reason.WHOLE: N_("whole text"),
}

#: What came of an attempt, by the outcome's type, and the state whose colour it takes; "Open" = nothing was heard yet.
OUTCOMES: Mapping[str, tuple[str, State]] = {
    "Sent": (N_("sent"), State.SENT),
    "Pending": (N_("in work"), State.SENDING),
    "Retry": (N_("not sent, try again"), State.RETRYING),
    "Refused": (N_("refused"), State.FAILED),
    "Unauthorised": (N_("not authorised"), State.FAILED),
    "Unknown": (N_("unknown"), State.UNCERTAIN),
    "Open": (N_("open"), State.SENDING),
}

CHOICES: Mapping[Overdue, str] = {
    Overdue.LATE: N_("Post late, spread as each plan says"),
    Overdue.RESLOT: N_("Use the next free slots, in order"),
    Overdue.DROP: N_("Cancel what came due"),
}

#: What the buttons say of an uncertain delivery, and what follows from those that cannot be undone.
VERDICTS: Mapping[Verdict, str] = {
    Verdict.THERE: N_("It is there"),
    Verdict.ABSENT: N_("It is not there: send again"),
    Verdict.GIVE_UP: N_("Give up"),
}
FINAL: Mapping[Verdict, str] = {
    Verdict.THERE: N_(
        "It then counts as published at this address: a thread goes on below it, and taking it back removes it."
    ),
    Verdict.ABSENT: N_("It is then sent again at once. If it is public after all, followers see it twice."),
}
LEVELS: Mapping[str, str] = {"error": N_("error"), "warning": N_("warning")}
ROLES: Mapping[Role, str] = {
    Role.VIEWER: N_("viewer"),
    Role.EDITOR: N_("editor"),
    Role.APPROVER: N_("approver"),
    Role.ADMIN: N_("administrator"),
}
