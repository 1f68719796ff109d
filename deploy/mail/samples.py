"""A mail of every kind as an example: what `stoppoc mail preview` shows, and what the tests try all templates with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from shared.contracts.notify import Facts, MailItem, MailKind

_UNTIL: Final = datetime(2026, 4, 5, 2, 0, tzinfo=UTC)
_ORDER: Final = "0195668e-26c0-7d40-9f5e-3b1c5a1d7e11"
_SERVER: Final = MailItem(
    resource="srv-1", kind="server", flavor="s-general-1x1", quantity=1, amount=181_000, until=_UNTIL
)
_VOLUMES: Final = MailItem(
    resource="vol-1", kind="volume", flavor="ssd-100", quantity=3, amount=359_700, until=_UNTIL
)
_NODE: Final = MailItem(resource="node-1", kind="k8s_node", flavor="s-general-2x4", quantity=1)
_REFUSED: Final = MailItem(
    resource="srv-9", reason="provider_refused", explanation="The provider could not do it."
)
_ABOUT_ORDER: Final[dict[str, Any]] = {
    "order": _ORDER, "subject": "k1", "pay": "credit", "amount": 540_700, "given_back": 0, "done": 2, "failed": 0,
    "items": [_SERVER, _VOLUMES],
}  # fmt: skip
_DONE: Final = Facts(**_ABOUT_ORDER)
_PARTLY: Final = Facts(
    **_ABOUT_ORDER
    | {"amount": 721_700, "given_back": 181_000, "failed": 1, "not_done": [_REFUSED], "more": 7}
)
_NOT_DONE: Final = Facts(
    order=_ORDER, subject="srv-9", pay="credit", amount=181_000, given_back=181_000, done=0, failed=1, not_done=[_REFUSED]
)  # fmt: skip
_ONE: Final = Facts(
    order=_ORDER,
    subject="srv-1",
    pay="credit",
    amount=181_000,
    given_back=0,
    done=1,
    failed=0,
    items=[_SERVER],
)
_ABOUT: Final[dict[str, Any]] = {
    "resource": "srv-1", "kind": "server", "flavor": "s-general-1x1", "cluster": "k1",
}  # fmt: skip
_SHORT: Final = Facts(product="vcontainer", held=30_000, needed=54_300, to_add=24_300, days=1)
_LINK: Final = Facts(
    order=_ORDER, amount=724_000, until=_UNTIL, link="https://billing.example/confirm?token=abc"
)

SAMPLES: Final[Mapping[MailKind, tuple[Facts, ...]]] = {
    "created": (_PARTLY, _DONE),
    "renewed": (_DONE, _PARTLY),
    "resized": (_ONE, _NOT_DONE),
    "recovered": (_ONE, _NOT_DONE),
    "deleted": (
        Facts(**_ABOUT, given_back=90_500, wallet="credit", until=_UNTIL),
        Facts(resource="lb-1", kind="load_balancer", flavor="lb-small", given_back=0),
        Facts(**_ABOUT, given_back=98_000, wallet="poc", until=_UNTIL),
    ),
    "cluster_deleted": (Facts(cluster="k1", done=30), Facts(cluster="k1", done=1)),
    "poc_stopped": (
        _PARTLY.model_copy(update={"cluster": "k1", "left": 1}),
        Facts(order=_ORDER, subject="kube-1", cluster="kube-1", pay="hold", amount=36_200, given_back=0, done=1, failed=0, left=0, items=[_NODE]),
        Facts(order=_ORDER, subject="k1", pay="none", amount=0, given_back=0, done=1, failed=0, left=0, items=[_NODE]),
        Facts(subject="k1", cluster="k1", pay="credit", amount=0, given_back=0, done=0, failed=0, left=0),
    ),
    "poc_wallet_ending": (Facts(days=7, balance=4_100_000, until=_UNTIL), Facts(days=1, balance=0, until=_UNTIL)),
    "poc_wallet_ended": (Facts(amount=4_100_000, until=_UNTIL),),
    "expiring": tuple(Facts(**_ABOUT, until=_UNTIL, days=days, auto_renew=days == 7) for days in (7, 1, 0, -1, -27)),
    "suspended": (Facts(**_ABOUT, until=_UNTIL),),
    "auto_renewed": (_ONE, _NOT_DONE),
    "auto_renew_failed": (
        Facts(resource="srv-1", order=_ORDER, until=_UNTIL, amount=181_000, to_add=31_000, reason="credit_short", explanation="Less credit is available than that."),
        Facts(resource="srv-1", until=_UNTIL, amount=0, to_add=0, reason="price_unknown", explanation="It has no price."),
    ),
    "hold_short": (_SHORT,),
    "debt_stopped": (_SHORT.model_copy(update={"days": 5}),),
    "invoice_issued": (
        Facts(order=_ORDER, subject="k1", amount=540_700, outstanding=0, items=[
            MailItem(resource="srv-1", kind="server", amount=181_000, number="2026-03-000001"),
            MailItem(resource="vol-1", kind="volume", amount=359_700, number="2026-03-000002"),
        ]),
        Facts(number="2026-03-000003", month="2026-03", resource="node-1", amount=181_000, paid=0, outstanding=181_000),
        Facts(number="2026-03-000004", month="2026-03", amount=181_000, paid=100_000, outstanding=81_000, items=[
            MailItem(product="vcontainer", amount=150_000), MailItem(product="snapshot", amount=31_000),
        ]),
    ),
    "invoice_paid": (Facts(number="2026-03-000007", amount=181_000, paid_now=81_000, paid=181_000, outstanding=0),),
    "invoice_partly_paid": (Facts(number="2026-03-000007", amount=181_000, paid_now=60_000, paid=100_000, outstanding=81_000),),
    "payment_link": (_LINK,),
    "payment_credited": (Facts(order=_ORDER, amount=524_000, number="4088878653"),),
    "confirm_recipient": (Facts(invitation="019cc0f0-7a00-7a11-8c22-5f6d7e8a9b0c", until=_UNTIL),),
}  # fmt: skip
