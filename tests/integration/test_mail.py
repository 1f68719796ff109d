"""Mails as a real SMTP server gets them: what they say and to whom, once each, whoever is away or killed meanwhile."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest

from deploy.mail.deliver import Deliverer
from deploy.mail.links import read_token
from deploy.mail.samples import SAMPLES
from deploy.mail.settings import LinkSettings, MailSettings, Pauses
from services.notify import postbox
from services.notify.rendering import vnd
from services.notify.service import NOTIFY
from services.notify.state import Letter
from services.notify.store import NotifyStore
from shared import ids
from shared.contracts.notify import Language, MailKind
from shared.engine.decision import Decision, Known
from shared.engine.health import Health
from shared.engine.metrics import Metrics
from shared.engine.migrate import migrate
from tests.support.smtp import MailServer, mail_server

pytestmark = pytest.mark.postgres

AT: Final = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)
OWNER: Final = "billing@acme.example"
QUICK: Final = Pauses(
    first=timedelta(milliseconds=50), longest=timedelta(milliseconds=200), held=timedelta(seconds=20), server_first_s=0.05, server_longest_s=0.2, idle_s=0.02
)  # fmt: skip
KEY: Final = b"a key of enough characters"


@pytest.fixture
async def notify(database: str) -> str:
    """The DSN of a database with notify's schema."""
    await migrate(database, [NOTIFY])
    return database


def settings(server: MailServer, **more: Any) -> MailSettings:
    links = LinkSettings("https://billing.example/confirm", (KEY,))
    given = MailSettings("127.0.0.1", server.port, "VNG Billing <billing@cloud.example>", "none", links=links, pauses=QUICK)  # fmt: skip
    return replace(given, timeout_s=5, at_once=10, **more)


def letter(kind: MailKind = "hold_short", *, to: str = OWNER, language: Language = "vi", mail: str | None = None) -> Letter:  # fmt: skip
    return Letter(mail or ids.new_id(), to, "acme", kind, language, SAMPLES[kind][0], AT)


async def ask_for(dsn: str, letters: Sequence[Letter]) -> None:
    """Stores them as the service does."""
    conn = await asyncpg.connect(dsn, server_settings={"role": NOTIFY.role})
    try:
        async with conn.transaction():
            known = Known()
            known.apply(Decision(adds=tuple(letters)))
            await NotifyStore().save(conn, known)
    finally:
        await conn.close()


@asynccontextmanager
async def delivering(
    dsn: str, given: MailSettings, metrics: Metrics | None = None
) -> AsyncIterator[Deliverer]:
    deliverer = Deliverer(given, dsn, metrics or Metrics(NOTIFY.name), Health())
    task = asyncio.create_task(deliverer.run())
    try:
        yield deliverer
    finally:
        deliverer.stop()
        await asyncio.wait_for(task, 20)


async def states(dsn: str) -> Counter[str]:
    conn = await asyncpg.connect(dsn)
    try:
        return Counter(row["state"] for row in await conn.fetch("select state from notify.letter"))
    finally:
        await conn.close()


async def until_nothing_waits(dsn: str, within_s: float = 20.0) -> Counter[str]:
    async with asyncio.timeout(within_s):
        while (found := await states(dsn))["waiting"]:  # noqa: ASYNC110 - a table tells nobody
            await asyncio.sleep(0.05)
    return found


async def test_every_kind_reaches_its_reader_in_his_language(notify: str) -> None:
    letters = [letter(kind, language=language) for kind in SAMPLES for language in ("vi", "en")]  # type: ignore[arg-type]
    await ask_for(notify, letters)
    async with mail_server() as server, delivering(notify, settings(server)):
        taken = {each.id.partition(".")[0].strip("<"): each for each in await server.until(len(letters))}
        assert await until_nothing_waits(notify) == {"sent": len(letters)}
    assert len(server.taken) == len(taken) == len(letters)
    for asked in letters:
        got = taken[asked.mail]
        assert (got.to, got.message["To"], got.kind) == ([OWNER], OWNER, asked.kind)
        assert got.message["From"] == "VNG Billing <billing@cloud.example>"
        assert (
            ("Kính gửi" in got.part("plain")) == ("Kính gửi" in got.part("html")) == (asked.language == "vi")
        )
        for amount in (asked.facts.amount, asked.facts.to_add, asked.facts.outstanding):
            if amount:
                said = f"{got.message['Subject']} {got.part('plain')}"
                assert vnd(amount, asked.language) in said
                assert vnd(amount, asked.language) in f"{got.message['Subject']} {got.part('html')}"


async def test_a_link_in_a_mail_proves_who_was_invited(notify: str) -> None:
    asked = letter("confirm_recipient", to="ops@acme.example")
    await ask_for(notify, [asked])
    async with mail_server() as server, delivering(notify, settings(server)):
        [taken] = await server.until(1)
    [link] = [line for line in taken.part("plain").splitlines() if line.startswith("https://")]
    invited = read_token(link, (b"another key, newer than it", KEY), AT)
    assert invited == ("acme", "ops@acme.example", asked.facts.invitation, asked.facts.until)
    conn = await asyncpg.connect(notify)
    stored = str(await conn.fetch("select * from notify.mail, notify.letter"))
    await conn.close()
    assert link.rpartition(".")[2] not in stored


async def test_one_address_that_bounces_harms_nobody_else(notify: str) -> None:
    mail = ids.new_id()
    people = (OWNER, "gone@acme.example", "full@acme.example", "ops@acme.example")
    await ask_for(notify, [letter(to=to, mail=mail) for to in people])
    tried: Counter[str] = Counter()

    def answer(address: str) -> str | None:
        tried[address] += 1
        if address.startswith("gone"):
            return "550 no such user"
        return "452 mailbox full" if address.startswith("full") and tried[address] < 3 else None

    metrics = Metrics(NOTIFY.name)
    async with (
        mail_server(MailServer(to_recipient=answer)) as server,
        delivering(notify, settings(server), metrics),
    ):
        assert await until_nothing_waits(notify) == {"sent": 3, "refused": 1}
    assert sorted(each.to[0] for each in server.taken) == sorted(set(people) - {"gone@acme.example"})
    assert len({each.id for each in server.taken}) == 3
    assert tried == {OWNER: 1, "ops@acme.example": 1, "gone@acme.example": 1, "full@acme.example": 3}
    counted = {outcome: series._value.get() for outcome, series in metrics.letters.items()}
    assert counted == {"sent": 3, "refused": 1, "delayed": 2}
    assert 'stoppoc_waiting_letters_rows{service="notify"} ' in metrics.page().decode()


async def test_letters_to_no_address_are_refused_and_harm_nobody_else(notify: str) -> None:
    nobody = ["sếp@acme.vn", "a@[x.vn", "a,b@x.vn", "x;y@z.vn", 'a"b@x.vn']
    await ask_for(notify, [letter(to=to) for to in nobody])
    await ask_for(notify, [letter()])
    async with mail_server() as server, delivering(notify, settings(server)):
        assert await until_nothing_waits(notify) == {"refused": len(nobody), "sent": 1}
    assert [each.to for each in server.taken] == [[OWNER]]
    conn = await asyncpg.connect(notify)
    refused = await postbox.letters(conn, state="refused")
    await conn.close()
    why = "cannot be written: its recipient is not one plain address"
    assert {each.recipient: each.answer for each in refused} == dict.fromkeys(nobody, why)


async def test_what_is_never_taken_is_given_up_in_the_end(notify: str) -> None:
    await ask_for(notify, [letter()])
    weary = replace(QUICK, give_up=timedelta(milliseconds=300))
    busy = MailServer(to_data=lambda _: "451 try again later")
    async with mail_server(busy) as server, delivering(notify, settings(server, pauses=weary)):
        assert await until_nothing_waits(notify) == {"given_up": 1}


async def test_a_letter_that_ends_each_connection_does_not_stand_in_the_others_way(notify: str) -> None:
    bad, good = letter(to="bad@acme.example"), [letter() for _ in range(5)]
    await ask_for(notify, [bad, *good])
    server = MailServer(to_data=lambda message: "421 closing" if message["To"].startswith("bad") else None)
    async with mail_server(server), delivering(notify, settings(server)):
        await server.until(5)
    assert await states(notify) == {"sent": 5, "waiting": 1}


async def test_mails_wait_for_a_server_that_is_away_and_come_once(notify: str) -> None:
    await ask_for(notify, [letter() for _ in range(25)])
    server = MailServer()
    async with mail_server(server):
        pass
    async with delivering(notify, settings(server)):
        await asyncio.sleep(0.5)
        assert await states(notify) == {"waiting": 25}
        async with mail_server(server):
            await until_nothing_waits(notify)
    assert len(server.taken) == len({each.id for each in server.taken}) == 25


async def test_several_deliver_at_once_and_each_letter_comes_once(notify: str) -> None:
    await ask_for(notify, [letter() for _ in range(120)])
    async with mail_server() as server:
        given = settings(server)
        async with delivering(notify, given), delivering(notify, given), delivering(notify, given):
            assert await until_nothing_waits(notify) == {"sent": 120}
    assert len(server.taken) == len({each.id for each in server.taken}) == 120


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for loopback with its key, in one file."""
    file = tmp_path_factory.mktemp("certificate") / "server.pem"
    made = (
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(file),
        "-out",
        f"{file}.crt",
    )
    subprocess.run(
        ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *made),
        check=True,
        capture_output=True,
    )
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")
async def test_a_password_is_given_over_tls_only_and_a_wrong_one_loses_nothing(
    notify: str, certificate: Path
) -> None:
    await ask_for(notify, [letter()])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    async with mail_server(login=True, tls_context=context, require_starttls=True) as server:
        given = settings(server, user="billing", tls="starttls", ca_file=Path(f"{certificate}.crt"))
        for wrong in (
            replace(given, password="wrong"),
            replace(given, password="right", ca_file=None),
            replace(given, password="right", tls="none"),
        ):
            async with delivering(notify, wrong):
                await asyncio.sleep(0.3)
            assert server.taken == []
        assert {password for _, password in server.logins} == {b"wrong"}
        async with delivering(notify, replace(given, password="right")):
            assert await until_nothing_waits(notify) == {"sent": 1}
    assert len(server.taken) == 1
    assert server.logins[-1] == (b"billing", b"right")


def _environment(dsn: str, server: MailServer) -> dict[str, str]:
    return {
        **os.environ, "STOPPOC_POSTGRES": dsn, "STOPPOC_SMTP": f"127.0.0.1:{server.port}", "STOPPOC_SMTP_TLS": "none",
        "STOPPOC_MAIL_FROM": "billing@cloud.example", "STOPPOC_MAIL_KEY": KEY.decode(),
    }  # fmt: skip


async def _process(dsn: str, server: MailServer, log: Path) -> asyncio.subprocess.Process:
    with log.open("a") as out:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "deploy.cli", "mail", "deliver", env=_environment(dsn, server), stderr=out
        )  # fmt: skip


async def test_killed_while_it_sends_it_repeats_at_most_the_letter_in_hand_under_its_id(
    notify: str, tmp_path: Path
) -> None:
    count, kills = 60, 3
    await ask_for(notify, [letter() for _ in range(count)])
    async with mail_server() as server:
        for nr in range(1, kills + 1):
            process = await _process(notify, server, tmp_path / "log")
            await server.until(nr * 5, within_s=60)
            process.send_signal(signal.SIGKILL)
            await process.wait()
            # Nobody waits ten minutes in a test for what the dead one held.
            conn = await asyncpg.connect(notify)
            await conn.execute("update notify.letter set due_at = now() where state = 'waiting'")
            await conn.close()
        process = await _process(notify, server, tmp_path / "log")
        assert await until_nothing_waits(notify, 60) == {"sent": count}
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
    copies = Counter(each.id for each in server.taken)
    assert len(copies) == count
    assert sum(copies.values()) - count <= kills
    assert KEY.decode() not in (tmp_path / "log").read_text()


async def test_old_mails_are_deleted_whole_and_what_waits_is_kept(notify: str) -> None:
    mail = ids.new_id()
    old, half = [letter(), letter()], [letter(to=to, mail=mail) for to in (OWNER, "ops@acme.example")]
    await ask_for(notify, [*old, *half, letter()])
    conn = await asyncpg.connect(notify)
    try:
        ended = "update notify.letter set state = 'sent', ended_at = now() - interval '401 days' where recipient = $1 and mail_id = $2"
        for one in (*old, half[0]):
            await conn.execute(ended, one.recipient, one.mail)
        assert [await postbox.prune(conn, timedelta(days=400)) for _ in range(2)] == [2, 0]
        assert await conn.fetchval("select count(*) from notify.mail") == 2
        assert await conn.fetchval("select count(*) from notify.letter") == 3
    finally:
        await conn.close()
