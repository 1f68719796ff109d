"""`stoppoc jobs`: what time brings, and how far each service is with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from deploy.cli import where
from deploy.cli.run import service_named
from deploy.cli.say import AsJson, as_document, line, table
from deploy.services import SERVICES
from shared.contracts.cloudevents import timestamp
from shared.engine.behind import Standing, standings
from shared.engine.database import pool_for
from shared.engine.schedule import Progress
from shared.engine.service import Service


def jobs(
    service: Annotated[
        str | None, typer.Argument(metavar="[SERVICE]", help="Only this one's.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What time brings: the last period each job is done with, how far it is behind, and what it has in hand.

    A job that is behind and has nothing in hand wants a worker of its service at all, or waits for another job of it, which
    is done first. One that has the same slice in hand for minutes has parked keys, or a worker that is stuck: see
    `stoppoc parked ls` and `stoppoc lag`.
    """
    now = datetime.now(UTC)
    asked = list(SERVICES.values()) if service is None else [service_named(service)]
    found = asyncio.run(_standings([one for one in asked if one.jobs], now))
    if as_json:
        as_document({"ok": True, "jobs": [_document(name, one, now) for name, one in found]})
        return
    table(
        ("service", "job", "done with", "behind", "shares in hand"),
        ((name, one.job, one.done, _behind(one, now), len(one.in_hand)) for name, one in found),
    )
    if rows := list(_in_hand(found, now)):
        line()
        table(("service", "job", "share", "period", "slices", "keys", "after", "for"), rows)


async def _standings(services: Sequence[Service], now: datetime) -> list[tuple[str, Standing]]:
    found: list[tuple[str, Standing]] = []
    for service in services:
        async with pool_for(service, where.postgres(), "jobs") as pool, pool.acquire() as conn:
            found += [(service.name, one) for one in await standings(conn, service, now)]
    return found


def _behind(standing: Standing, now: datetime) -> str:
    behind = standing.behind(now)
    return f"{timedelta(seconds=int(behind.total_seconds()))}" if behind else "no"


def _in_hand(found: Iterable[tuple[str, Standing]], now: datetime) -> Iterable[tuple[object, ...]]:
    for name, standing in found:
        for share in standing.in_hand:
            seconds = int((now - share.moved_at).total_seconds())
            yield (
                *(name, standing.job, str(share.shard), share.period),
                *(share.slices, share.counted, share.after or None, f"{max(seconds, 0)} s"),
            )


def _document(service: str, standing: Standing, now: datetime) -> dict[str, Any]:
    return {
        "service": service,
        "job": standing.job,
        "done": standing.done,
        "behind_seconds": int(standing.behind(now).total_seconds()),
        "due_since": None if standing.due_since is None else timestamp(standing.due_since),
        "in_hand": [_share(share) for share in standing.in_hand],
    }


def _share(share: Progress) -> dict[str, Any]:
    return {
        "share": share.shard,
        "period": share.period,
        "slices": share.slices,
        "keys": share.counted,
        "after": share.after,
        "begun_at": timestamp(share.made_at),
        "moved_at": timestamp(share.moved_at),
    }
