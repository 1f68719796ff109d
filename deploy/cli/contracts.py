"""`stoppoc contracts`: the published documents from the registry, and whether a change of it breaks anybody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from shared.contracts.compatibility import breaks, contracts_of
from shared.contracts.export import drift, files, write
from shared.contracts.published import NotPublished, versions
from shared.contracts.published import publish as publish_version
from shared.contracts.registry import REGISTRY

T = TypeVar("T")

Docs = Annotated[Path, typer.Option("--docs", metavar="DIR", help="The folder of documents.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

app = typer.Typer(
    no_args_is_help=True,
    help="What is said between services and with the world: its documents, and what of it may change.",
)


@app.command()
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
    found = _or_exit(lambda: (drift if check else write)(expected, to), as_json=as_json)
    ok = not (check and found)
    if as_json:
        rows = [{"path": change.path, "what": change.what} for change in found]
        _print_json({"ok": ok, "files": len(expected), "drift" if check else "changed": rows})
    elif check:
        _say_drift([f"{to / change.path}: {change.what}" for change in found], len(expected))
    else:
        typer.echo(f"{len(expected)} files in {to}, {len(found)} of them changed.")
    raise typer.Exit(0 if ok else 1)


@app.command()
def check(docs: Docs = Path("docs"), as_json: AsJson = False) -> None:
    """Compare the messages as they are now with every published version; exit 1 when somebody would break.

    Commands: what any older producer writes is read now. Events and state: that, and what is written now is
    read by every older consumer. Producers write exactly their fields, consumers ignore those they do not know.
    """
    published = _or_exit(lambda: versions(docs), as_json=as_json)
    current = contracts_of(REGISTRY)
    found = breaks(current, published)
    if as_json:
        rows = [broken.model_dump() for broken in found]
        _print_json({"ok": not found, "messages": len(current), "versions": list(published), "breaks": rows})
    else:
        for broken in found:
            typer.echo(str(broken))
        verdict = f"{len(found)} breaking changes" if found else f"{len(current)} messages, compatible"
        typer.echo(f"{verdict}, against {_listed('version', list(published))}.")
    raise typer.Exit(1 if found else 0)


@app.command()
def publish(
    version: Annotated[str, typer.Argument(help="A whole number, above every version published so far.")],
    docs: Docs = Path("docs"),
    as_json: AsJson = False,
) -> None:
    """Freeze the messages as they are now as VERSION: from then on `check` holds every change to it.

    Refused when VERSION is published already, or when the messages break a version before it.
    """
    current = contracts_of(REGISTRY)
    written = _or_exit(lambda: publish_version(docs, version, current), as_json=as_json)
    if as_json:
        _print_json({"ok": True, "version": version, "messages": len(current), "files": [*map(str, written)]})
    else:
        typer.echo(f"Version {version}: {len(current)} messages, frozen in {written[0].parent}.")


def _or_exit(work: Callable[[], T], *, as_json: bool) -> T:
    try:
        return work()
    except (NotPublished, OSError) as error:
        if as_json:
            _print_json({"ok": False, "error": str(error)})
        else:
            typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _say_drift(lines: list[str], count: int) -> None:
    for line in lines:
        typer.echo(line)
    typer.echo(
        f"{len(lines)} files are out of date: run `stoppoc contracts export`, and commit what it writes."
        if lines
        else f"{count} files, up to date."
    )


def _listed(noun: str, names: list[str]) -> str:
    return f"{noun}{'' if len(names) == 1 else 's'} {', '.join(names)}"


def _print_json(document: dict[str, Any]) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
