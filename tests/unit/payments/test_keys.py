"""Keys come from files or the environment, and are in no text."""

from __future__ import annotations

import traceback
from pathlib import Path

import pytest

from services.payments.gateways.keys import Key, account_of, is_signed

GIVEN = {
    "STOPPOC_PAY_URL": "https://pay.example/",
    "STOPPOC_MOMO_MERCHANT": "MOMOTEST",
    "STOPPOC_MOMO_URL": "https://gateway.example",
    "STOPPOC_MOMO_KEY": "present",
    "STOPPOC_MOMO_ACCESS_KEY": "access",
}


def test_an_account_is_what_the_environment_says() -> None:
    account = account_of("momo", GIVEN)
    assert account is not None
    assert (account.merchant, account.access_keys) == ("MOMOTEST", ("access",))
    assert account.callback_url == "https://pay.example/callbacks/momo"
    assert account.checking == (account.signing,)


def test_a_gateway_without_a_merchant_is_none() -> None:
    assert account_of("zalopay", GIVEN) is None


def test_a_key_may_be_a_files_content(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file\n")
    account = account_of("momo", GIVEN | {"STOPPOC_MOMO_KEY_FILE": str(tmp_path / "key")})
    assert account is not None
    assert account.signing == Key(b"from-a-file")


def test_callbacks_may_have_a_key_of_their_own_and_another_while_it_is_changed() -> None:
    keys = {"STOPPOC_MOMO_CALLBACK_KEY": "new", "STOPPOC_MOMO_CALLBACK_KEY_OTHER": "old"}
    account = account_of("momo", GIVEN | keys)
    assert account is not None
    assert account.checking == (Key(b"new"), Key(b"old"))
    assert is_signed("text", Key(b"old").sign("text"), account.checking)


def test_another_key_of_callbacks_does_not_end_the_one_that_requests_are_signed_with() -> None:
    account = account_of("momo", GIVEN | {"STOPPOC_MOMO_CALLBACK_KEY_OTHER": "new"})
    assert account is not None
    assert account.checking == (account.signing, Key(b"new"))


def test_an_access_key_is_changed_with_the_key() -> None:
    account = account_of("momo", GIVEN | {"STOPPOC_MOMO_ACCESS_KEY_OTHER": "new"})
    assert account is not None
    assert account.access_keys == ("access", "new")


@pytest.mark.parametrize("missing", ["STOPPOC_PAY_URL", "STOPPOC_MOMO_URL", "STOPPOC_MOMO_KEY"])
def test_what_is_missing_is_named(missing: str) -> None:
    with pytest.raises(LookupError, match=missing):
        account_of("momo", {name: value for name, value in GIVEN.items() if name != missing})


def test_a_key_is_in_no_text_of_its_account() -> None:
    account = account_of("momo", GIVEN | {"STOPPOC_MOMO_KEY": "s3cret", "STOPPOC_MOMO_ACCESS_KEY": "4ccess"})
    told = f"{account!r} {account} {traceback.format_exception_only(ValueError(account))}"
    assert "s3cret" not in told
    assert "4ccess" not in told
