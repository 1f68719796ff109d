"""`stoppoc show`: how things stand, as a portal shows them: read from the services' books, which nothing here changes."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer
from pydantic import BaseModel, TypeAdapter, ValidationError

from deploy.cli import shown, where
from deploy.cli.say import (
    FAILED,
    WRONG,
    AsJson,
    Section,
    Trouble,
    as_document,
    examples,
    line,
    quoted,
    sections,
)
from services.checkout import books as orders
from services.hold import books as accounts
from services.hold.books import Movement
from services.invoicing import books as invoices
from services.lifecycle import books as clusters
from services.payments import books as payments
from shared import ids
from shared.contracts.cloudevents import timestamp
from shared.contracts.message import Id

T = TypeVar("T")

show = typer.Typer(no_args_is_help=True, help="How things stand, as a portal shows them.")

_ID: TypeAdapter[str] = TypeAdapter(Id)


@show.command(epilog=examples("stoppoc show account acme", "stoppoc show account acme --history --json"))
def account(
    account_id: Annotated[str, typer.Argument(metavar="ID", help="The account, as the contract names it.")],
    history: Annotated[
        bool, typer.Option("--history", help="Every movement of its money too, from the ledger.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Both wallets of an account, what is held for which product and why, and its invoices; exit 1 when there is none."""
    key, dsn = _id(account_id, "account"), where.postgres()
    state = _there(asyncio.run(accounts.account(dsn, key)), f"account {key}")
    invoiced = asyncio.run(invoices.invoices(dsn, key))
    meters = asyncio.run(accounts.meters(dsn, key))
    movements = asyncio.run(accounts.history(dsn, key)) if history else []
    if as_json:
        running = [one._asdict() | {"since": timestamp(one.since)} for one in meters]
        told = {**_said(state), "metered": running, "invoices": [_said(one) for one in invoiced]}
        moved = [one._asdict() | {"at": timestamp(one.at)} for one in movements]
        as_document(told | {"history": moved} if history else told)
        return
    sections(shown.account(state))
    if meters:
        line()
        sections([shown.metered(meters)])
    if invoiced:
        line()
        sections([shown.invoices(invoiced)])
    if history:
        line()
        sections([_moved(movements)])


@show.command(epilog=examples("stoppoc show cluster k1", "stoppoc show cluster k1 --json"))
def cluster(
    cluster_id: Annotated[str, typer.Argument(metavar="ID", help="The cluster.")], as_json: AsJson = False
) -> None:
    """A cluster and all that is in it, and whether Stop POC is offered for it."""
    key, dsn = _id(cluster_id, "cluster"), where.postgres()
    state = _there(asyncio.run(clusters.cluster(dsn, key)), f"cluster {key}")
    resources = asyncio.run(clusters.resources(dsn, key))
    if as_json:
        as_document({**_said(state), "in_it": [_said(one) for one in resources]})
        return
    sections(shown.cluster(state, resources))


@show.command(epilog=examples("stoppoc show order k1 --explain", "stoppoc show order ORDER --json"))
def order(
    order_id: Annotated[
        str, typer.Argument(metavar="ID", help="The order; or a cluster or resource: its latest order.")
    ],
    explain: Annotated[
        bool, typer.Option("--explain", help="How the amount of each line came about, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """How far an order has come, line by line. `stoppoc watch` follows it."""
    key, dsn = _id(order_id, "order"), where.postgres()
    state = _there(asyncio.run(orders.order(dsn, key)), f"order {key}, and none about it")
    lines = asyncio.run(orders.lines(dsn, state.order))
    paid = asyncio.run(payments.payment(dsn, state.order))
    if as_json:
        more = {} if paid is None else {"payment": _said(paid)}
        as_document({**_said(state), "each": [_said(one) for one in lines], **more})
        return
    sections(shown.order(state, lines, paid, whole=explain))


@show.command(epilog=examples("stoppoc show invoice 01a1fd77-e850-7ed0-b375-94043d45a696"))
def invoice(
    invoice_id: Annotated[str, typer.Argument(metavar="ID", help="The invoice, as `show account` lists it.")],
    as_json: AsJson = False,
) -> None:
    """An invoice, and how its amount came about."""
    try:
        key = UUID(ids.canonical(invoice_id))
    except ValueError:
        raise Trouble(f"{quoted(invoice_id)} is no invoice's id", WRONG) from None
    dsn = where.postgres()
    state = _there(asyncio.run(invoices.invoice(dsn, key)), f"invoice {key}")
    uses, payments = asyncio.run(invoices.uses(dsn, key)), asyncio.run(invoices.payments(dsn, key))
    if as_json:
        paid = [one._asdict() | {"effective_at": timestamp(one.effective_at)} for one in payments]
        as_document(_said(state) | {"uses": [_said(one) for one in uses], "payments": paid})
        return
    sections(shown.invoice(state, uses, payments))


def _there(state: T | None, what: str) -> T:
    if state is None:
        raise Trouble(f"there is no {what}", FAILED)
    return state


def _said(state: BaseModel) -> dict[str, Any]:
    return state.model_dump(mode="json")


def _moved(movements: list[Movement]) -> Section:
    columns = ("nr", "at", "kind", "wallet", "amount", "balance after", "reference", "caused by")
    rows = [(one.sequence, timestamp(one.at), *one[2:]) for one in movements]
    return Section(columns, rows, "History")


def _id(text: str, what: str) -> str:
    try:
        return _ID.validate_python(text)
    except ValidationError:
        raise Trouble(
            f"{quoted(text)} is no {what}: at most 64 letters, digits and . _ : -, beginning with one of the first",
            WRONG,
        ) from None
