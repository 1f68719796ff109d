"""The door: gateways tell here what was paid, and whoever has a payment link comes in here.

A callback is checked first, then given to the broker, and only then answered: what was answered is never lost, and what
was not is told again.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final, NamedTuple, cast

import asyncpg
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry, Counter, generate_latest

from deploy.pay.links import order_in
from deploy.pay.reports import callback_of
from deploy.pay.settings import PaySettings
from services.payments import books
from services.payments.gateways.port import Answer, Forged
from shared.contracts.payments import MOST_RAW_CHARACTERS, GatewayName
from shared.engine.publisher import Publisher

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

# ZaloPay is told when it tells something again, as long as we remember.
_REMEMBERED: Final = 10_000


class Page(NamedTuple):
    """What is answered over HTTP."""

    status: int
    body: bytes = b""
    kind: str = "text/plain; charset=utf-8"
    location: str = ""


class Door:
    """The ASGI application."""

    def __init__(self, settings: PaySettings, publisher: Publisher, is_ready: Callable[[], bool]) -> None:
        self._settings = settings
        self._publisher = publisher
        self._is_ready = is_ready
        self._recent: deque[str] = deque(maxlen=_REMEMBERED)
        self._registry = CollectorRegistry()
        self.callbacks = Counter(
            "stoppoc_callbacks",
            "Callbacks of gateways, by what became of them: taken, again, forged, or not stored.",
            ["gateway", "verdict"],
            registry=self._registry,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        page = await self._page(scope["method"], scope["path"], receive)
        headers = [(b"content-type", page.kind.encode())]
        if page.location:
            headers.append((b"location", page.location.encode()))
        if page.status != HTTPStatus.NO_CONTENT:
            headers.append((b"content-length", str(len(page.body)).encode()))
        await send({"type": "http.response.start", "status": page.status, "headers": headers})
        await send({"type": "http.response.body", "body": page.body})

    async def _page(self, method: str, path: str, receive: Receive) -> Page:
        _, place, *rest = path.split("/")
        if method == "POST" and place == "callbacks" and rest and rest[0] in self._settings.gateways:
            body = await _body(receive)
            return (
                Page(HTTPStatus.REQUEST_ENTITY_TOO_LARGE) if body is None else await self._told(rest[0], body)
            )
        if method not in ("GET", "HEAD"):
            return Page(HTTPStatus.NOT_FOUND)
        if place == "pay" and rest:
            return await self._payer(rest[0])
        return self._own(place)

    def _own(self, place: str) -> Page:
        if place == "returned":
            return Page(200, "Cảm ơn. Thank you: your order goes on once the payment is confirmed.".encode())
        if place == "live":
            return Page(200, b"ok")
        if place == "ready":
            return self._ready()
        return (
            Page(200, generate_latest(self._registry)) if place == "metrics" else Page(HTTPStatus.NOT_FOUND)
        )

    def _ready(self) -> Page:
        """As the workers tell it."""
        ok = self._is_ready()
        said = {"ok": ok, "reason": "" if ok else "it has not joined its group"}
        return Page(200 if ok else 503, json.dumps(said).encode(), "application/json")

    async def _told(self, name: str, body: bytes) -> Page:
        gateway = self._settings.gateways[name]
        try:
            said = callback_of(cast("GatewayName", name), gateway.callback(body), body)
        except Forged as why:
            # Not a word of what came: it may be anything.
            log.warning("a forged callback is refused: %s", why, extra={"topic": name})
            return self._answered(name, "forged", gateway.refused())
        again = said.envelope.id in self._recent
        try:
            await self._publisher.publish([said])
        except (KafkaError, TimeoutError, OSError):
            return self._answered(name, "not_stored", gateway.not_now())
        self._recent.append(said.envelope.id)
        return self._answered(name, "again" if again else "taken", gateway.taken(again=again))

    def _answered(self, name: str, verdict: str, answer: Answer) -> Page:
        self.callbacks.labels(name, verdict).inc()
        return Page(answer.status, answer.body, "application/json")

    async def _payer(self, token: str) -> Page:
        order = order_in(token, self._settings.link_keys, datetime.now(UTC))
        if order is None:
            return Page(
                HTTPStatus.GONE, "Liên kết không còn hiệu lực. This link is not good any more.".encode()
            )
        try:
            payment = await books.payment(self._settings.postgres, order)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return Page(503, b"Please try again in a moment.")
        if payment is None or payment.status not in ("asking", "pending"):
            return Page(HTTPStatus.GONE, "Liên kết đã được sử dụng. This link was used.".encode())
        if not payment.pay_url:
            return Page(503, b"Please try again in a moment.")
        return Page(HTTPStatus.SEE_OTHER, location=payment.pay_url)


async def _body(receive: Receive) -> bytes | None:
    """All of it; None where it is more than any callback is."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > MOST_RAW_CHARACTERS:
            return None
        if not message.get("more_body"):
            return body
