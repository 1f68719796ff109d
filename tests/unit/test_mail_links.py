"""Links and settings of mail: a link is ours or it is nothing, and what is secret comes from the environment or a file."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from deploy.mail.links import Invited, LinkRefused, link_of, read_token, token_of
from deploy.mail.message import message_of
from deploy.mail.samples import SAMPLES
from deploy.mail.settings import LinkSettings, MailSettings, Pauses
from services.notify.postbox import Claimed

AT: Final = datetime(2026, 3, 6, 2, 0, tzinfo=UTC)
INVITED: Final = Invited(
    "acme", "ops@acme.example", "019cc0f0-7a00-7a11-8c22-5f6d7e8a9b0c", AT + timedelta(days=7)
)
KEY: Final = b"the present key, long enough"
OLD: Final = b"the key before, long enough"
TOKEN: Final = token_of(INVITED, KEY)


def test_a_link_says_what_it_stands_for_with_either_key() -> None:
    assert read_token(TOKEN, (KEY,), AT) == INVITED
    assert read_token(token_of(INVITED, OLD), (KEY, OLD), AT) == INVITED
    link = link_of(INVITED, LinkSettings("https://billing.example/confirm", (KEY, OLD)))
    assert link == f"https://billing.example/confirm?token={TOKEN}"
    assert read_token(link, (KEY,), AT) == INVITED


def _other(**changes: object) -> str:
    said = token_of(INVITED._replace(**changes), KEY).partition(".")[0]  # type: ignore[arg-type]
    return f"{said}.{TOKEN.partition('.')[2]}"


FORGED: Final[dict[str, Callable[[], str]]] = {
    "another account": lambda: _other(account="beta"),
    "another address": lambda: _other(email="me@evil.example"),
    "another invitation": lambda: _other(invitation="x"),
    "a later end": lambda: _other(until=AT + timedelta(days=700)),
    "another key": lambda: token_of(INVITED, b"somebody's own key"),
    "no signature": lambda: TOKEN.partition(".")[0] + ".",
    "a signature cut short": lambda: TOKEN[:-8],
    "nothing": lambda: "",
    "no base64": lambda: "***.***",
    "too long": lambda: f"{'A' * 3000}.{'A' * 43}",
    "another script": lambda: "thư.thư",
    "not what was signed": lambda: (
        f"{base64.urlsafe_b64encode(b'[]').decode().rstrip('=')}.{TOKEN.partition('.')[2]}"
    ),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_link_that_is_not_ours_is_refused(forged: Callable[[], str]) -> None:
    with pytest.raises(LinkRefused, match="no link of ours"):
        read_token(forged(), (KEY, OLD), AT)


def test_a_link_ends() -> None:
    assert read_token(TOKEN, (KEY,), INVITED.until - timedelta(seconds=1)) == INVITED
    with pytest.raises(LinkRefused, match="they are over"):
        read_token(TOKEN, (KEY,), INVITED.until)


GIVEN: Final = {"STOPPOC_SMTP": "mail.example:587", "STOPPOC_MAIL_FROM": "billing@cloud.example"}


def test_passwords_and_keys_come_from_the_environment_or_a_file_and_are_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("pass-word-1\n")
    (tmp_path / "key").write_text(f"{KEY.decode()}\n")
    found = MailSettings.from_environment(
        {
            **GIVEN,
            "STOPPOC_SMTP_USER": "billing",
            "STOPPOC_SMTP_PASSWORD_FILE": str(tmp_path / "password"),
            "STOPPOC_MAIL_KEY_FILE": str(tmp_path / "key"),
            "STOPPOC_MAIL_KEY_BEFORE": OLD.decode(),
        }
    )
    assert (found.host, found.port, found.tls, found.password) == (
        "mail.example",
        587,
        "starttls",
        "pass-word-1",
    )
    assert found.links is not None
    assert found.links.keys == (KEY, OLD)
    assert "pass-word-1" not in repr(found)
    assert KEY.decode() not in repr(found)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"STOPPOC_SMTP": ""}, "STOPPOC_SMTP must be said"),
        ({"STOPPOC_MAIL_FROM": ""}, "STOPPOC_MAIL_FROM must be said"),
        ({"STOPPOC_SMTP": "mail.example"}, "host:port"),
        ({"STOPPOC_SMTP_TLS": "ssl"}, "starttls, tls, none"),
        ({"STOPPOC_SMTP_USER": "billing", "STOPPOC_SMTP_TLS": "none"}, "without TLS"),
        ({"STOPPOC_MAIL_KEY": "short"}, "16 characters"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_words(changes: dict[str, str], says: str) -> None:
    with pytest.raises(LookupError, match=says):
        MailSettings.from_environment(GIVEN | changes)


def test_without_a_key_no_link_is_read_or_made() -> None:
    with pytest.raises(LookupError, match="STOPPOC_MAIL_KEY"):
        LinkSettings.from_environment({})
    letter = Claimed(
        "m-1",
        "ops@acme.example",
        "acme",
        "confirm_recipient",
        "vi",
        SAMPLES["confirm_recipient"][0],
        AT,
        1,
        timedelta(0),
    )
    with pytest.raises(LookupError, match="no key was given"):
        message_of(letter, MailSettings.from_environment(GIVEN))


def test_a_letter_is_tried_again_after_twice_as_long_each_time_but_no_longer_than_an_hour() -> None:
    pauses = Pauses()
    assert [pauses.after(attempts).total_seconds() for attempts in (1, 2, 3, 7, 8, 99)] == [
        30,
        60,
        120,
        1920,
        3600,
        3600,
    ]


def test_a_message_has_the_same_id_each_time_and_another_for_another_reader() -> None:
    given = MailSettings.from_environment(GIVEN)
    letter = Claimed(
        "m-1", "a@acme.example", "acme", "hold_short", "en", SAMPLES["hold_short"][0], AT, 1, timedelta(0)
    )
    again, other = letter._replace(attempts=5), letter._replace(recipient="b@acme.example")
    first = message_of(letter, given)
    assert (
        first["Message-ID"]
        == message_of(again, given)["Message-ID"]
        != message_of(other, given)["Message-ID"]
    )
    assert str(first["Message-ID"]).endswith("@cloud.example>")
    assert (first["To"], first["Date"].datetime) == ("a@acme.example", AT)
    hostile = letter._replace(recipient="a@acme.example\r\nBcc: all@acme.example")
    with pytest.raises(ValueError, match="not one plain address"):
        message_of(hostile, given)
