"""What happened before the audit: enough of everything that each check has something to look at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from shared.contracts.checkout import Buy, GrantCoupon, PublishPrices, Recover, Renew, Resize, StopPoc
from shared.contracts.hold import ExtendPoc, GrantPoc, OpenAccount, TopUp
from shared.contracts.message import Message
from shared.contracts.months import CloseMonth
from shared.contracts.provisioning import PlanOutcome
from shared.contracts.resources import DeleteResource, ReportPocStopped

BEGINS: Final = datetime(2026, 3, 6, 2, tzinfo=UTC)

_PRICES: Final = {"s-1": 181_000, "s-2": 362_000, "boot-20": 40_001, "ssd": 99_999, "n-1": 250_000}


def _at(minutes: float) -> datetime:
    return BEGINS + timedelta(minutes=minutes)


def _price(kind: str, flavor: str) -> dict[str, Any]:
    return {"kind": kind, "flavor": flavor, "vnd": _PRICES[flavor], "discount": 10 * (flavor == "boot-20")}


def _item(
    resource: str, kind: str, flavor: str, cluster: str | None = None, months: int = 1
) -> dict[str, Any]:
    return {"resource": resource, "kind": kind, "flavor": flavor, "cluster": cluster, "months": months}


def _buy(pay: str, *items: dict[str, Any], account: str = "acme", **more: object) -> Message:
    return Buy.model_validate({"account": account, "pay": pay, "items": list(items), **more})


_KINDS: Final = {
    "server": ("s-1", "s-2", "boot-20"), "volume": ("ssd",), "k8s_node": ("n-1",), "k8s_volume": ("ssd",),
}  # fmt: skip

_OPENING: Final[Sequence[tuple[float, Message]]] = (
    (0, PublishPrices.model_validate(
        {"prices": [_price(kind, flavor) for kind, some in _KINDS.items() for flavor in some], "from": _at(-60)}
    )),
    (1, OpenAccount(account="acme", mode="prepaid", email="acme@owner.example")),
    (1, TopUp(account="acme", amount=50_000_000, reference="BANK-1")),
    (1, GrantPoc(account="acme", amount=20_000_000, until=_at(60 * 24 * 60))),
    (2, OpenAccount(account="late", mode="prepaid", email="late@owner.example")),
    (2, GrantPoc(account="late", amount=7_000, until=_at(10))),
    # What was left of the first grant has expired by then.
    (20, GrantPoc(account="late", amount=8_000, until=_at(60 * 24 * 9))),
    (21, ExtendPoc(account="late", until=_at(60 * 24 * 10))),
    (21, GrantCoupon(code="SAVE", amount=100_000)),
)  # fmt: skip

_POC: Final[Sequence[tuple[float, Message]]] = (
    (30, _buy(
        "poc", _item("srv-1", "server", "s-1+boot-20", "k1"), _item("srv-2", "server", "s-1+boot-20", "k1"),
        _item("vol-1", "volume", "ssd", "k1"), _item("vol-2", "volume", "ssd", "k1"),
    )),
    (31, _buy("poc", _item("node-1", "k8s_node", "n-1", "kube-1"), _item("pvc-1", "k8s_volume", "ssd", "kube-1"))),
    (32, _buy("poc", _item("srv-7", "server", "s-1"), _item("srv-8", "server", "s-1"))),
    # There is not enough in that wallet.
    (33, _buy("poc", _item("srv-9", "server", "s-1"), account="late")),
    (40, Resize(account="acme", resource="srv-2", flavor="s-2+boot-20", pay="poc")),
    (41, Renew(account="acme", resources=["srv-1", "srv-2"], until=_at(60 * 24 * 50), pay="poc")),
    (42, PlanOutcome(resource="vol-2", outcome="refuse", times=1, action="convert")),
)  # fmt: skip

_PAID: Final[Sequence[tuple[float, Message]]] = (
    (5_000.5, StopPoc(account="acme", cluster="k1", months=2, auto_renew=True, coupon="SAVE", pay="credit")),
    (5_001, StopPoc(account="acme", cluster="kube-1", pay="hold")),
    (5_002, StopPoc(account="acme", cluster="k1", pay="credit")),
    (5_003, StopPoc(account="acme", resources=["srv-7"], pay="none")),
    (5_004, ReportPocStopped(account="acme", resource="srv-8")),
    (5_005, Recover(account="acme", resource="srv-7", months=1, pay="credit")),
    (5_010, _buy("credit", _item("srv-3", "server", "s-2+boot-20"), _item("vol-3", "volume", "ssd"))),
    (6_000, Resize(account="acme", resource="srv-3", flavor="s-1", pay="credit")),
    (6_100, Renew(account="acme", resources=["srv-3", "srv-1"], months=1, pay="credit")),
    (6_200, Resize(account="acme", resource="srv-1", flavor="s-2+boot-20", pay="credit")),
    (7_000, DeleteResource(account="acme", resource="vol-3")),
    (7_100, Recover(account="acme", resource="vol-3", months=1, pay="credit")),
    (7_200, DeleteResource(account="acme", resource="pvc-1")),
    (8_000, _buy("credit", _item("srv-9", "server", "s-1"), account="late")),
    # All credit there is, and the rest at a gateway; and all of it there.
    (9_000, OpenAccount(account="payer", mode="prepaid", email="payer@owner.example")),
    (9_000, TopUp(account="payer", amount=100_000, reference="BANK-2")),
    (9_001, _buy("top_up", _item("srv-4", "server", "s-1+boot-20"), account="payer", gateway="momo")),
    (9_010, _buy("gateway", _item("srv-5", "server", "s-1"), account="payer", gateway="zalopay")),
    # The 1st has come by then, and March is on record.
    (37_000, CloseMonth(month="2026-03")),
    # The provider never answers: that order waits for him.
    (37_001, PlanOutcome(resource="srv-6", outcome="never", times=9)),
    (37_002, _buy("credit", _item("srv-6", "server", "s-1"))),
    # Nor has a gateway's payer paid yet.
    (37_002, TopUp(account="payer", amount=50_000, reference="BANK-3")),
    (37_003, _buy("top_up", _item("srv-10", "server", "s-1"), account="payer", gateway="momo")),
)  # fmt: skip

STORY: Final = tuple((_at(minutes), message) for minutes, message in (*_OPENING, *_POC, *_PAID))
