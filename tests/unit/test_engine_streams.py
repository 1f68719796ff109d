"""A large batch is parted so that nothing loses its order, and what shares rows is settled together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from shared.contracts.checkout import Price, PublishPrices
from shared.contracts.cloudevents import Envelope
from shared.contracts.message import Message
from shared.contracts.resources import SetAutoRenew
from shared.engine.decision import Cause
from shared.engine.intake import Read, StoredRecord
from shared.engine.service import Ask
from shared.engine.streams import parted

_AT = datetime(2026, 3, 6, tzinfo=UTC)


def _read(number: int, message: Message, key: str | None = None) -> Read:
    cause = Cause(f"00000000-0000-7000-8000-{number:012d}", "shop", _AT)
    envelope = Envelope(cause.id, message.type, "/test", message.key, cause.id)
    record = StoredRecord("billing.shop.commands.v1", 3, number, 0, None, None, ())
    return Read(record, Ask(key or message.key, message, envelope, cause))


def _of(account: int, resource: int, number: int) -> Read:
    return _read(number, SetAutoRenew(account=f"acc-{account}", resource=f"srv-{resource}", on=False))


def _offsets(stream: Sequence[Read]) -> list[int]:
    return [read.record.offset for read in stream]


def test_a_small_batch_is_one_stream_and_an_empty_one_none() -> None:
    reads = [_of(number, number, number) for number in range(200)]
    assert list(parted(reads)) == [reads]
    assert list(parted([])) == []


def test_a_large_batch_is_three_streams_each_in_order() -> None:
    reads = [_of(number % 60, number % 120, number) for number in range(600)]
    streams = parted(reads)
    assert len(streams) == 3
    assert sorted(offset for stream in streams for offset in _offsets(stream)) == list(range(600))
    assert all(_offsets(stream) == sorted(_offsets(stream)) for stream in streams)


def test_what_is_about_one_account_is_in_one_stream() -> None:
    streams = parted([_of(number % 40, number, number) for number in range(400)])
    accounts = [{read.ask.message.account for read in stream} for stream in streams]  # type: ignore[attr-defined]
    assert sum(map(len, accounts)) == len(set().union(*accounts)) == 40


def test_what_says_no_account_stays_with_its_key() -> None:
    """Whichever message comes first: those of one key keep their order."""
    silent = PublishPrices(prices=[Price(flavor="ssd-100", kind="volume", vnd=1)], starts=_AT)
    reads = [
        read
        for number in range(0, 600, 3)
        for read in (
            _read(number, silent, f"srv-{number}"),
            _of(number % 40, number, number + 1),
            _read(number + 2, silent, f"srv-{number}"),
        )
    ]
    for stream in parted(reads):
        assert _offsets(stream) == sorted(_offsets(stream))
        for read in stream:
            assert [other.ask.key for other in stream].count(read.ask.key) == 3
