"""Which hosts do not answer: a circuit for each, shared by all channels that live there.

While one is open its channels rest, which the ledger keeps: nothing on them is due, so that no delivery is touched however
many wait, and every face can tell why. After each pause one delivery is the probe.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import structlog

from bot.domain.channel import Channel
from bot.domain.circuit import Circuit, host_of
from bot.domain.outcome import Outcome, Retry, Unknown
from bot.ports import Clock, Store

log = structlog.get_logger("hosts")


class Hosts:
    """Hears every answer and every silence."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._circuits: dict[str, Circuit] = {}

    @property
    def silent(self) -> Mapping[str, Circuit]:
        """The hosts that do not answer, each with since when, and when it is tried next."""
        return MappingProxyType({host: each for host, each in self._circuits.items() if each.until is not None})

    def allows(self, channel: Channel, under_way: Iterable[Channel]) -> bool:
        """Tell whether anything may be sent on a channel now; where a host is silent, one probe at a time."""
        if not self._circuits:
            return True
        circuit = self._circuits.get(host := host_of(channel))
        if circuit is None or circuit.until is None:
            return True
        return circuit.until <= self._clock.now() and all(host_of(each) != host for each in under_way)

    async def heard(self, channel: Channel, outcome: Outcome) -> None:
        """Count a silence; after any real answer nothing is wrong with the host."""
        silent = _silent(outcome)
        if not silent and not self._circuits:
            return
        host, now = host_of(channel), self._clock.now()
        before = self._circuits.get(host)
        if not silent:
            await self._answered(host, before)
            return
        circuit = (before or Circuit(since=now)).failed(now)
        self._circuits[host] = circuit
        if circuit.until is not None and circuit != before:
            log.warning("does not answer", host=host, since=str(circuit.since), next=str(circuit.until))
            why = f"{host} does not answer since {circuit.since:%d %b %Y %H:%M} UTC"
            for each in await self._store.channels():
                if host_of(each) == host and (each.rests is None or each.rests < circuit.until):
                    await self._store.rest_channel(each.name, circuit.until, why)

    async def _answered(self, host: str, circuit: Circuit | None) -> None:
        if circuit is None:
            return
        del self._circuits[host]
        if circuit.until is not None:
            log.info("answers again", host=host, since=str(circuit.since))
            for each in await self._store.channels():
                if host_of(each) == host and each.rests == circuit.until:
                    await self._store.rest_channel(each.name, None)


def _silent(outcome: Outcome) -> bool:
    match outcome:
        case Unknown(answered=answered):
            return not answered
        case Retry(unreached=unreached):
            return unreached
        case _:
            return False
