"""`stoppoc audit`: whether all that must always be true is true, of all services' data. Reads only."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer

from deploy.audit.checks import checks
from deploy.audit.listen import listen
from deploy.audit.look import Finding, look
from deploy.cli import where
from deploy.cli.say import FAILED, AsJson, Trouble, as_document, line, plain, table
from deploy.cli.send import seconds
from deploy.lag import lags
from deploy.local.place import KAFKA
from deploy.services import SERVICES

# Enough to see what they have in common.
_MOST_TOLD: Final = 20


@dataclass(frozen=True, slots=True)
class _Told:
    """All that was found, and how much work was still under way."""

    findings: Sequence[Finding]
    behind: int | None

    @property
    def broken(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.broken]


def audit(
    wait: Annotated[
        str,
        typer.Option(help="How long what a message under way would explain may take to settle; 0: no time."),
    ] = "10s",
    topics: Annotated[
        bool | None,
        typer.Option(
            "--topics/--no-topics",
            help="Read the topics too; left out, where the broker is known.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check every invariant over all services' data: exit 1 on any break, with the ids of the first 20.

    Safe on a system at work: one transaction sees one instant of all services and changes nothing, and what only waits for
    a message under way is looked at again until it has come or --wait is over. Where work stands still (no worker, a
    provider that is silent) what waits for it cannot be told from what is lost: start the workers first.
    """
    told = asyncio.run(_audit(seconds(wait), _kafka(topics)))
    if as_json:
        as_document(_document(told))
    else:
        _say(told)
    raise typer.Exit(FAILED if told.broken else 0)


async def _audit(wait_s: float, kafka: str | None) -> _Told:
    dsn = where.postgres()
    findings = await look(dsn, checks(SERVICES), wait_s)
    if kafka is None:
        return _Told(findings, None)
    findings += await listen(kafka, dsn, list(SERVICES.values()), wait_s)
    behind = await asyncio.to_thread(_behind, kafka)
    return _Told(sorted(findings, key=lambda one: one.check.truth), behind)


def _kafka(asked: bool | None) -> str | None:
    if asked is False:
        return None
    try:
        return where.kafka()
    except Trouble:
        if asked or os.environ.get(KAFKA):
            raise
        return None


def _behind(kafka: str) -> int:
    return sum(lag.total for lag in lags(kafka, SERVICES.values()))


def _document(told: _Told) -> dict[str, Any]:
    return {
        "ok": not told.broken,
        "broken": sum(finding.broken for finding in told.findings),
        "messages_under_way": told.behind,
        "checks": [
            {
                "check": finding.check.name,
                "truth": finding.check.truth,
                "says": finding.check.says,
                "looked": finding.looked,
                "broken": finding.broken,
                "first": [one._asdict() for one in finding.breaks[:_MOST_TOLD]],
            }
            for finding in told.findings
        ],
    }


def _say(told: _Told) -> None:
    table(
        ("truth", "what always holds", "looked at", "broken"),
        (
            (finding.check.truth, finding.check.says, finding.looked, finding.broken)
            for finding in told.findings
        ),
    )
    for finding in told.broken:
        line(f"\n{finding.check.name}: {finding.broken:,} broken.")
        for one in finding.breaks[:_MOST_TOLD]:
            line(f"  {plain(one.id)}: {plain(one.found)}")
    line()
    if told.behind:
        line(f"{told.behind:,} messages are still under way: what waits for one of them is not lost.")
    line("Something is broken." if told.broken else "All of it holds.")
