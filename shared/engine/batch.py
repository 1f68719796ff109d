"""One batch, inside one transaction: inbox, load, decide in order, save, outbox. Either all of it stands or none.

It is the only place where rules run. What they say goes into the outbox as one bundle per lane.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.contracts import topics
from shared.contracts.cloudevents import Envelope
from shared.contracts.jobs import JobSlice
from shared.contracts.message import Message
from shared.engine import outbox, parking, slices
from shared.engine.decision import Decision, Entity, Known, Slice
from shared.engine.faultpoints import FaultPoint, reach
from shared.engine.faults import RuleRaised
from shared.engine.intake import Read
from shared.engine.outbox import QUERIES, Bundle, Outgoing, lane_of
from shared.engine.parking import Parked
from shared.engine.service import Connection, Service
from shared.engine.slices import Step
from shared.engine.trace import carried


@dataclass(slots=True)
class Result:
    """What became of a batch's messages."""

    bundles: list[Bundle] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    decided: int = 0
    duplicates: int = 0


async def transact(conn: Connection, service: Service, batch: Sequence[Read]) -> Result:
    """Decides what is new in the batch; the caller's transaction makes it stand."""
    fresh, blocked = await _not_seen(conn, batch)
    reach(FaultPoint.AFTER_INBOX)
    known = Known()
    await service.store.load(conn, [read.ask for read in fresh if read.ask.key not in blocked], known)
    blocked |= await parking.blocked_keys(conn, _sliced_keys(fresh, known))
    reach(FaultPoint.AFTER_LOAD)
    result = decide(service, fresh, known, blocked)
    result.duplicates = len(batch) - len(fresh)
    reach(FaultPoint.AFTER_DECIDE)
    if result.decided:
        await service.store.save(conn, known)
    await parking.park(conn, result.parked)
    await slices.note(conn, result.steps)
    result.bundles = await outbox.add(conn, result.bundles)
    reach(FaultPoint.AFTER_SAVE)
    return result


def _sliced_keys(fresh: Sequence[Read], known: Known) -> set[str]:
    """What the slices in the batch decide: such a key may be parked, and its slice is not."""
    found = (known.get(Slice, read.ask.envelope.id) for read in fresh)
    return {key for slice_ in found if slice_ is not None for key in slice_.keys}


async def _not_seen(conn: Connection, batch: Sequence[Read]) -> tuple[Sequence[Read], set[str]]:
    """The batch without what was decided before, by an earlier batch or earlier in this one; and which of its keys wait
    for an operator."""
    first = {read.ask.envelope.id: read for read in reversed(batch)}
    keys = {read.ask.key for read in batch}
    rows = await conn.fetch(QUERIES["remember_messages"], list(first), list(keys))
    seen = [row["message_id"] for row in rows if row["message_id"] is not None]
    blocked = {row["key"] for row in rows if row["key"] is not None}
    if seen:
        # Whoever decided them may have been waited for, and have parked a key since that statement began.
        blocked = await parking.blocked_keys(conn, keys)
    elif len(first) == len(batch):
        return batch, blocked
    for message_id in seen:
        del first[message_id]
    return [read for read in batch if first.get(read.ask.envelope.id) is read], blocked


def decide(
    service: Service, fresh: Sequence[Read], known: Known, blocked: set[str], lane: str | None = None
) -> Result:
    """Runs the rules in order, in memory. A message whose rule raises changes nothing; from it on, its key waits.

    What is said goes into the lane given, else into that of the partition where it was read.
    """
    result = Result()
    desk = _Desk(service, known, lane)
    for read in fresh:
        key = read.ask.key
        if key in blocked:
            result.parked.append(Parked(read, None))
            continue
        try:
            result.parked += desk.decide(read, blocked)
        except RuleRaised as raised:
            blocked.add(key)
            result.parked.append(Parked(read, str(raised)))
        else:
            result.decided += 1
    result.bundles = desk.bundles()
    result.steps = desk.steps
    return result


class _Desk:
    """Where a batch's messages are decided one after the other, and what they said is gathered."""

    def __init__(self, service: Service, known: Known, lane: str | None) -> None:
        self._service = service
        self._source = service.source
        self._known = known
        self._lane = lane
        self._said: defaultdict[str, list[Outgoing]] = defaultdict(list)
        self._changed_by: dict[tuple[type[Entity], str], tuple[Read, str | None]] = {}
        self.steps: list[Step] = []

    def decide(self, read: Read, blocked: set[str]) -> list[Parked]:
        """Runs the rule of one message; what it decided is what the next one finds. What it parks of a slice is
        added to what is blocked."""
        if isinstance(read.ask.message, JobSlice):
            return self._decide_slice(read, read.ask.message, blocked)
        self._stand(read, self._decided(read))
        return []

    def _decided(self, read: Read) -> Decision:
        ask = read.ask
        try:
            decision: Decision = self._service.rules[type(ask.message)](ask.message, self._known, ask.cause)
        except Exception as error:
            # A rule is pure: whatever it raises, it raises for this message again.
            raise RuleRaised(f"{type(error).__name__}: {error}") from error
        return decision

    def _stand(self, read: Read, decision: Decision) -> None:
        self._known.apply(decision)
        traceparent = carried(read.ask.envelope)
        for entity in decision.changes:
            if type(entity) in self._service.snapshots:
                self._changed_by[type(entity), entity.key] = (read, traceparent)
        for part, message in enumerate(decision.says):
            self._say(read, message, str(part), self._sequence(message), traceparent)

    def _decide_slice(self, read: Read, message: JobSlice, blocked: set[str]) -> list[Parked]:
        """Decides as much of a slice as can be, and says the one that follows. Parked keys wait with messages of their
        own; where the rule raises, what is asked of it is halved until it is known for which key."""
        whole = self._known.get(Slice, read.ask.envelope.id)
        if whole is None or message.only:
            self._stand(read, self._decided(read))
            return []
        keys, error = whole.keys, None
        while True:
            going = tuple(key for key in keys if key not in blocked)
            self._known.put(whole._replace(keys=going))
            try:
                decision = self._decided(read)
            except RuleRaised as raised:
                if not going:
                    raise
                if len(keys) == 1:
                    decision, error = Decision(), str(raised)
                    break
                keys = keys[: len(keys) // 2]
            else:
                break
        self._stand(read, decision)
        self._go_on(read, message, keys, more=whole.more or len(keys) < len(whole.keys))
        return self._parked(read, message, keys, error, blocked)

    def _go_on(self, read: Read, message: JobSlice, keys: Sequence[str], *, more: bool) -> None:
        after = keys[-1] if keys else message.after
        if more:
            going_on = slices.next_of(message, after)
            self._say(read, going_on, "continues", None, carried(read.ask.envelope))
        if (job := self._service.job_of(message)) is not None:
            chain = read.ask.envelope.correlation_id
            self.steps.append(Step(job.name, message.shard, chain, after, len(keys), not more))

    @staticmethod
    def _parked(
        read: Read, message: JobSlice, keys: Sequence[str], error: str | None, blocked: set[str]
    ) -> list[Parked]:
        if error is not None:
            blocked.add(keys[0])
            return [Parked(slices.alone(read, message, keys[0]), error)]
        return [Parked(slices.alone(read, message, key), None) for key in keys if key in blocked]

    def bundles(self) -> list[Bundle]:
        """What was said, by lane, with a snapshot of each entity that has one as the batch leaves it."""
        for (kind, key), (read, traceparent) in self._changed_by.items():
            entity, sequence = self._known.row(kind, key)
            part = f"state/{kind.__name__}/{key}"
            self._say(read, self._snapshot(entity), part, sequence, traceparent)
        return [Bundle(lane, messages) for lane, messages in self._said.items()]

    def _snapshot(self, entity: Entity) -> Message:
        try:
            _, tell = self._service.snapshots[type(entity)]
            return tell(entity)
        except Exception as error:
            # As pure as a rule. It is known for which entity, not by which message: that is found one by one.
            raise RuleRaised(f"snapshot: {type(error).__name__}: {error}") from error

    def _sequence(self, message: Message) -> int | None:
        if message.form == "event":
            for kind in self._service.aggregates:
                if (sequence := self._known.next_sequence(kind, message.about)) is not None:
                    return sequence
        return None

    def _say(
        self, read: Read, message: Message, part: str, sequence: int | None, traceparent: str | None
    ) -> None:
        record, ask, key = read.record, read.ask, message.key
        cause = ask.cause
        # By position: named, it would take twice as long, and nothing is made more often.
        envelope = Envelope(
            cause.derive(part),
            message.type,
            self._source,
            key,
            ask.envelope.correlation_id,
            cause.at,
            key if message.is_about_key else message.about,
            cause.id,
            sequence,
            traceparent,
        )
        outgoing = Outgoing(topics.topic_of(type(message)), envelope, message.to_json())
        self._said[self._lane or lane_of(record.topic, record.partition)].append(outgoing)
