"""How the world stands, in the shape `expect` has: read from the state topics and the events, as anybody may."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from deploy.simulate.bus import Bus, Said
from deploy.simulate.compare import Prior
from deploy.simulate.local import read_instant, written

_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T[0-9:.]+Z", re.ASCII)
_RESOURCE: Final = {
    "account": "account", "cluster": "cluster", "kind": "kind", "product": "product", "flavor": "flavor",
    "quantity": "quantity", "billing": "billing", "status": "status", "from": "starts", "until": "until",
    "auto_renew": "auto_renew", "months": "months", "trash_until": "trash_until",
}  # fmt: skip
_CLUSTER: Final = ("account", "poc", "stop_poc_available", "poc_remaining")
_ORDER: Final = (
    *("order", "subject", "account", "action", "status", "pay", "total", "given_back", "done", "failed"),
    *("coupon", "placed_at"),
)
_LINE: Final = ("resource", "status", "reason")
_INVOICE: Final = (
    *(
        "number",
        "account",
        "resource",
        "cluster",
        "product",
        "kind",
        "action",
        "month",
        "amount",
        "paid",
        "carried",
    ),
    *("status", "order", "invoice", "closed_at", "unused"),
)


def view(bus: Bus, at: datetime, names: Iterable[str] | None = None) -> dict[str, Any]:
    """The sections named; else every one."""
    return {name: _SECTIONS[name](bus, at) for name in (_SECTIONS if names is None else names)}


def _accounts(bus: Bus) -> dict[str, dict[str, Any]]:
    return {key: _local(said.data) for key, said in _states(bus, "Account")}


def _states(bus: Bus, name: str) -> list[tuple[str, Said]]:
    return sorted(bus.states.get(name, {}).items())


def _wallets(account: dict[str, Any], at: datetime) -> dict[str, Any]:
    poc = account.get("poc") or {}
    until = read_instant(poc["until"]) if poc else None
    return {
        "mode": account["mode"],
        "credit": _named(account["credit"], ("total", "held", "available")),
        "poc": {
            "balance": poc.get("balance", 0),
            "until": poc.get("until"),
            "enabled": until is not None and at < until,
            "granted": poc.get("granted", 0),
        },
    }


def _holds(account: dict[str, Any]) -> dict[str, Any]:
    names = ("actual", "estimate", "held", "debt")
    return {one["product"]: _named(one, names) for one in account.get("holds") or []}


def _resource(said: Said) -> dict[str, Any]:
    data = _local(said.data)
    return {name: data.get(field) for name, field in _RESOURCE.items()}


def _orders(bus: Bus) -> list[dict[str, Any]]:
    """In the order in which they were placed; which is that of their first being told of."""
    lines: dict[str, list[dict[str, Any]]] = {}
    for _, said in _states(bus, "OrderLine"):
        lines.setdefault(said.data["order"], []).append(_local(said.data))
    placed = {said.data["order"]: said for said in bus.events if said.name == "OrderPlaced"}
    first = list(placed)
    found = []
    for key, said in bus.states.get("Order", {}).items():
        order = _named(_local(said.data), _ORDER)
        order["lines"] = [_line(one) for one in sorted(lines.get(key, []), key=_place)]
        prior = key in placed and placed[key].prior
        found.append((first.index(key) if key in placed else len(first), Prior(order) if prior else order))
    return [order for _, order in sorted(found, key=lambda one: one[0])]


def _place(line: dict[str, Any]) -> int:
    return int(str(line["id"]).rpartition(":")[2])


def _line(line: dict[str, Any]) -> dict[str, Any]:
    priced = line.get("line") or {}
    metered = line.get("metered") or {}
    amount = priced.get("amount", metered.get("estimate"))
    return {**_named(line, _LINE), "amount": amount}


def _invoices(bus: Bus) -> dict[str, list[dict[str, Any]]]:
    """By account, in the order in which they were issued."""
    issued = {said.data["invoice"]: said for said in bus.events if said.name == "InvoiceIssued"}
    found: dict[str, list[dict[str, Any]]] = {}
    for key, said in issued.items():
        now = bus.states.get("Invoice", {}).get(key, said)
        invoice = _named(_local(now.data), _INVOICE)
        invoice["kind"] = invoice["kind"] or "monthly"
        found.setdefault(invoice["account"], []).append(Prior(invoice) if said.prior else invoice)
    return {**{account: [] for account, _ in _states(bus, "Account")}, **found}


def _records(bus: Bus) -> dict[str, Any]:
    """What each account used in each month that is on record, by product."""
    found: dict[str, dict[str, dict[str, int]]] = {}
    for said in bus.events:
        if said.name == "MonthRecorded":
            totals = {one["product"]: one["amount"] for one in said.data["totals"]}
            found.setdefault(said.data["account"], {})[said.data["month"]] = totals
    return found


def _mails(bus: Bus) -> list[dict[str, Any]]:
    """In the order in which they were asked for: to whom, what kind, and the facts each tells."""
    return [_mail(said) for said in bus.events if said.name == "MailRequested" and not said.prior]


def _mail(said: Said) -> dict[str, Any]:
    mail = _local(said.data)
    facts = {name: fact for name, fact in mail["facts"].items() if fact not in (None, [])}
    # Of a resource's kind and a mail's, the mail's is meant.
    return facts | {"to": ", ".join(mail["to"]), **_named(mail, ("kind", "account", "language"))}


def _event(said: Said) -> dict[str, Any]:
    return {"at": written(said.at), "type": said.name, "key": said.envelope.key, "fields": _local(said.data)}


def _refusals(bus: Bus) -> Iterator[dict[str, Any]]:
    """What was asked and not done: refused at once, or an order that was not paid."""
    for said in bus.events:
        asked = bus.commands.get(said.envelope.correlation_id)
        if said.prior or asked is None or not _refuses(bus, said):
            continue
        data = _local(said.data)
        yield {
            "at": written(said.at),
            "command": asked.name,
            "reason": data.get("reason"),
            "type": said.name,
            "key": said.envelope.key,
            "fields": data,
        }


def _refuses(bus: Bus, said: Said) -> bool:
    if said.name == "OrderCancelled":
        asked = bus.commands.get(said.envelope.correlation_id)
        return asked is not None and asked.name != "CancelOrder"
    return said.name.endswith("Refused") and said.envelope.causation_id == said.envelope.correlation_id


def _named(data: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: data.get(name) for name in names}


def _local(value: Any) -> Any:
    """With every instant as a scenario writes it."""
    if isinstance(value, dict):
        return {name: _local(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_local(one) for one in value]
    if isinstance(value, str) and _INSTANT.fullmatch(value) and (instant := read_instant(value)) is not None:
        return written(instant)
    return value


_SECTIONS: Final[Mapping[str, Callable[[Bus, datetime], Any]]] = {
    "wallets": lambda bus, at: {key: _wallets(account, at) for key, account in _accounts(bus).items()},
    "holds": lambda bus, _: {key: _holds(account) for key, account in _accounts(bus).items()},
    "resources": lambda bus, _: {key: _resource(said) for key, said in _states(bus, "Resource")},
    "clusters": lambda bus, _: {
        key: _named(_local(said.data), _CLUSTER) for key, said in _states(bus, "Cluster")
    },
    "orders": lambda bus, _: _orders(bus),
    "invoices": lambda bus, _: _invoices(bus),
    "records": lambda bus, _: _records(bus),
    "mails": lambda bus, _: _mails(bus),
    "events": lambda bus, _: [_event(said) for said in bus.events if not said.prior],
    "refusals": lambda bus, _: list(_refusals(bus)),
}
