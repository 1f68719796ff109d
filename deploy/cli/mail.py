"""`stoppoc mail`: what mails look like, sending them, what became of them, and the link by which an address is confirmed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, get_args

import asyncpg
import typer

from deploy.cli import where
from deploy.cli.commands import near
from deploy.cli.desk import desk_at, envelope_of
from deploy.cli.listening import HttpHost, HttpPort, listening
from deploy.cli.say import FAILED, SILENT, WRONG, AsJson, Trouble, as_document, examples, line, quoted, table
from deploy.local.ports import LOOPBACK
from deploy.mail.deliver import Deliverer
from deploy.mail.links import LinkRefused, read_token
from deploy.mail.samples import SAMPLES
from deploy.mail.settings import LinkSettings, MailSettings
from services.notify import postbox
from services.notify.rendering import render
from services.notify.service import NOTIFY
from shared.contracts.notify import ConfirmRecipient, Language, MailKind
from shared.engine.app import serve
from shared.engine.log import set_up
from shared.engine.looking import looking

_LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
_KINDS: Final[tuple[MailKind, ...]] = get_args(MailKind)
_AT: Final = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)
_LINK: Final = "https://billing.example/confirm?token=example"
_WAIT_S: Final = 10.0

app = typer.Typer(no_args_is_help=True, help="Mails: how they look, sending them, and what became of them.")


@app.command(
    epilog=examples(
        "stoppoc mail preview", "stoppoc mail preview poc_stopped --language en --html > mail.html"
    )
)
def preview(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="Which mail; without it, all there are.")] = "",
    language: Annotated[str, typer.Option(metavar="vi|en", help="In which language.")] = "vi",
    html: Annotated[bool, typer.Option("--html", help="As HTML, not as text.")] = False,
    sample: Annotated[
        int, typer.Option(metavar="N", min=1, help="Which of its examples, where it has several.")
    ] = 1,
    as_json: AsJson = False,
) -> None:
    """Show a mail as it is sent, with facts of an example. No server is needed."""
    if not kind:
        rows = [(each, len(facts), _subject(each, _language(language))) for each, facts in SAMPLES.items()]
        if as_json:
            as_document([dict(zip(("kind", "samples", "subject"), row, strict=True)) for row in rows])
        else:
            table(("kind", "samples", "subject"), rows)
        return
    facts = SAMPLES[_kind(kind)]
    if sample > len(facts):
        raise Trouble(f"{kind} has {len(facts)} examples", WRONG)
    words = render(_kind(kind), _language(language), "acme", facts[sample - 1], _AT, link=_LINK)
    if as_json:
        as_document(words._asdict())
    elif html:
        line(words.html)
    else:
        line(f"Subject: {words.subject}\n\n{words.text}")


def _subject(kind: MailKind, language: Language) -> str:
    return render(kind, language, "acme", SAMPLES[kind][0], _AT, link=_LINK).subject


def _kind(text: str) -> MailKind:
    for kind in _KINDS:
        if kind == text:
            return kind
    raise Trouble(f"there is no mail {quoted(text)}{near(text, SAMPLES)}", WRONG)


def _language(text: str) -> Language:
    for language in _LANGUAGES:
        if language == text:
            return language
    raise Trouble(f"mails are written in vi or en, not {quoted(text)}", WRONG)


@app.command(epilog=examples("STOPPOC_SMTP=127.0.0.1:1025 STOPPOC_SMTP_TLS=none stoppoc mail deliver"))
def deliver(
    http_port: HttpPort = 0,
    http_host: HttpHost = LOOPBACK,
) -> None:
    """Send the mails that wait, until SIGTERM or Ctrl-C; as many as one likes can do it at once.

    Where to is said by the environment: STOPPOC_SMTP (host:port), STOPPOC_MAIL_FROM, and more in docs/operations.md. A
    mail server that is away keeps them waiting; one address that is refused is no other's matter.
    """
    try:
        settings = MailSettings.from_environment()
    except LookupError as error:
        raise Trouble(str(error.args[0]), WRONG) from None
    postgres = where.postgres()
    set_up("mail", "deliver")
    listener = listening(http_host, http_port)
    raise typer.Exit(
        serve(NOTIFY, lambda metrics, health: Deliverer(settings, postgres, metrics, health), listener)
    )


@app.command(
    "ls", epilog=examples("stoppoc mail ls --account acme", "stoppoc mail ls --state refused --json")
)
def ls(
    account: Annotated[str | None, typer.Option(metavar="ACCOUNT", help="Only this account's.")] = None,
    state: Annotated[
        str | None, typer.Option(metavar="STATE", help="Only those waiting, sent, refused or given_up.")
    ] = None,
    most: Annotated[int, typer.Option(metavar="N", min=1, help="So many of the latest.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List letters, the latest first: to whom, what about, and what became of them."""

    async def read() -> list[postbox.Listed]:
        async with looking(where.postgres()) as conn:
            return await postbox.letters(conn, account, state, most)

    found = asyncio.run(read())
    if as_json:
        as_document([each._asdict() for each in found])
        return
    names = ("asked at", "account", "kind", "to", "state", "attempts", "the server said")
    table(
        names,
        [
            (f"{each.asked_at:%Y-%m-%d %H:%M:%S}", each.account, each.kind, each.recipient, each.state, each.attempts, each.answer)
            for each in found
        ],
    )  # fmt: skip


@app.command(epilog=examples("stoppoc mail prune --days 400"))
def prune(
    days: Annotated[int, typer.Option(metavar="N", min=1, help="Those that ended longer ago than that.")],
    as_json: AsJson = False,
) -> None:
    """Delete old mails with their letters; none of which anything waits still. Who was told what stays on the topic."""

    async def delete() -> int:
        conn = await asyncpg.connect(where.postgres(), timeout=10)
        try:
            return await postbox.prune(conn, timedelta(days=days))
        finally:
            await conn.close()

    pruned = asyncio.run(delete())
    if as_json:
        as_document({"ok": True, "mails": pruned})
    else:
        line(f"{pruned:,} mails deleted.")


@app.command(epilog=examples("stoppoc mail confirm LINK"))
def confirm(
    link: Annotated[str, typer.Argument(metavar="LINK", help="The link out of the mail.")],
    as_json: AsJson = False,
) -> None:
    """Follow the link by which somebody confirms that he wants an account's mails: checks its signature, and asks for it."""
    try:
        invited = read_token(link, LinkSettings.from_environment().keys, datetime.now(UTC))
    except LookupError as error:
        raise Trouble(str(error.args[0]), WRONG) from None
    except LinkRefused as refused:
        raise Trouble(str(refused)) from None
    ask = ConfirmRecipient(account=invited.account, email=invited.email, invitation=invited.invitation)
    answer = asyncio.run(_ask(ask))
    if as_json:
        as_document({"ok": answer == "RecipientConfirmed", "answer": answer})
    else:
        line(f"{answer}: {invited.email} for {invited.account}")
    if answer != "RecipientConfirmed":
        raise typer.Exit(FAILED)


async def _ask(ask: ConfirmRecipient) -> str:
    async with desk_at(where.kafka()) as desk:
        answer = await desk.ask(ask, envelope_of(ask), _WAIT_S)
    if answer is None:
        raise Trouble("no answer in time", SILENT)
    return answer.name
