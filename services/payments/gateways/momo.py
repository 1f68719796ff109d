"""MoMo, by its payment API version 3: HMAC-SHA256 over `key=value&...` sorted by key, with the values as they are and
the access key among them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.payments.gateways.keys import Account, is_signed
from services.payments.gateways.port import (
    Answer,
    Forged,
    Outcome,
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

_CREATED: Final = (
    *("amount", "extraData", "ipnUrl", "orderId", "orderInfo"),
    *("partnerCode", "redirectUrl", "requestId", "requestType"),
)
_QUERIED: Final = ("orderId", "partnerCode", "requestId")
_REFUNDED: Final = ("amount", "description", "orderId", "partnerCode", "requestId", "transId")
_TOLD: Final = (
    *("amount", "extraData", "message", "orderId", "orderInfo", "orderType", "partnerCode", "payType"),
    *("requestId", "responseTime", "resultCode", "transId"),
)

_DONE: Final = 0
# Waits for the payer, or is being processed.
_UNDER_WAY: Final = frozenset({1000, 7000, 7002, 9000})
# The same request, or the same order, came before: there is such a payment.
_THERE: Final = frozenset({40, 41})
_NOT_THERE: Final = 42
# Maintenance, a similar request under way, an error of its own.
_ASK_AGAIN: Final = frozenset({10, 40, 43, 99})
# Our access key, or our signature, is not known there: so it is while keys are changed.
_NOT_US: Final = frozenset({11, 13})
# From here on a code speaks of the payment; below, of how it was asked for.
_OF_PAYMENTS: Final = 1000


class Momo:
    """A merchant at MoMo."""

    least = 1_000
    most = 50_000_000

    def __init__(self, account: Account) -> None:
        self._account = account

    def create(self, payment: Payment) -> Request:
        """The order's id is the payment's, and the request's too: asked again, it is the same payment."""
        fields = {
            "partnerCode": self._account.merchant,
            "requestId": payment.order,
            "amount": payment.amount,
            "orderId": payment.order,
            "orderInfo": f"Order {payment.order}",
            "redirectUrl": self._account.return_url,
            "ipnUrl": self._account.callback_url,
            "requestType": "captureWallet",
            "extraData": "",
        }
        minutes = max(1, int((payment.until - payment.at).total_seconds()) // 60)
        return self._request("create", fields, _CREATED, orderExpireTime=minutes)

    def created(self, payment: Payment, response: Response) -> Told:
        """A page to pay on; or that there is one already."""
        fields, code = _answer(response)
        if (
            code == _DONE
            and fields.get("orderId") == payment.order
            and whole(fields.get("amount")) == payment.amount
        ):
            return Told(payment.order, "pending", pay_url=str(fields.get("payUrl", "")), code="0")
        if code in _THERE:
            return Told(payment.order, "pending", code=str(code))
        asked_again = code in (None, _DONE) or code in _ASK_AGAIN | _NOT_US
        outcome: Outcome = "unclear" if asked_again else "failed"
        return Told(payment.order, outcome, code=_text(code))

    def query(self, payment: Payment, at: datetime) -> Request:
        """Each question has an id of its own, as MoMo wants it."""
        fields = {
            "partnerCode": self._account.merchant,
            "requestId": f"{payment.order}q{int(at.timestamp())}",
            "orderId": payment.order,
        }
        return self._request("query", fields, _QUERIED)

    def queried(self, payment: Payment, response: Response) -> Told:
        """As it stands; `unclear` where the answer is about another order."""
        fields, code = _answer(response)
        if code is None or fields.get("orderId") != payment.order:
            return Told(payment.order, "unclear", code=_text(code))
        if code == _NOT_THERE:
            return Told(payment.order, "absent", code=str(code))
        return _stands(payment.order, fields, code)

    def refund(self, refund: Refund) -> Request:
        """A refund is an order of its own; MoMo takes the same request id as the same refund."""
        fields = {
            "partnerCode": self._account.merchant,
            "orderId": refund.id,
            "requestId": refund.id,
            "amount": refund.amount,
            "transId": checked(refund, self),
            "description": "",
        }
        return self._request("refund", fields, _REFUNDED)

    def refunded(self, response: Response) -> RefundOutcome:
        """Whether it is paid back."""
        _, code = _answer(response)
        if code == _DONE:
            return "done"
        if code is None or code in _ASK_AGAIN:
            return "unclear"
        return "pending" if code in _UNDER_WAY else "refused"

    def callback(self, body: bytes) -> Told:
        """What is signed is the fields: they are read as text, and nothing is made of them before they are checked."""
        fields = _fields(body)
        signature = str(fields.get("signature", ""))
        texts = [_signed(fields, _TOLD, access) for access in self._account.access_keys]
        if not any(is_signed(text, signature, self._account.checking) for text in texts):
            raise Forged("signature")
        code = whole(fields["resultCode"])
        if fields["partnerCode"] != self._account.merchant or code is None:
            raise Forged("merchant")
        return _stands(str(fields["orderId"]), fields, code)

    def taken(self, *, again: bool) -> Answer:
        """MoMo wants 204 within 15 seconds, whether it came before or not."""
        return Answer(204)

    def refused(self) -> Answer:
        """Nobody who is MoMo sees this."""
        return Answer(400)

    def not_now(self) -> Answer:
        """MoMo tells it again."""
        return Answer(503)

    def _request(self, act: str, fields: dict[str, Any], signed: tuple[str, ...], **more: object) -> Request:
        signature = self._account.signing.sign(_signed(fields, signed, self._account.access_keys[0]))
        body = fields | more | {"lang": "vi", "signature": signature}
        return Request(f"{self._account.url}/v2/gateway/api/{act}", "application/json", as_json(body))


def _signed(fields: Mapping[str, Any], names: tuple[str, ...], access_key: str) -> str:
    values = {"accessKey": access_key} | {name: fields[name] for name in names}
    return "&".join(f"{name}={values[name]}" for name in sorted(values))


def _answer(response: Response) -> tuple[dict[str, Any], int | None]:
    fields = fields_of(response) or {}
    return fields, whole(fields.get("resultCode"))


def _stands(order: str, fields: Mapping[str, Any], code: int) -> Told:
    if code == _DONE:
        amount, number = whole(fields.get("amount")), whole(fields.get("transId"))
        if amount is None or number is None:
            return Told(order, "unclear", code="0")
        return Told(order, "paid", amount, str(number), code="0")
    if code in _UNDER_WAY:
        return Told(order, "pending", code=str(code))
    return Told(order, "failed" if code >= _OF_PAYMENTS else "unclear", code=str(code))


def _fields(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise Forged("form") from None
    if not isinstance(fields, dict) or any(name not in fields for name in _TOLD):
        raise Forged("form")
    if any(not isinstance(fields[name], str) and whole(fields[name]) is None for name in _TOLD):
        raise Forged("form")
    return fields


def _text(code: int | None) -> str:
    return "" if code is None else str(code)
