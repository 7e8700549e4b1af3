"""What may go wrong with one request on its way to a server and back."""

import random
from collections.abc import Sequence
from enum import StrEnum


class Fault(StrEnum):
    """What may happen to one request; `reaches` tells whether the server gets it."""

    NONE = "none"
    DELAY = "delay"  # answered a little later
    RESET = "reset"  # the connection is reset before the server has it
    ERROR = "error"  # 503 before the server has it
    LATE = "late"  # the server gets it only when the client has long given up
    LOST = "lost"  # the connection is reset after the server has answered
    CUT = "cut"  # half of the answer, then the connection ends
    ERROR_AFTER = "error-after"  # 502 after the server has answered
    GARBAGE = "garbage"  # 200 and a page of HTML in place of the answer
    HANG = "hang"  # the server has answered, the client hears nothing
    REFUSE = "refuse"  # this one is answered; then nobody listens for a moment

    @property
    def reaches(self) -> bool:
        return self not in (Fault.RESET, Fault.ERROR)


FAULTS = tuple(fault for fault in Fault if fault is not Fault.NONE)
INSTEAD = {
    Fault.ERROR: ("503 Service Unavailable", '{"error": "down for a moment"}'),
    Fault.ERROR_AFTER: ("502 Bad Gateway", '{"error": "the server behind this one is gone"}'),
    Fault.GARBAGE: ("200 OK", "<!doctype html><title>Welcome</title>"),
}


def dealt(rng: random.Random, faults: Sequence[Fault]) -> list[Fault]:
    """Return each fault once in an order that is drawn, with an undisturbed request after every second."""
    shuffled = rng.sample(faults, len(faults))
    return [each for index, fault in enumerate(shuffled) for each in ((fault, Fault.NONE) if index % 2 else (fault,))]
