"""`stoppoc demo`: the system on this machine from start to stop, told as it happens, with a worker killed on the way."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from time import perf_counter
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.cli.desk import Answer, Desk, desk_at, envelope_of
from deploy.cli.rush import Answered, Tally, rush
from deploy.cli.say import FAILED, AsJson, Trouble, as_document, me
from deploy.cli.system import System, system
from services.hold import books
from services.hold.books import Sums
from shared.contracts.hold import ExtendPoc, GrantPoc, OpenAccount, TopUp
from shared.contracts.message import Message

_WAIT_S: Final = 20.0
_ACCOUNTS: Final = 200
_TWICE_EVERY: Final = 10
# The share of the top-ups that is answered when the worker is killed.
_KILL_AT: Final = 0.3
_EMAIL: Final = "billing@acme.example"


@dataclass(frozen=True, slots=True)
class _Step:
    """One thing asked, in words, and the reason for which it is to be refused, if it is."""

    words: str
    ask: Message
    reason: str | None = None


def demo(
    top_ups: Annotated[
        int, typer.Option("--top-ups", metavar="N", min=1000, max=1_000_000, help="How many at once.")
    ] = 20_000,
    as_json: AsJson = False,
) -> None:
    """Watch it work, in under a minute: accounts, money, POC grants and refusals; then a worker is killed.

    It dies in the middle of thousands of top-ups, some of them sent twice, and the books are added up afterwards. All
    on parts of its own in a temporary folder (or where STOPPOC_KAFKA and STOPPOC_POSTGRES say); what it starts it
    stops. Exit status 0 only if every answer was the expected one and the books are right to the dong.
    """
    out = Console(stderr=as_json, highlight=False, soft_wrap=True)
    started = perf_counter()
    with tempfile.TemporaryDirectory(prefix="stoppoc-demo-", ignore_cleanup_errors=True) as directory:
        told = asyncio.run(_Story(out, top_ups).tell(Path(directory)))
    told["seconds"] = round(perf_counter() - started, 1)
    if as_json:
        as_document(told)
    _end(out, told)
    raise typer.Exit(0 if told["ok"] else FAILED)


class _Story:
    def __init__(self, out: Console, top_ups: int) -> None:
        self._out = out
        self._top_ups = top_ups
        # On a broker and a database that others use too, these are ours.
        self._tag = secrets.token_hex(2)

    async def tell(self, directory: Path) -> dict[str, Any]:
        """All of it, and what came out."""
        async with system(directory, {"hold": 2}, exactly=False, say=self._say) as here:
            await here.ready()
            self._say(
                f"Topics made: {len(here.made)}, schema files applied: {len(here.applied)}, "
                f"workers: {', '.join(here.ports)}."
            )
            as_expected = await self._ask_all(here.place.kafka)
            before = await books.add_up(here.place.postgres)
            tally, paid, restarts = await self._rush(here)
            after = await books.add_up(here.place.postgres)
        right = self._add_up(tally, paid, before, after)
        return {
            "ok": as_expected and right,
            "as_expected": as_expected,
            "top_ups": tally.commands,
            "sent_twice": tally.copies,
            "answered_once_each": tally.once_each,
            "paid_in_vnd": paid,
            "counted_vnd": after.credit - before.credit,
            "books_right": after.right,
            "killed_and_restarted": restarts,
            "rush_seconds": round(tally.seconds, 1),
        }

    def _say(self, words: str) -> None:
        self._out.print(words, markup=False)

    def _title(self, words: str) -> None:
        self._out.print(f"\n[bold]{words}[/bold]")

    async def _ask_all(self, kafka: str) -> bool:
        self._title("A customer asks, the events answer")
        async with desk_at(kafka) as desk:
            return all([await self._ask(desk, step) for step in _steps(self._tag)])

    async def _ask(self, desk: Desk, step: _Step) -> bool:
        with self._out.status(step.words):
            answer = await desk.ask(step.ask, envelope_of(step.ask), _WAIT_S)
        if answer is None:
            raise Trouble(f"{type(step.ask).__name__} was not answered within {_WAIT_S:g} s")
        expected = answer.body.get("reason") == step.reason
        self._out.print(
            f"  {type(step.ask).__name__:<12} {step.words:<46} [dim]->[/dim] "
            f"[{'yellow' if answer.refused else 'green'}]{answer.name:<20}[/] "
            f"{answer.seconds * 1000:5,.0f} ms   {_outcome(answer)}{'' if expected else '   NOT EXPECTED'}"
        )
        return expected

    async def _rush(self, here: System) -> tuple[Tally, int, int]:
        accounts = [f"demo-{self._tag}-{nr}" for nr in range(_ACCOUNTS)]
        victim, *_ = here.ports
        self._title(
            f"{self._top_ups:,} top-ups to {_ACCOUNTS} accounts, every {_TWICE_EVERY}th sent twice; "
            f"{victim} is killed in the middle"
        )
        opened = await rush(here.place.kafka, [_account(account) for account in accounts])
        if not opened.once_each:
            raise Trouble(f"{opened.refused} of {_ACCOUNTS} accounts were not opened")
        asks = [_top_up(accounts[nr % _ACCOUNTS], nr) for nr in range(self._top_ups)]
        with self._progress() as progress:
            task = progress.add_task("answered", total=self._top_ups)
            answered = self._killing(here, victim, lambda count: progress.update(task, completed=count))
            tally = await rush(here.place.kafka, asks, twice_every=_TWICE_EVERY, answered=answered)
        return tally, sum(ask.amount for ask in asks), here.supervisor.restarts(victim)

    def _killing(self, here: System, victim: str, show: Answered) -> Answered:
        left = [int(self._top_ups * _KILL_AT)]

        def answered(count: int) -> None:
            show(count)
            if left and count >= left[0]:
                left.clear()
                pid = here.supervisor.pid(victim)
                here.supervisor.send(victim, SIGKILL)
                self._say(f"  {victim} (process {pid}) killed with SIGKILL after {count:,} answers")

        return answered

    def _progress(self) -> Progress:
        return Progress(
            TextColumn("  {task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._out,
        )

    def _add_up(self, tally: Tally, paid: int, before: Sums, after: Sums) -> bool:
        counted, deposits = after.credit - before.credit, after.deposits - before.deposits
        findings = (
            (tally.once_each, f"{tally.commands:,} commands, {len(tally.answers):,} answers: one each"),
            (
                deposits == tally.commands,
                f"{tally.commands + tally.copies:,} records sent, {deposits:,} payments counted",
            ),
            (counted == paid, f"{paid:,} VND paid in, {counted:,} VND in the credit wallets"),
            (after.out_of_balance == 0, f"all entries of the ledger sum to {after.out_of_balance:,} VND"),
            (
                after.accounts_that_differ == 0,
                f"{after.accounts:,} accounts, {after.accounts_that_differ} whose balances are not their entries' sum",
            ),
        )
        self._title("The books")
        for right, words in findings:
            self._out.print(f"  [{'green]right' if right else 'red]WRONG'}[/]  {words}")
        return all(right for right, _ in findings)


def _steps(tag: str) -> Sequence[_Step]:
    acme, corp = f"acme-{tag}", f"corp-{tag}"
    may = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(days=30)
    return (
        _Step("acme, prepaid", _account(acme)),
        _Step("1,000,000 VND by bank transfer VCB-1", _paid(acme, 1_000_000, "VCB-1")),
        _Step("the same payment VCB-1 again", _paid(acme, 1_000_000, "VCB-1"), "reference_used"),
        _Step("0 VND", _paid(acme, 0, "VCB-2"), "amount_not_positive"),
        _Step("to an account nobody opened", _paid(f"nobody-{tag}", 1, "VCB-3"), "account_unknown"),
        _Step("5,000,000 VND for POC, 30 days", GrantPoc(account=acme, amount=5_000_000, until=may)),
        _Step("30 days more", ExtendPoc(account=acme, until=may + timedelta(days=30))),
        _Step("to an earlier end", ExtendPoc(account=acme, until=may), "until_not_later"),
        _Step("corp, postpaid", _account(corp, "postpaid")),
        _Step("POC for corp", GrantPoc(account=corp, amount=1, until=may), "account_postpaid"),
    )


def _account(account: str, mode: Any = "prepaid") -> OpenAccount:
    return OpenAccount(account=account, mode=mode, email=_EMAIL)


def _paid(account: str, amount: int, reference: str) -> TopUp:
    return TopUp(account=account, amount=amount, reference=reference)


def _top_up(account: str, nr: int) -> TopUp:
    # Amounts that differ, so that one counted for another would show in the sum.
    return _paid(account, 10_000 + nr * 7919 % 9973, f"rush-{nr}")


def _outcome(answer: Answer) -> str:
    body = answer.body
    if answer.refused:
        return str(body["reason"])
    if "credit" in body:
        return f"credit {body['credit']['total']:,}"
    if "poc" in body:
        return f"POC {body['poc']['balance']:,} until {body['poc']['until'][:10]}"
    return ""


def _end(out: Console, told: dict[str, Any]) -> None:
    words = "Everything was as expected" if told["ok"] else "NOT everything was as expected"
    out.print(f"\n{words}, and is stopped again; {told['seconds']} s in all. Next:")
    for typed, what in (
        ("up", "the same system, to use from another terminal"),
        ("send --list", "what can be asked of it"),
        ("--help", "everything else"),
    ):
        out.print(f"  {me()} {typed:<12} [dim]{what}[/dim]")
