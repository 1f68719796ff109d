"""`stoppoc mail preview`: every mail can be looked at without a server, in both languages, as text and as HTML."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from deploy.mail.samples import SAMPLES


def run(*argv: str, **environment: str) -> Result:
    return CliRunner().invoke(app, ["mail", *argv], env=environment)


def test_preview_lists_the_mails_there_are() -> None:
    found = json.loads(run("preview", "--json").stdout)
    assert [row["kind"] for row in found] == list(SAMPLES)
    assert "poc_stopped" in run("preview").stdout


def test_preview_shows_a_mail_as_it_is_sent() -> None:
    text = run("preview", "hold_short", "--language", "en")
    assert text.exit_code == 0
    assert text.stdout.startswith("Subject: Credit for vContainer is short: VND 24,300 to be topped up\n")
    assert "To be held: VND 54,300" in text.stdout
    html = run("preview", "hold_short", "--html")
    assert html.stdout.startswith("<!DOCTYPE html>")
    assert "24.300 đ" in html.stdout
    assert run("preview", "resized", "--sample", "2").stdout != run("preview", "resized").stdout
    assert set(json.loads(run("preview", "deleted", "--json").stdout)) == {"subject", "text", "html"}


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("preview", "holdshort"), "there is no mail 'holdshort'"),
        (("preview", "hold_short", "--language", "fr"), "vi or en"),
        (("preview", "hold_short", "--sample", "9"), "1 examples"),
    ],
)
def test_preview_says_what_it_cannot_show(argv: tuple[str, ...], says: str) -> None:
    result = run(*argv)
    assert result.exit_code == 2
    assert says in result.stderr


def test_deliver_and_confirm_say_what_they_must_be_told() -> None:
    result = run("deliver", STOPPOC_SMTP="")
    assert (result.exit_code, "STOPPOC_SMTP must be said" in result.stderr) == (2, True)
    result = run("confirm", "x", STOPPOC_MAIL_KEY="")
    assert (result.exit_code, "STOPPOC_MAIL_KEY" in result.stderr) == (2, True)
    result = run("confirm", "x.y", STOPPOC_MAIL_KEY="a key of enough characters")
    assert (result.exit_code, "no link of ours" in result.stderr) == (1, True)
