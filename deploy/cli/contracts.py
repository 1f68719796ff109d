"""`stoppoc contracts`: the published documents from the registry, and whether a change of it breaks anybody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.say import FAILED, AsJson, Trouble, as_document, examples, line
from shared.contracts.compatibility import breaks, contracts_of
from shared.contracts.export import drift, files, write
from shared.contracts.published import NotPublished, versions
from shared.contracts.published import publish as publish_version
from shared.contracts.registry import REGISTRY

Docs = Annotated[Path, typer.Option("--docs", metavar="DIR", help="The folder of documents.")]

app = typer.Typer(
    no_args_is_help=True,
    help="What is said between services and with the world: its documents, and what of it may change.",
)


@app.command(epilog=examples("stoppoc contracts export", "stoppoc contracts export --check"))
def export(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder of documents.")] = Path("docs"),
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 and list what is out of date.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write AsyncAPI documents, JSON Schemas and a page per service from the registry of messages.

    In DIR: contracts/asyncapi (public.json is all a portal or a downstream service needs), contracts/schemas,
    services. Run it after every change of shared/contracts, and commit what it writes.
    """
    expected = files(REGISTRY)
    with _troubles():
        found = (drift if check else write)(expected, to)
    ok = not (check and found)
    if as_json:
        rows = [{"path": change.path, "what": change.what} for change in found]
        as_document({"ok": ok, "files": len(expected), "drift" if check else "changed": rows})
    elif check:
        _say_drift([f"{to / change.path}: {change.what}" for change in found], len(expected))
    else:
        line(f"{len(expected)} files in {to}, {len(found)} of them changed.")
    if not ok:
        raise typer.Exit(FAILED)


@app.command(epilog=examples("stoppoc contracts check", "stoppoc contracts check --json"))
def check(docs: Docs = Path("docs"), as_json: AsJson = False) -> None:
    """Compare the messages as they are now with every published version; exit 1 when somebody would break.

    Commands: what any older producer writes is read now. Events and state: that, and what is written now is
    read by every older consumer. Producers write exactly their fields, consumers ignore those they do not know.
    """
    with _troubles():
        published = versions(docs)
    current = contracts_of(REGISTRY)
    found = breaks(current, published)
    if as_json:
        rows = [broken.model_dump() for broken in found]
        as_document({"ok": not found, "messages": len(current), "versions": list(published), "breaks": rows})
    else:
        for broken in found:
            line(str(broken))
        verdict = f"{len(found)} breaking changes" if found else f"{len(current)} messages, compatible"
        line(f"{verdict}, against {_listed('version', list(published))}.")
    if found:
        raise typer.Exit(FAILED)


@app.command(epilog=examples("stoppoc contracts publish 2"))
def publish(
    version: Annotated[str, typer.Argument(help="A whole number, above every version published so far.")],
    docs: Docs = Path("docs"),
    as_json: AsJson = False,
) -> None:
    """Freeze the messages as they are now as VERSION: from then on `check` holds every change to it.

    Refused when VERSION is published already, or when the messages break a version before it.
    """
    current = contracts_of(REGISTRY)
    with _troubles():
        written = publish_version(docs, version, current)
    if as_json:
        as_document({"ok": True, "version": version, "messages": len(current), "files": [*map(str, written)]})
    else:
        line(f"Version {version}: {len(current)} messages, frozen in {written[0].parent}.")


@contextmanager
def _troubles() -> Iterator[None]:
    try:
        yield
    except (NotPublished, OSError) as error:
        raise Trouble(str(error)) from None


def _say_drift(stale: list[str], count: int) -> None:
    for sentence in stale:
        line(sentence)
    run_it = (
        f"{len(stale)} of {count} out of date: run `stoppoc contracts export`, and commit what it writes."
    )
    line(run_it if stale else f"{count} files, up to date.")


def _listed(noun: str, names: list[str]) -> str:
    return f"{noun}{'' if len(names) == 1 else 's'} {', '.join(names)}"
