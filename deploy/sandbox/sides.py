"""The gateways' side of both protocols, written from their documentation and not from our adapters."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import parse_qsl

from deploy.sandbox.ledger import Entry, Ledger

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Merchant:
    """The merchant that both sides know: what requests are signed with, and what callbacks are."""

    id: str
    request_key: str = field(repr=False)
    callback_key: str = field(repr=False)
    access_key: str = field(default="", repr=False)


class Side(Protocol):
    """One gateway's protocol."""

    name: str

    def payment_of(self, body: bytes) -> str:
        """The id of the payment that is asked for."""

    def create(self, body: bytes, now: datetime, base: str) -> tuple[Fields, Entry | None]:
        """The answer; and the payment, where it was made now."""

    def query(self, body: bytes, now: datetime) -> Fields:
        """How a payment stands."""

    def refund(self, body: bytes) -> Fields:
        """Whether it was paid back."""

    def callback(self, entry: Entry, *, amount: int, forged: bool) -> bytes | None:
        """What is told of a payment; nothing, where this gateway tells nothing of such."""


def _sign(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), sha256).hexdigest()


def _can_be(amount: int) -> bool:
    return 1_000 <= amount <= 50_000_000


class MomoSide:
    """MoMo's."""

    name = "momo"

    def __init__(self, merchant: Merchant, ledger: Ledger) -> None:
        self._merchant = merchant
        self._ledger = ledger

    def payment_of(self, body: bytes) -> str:
        return str(json.loads(body)["orderId"])

    def create(self, body: bytes, now: datetime, base: str) -> tuple[Fields, Entry | None]:
        asked = json.loads(body)
        names = "amount extraData ipnUrl orderId orderInfo partnerCode redirectUrl requestId requestType"
        if not self._is_signed(asked, names):
            return self._said(asked, 13), None
        if not _can_be(asked["amount"]):
            return self._said(asked, 22), None
        if asked["orderId"] in self._ledger.entries:
            return self._said(asked, 41), None
        made = self._ledger.made(
            Entry(
                *(self.name, asked["orderId"], asked["amount"], "", asked["ipnUrl"]),
                now + timedelta(minutes=asked["orderExpireTime"]),
                self._ledger.next_transaction(),
                self._ledger.way_of(asked["orderId"]),
                asked["requestId"],
            )
        )
        return self._said(asked, 0) | {"amount": made.amount, "payUrl": f"{base}/pay/{made.id}"}, made

    def query(self, body: bytes, now: datetime) -> Fields:
        asked = json.loads(body)
        if not self._is_signed(asked, "orderId partnerCode requestId"):
            return self._said(asked, 13)
        if (entry := self._ledger.entries.get(asked["orderId"])) is None:
            return self._said(asked, 42)
        code = {"unpaid": 1000, "paid": 0, "declined": 1006}[entry.stands(now)]
        return self._said(asked, code) | {"amount": entry.amount, "transId": entry.transaction}

    def refund(self, body: bytes) -> Fields:
        asked = json.loads(body)
        if not self._is_signed(asked, "amount description orderId partnerCode requestId transId"):
            return self._said(asked, 13)
        if not _can_be(asked["amount"]):
            return self._said(asked, 22)
        entry = self._ledger.by_transaction(asked["transId"])
        done = entry is not None and entry.refund(asked["requestId"], asked["amount"])
        return self._said(asked, 0 if done else 1080)

    def callback(self, entry: Entry, *, amount: int, forged: bool) -> bytes | None:
        fields: Fields = {
            "partnerCode": self._merchant.id, "orderId": entry.id, "requestId": entry.request, "amount": amount,
            "orderInfo": f"Order {entry.id}", "orderType": "momo_wallet", "transId": entry.transaction,
            "resultCode": 0 if entry.status == "paid" else 1006,
            "message": "Giao dịch thành công." if entry.status == "paid" else "Giao dịch bị từ chối.",
            "payType": "qr", "responseTime": entry.transaction * 400, "extraData": "",
        }  # fmt: skip
        key = "not the key" if forged else self._merchant.callback_key
        fields["signature"] = _sign(key, self._text(fields, " ".join(fields)))
        return json.dumps(fields, ensure_ascii=False).encode()

    def _text(self, fields: Mapping[str, Any], names: str) -> str:
        values = {"accessKey": self._merchant.access_key, **{name: fields[name] for name in names.split()}}
        return "&".join(f"{name}={value}" for name, value in sorted(values.items()))

    def _is_signed(self, asked: Fields, names: str) -> bool:
        return bool(_sign(self._merchant.request_key, self._text(asked, names)) == asked["signature"])

    def _said(self, asked: Fields, code: int) -> Fields:
        return {"partnerCode": self._merchant.id, "orderId": asked["orderId"], "resultCode": code}


class ZalopaySide:
    """ZaloPay's."""

    name = "zalopay"

    def __init__(self, merchant: Merchant, ledger: Ledger) -> None:
        self._merchant = merchant
        self._ledger = ledger

    def payment_of(self, body: bytes) -> str:
        return _form(body)["app_trans_id"]

    def create(self, body: bytes, now: datetime, base: str) -> tuple[Fields, Entry | None]:
        asked = _form(body)
        names = "app_id app_trans_id app_user amount app_time embed_data item"
        if not self._is_signed(asked, "|".join(asked[name] for name in names.split())):
            return _failed(-402), None
        made_at = datetime.fromtimestamp(int(asked["app_time"]) / 1000, UTC) + timedelta(hours=7)
        if not asked["app_trans_id"].startswith(f"{made_at:%y%m%d}_"):
            return _failed(-401), None
        if asked["app_trans_id"] in self._ledger.entries:
            return _failed(-68), None
        made = self._ledger.made(
            Entry(
                *(self.name, asked["app_trans_id"], int(asked["amount"])),
                *(asked["app_user"], asked["callback_url"]),
                now + timedelta(seconds=int(asked["expire_duration_seconds"])),
                self._ledger.next_transaction(),
                self._ledger.way_of(asked["app_trans_id"]),
            )
        )
        return {"return_code": 1, "return_message": "", "order_url": f"{base}/pay/{made.id}"}, made

    def query(self, body: bytes, now: datetime) -> Fields:
        asked = _form(body)
        if not self._is_signed(
            asked, f"{asked['app_id']}|{asked['app_trans_id']}|{self._merchant.request_key}"
        ):
            return _failed(-402)
        if (entry := self._ledger.entries.get(asked["app_trans_id"])) is None:
            return _failed(-101)
        status = entry.stands(now)
        if status == "declined":
            return _failed(-54)
        paid = {"amount": entry.amount, "zp_trans_id": entry.transaction} if status == "paid" else {}
        return {"return_code": 1 if paid else 3, "is_processing": False, **paid}

    def refund(self, body: bytes) -> Fields:
        asked = _form(body)
        names = "app_id zp_trans_id amount description timestamp"
        if not self._is_signed(asked, "|".join(asked[name] for name in names.split())):
            return _failed(-402)
        entry = self._ledger.by_transaction(int(asked["zp_trans_id"]))
        amount = int(asked["amount"])
        done = entry is not None and _can_be(amount) and entry.refund(asked["m_refund_id"], amount)
        return {"return_code": 1} if done else _failed(-13)

    def callback(self, entry: Entry, *, amount: int, forged: bool) -> bytes | None:
        if entry.status != "paid":
            return None
        fields = {
            "app_id": int(self._merchant.id), "app_trans_id": entry.id, "app_time": entry.transaction * 400,
            "app_user": entry.account, "amount": amount, "embed_data": "{}", "item": "[]",
            "zp_trans_id": entry.transaction, "server_time": entry.transaction * 400, "channel": 38,
        }  # fmt: skip
        data = json.dumps(fields)
        key = "not the key" if forged else self._merchant.callback_key
        return json.dumps({"data": data, "mac": _sign(key, data), "type": 1}).encode()

    def _is_signed(self, asked: Mapping[str, str], text: str) -> bool:
        return _sign(self._merchant.request_key, text) == asked["mac"]


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


def _failed(detail: int) -> Fields:
    return {"return_code": 2, "return_message": "", "sub_return_code": detail}
