"""The sandbox gateway over HTTP: both protocols, the payer's page, and its ledger for whoever compares.

What is asked of it is answered, or not, as the payment's way has it; then its payer does what that way says.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from deploy.pay.posting import post
from deploy.sandbox.ledger import BEHAVIOURS, MEANING, Entry, Ledger
from deploy.sandbox.payer import acted, declined, paid
from deploy.sandbox.sides import Side
from services.payments.gateways.port import Request, Response

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answered = tuple[int, bytes, str]

_JSON: Final = "application/json"
_HTML: Final = "text/html; charset=utf-8"
_ACTS: Final = ("create", "query", "refund")
# A callback nobody takes is told again so often, as the real ones do; then only who asks learns of it.
_TELLINGS: Final = 4
_AGAIN_AFTER_S: Final = 0.5
_PATIENCE_S: Final = 5.0
_MOST_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast payers are: `soon` after the page is made, `late` where they are late; and how long an answer is withheld
    that never comes."""

    soon_s: float = 0.3
    late_s: float = 5.0
    withheld_s: float = 60.0


class Sandbox:
    """The ASGI application."""

    def __init__(self, ledger: Ledger, sides: Mapping[str, Side], base: str, pace: Pace) -> None:
        self.ledger = ledger
        self._sides = sides
        self._base = base
        self._pace = pace
        self._under_way: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        status, body, kind = await self._answer(scope["method"], scope["path"], receive)
        headers = [(b"content-type", kind.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, method: str, path: str, receive: Receive) -> Answered:
        body = await _body(receive)
        act = path.rpartition("/")[2]
        if method == "POST" and path.startswith("/v2/") and act in _ACTS:
            side = self._sides["momo" if path.startswith("/v2/gateway/api/") else "zalopay"]
            try:
                return await self._asked(side, act, body)
            except (KeyError, ValueError, TypeError):
                return 400, b"{}", _JSON
        if path == "/ledger":
            return 200, json.dumps([_row(each) for each in self.ledger.entries.values()]).encode(), _JSON
        if path == "/ways" and method == "POST":
            self.ledger.ways = [way for way in BEHAVIOURS if way in json.loads(body)]
            return 200, json.dumps(self.ledger.ways).encode(), _JSON
        if path.startswith("/pay/"):
            return await self._payer(method, path.split("/")[2], body)
        return 404, b"{}", _JSON

    async def _asked(self, side: Side, act: str, body: bytes) -> Answered:
        now = datetime.now(UTC)
        if act == "query":
            return 200, json.dumps(side.query(body, now)).encode(), _JSON
        if act == "refund":
            return 200, json.dumps(side.refund(body)).encode(), _JSON
        if self.ledger.fails_now(side.payment_of(body)):
            return 500, b"<html>Internal Server Error</html>", _HTML
        answer, made = side.create(body, now, self._base)
        if made is not None:
            await self._played(side, made)
        return 200, json.dumps(answer, ensure_ascii=False).encode(), _JSON

    async def _played(self, side: Side, entry: Entry) -> None:
        """The payer's part, which begins now; returns when the gateway answers."""
        if entry.behaviour == "early":
            await self._tell(entry, acted(side, entry, datetime.now(UTC)))
            return
        later = self._pace.late_s if entry.behaviour == "late" else self._pace.soon_s
        self._begin(self._later(side, entry, later * (0.5 + self.ledger.random.random())))
        if entry.behaviour == "cut_off":
            await asyncio.sleep(self._pace.withheld_s)

    def _begin(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _later(self, side: Side, entry: Entry, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._tell(entry, acted(side, entry, datetime.now(UTC)))

    async def _tell(self, entry: Entry, callbacks: Sequence[bytes]) -> None:
        for told in callbacks:
            for _ in range(_TELLINGS):
                answer = await post(Request(entry.callback_url, _JSON, told), _PATIENCE_S)
                # Whoever forges does not come again.
                if _is_taken(answer) or entry.behaviour == "forged":
                    break
                await asyncio.sleep(_AGAIN_AFTER_S)

    async def _payer(self, method: str, id_: str, body: bytes) -> Answered:
        if (entry := self.ledger.entries.get(id_)) is None:
            return 404, b"There is no such payment.", _HTML
        if method == "POST":
            side = self._sides[entry.gateway]
            pays = dict(parse_qsl(body.decode())).get("do") == "pay"
            told = paid(side, entry, datetime.now(UTC)) if pays else declined(side, entry)
            await self._tell(entry, told)
        return 200, _page(entry).encode(), _HTML


def _is_taken(answer: Response) -> bool:
    return answer.status == 204 or b'"return_code":1' in answer.body or b'"return_code":2' in answer.body


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "gateway": entry.gateway,
        "id": entry.id,
        "amount": entry.amount,
        "status": entry.stands(datetime.now(UTC)),
        "way": entry.behaviour,
        "refunded": sum(entry.refunds.values()),
    }


def _page(entry: Entry) -> str:
    buttons = '<button name="do" value="pay">Pay</button> <button name="do" value="decline">Decline</button>'
    can = f'<form method="post">{buttons}</form>' if entry.status == "unpaid" else ""
    return (
        f"<!doctype html><title>Sandbox</title><h1>{entry.gateway} sandbox</h1>"
        f"<p>{entry.amount:,} VND, {entry.status} ({MEANING[entry.behaviour]})</p>{can}"
    )


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more and len(body) < _MOST_BYTES:
        message = await receive()
        body += bytes(message.get("body", b""))
        more = bool(message.get("more_body"))
    return body
