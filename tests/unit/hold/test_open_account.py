"""OpenAccount."""

from __future__ import annotations

import pytest

from services.hold.reasons import REFUSALS, Reason
from services.hold.state import Account
from shared.contracts.hold import AccountOpened, AccountRefused, OpenAccount
from shared.engine.decision import Entity
from tests.unit.hold.cases import AT, account, given

OPEN = OpenAccount(account="acme", mode="prepaid", email="billing@acme.example")


def refused(reason: Reason) -> AccountRefused:
    return AccountRefused(account="acme", reason=reason.value, explanation=reason.sentence, effective_at=AT)


@pytest.mark.parametrize("mode", ["prepaid", "postpaid"])
def test_open_account_opens_an_account_with_empty_wallets(mode: str) -> None:
    ask = OpenAccount.model_validate({**dict(OPEN), "mode": mode})
    given().when(ask).then(
        AccountOpened(account="acme", mode=ask.mode, email="billing@acme.example", effective_at=AT),
        now=[Account("acme", ask.mode, "billing@acme.example")],
    )


def test_open_account_is_refused_when_the_account_is_open_even_with_the_same_data() -> None:
    given(account()).when(OPEN).then(refused(Reason.ACCOUNT_EXISTS))


def test_open_account_is_refused_the_second_time_in_one_batch() -> None:
    given().when(OPEN, OPEN).then(
        AccountOpened(account="acme", mode="prepaid", email="billing@acme.example", effective_at=AT),
        refused(Reason.ACCOUNT_EXISTS),
        now=[account()],
    )


@pytest.mark.parametrize(
    "email",
    [
        *(
            "",
            "acme",
            "@acme.example",
            "billing@",
            "billing@acme",
            "billing@.example",
            "billing@acme..example",
        ),
        *("a b@acme.example", " billing@acme.example", "billing@acme.example\n", "a@b@acme.example"),
        *("a@acme.example\r\nBcc: b@c.example", "Acme <billing@acme.example>", "a@b.example,c@d.example"),
        *("kế.toán@acme.example", "a\x00@acme.example", "a" * 65 + "@acme.example"),
        "a@" + "b." * 123 + "example",
    ],
)
def test_open_account_is_refused_when_the_email_cannot_be_written_to(email: str) -> None:
    ask = OpenAccount(account="acme", mode="prepaid", email=email)
    given().when(ask).then(refused(Reason.EMAIL_INVALID))


@pytest.mark.parametrize("email", ["a@b.vn", "first.last+tag@sub.acme.example", "o'neil_1@a-b.example"])
def test_open_account_takes_every_usual_email(email: str) -> None:
    ask = OpenAccount(account="acme", mode="prepaid", email=email)
    given().when(ask).then(
        AccountOpened(account="acme", mode="prepaid", email=email, effective_at=AT),
        now=[Account("acme", "prepaid", email)],
    )


# Wrong in every way that can be wrong together from this reason on.
WRONG_FROM_HERE_ON: list[tuple[list[Entity], Reason]] = [
    ([account()], Reason.ACCOUNT_EXISTS),
    ([], Reason.EMAIL_INVALID),
]


@pytest.mark.parametrize(("known", "reason"), WRONG_FROM_HERE_ON)
def test_open_account_is_refused_for_the_first_reason_that_applies(
    known: list[Entity], reason: Reason
) -> None:
    ask = OpenAccount(account="acme", mode="prepaid", email="nobody")
    given(*known).when(ask).then(refused(reason))


def test_open_account_is_refused_for_the_reasons_listed_and_no_others() -> None:
    assert tuple(reason for _, reason in WRONG_FROM_HERE_ON) == REFUSALS[OpenAccount]
