"""How accounts, clusters, orders and invoices look to a person: tables of what their state messages say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from deploy.cli.dates import next_of, renewal_of
from deploy.cli.say import Section
from deploy.cli.telling import vnd
from services.hold.books import Running
from services.invoicing.books import Payment
from shared.contracts.cloudevents import timestamp
from shared.contracts.hold import Account, ProductHold
from shared.contracts.invoicing import Invoice, UseLine, explained_use
from shared.contracts.lifecycle import Cluster, Resource
from shared.contracts.orders import Order, OrderLine
from shared.contracts.parts import Line, Metered, explained
from shared.contracts.payments import Payment as FromOutside

FIELDS = ("field", "value")
_USE = ("product", "resource", "from", "until", "price x quantity x time", "amount")
_PAYMENT = ("at", "by", "paid", "out of what was held")


def account(state: Account) -> Iterator[Section]:
    """Both wallets, and what is held for which product."""
    yield Section(FIELDS, [("account", state.account), ("mode", state.mode), ("email", state.email)])
    yield Section(("wallet", "total", "held", "available", "until"), list(_wallets(state)))
    if state.holds:
        rows = [_held(one) for one in state.holds]
        yield Section(("held for", "used", "until", "days to come", "held", "debt", "days in debt"), rows)


def _held(one: ProductHold) -> Sequence[object]:
    return one.product, one.actual, _at(one.counted_until), one.estimate, one.held, one.debt, one.debt_days


def metered(meters: Sequence[Running]) -> Section:
    """What is used, at which price, and what it has cost before at another."""
    columns = ("product", "resource", "quantity", "price", "since", "cost before")
    return Section(columns, [_running(one) for one in meters], "Metered, not settled yet")


def _running(one: Running) -> Sequence[object]:
    price = None
    if one.vnd is not None:
        price = f"{vnd(one.vnd)} per {'30 days' if one.per == '30d' else 'GB and hour'}"
    return one.product, one.resource, one.quantity, price or "ended", timestamp(one.since), one.before


def _wallets(state: Account) -> Iterator[Sequence[object]]:
    credit = state.credit
    yield "credit", credit.total, credit.held, credit.available, None
    if state.poc is not None:
        yield "POC", state.poc.granted, 0, state.poc.balance, timestamp(state.poc.until)


def cluster(state: Cluster, resources: Iterable[Resource]) -> Iterator[Section]:
    """Its POC, whether Stop POC can be pressed, and everything in it."""
    yield Section(
        FIELDS,
        [
            ("cluster", state.cluster),
            ("account", state.account),
            ("POC", "yes" if state.poc else "no"),
            ("Stop POC", button(state)),
        ],
    )
    yield Section(
        ("resource", "kind", "flavor", "quantity", "billing", "status", "until", "next", "renewed by itself"),
        [_resource(one) for one in resources],
    )


def button(state: Cluster) -> str:
    """What becomes of a portal's button."""
    if not state.stop_poc_available:
        return "not offered: nothing is POC"
    return (
        f"offered: {state.poc_remaining} still POC" if state.poc_remaining else "offered: to clear the flag"
    )


def _resource(one: Resource) -> Sequence[object]:
    dates = _at(one.until), next_of(one), renewal_of(one)
    return one.resource, one.kind, one.flavor, one.quantity, one.billing, one.status, *dates


def order(
    state: Order, lines: Iterable[OrderLine], paid: FromOutside | None = None, *, whole: bool = False
) -> Iterator[Section]:
    """How far it is, line by line; the `whole` of it: with how each amount came about."""
    lines = list(lines)
    yield Section(
        FIELDS,
        [
            ("order", state.order),
            ("about", state.subject),
            ("account", state.account),
            ("asks to", state.action.replace("_", " ")),
            ("status", state.status.replace("_", " ")),
            ("paid by", state.pay),
            ("total", vnd(state.total)),
            ("given back", vnd(state.given_back)),
            ("coupon", state.coupon),
            ("lines", f"{state.lines}: {state.done} done, {state.failed} failed"),
            ("placed at", timestamp(state.placed_at)),
        ],
    )
    if paid is not None:
        yield Section(FIELDS, list(_from_outside(paid)))
    yield Section(("resource", "kind", "flavor", "amount", "status", "reason"), [_line(one) for one in lines])
    if whole:
        rows = [(one.resource, words) for one in lines for words in _explained(one)]
        yield Section(("resource", "how its amount came about"), rows)


def _from_outside(paid: FromOutside) -> Iterator[tuple[str, object]]:
    yield "payment at", paid.gateway
    yield "payment", paid.status
    yield "asked for", vnd(paid.amount)
    yield "received", vnd(paid.received)
    yield "until", timestamp(paid.until)
    yield "page to pay on", paid.pay_url or None


def _line(one: OrderLine) -> Sequence[object]:
    what: Line | Metered | None = one.line or one.metered
    kind, flavor = (what.kind, what.flavor) if what is not None else (None, None)
    return one.resource, kind, flavor, one.line.amount if one.line else None, one.status, one.reason


def _explained(one: OrderLine) -> list[str]:
    if one.line is not None:
        return explained(one.line)
    if one.metered is None:
        return ["Nothing is paid for it."]
    per = "30 days" if one.metered.per == "30d" else "GB and hour"
    before = f", {vnd(one.metered.carried)} were before" if one.metered.carried else ""
    return [
        f"{one.metered.flavor}: {vnd(one.metered.vnd)} per {per} x {one.metered.quantity:,}, paid by its use; "
        f"{vnd(one.metered.estimate)} are held for the next 3 days{before}."
    ]


def invoice(
    state: Invoice, uses: Sequence[UseLine] = (), payments: Sequence[Payment] = ()
) -> Iterator[Section]:
    """What it is for, and how its amount came about."""
    yield Section(
        FIELDS,
        [
            ("invoice", state.invoice),
            ("number", state.number),
            ("account", state.account),
            ("for", _for(state)),
            ("order", state.order),
            *(_period(state)),
            ("amount", vnd(state.amount)),
            ("paid", f"{vnd(state.paid)}, {state.status.replace('_', ' ')}"),
            ("issued at", timestamp(state.issued_at)),
            *(_closed(state)),
        ],
    )
    if state.line is None:
        yield Section(_USE, [_use(one) for one in uses], "How it came about")
    else:
        yield Section(("how it came about",), [(words,) for words in explained(state.line)])
    if payments:
        yield Section(_PAYMENT, [_payment(one) for one in payments], "Payments")


def _for(state: Invoice) -> str:
    if state.resource is None:
        return f"all that was used in {state.month}"
    return f"{state.resource} ({state.kind}, {state.product}): {state.action}"


def _period(state: Invoice) -> Iterator[tuple[str, str]]:
    if state.line is not None:
        yield "period", f"{timestamp(state.line.starts)} to {timestamp(state.line.until)}"


def _use(line: UseLine) -> tuple[object, ...]:
    how = "; ".join(explained_use(line)[:-1])
    return line.product, line.resource, timestamp(line.starts), timestamp(line.until), how, line.amount


def _payment(payment: Payment) -> tuple[object, ...]:
    by = payment.paid_by.replace("_", " ")
    return timestamp(payment.effective_at), by, payment.amount, payment.from_hold


def _closed(state: Invoice) -> Iterator[tuple[str, str]]:
    if state.closed_at is not None:
        yield "closed at", f"{timestamp(state.closed_at)}, {vnd(state.unused)} unused"


def invoices(states: Iterable[Invoice]) -> Section:
    """One a row."""
    rows = [
        (one.number, one.resource or one.month, one.action, one.amount, one.status, one.invoice)
        for one in states
    ]
    return Section(("number", "resource", "for", "amount", "status", "invoice"), rows, "Invoices")


def _at(instant: datetime | None) -> str | None:
    return None if instant is None else timestamp(instant)
