"""The door: what is rightly signed is stored and then answered; what is forged is refused, counted, and stored nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from deploy.pay.door import Door
from deploy.pay.links import link_of, order_in
from deploy.pay.settings import PaySettings
from services.payments.gateways.keys import Key
from shared.contracts.payments import Payment, ReportPayment
from shared.engine.outbox import Outgoing
from tests.unit.payments.merchants import ORDER, Pair, pair, with_keys

KEY = Key(b"link-key")


class Broker:
    """Takes what is published, or is away."""

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []
        self.away = False

    async def publish(self, messages: Iterable[Outgoing]) -> None:
        if self.away:
            raise KafkaConnectionError
        self.taken += messages


class Visitor:
    """Comes to the door."""

    def __init__(self, at: Pair, *keys: str) -> None:
        self.broker = Broker()
        gateway = with_keys(at.name, *keys) if keys else at.ours
        settings = PaySettings("", "", {at.name: gateway}, "http://door", (KEY,))
        self.door = Door(settings, self.broker, lambda: True)  # type: ignore[arg-type]  # all that is used of it
        self.name = at.name

    async def come(self, method: str, path: str, body: bytes = b"") -> tuple[int, dict[bytes, bytes], bytes]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.door({"type": "http", "method": method, "path": path}, receive, send)
        return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]

    async def tells(self, body: bytes) -> tuple[int, int | None]:
        """The status, and ZaloPay's own code."""
        status, _, answer = await self.come("POST", f"/callbacks/{self.name}", body)
        return status, json.loads(answer)["return_code"] if answer else None

    def counted(self, verdict: str) -> int:
        return int(self.door.callbacks.labels(self.name, verdict)._value.get())


@pytest.fixture(params=["momo", "zalopay"])
def at(request: pytest.FixtureRequest) -> Pair:
    return pair(request.param)


def paid(at: Pair) -> bytes:
    entry = at.ledger.entries[at.made()]
    entry.status = "paid"
    return at.told(entry.id)


TAKEN = {"momo": (204, None), "zalopay": (200, 1)}
AGAIN = {"momo": (204, None), "zalopay": (200, 2)}
FORGED = {"momo": (400, None), "zalopay": (200, -1)}
NOT_NOW = {"momo": (503, None), "zalopay": (200, 0)}


async def test_a_callback_is_stored_with_its_bytes_and_then_answered(at: Pair) -> None:
    visitor, body = Visitor(at), paid(at)
    assert await visitor.tells(body) == TAKEN[at.name]
    (said,) = visitor.broker.taken
    report = ReportPayment.model_validate_json(said.body)
    assert (report.order, report.by, report.outcome, report.amount) == (ORDER, "callback", "paid", 724_000)
    assert report.raw == body.decode()
    assert visitor.counted("taken") == 1


async def test_a_callback_played_again_is_the_same_message(at: Pair) -> None:
    """So the inbox drops it, whichever door it comes to."""
    body = paid(at)
    one, other = Visitor(at), Visitor(at)
    assert [await one.tells(body), await one.tells(body)] == [TAKEN[at.name], AGAIN[at.name]]
    await other.tells(body)
    assert len({said.envelope.id for said in (*one.broker.taken, *other.broker.taken)}) == 1
    assert one.counted("again") == 1


@pytest.mark.parametrize(
    ("was", "now"),
    [("724000", "924000"), ("7d40", "7d41"), ("7d40", "7D4O"), ("{", "[")],
    ids=["amount", "order", "byte", "form"],
)
async def test_a_forged_callback_is_refused_counted_and_stored_nowhere(at: Pair, was: str, now: str) -> None:
    visitor, body = Visitor(at), paid(at).decode()
    assert was in body
    assert await visitor.tells(body.replace(was, now).encode()) == FORGED[at.name]
    assert visitor.broker.taken == []
    assert visitor.counted("forged") == 1


async def test_a_callback_signed_with_an_old_key_is_refused(at: Pair) -> None:
    visitor = Visitor(at, "new")
    assert await visitor.tells(paid(at)) == FORGED[at.name]
    assert visitor.broker.taken == []
    assert visitor.counted("forged") == 1


async def test_a_callback_that_cannot_be_stored_is_to_come_again(at: Pair) -> None:
    visitor, body = Visitor(at), paid(at)
    visitor.broker.away = True
    assert await visitor.tells(body) == NOT_NOW[at.name]
    visitor.broker.away = False
    assert await visitor.tells(body) == TAKEN[at.name]
    assert (visitor.counted("not_stored"), visitor.counted("taken")) == (1, 1)


async def test_what_is_larger_than_any_callback_is_not_read(at: Pair) -> None:
    visitor = Visitor(at)
    status, _, _ = await visitor.come("POST", f"/callbacks/{at.name}", b"{" * 20_000)
    assert (status, visitor.broker.taken) == (413, [])


async def test_the_door_tells_about_itself_and_knows_no_other_place() -> None:
    visitor = Visitor(pair("momo"))
    found = {
        path: (await visitor.come("GET", path))[0]
        for path in ("/live", "/ready", "/metrics", "/returned", "/x")
    }
    assert found == {"/live": 200, "/ready": 200, "/metrics": 200, "/returned": 200, "/x": 404}
    assert (await visitor.come("POST", "/callbacks/other"))[0] == 404


UNTIL = datetime.now(UTC) + timedelta(days=3)
LINK = link_of("", ORDER, UNTIL, KEY)


def test_a_link_is_good_until_its_end_and_for_its_order_only() -> None:
    token = LINK.removeprefix("/pay/")
    assert order_in(token, [KEY], UNTIL - timedelta(seconds=1)) == ORDER
    assert order_in(token, [KEY], UNTIL) is None
    assert order_in(token, [Key(b"another")], datetime.now(UTC)) is None
    assert order_in(token, [Key(b"new"), KEY], datetime.now(UTC)) == ORDER
    for forged in (token.replace("7d40", "7d41"), token.replace("~", "~9", 1), "", "~", "a~b~c"):
        assert order_in(forged, [KEY], datetime.now(UTC)) is None


@pytest.mark.parametrize(
    ("status", "pay_url", "answered"),
    [
        ("pending", "http://gateway/1", 303),
        ("asking", "", 503),
        ("paid", "", 410),
        ("abandoned", "http://g/1", 410),
    ],
)
async def test_a_link_leads_to_the_gateways_page_while_it_can_be_paid(
    status: Any, pay_url: str, answered: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = Payment.example | {"status": status, "pay_url": pay_url}
    payment = Payment.model_validate_json(json.dumps(example))

    async def found(dsn: str, order: str) -> Payment | None:
        return payment if order == ORDER else None

    monkeypatch.setattr("deploy.pay.door.books.payment", found)
    came, headers, _ = await Visitor(pair("momo")).come("GET", LINK)
    assert came == answered
    assert headers.get(b"location", b"").decode() == (pay_url if answered == 303 else "")


async def test_a_forged_link_leads_nowhere() -> None:
    assert (await Visitor(pair("momo")).come("GET", LINK.replace("7d40", "7d41")))[0] == 410
