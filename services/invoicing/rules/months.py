"""The month is closed: what each account used in it is put on record, invoiced where it is not yet, and settled.

An account's month is recorded once. What is heard of later comes with the record of the month after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Final

from services.invoicing.metered import DueUse, MonthRecord, MonthUse, Usage
from services.invoicing.reasons import Reason
from services.invoicing.rules import lines as pricing
from services.invoicing.rules import told as telling
from services.invoicing.rules.charging import Bill, Charged, bill, worth
from services.invoicing.rules.invoices import month_book
from services.invoicing.rules.paying import settled_with
from services.invoicing.state import month_key
from shared import metering
from shared.contracts.charges import GiveBack, Settle
from shared.contracts.invoicing import MOST_USES
from shared.contracts.months import (
    CloseMonth,
    MonthCloseRefused,
    MonthCloseStarted,
    MonthRecorded,
    RecordMonth,
)
from shared.contracts.parts import Product
from shared.engine.decision import Cause, Decision, Known, changed, joined, said, sliced
from shared.period import billing_month
from shared.shards import SHARDS

By = Callable[[Charged], str]

# Instants of other years may lie outside of what a computer can say.
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2999


def close_month(ask: CloseMonth, _: Known, cause: Cause) -> Decision:
    """The month is recorded, share by share, once more: what is on record stays."""
    ends = _end_of(ask.month)
    if ends is None or cause.at < ends:
        reason = Reason.MONTH_UNKNOWN if ends is None else Reason.MONTH_NOT_OVER
        return said(_refused(ask, reason, cause))
    started = MonthCloseStarted(month=ask.month, shards=SHARDS, effective_at=cause.at)
    slices = (RecordMonth(period=ask.month, shard=shard, effective_at=ends) for shard in range(SHARDS))
    return said(started, *slices)


def record_month(ask: RecordMonth, known: Known, cause: Cause) -> Decision:
    """The month of each of these accounts."""
    return joined(*(_recorded(account, ask.period, known, cause) for account in sliced(known, cause)))


def _recorded(account: str, month: str, known: Known, cause: Cause) -> Decision:
    key = month_key(account, month)
    use = known.get(MonthUse, key)
    if use is None or known.get(MonthRecord, key) is not None:
        return Decision()
    due = list(_due(use, known))
    earlier = [_earlier(account, before, known, cause) for before in unrecorded(use.due, month, known)]
    fresh = [(each, line) for of, each in due for line in pricing.due(each, of, month, cause.at, cause)]
    old = list(_charged(use, known))
    kept = joined(*earlier, changed(*(_after(of, cause.at) for of, _ in due), says=()))
    return joined(kept, _on_record(account, month, old, fresh, known, cause)) if old or fresh else kept


def unrecorded(dues: Iterable[str], month: str, known: Known) -> list[str]:
    """Earlier months that have lines of use that ended, and no record: all of it was heard of after they were closed."""
    found = (known.get(DueUse, id_) for id_ in dues)
    begun = {billing_month(due.invoiced_from) for due in found if due is not None and due.invoiced_from}
    return sorted(each for each in begun if each < month)


def _earlier(account: str, month: str, known: Known, cause: Cause) -> Decision:
    use = known.get(MonthUse, month_key(account, month))
    assert use is not None
    return _on_record(account, month, list(_charged(use, known)), (), known, cause)


def _charged(use: MonthUse, known: Known) -> Iterator[Charged]:
    for line in use.lines:
        usage = known.get(Usage, line.usage)
        assert usage is not None
        yield usage, line


def _on_record(
    account: str, month: str, old: Sequence[Charged], fresh: Sequence[Charged], known: Known, cause: Cause
) -> Decision:
    held = [each for each in fresh if each[0].billing == "hold"]
    postpaid = [each for each in fresh if each[0].billing == "postpaid"]
    to_settle, too_much = _parted(held, _by_product)
    to_owe, too_much_owed = _parted(postpaid, _by_resource)
    bills = list(_bills(account, month, to_settle, to_owe, known, cause))
    unbilled = [each for group in (*too_much, *too_much_owed) for each in group]
    lines = [*(each for made in bills for each in made.lines), *unbilled]
    book = replace(month_book(account, month, known), issued=bills[-1].invoice.sequence) if bills else None
    whole = next((made.invoice.id for made in bills if made.invoice.resource is None), None)
    record = _record(account, month, [*old, *lines], whole, cause)
    return joined(
        changed(
            *(() if book is None else (book,)),
            *(made.invoice for made in bills),
            record,
            adds=(line for _, line in lines),
            says=(
                *(made.issued() for made in bills),
                *_pages(record, [*old, *lines]),
                *_given_back((*too_much, *too_much_owed), cause),
                *_let_go(account, month, too_much, cause),
            ),
        ),
        *(settled_with(made.invoice, _settles(made, cause)) for made in bills),
    )


def _due(use: MonthUse, known: Known) -> Iterator[tuple[DueUse, Usage]]:
    """The store, or this batch, knows all of them."""
    for id_ in use.due:
        due, usage = known.get(DueUse, id_), known.get(Usage, id_)
        assert due is not None
        assert usage is not None
        yield due, usage


def _after(due: DueUse, ends: datetime) -> DueUse:
    return replace(
        due,
        recorded_until=max(due.recorded_until, ends),
        over=due.until is not None and due.until <= ends,
    )


def _by_product(charged: Charged) -> str:
    return charged[0].product


def _by_resource(charged: Charged) -> str:
    return charged[0].resource


def _parted(charged: Sequence[Charged], by: By) -> tuple[list[list[Charged]], list[list[Charged]]]:
    """In groups: those that cost something, and those of which too much, or nothing, is to be paid."""
    groups = [list(group) for _, group in groupby(sorted(charged, key=by), key=by)]
    return [each for each in groups if worth(each) > 0], [each for each in groups if worth(each) <= 0]


def _bills(
    account: str,
    month: str,
    products: Sequence[Sequence[Charged]],
    resources: Sequence[Sequence[Charged]],
    known: Known,
    cause: Cause,
) -> Iterator[Bill]:
    """One for all that is held for; one for each resource of a postpaid account. Their ids are those of the month, so that it
    does not matter by whom it was closed."""
    wanted: list[tuple[str, Sequence[Charged]]] = [(each[0][0].resource, each) for each in resources]
    if products:
        wanted.insert(0, ("", [each for group in products for each in group]))
    before = month_book(account, month, known).issued
    for sequence, (resource, charged) in enumerate(wanted, before + 1):
        id_ = _invoice_id(account, month, resource, cause)
        yield bill(id_, charged, "month", (month, sequence), cause, whole=resource == "")


def _invoice_id(account: str, month: str, resource: str, cause: Cause) -> str:
    return cause._replace(id=month_key(account, month)).derive(f"invoice/{resource}")


def _record(
    account: str, month: str, charged: Sequence[Charged], invoice: str | None, cause: Cause
) -> MonthRecord:
    totals = pricing.totals((usage.product, line) for usage, line in charged)
    amount = sum(amount for _, amount in totals)
    return MonthRecord(account, month, amount, totals, len(charged), invoice, cause.at, cause.id)


def _pages(record: MonthRecord, charged: Sequence[Charged]) -> Iterator[MonthRecorded]:
    ordered = sorted(charged, key=_place)
    pages = [ordered[at : at + MOST_USES] for at in range(0, len(ordered), MOST_USES)]
    for number, page in enumerate(pages, 1):
        yield MonthRecorded(
            account=record.account,
            month=record.month,
            page=number,
            pages=len(pages),
            lines=[telling.use_line(*each) for each in page],
            totals=telling.totals(record.totals),
            amount=record.amount,
            invoice=record.invoice,
            effective_at=record.effective_at,
        )


def _place(charged: Charged) -> tuple[str, str, datetime, str]:
    usage, line = charged
    return usage.product, usage.resource, line.starts, usage.id


def _settles(made: Bill, cause: Cause) -> Iterator[Settle]:
    """What is held for is settled product by product; nothing is held for what is postpaid."""
    invoice = made.invoice
    for product, amount in invoice.totals if invoice.resource is None else ():
        yield _settle(invoice.account, invoice.id, product, amount, cause)


def _let_go(account: str, month: str, groups: Iterable[Sequence[Charged]], cause: Cause) -> Iterator[Settle]:
    """Of a product of which nothing is to be paid, the use is held for no more: settled with nothing, on the invoice that the
    account has of the month, or would have."""
    id_ = _invoice_id(account, month, "", cause)
    for group in groups:
        yield _settle(account, id_, group[0][0].product, 0, cause)


def _settle(account: str, invoice: str, product: Product, amount: int, cause: Cause) -> Settle:
    return Settle(
        account=account,
        invoice=invoice,
        product=product,
        amount=amount,
        until=cause.at,
        effective_at=cause.at,
    )


def _given_back(groups: Iterable[Sequence[Charged]], cause: Cause) -> Iterator[GiveBack]:
    for group in groups:
        if (amount := -worth(group)) > 0:
            usage, _ = group[0]
            yield GiveBack(
                account=usage.account,
                wallet="credit",
                amount=amount,
                why="unused",
                resource=usage.resource,
                effective_at=cause.at,
            )


def _end_of(month: str) -> datetime | None:
    """When it ends; nothing where there is no such month."""
    year, number = map(int, month.split("-"))
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= number <= 12):
        return None
    return metering.month_end(metering.month_start(month))


def _refused(ask: CloseMonth, reason: Reason, cause: Cause) -> MonthCloseRefused:
    return MonthCloseRefused(
        month=ask.month, reason=reason.value, explanation=reason.sentence, effective_at=cause.at
    )
