"""What an operator does to a running system: its topics, its database's schema, its lag."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import asdict
from typing import Annotated

import typer

from deploy.cli import where
from deploy.cli.run import service_named
from deploy.cli.say import FAILED, AsJson, as_document, examples, line, table
from deploy.lag import UNKNOWN, Lag, lags
from deploy.services import SERVICES
from deploy.topics import Change, apply, wanted
from shared.engine.migrate import migrate as migrate_database

topics = typer.Typer(no_args_is_help=True, help="The broker's topics.")


def apply_topics(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit 1 and list what would be done.")
    ] = False,
    copies: Annotated[
        int | None,
        typer.Option(
            "--replication-factor",
            min=1,
            metavar="N",
            help="Copies of each record, for topics made now; else 3, or as many as there are brokers.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the topics that are missing, and mend settings that differ. Doing it again changes nothing.

    Three topics a service, and the dead letters of each topic a service reads. A topic with another number of
    partitions is refused: keys would move, and the order of what was said about them would break.
    """
    every = wanted(SERVICES.values())
    done = apply(where.kafka(), every, copies=copies, check=check)
    if as_json:
        as_document(
            {"ok": not (check and done), "topics": len(every), "changes": [asdict(one) for one in done]}
        )
    else:
        _say_changes(done, len(every), check=check)
    raise typer.Exit(FAILED if check and done else 0)


def _say_changes(done: list[Change], count: int, *, check: bool) -> None:
    words = (
        {"create": "would be made", "mend": "would be set"} if check else {"create": "made", "mend": "set"}
    )
    for change in done:
        line(f"{words[change.what]}  {change}")
    line(f"{count} topics, {len(done)} {'to change' if check else 'changed'}.")


def migrate(as_json: AsJson = False) -> None:
    """Bring the database's schema up to date: each service's SQL files, in order, each once.

    Safe to run from several places at once, and before every start. A file that was applied and has changed since is
    refused.
    """
    done = asyncio.run(migrate_database(where.postgres(), list(SERVICES.values())))
    if as_json:
        as_document({"ok": True, "applied": [asdict(one) for one in done]})
        return
    for one in done:
        line(f"applied  {one.service}: {one.file}")
    line(f"{len(SERVICES)} services, {len(done)} files applied." if done else "The database is up to date.")


def lag(
    service: Annotated[
        str | None, typer.Argument(metavar="[SERVICE]", help="Only this one's group.", show_default=False)
    ] = None,
    partitions: Annotated[bool, typer.Option("--partitions", help="Each partition on its own.")] = False,
    as_json: AsJson = False,
) -> None:
    """How many messages each consumer group has not done yet, and which workers are in it.

    A lag that grows wants more workers (at most 12 a group, one a partition); one that stands still without a member
    wants a worker at all.
    """
    asked = SERVICES.values() if service is None else [service_named(service)]
    found = lags(where.kafka(), asked)
    if as_json:
        as_document(
            {
                "ok": True,
                "total": sum(one.total for one in found),
                "groups": [_document(one) for one in found],
            }
        )
        return
    table(
        ("group", "topic", "lag", "state", "members"),
        ((one.group, one.topic, one.total, one.state, len(one.members)) for one in found),
    )
    line()
    _say_members({one.group: one for one in found}.values())
    if partitions:
        line()
        table(
            ("topic", "partition", "group", "done", "end", "lag"),
            (
                (one.topic, f"{p.partition}", one.group, p.offset, p.end, p.lag)
                for one in found
                for p in one.partitions
            ),
        )


def _say_members(groups: Collection[Lag]) -> None:
    rows = [
        (one.group, member.client, member.host, member.partitions) for one in groups for member in one.members
    ]
    if rows:
        table(("group", "member", "host", "partitions"), rows)
    for one in groups:
        if one.state == UNKNOWN:
            line(f"This broker does not tell who is in group {one.group}.")
        elif not one.members:
            line(f"Nobody is in group {one.group}.")


def _document(lag: Lag) -> dict[str, object]:
    return {**asdict(lag), "lag": lag.total}


topics.command("apply", epilog=examples("stoppoc topics apply", "stoppoc topics apply --check --json"))(
    apply_topics
)
