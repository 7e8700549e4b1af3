"""The port of the trail: what managers look back on. Read it after bot.ports."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.campaign import Campaign
from bot.domain.trail import Pulse, Trace, Wanted


class Trail(Protocol):
    """The audit log and the channels, looked through however long they are; raises StoreError."""

    async def traces(self, wanted: Wanted) -> Sequence[Trace]: ...  # the latest first
    async def deciders(self) -> tuple[Sequence[str], Sequence[str]]: ...  # whoever decided anything, and all verbs
    async def pulses(self, since: Mapping[str, Sequence[datetime]]) -> Mapping[str, Pulse]: ...
    # ^ by channel, each with its calls since these moments
    async def campaigns(self) -> Sequence[Campaign]: ...  # by name, those that can be read
