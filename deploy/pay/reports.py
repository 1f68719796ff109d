"""What a gateway said, as the message that tells it to `payments`; its id follows from what it came from, so that the same
answer, or the same callback, is one message however often it is told."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from pydantic import ValidationError

from services.payments.gateways.port import Forged, Told
from shared import ids
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope
from shared.contracts.payments import GatewayName, ReportPayment, ToldBy
from shared.engine.outbox import Outgoing

SOURCE: Final = "/stoppoc/pay"
TOPIC: Final = topics.topic_of(ReportPayment)


def answer_of(gateway: GatewayName, by: ToldBy, told: Told, asked: Envelope, link: str = "") -> Outgoing:
    """A gateway's answer to what it was asked."""
    report = _report(gateway, by, told, link=link)
    return _said(report, ids.derived_id(asked.id, "report", _made_ms(asked.id)), asked)


def callback_of(gateway: GatewayName, told: Told, body: bytes) -> Outgoing:
    """What a gateway told of its own accord; `Forged` where no order of ours can be called so."""
    # PostgreSQL stores no NUL, and what is no UTF-8 is shown as it came.
    raw = body.decode(errors="backslashreplace").replace("\0", "\\x00")
    try:
        report = _report(gateway, "callback", told, raw=raw)
        made_ms = _made_ms(told.order)
    except (ValidationError, ValueError):
        raise Forged("order") from None
    return _said(report, ids.derived_id(f"{gateway}/{sha256(body).hexdigest()}", "callback", made_ms), None)


def _report(gateway: GatewayName, by: ToldBy, told: Told, *, raw: str = "", link: str = "") -> ReportPayment:
    return ReportPayment(
        order=told.order,
        gateway=gateway,
        by=by,
        outcome=told.outcome,
        amount=told.amount,
        transaction=_plain(told.transaction, 100),
        pay_url=_plain(told.pay_url, 2_000),
        link=link,
        code=_plain(told.code, 40),
        raw=raw,
    )


def _said(report: ReportPayment, id_: str, asked: Envelope | None) -> Outgoing:
    envelope = Envelope(
        id=id_,
        type=report.type,
        source=SOURCE,
        key=report.key,
        correlation_id=id_ if asked is None else asked.correlation_id,
        time=datetime.now(UTC),
        subject=report.about,
        causation_id=None if asked is None else asked.id,
    )
    return Outgoing(TOPIC, envelope, report.to_json())


def _plain(text: str, most: int) -> str:
    return text if len(text) <= most and text.isprintable() else ""


def _made_ms(id_: str) -> int:
    return UUID(id_).int >> 80
