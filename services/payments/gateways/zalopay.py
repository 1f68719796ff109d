"""ZaloPay, by its API version 2: HMAC-SHA256 over values joined by `|`, with one key for what we ask and another for
what it tells."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from services.payments.gateways.keys import Account, is_signed
from services.payments.gateways.port import (
    Answer,
    Forged,
    Payment,
    Refund,
    RefundOutcome,
    Request,
    Response,
    Told,
    as_json,
    checked,
    fields_of,
    whole,
)

_DONE, _FAILED, _UNDER_WAY = 1, 2, 3
_NOT_THERE: Final = -101
_THERE: Final = -68
# How it was asked, or ZaloPay itself, was wrong: this says nothing of the payment.
_ASK_AGAIN: Final = frozenset({-401, -402, -429, -500, -503})
# The day in an id is Hanoi's, which keeps no summer time.
_HANOI: Final = timedelta(hours=7)
_LEAST_SECONDS, _MOST_SECONDS = 300, 2_592_000


class Zalopay:
    """A merchant at ZaloPay."""

    least = 1_000
    most = 50_000_000

    def __init__(self, account: Account) -> None:
        self._account = account

    def create(self, payment: Payment) -> Request:
        """Its id begins with the day on which it is made, so the instant is the payment's own, not the clock's."""
        lasts = int((payment.until - payment.at).total_seconds())
        fields = {
            "app_id": self._account.merchant,
            "app_trans_id": _trans_id(payment),
            "app_user": payment.account,
            "amount": payment.amount,
            "app_time": int(payment.at.timestamp()) * 1000,
            "embed_data": as_json({"redirecturl": self._account.return_url}).decode(),
            "item": "[]",
        }
        more = {
            "description": f"Order {payment.order}",
            "bank_code": "",
            "callback_url": self._account.callback_url,
            "expire_duration_seconds": min(max(lasts, _LEAST_SECONDS), _MOST_SECONDS),
        }
        return self._request("create", fields, more, "|".join(map(str, fields.values())))

    def created(self, payment: Payment, response: Response) -> Told:
        """A page to pay on; or that there is one already."""
        fields, code, detail = _answer(response)
        if code == _DONE:
            return Told(payment.order, "pending", pay_url=str(fields.get("order_url", "")), code="1")
        if code != _FAILED or detail in _ASK_AGAIN:
            return Told(payment.order, "unclear", code=_said(code, detail))
        return Told(payment.order, "pending" if detail == _THERE else "failed", code=_said(code, detail))

    def query(self, payment: Payment, at: datetime) -> Request:
        """The key is signed too; that is how ZaloPay has it."""
        fields = {"app_id": self._account.merchant, "app_trans_id": _trans_id(payment)}
        secret = self._account.signing.secret.decode()
        return self._request("query", fields, {}, "|".join((*fields.values(), secret)))

    def queried(self, payment: Payment, response: Response) -> Told:
        """As it stands."""
        fields, code, detail = _answer(response)
        said = _said(code, detail)
        amount, number = whole(fields.get("amount")), whole(fields.get("zp_trans_id"))
        if code == _DONE and amount is not None and number is not None:
            return Told(payment.order, "paid", amount, str(number), code=said)
        if code == _UNDER_WAY:
            return Told(payment.order, "pending", code=said)
        if code != _FAILED or detail in _ASK_AGAIN:
            return Told(payment.order, "unclear", code=said)
        return Told(payment.order, "absent" if detail == _NOT_THERE else "failed", code=said)

    def refund(self, refund: Refund) -> Request:
        """The same id, made of the same instant, is the same refund."""
        fields: dict[str, Any] = {
            "app_id": self._account.merchant,
            "zp_trans_id": checked(refund, self),
            "amount": refund.amount,
            "description": "Refund",
            "timestamp": int(refund.at.timestamp()) * 1000,
        }
        day = (refund.at + _HANOI).strftime("%y%m%d")
        own = f"{day}_{self._account.merchant}_{UUID(refund.id).int % 10**18:018d}"
        return self._request("refund", fields, {"m_refund_id": own}, "|".join(map(str, fields.values())))

    def refunded(self, response: Response) -> RefundOutcome:
        """Whether it is paid back."""
        _, code, detail = _answer(response)
        if code == _DONE:
            return "done"
        if code == _UNDER_WAY:
            return "pending"
        return "unclear" if code is None or detail in _ASK_AGAIN else "refused"

    def callback(self, body: bytes) -> Told:
        """The text in `data` is what is signed, as it came; only then is it read. ZaloPay tells of what is paid only."""
        data, mac = _envelope(body)
        if not is_signed(data, mac, self._account.checking):
            raise Forged("signature")
        fields = _object(data)
        amount, number = whole(fields.get("amount")), whole(fields.get("zp_trans_id"))
        if str(fields.get("app_id")) != self._account.merchant:
            raise Forged("merchant")
        if amount is None or number is None:
            raise Forged("form")
        return Told(_order(fields), "paid", amount, str(number), code="1")

    def taken(self, *, again: bool) -> Answer:
        """1 is done, 2 is done before."""
        return _answered(2, "again") if again else _answered(1, "success")

    def refused(self) -> Answer:
        """Nobody who is ZaloPay sees this."""
        return _answered(-1, "mac not equal")

    def not_now(self) -> Answer:
        """0: ZaloPay tells it again."""
        return _answered(0, "not stored")

    def _request(self, act: str, fields: dict[str, Any], more: dict[str, Any], signed: str) -> Request:
        body = urlencode(fields | more | {"mac": self._account.signing.sign(signed)}).encode()
        return Request(f"{self._account.url}/v2/{act}", "application/x-www-form-urlencoded", body)


def _trans_id(payment: Payment) -> str:
    return f"{(payment.at + _HANOI).strftime('%y%m%d')}_{UUID(payment.order).hex}"


def _order(fields: dict[str, Any]) -> str:
    try:
        return str(UUID(str(fields["app_trans_id"]).partition("_")[2]))
    except (KeyError, ValueError):
        raise Forged("order") from None


def _answer(response: Response) -> tuple[dict[str, Any], int | None, int]:
    fields = fields_of(response) or {}
    detail = fields.get("sub_return_code")
    return fields, whole(fields.get("return_code")), detail if isinstance(detail, int) else 0


def _said(code: int | None, detail: int) -> str:
    return "" if code is None else f"{code}/{detail}" if detail else str(code)


def _envelope(body: bytes) -> tuple[str, str]:
    fields = _object(body)
    data, mac = fields.get("data"), fields.get("mac")
    if not isinstance(data, str) or not isinstance(mac, str):
        raise Forged("form")
    return data, mac


def _object(text: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Forged("form") from None
    if not isinstance(found, dict):
        raise Forged("form")
    return found


def _answered(code: int, words: str) -> Answer:
    return Answer(200, as_json({"return_code": code, "return_message": words}))
