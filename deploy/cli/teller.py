"""How the demo tells its story: titles, what was asked and answered, wallets before and after, what is right or wrong."""

from __future__ import annotations

from collections.abc import Iterable
from email.message import EmailMessage
from typing import Final, NamedTuple

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from deploy.cli import shown
from deploy.cli.desk import Answer
from deploy.cli.scene import Step
from shared.contracts.hold import Account
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.lifecycle import Cluster
from shared.contracts.parts import explained


class Finding(NamedTuple):
    """Something that must be so, and whether it is."""

    right: bool
    words: str


class Teller:
    """Tells it to one console, and remembers what was found."""

    def __init__(self, out: Console) -> None:
        self.out: Final = out
        self.findings: Final[list[Finding]] = []

    def title(self, words: str) -> None:
        """A new part begins."""
        self.out.print(f"\n[bold]{words}[/bold]")

    def answered(self, step: Step, answer: Answer) -> None:
        """What was asked, in words, and what answered it."""
        color = "yellow" if answer.refused else "green"
        reason = f"   {answer.body['reason']}" if answer.refused else ""
        self.out.print(
            f"  {type(step.ask).__name__:<14}{step.words:<58}[dim]->[/dim] "
            f"[{color}]{answer.name:<16}[/{color}] {answer.seconds * 1000:5,.0f} ms{reason}"
        )

    def killed(self, worker: str, pid: int | None) -> None:
        """A worker is dead."""
        self.out.print(f"  [bold red]{worker} (process {pid}) is killed with SIGKILL[/bold red]")

    def wallets(self, before: Account, after: Account) -> None:
        """Both wallets, before and after."""
        table = _table("wallet", "before:", "after:", "change:")
        for name, was, now in (
            ("credit", before.credit.total, after.credit.total),
            ("POC", _poc(before), _poc(after)),
        ):
            table.add_row(name, f"{was:,}", f"{now:,}", f"{now - was:+,} VND")
        self._indented(table)

    def invoices(self, invoices: Iterable[InvoiceIssued]) -> None:
        """One a row."""
        table = _table("invoice", "resource", "amount:", "status")
        for one in invoices:
            table.add_row(one.number, one.resource, f"{one.amount:,}", one.status)
        self._indented(table)

    def button(self, cluster: Cluster) -> None:
        """What a portal shows."""
        color = "bold green" if cluster.stop_poc_available else "dim"
        self.out.print(f"  [{color}]\\[ Stop POC ][/{color}] is {shown.button(cluster)}")

    def explained(self, invoice: InvoiceIssued) -> None:
        """How its amount came about."""
        self.out.print(f"  How invoice {invoice.number} of {invoice.resource} came to its amount:")
        for words in () if invoice.line is None else explained(invoice.line):
            self.out.print(f"    [dim]{words}[/dim]")

    def mail(self, mail: EmailMessage) -> None:
        """As its reader has it, without the HTML."""
        self.out.print(f"  [bold]To[/bold] {mail['To']}   [bold]Subject[/bold] {mail['Subject']}")
        text = mail.get_body(("plain",))
        for words in () if text is None else text.get_content().rstrip().splitlines():
            self.out.print(f"    {words}", markup=False, style="dim")

    def _indented(self, table: Table) -> None:
        self.out.print(Padding(table, (0, 0, 0, 2)))

    def find(self, right: bool, words: str) -> None:
        """Something that must be so is, or is not."""
        self.findings.append(Finding(right, words))
        self.out.print(f"  [{'green]right' if right else 'red]WRONG'}[/]  {words}")


def _table(*columns: str) -> Table:
    """Columns; a colon at the end of a name: numbers, to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 3, 0, 0))
    for name in columns:
        table.add_column(name.removesuffix(":"), justify="right" if name.endswith(":") else "left")
    return table


def _poc(account: Account) -> int:
    return account.poc.balance if account.poc is not None else 0
