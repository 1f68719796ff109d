"""Only what is named is compared; every difference is told, expected beside found."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.simulate.compare import NOTHING, Mismatch, Prior, compare
from deploy.simulate.document import Mapped, read_document
from deploy.simulate.expected import read_expect

FOUND: dict[str, Any] = {
    "wallets": {"acme": {"credit": {"total": 5, "held": 0}, "poc": {"until": "2026-04-30T00:00", "enabled": True}}},
    "resources": {"s": {"billing": "poc", "until": None}},
    "orders": [
        Prior(account="acme", status="completed", total=1, lines=[{"resource": "r"}]),
        {"account": "acme", "status": "completed", "total": 2, "lines": [{"resource": "s"}, {"resource": "t"}]},
    ],
    "invoices": {"acme": [Prior(resource="r", amount=1), {"resource": "s", "amount": 2}]},
    "events": [
        {"type": "A", "key": "k", "fields": {"x": 1, "at": "2026-03-06T00:00"}},
        {"type": "B", "key": "k", "fields": {"x": 2}},
        {"type": "A", "key": "k", "fields": {"x": 3}},
    ],
    "refusals": [{"command": "TopUp", "reason": "reference_used", "fields": {"amount": 5}}],
    "mails": [],
}  # fmt: skip


def differences(text: str) -> list[Mismatch]:
    node = read_document(text.encode())
    assert isinstance(node, Mapped)
    return compare(read_expect(node), FOUND)


@pytest.mark.parametrize(
    "text",
    [
        "wallets: {acme: {credit: {total: 5}}}",
        'wallets: {acme: {poc: {until: "2026-04-29T17:00Z", enabled: true}}}',
        "resources: {s: {billing: poc, until: null}, nobody: null}",
        "orders: [{total: 1}, {total: 2}]",
        "orders: [{total: 2, lines: 2}]",
        "orders: [{lines: [{resource: s}, {resource: t}]}]",
        "orders: {acme: [{total: 2}]}",
        "invoices: {acme: [{amount: 1}, {amount: 2}]}",
        "invoices: {acme: [{amount: 2}]}",
        "invoices: [{amount: 1}, {amount: 2}]",
        "events: [{type: A}, {type: A}]",
        "events: [{type: B, fields: {x: 2}}]",
        'events: [{type: A, fields: {at: "2026-03-06T00:00"}}]',
        "events: [{type: A, x: 3}]",
        "events: [{type: billing.hold.B.v1}]",
        "refusals: [{command: TopUp, amount: 5}]",
        "mails: []",
        "{}",
    ],
)
def test_what_is_so_differs_in_nothing(text: str) -> None:
    assert differences(text) == []


@pytest.mark.parametrize(
    ("text", "mismatch"),
    [
        ("wallets:\n  acme:\n    credit: {total: 6}", Mismatch(3, "wallets.acme.credit.total", 6, 5)),
        (
            "wallets: {acme: {poc: {enabled: false}}}",
            Mismatch(1, "wallets.acme.poc.enabled", expected=False, found=True),
        ),
        ("wallets: {b: {credit: {total: 6}}}", Mismatch(1, "wallets.b", {"credit": {"total": 6}}, NOTHING)),
        ("resources: {s: null}", Mismatch(1, "resources.s", None, {"billing": "poc", "until": None})),
        ("resources: {s: {billing: prepaid}}", Mismatch(1, "resources.s.billing", "prepaid", "poc")),
        ("orders: []", Mismatch(1, "orders", [], [{}])),
        ("orders: [{total: 3}]", Mismatch(1, "orders[1].total", 3, 2)),
        ("orders: [{lines: 3}]", Mismatch(1, "orders[1].lines", 3, 2)),
        ("invoices: {acme: [{amount: 2}, {amount: 1}]}", Mismatch(1, "invoices.acme[1].amount", 2, 1)),
        ("invoices: {acme: [{amount: 3}]}", Mismatch(1, "invoices.acme[1].amount", 3, 2)),
        ("events: [{type: B}, {type: B}]", Mismatch(1, "events[2]", {"type": "B"}, [{"type": "B"}])),
        ("events: [{type: A, x: 2}]", Mismatch(1, "events[1]", {"type": "A", "x": 2},
                                              [{"type": "A", "x": 1}, {"type": "A", "x": 3}])),
        ("refusals: [{command: Buy}]", Mismatch(1, "refusals[1]", {"command": "Buy"}, NOTHING)),
        ("refusals: []", Mismatch(1, "refusals", [], FOUND["refusals"])),
        ("mails: [{kind: created}]", Mismatch(1, "mails", [{"kind": "created"}], [])),
    ],
)  # fmt: skip
def test_what_is_otherwise_is_told(text: str, mismatch: Mismatch) -> None:
    assert mismatch in differences(text)
