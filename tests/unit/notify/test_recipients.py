"""Who is written to: the owner, and whoever followed the link that was sent to him, in the account's language."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from services.notify.reasons import Reason
from services.notify.rules import REFUSED_WITH
from services.notify.state import Account, Recipient
from shared.contracts import notify as says
from shared.contracts.lifecycle import ClusterDeleted
from shared.contracts.message import Command
from shared.contracts.notify import (
    MOST_RECIPIENTS,
    AddRecipient,
    ConfirmRecipient,
    Facts,
    RemoveRecipient,
    SetLanguage,
)
from shared.engine.decision import Cause
from tests.support.spec import Case, cause_id
from tests.unit.notify.cases import AT, DAY, OWNER, account, given, heard, letters, mail, mail_of, mails

OPS: Final = "ops@acme.example"
ADD: Final = AddRecipient(account="acme", email=OPS)
REMOVE: Final = RemoveRecipient(account="acme", email=OPS)
UNTIL: Final = AT + 7 * DAY


def invitation(number: int) -> str:
    return Cause(cause_id(number), "notify", AT).derive("invitation")


INVITED: Final = Recipient(OPS, invitation(1), UNTIL)
CONFIRMED: Final = replace(INVITED, confirmed=True)
CONFIRM: Final = ConfirmRecipient(account="acme", email=OPS, invitation=INVITED.invitation)


def is_refused(case: Case, ask: Command, reason: Reason) -> None:
    why = {"reason": reason.value, "explanation": reason.sentence, "effective_at": case.at}
    case.when(ask).then(REFUSED_WITH[type(ask)].model_validate(dict(ask) | why))


def test_a_recipient_is_invited_by_a_mail_to_him_alone() -> None:
    asked = mail(mail_of(1), "confirm_recipient", Facts(invitation=invitation(1), until=UNTIL), AT, to=(OPS,))
    told = says.RecipientInvited(
        account="acme", email=OPS, invitation=invitation(1), until=UNTIL, effective_at=AT
    )
    given(account()).when(ADD).then(told, asked, now=[account(recipients=(INVITED,))], adds=letters(asked))


def test_asked_again_he_gets_another_link_and_the_first_is_void() -> None:
    case = given(account(recipients=(replace(INVITED, invitation="before"),))).when(ADD)
    assert case.known.get(Account, "acme") == account(recipients=(INVITED,))
    is_refused(
        given(case.known.get(Account, "acme")),
        CONFIRM.model_copy(update={"invitation": "before"}),
        Reason.LINK_REPLACED,
    )  # type: ignore[arg-type]


def test_nobody_is_written_to_before_he_has_followed_his_link() -> None:
    told = heard(ClusterDeleted)
    before = given(account(recipients=(INVITED,))).when(told)
    after = given(account(recipients=(INVITED,))).when(CONFIRM, told)
    assert [each.to for each in mails(before)] == [[OWNER]]
    assert [each.to for each in mails(after)] == [[OWNER, OPS]]


def test_a_link_followed_adds_him_and_followed_again_changes_nothing() -> None:
    told = says.RecipientConfirmed(account="acme", email=OPS, effective_at=AT)
    given(account(recipients=(INVITED,))).when(CONFIRM, CONFIRM).then(
        told, told, now=[account(recipients=(CONFIRMED,))]
    )


def test_a_link_ends_after_seven_days_but_not_for_who_has_followed_it() -> None:
    case = given(account(recipients=(INVITED,)))
    case.at = UNTIL
    is_refused(case, CONFIRM, Reason.LINK_ENDED)
    told = says.RecipientConfirmed(account="acme", email=OPS, effective_at=UNTIL)
    given(account(recipients=(CONFIRMED,))).when(CONFIRM, at=UNTIL).then(told)


def test_a_recipient_is_removed_however_his_address_is_spelled() -> None:
    ask = RemoveRecipient(account="acme", email="OPS@acme.example")
    told = says.RecipientRemoved(account="acme", email=ask.email, effective_at=AT)
    given(account(recipients=(CONFIRMED,))).when(ask).then(told, now=[account()])


def test_the_language_is_set_for_the_mails_from_then_on() -> None:
    told = says.LanguageSet(account="acme", language="en", effective_at=AT)
    case = given(account()).when(SetLanguage(account="acme", language="en"))
    case.then(told, now=[account(language="en")])
    assert [each.language for each in mails(case.when(heard(ClusterDeleted)))] == ["en"]


@pytest.mark.parametrize("known", [(), (Account("acme"),)], ids=["unknown", "not opened yet"])
@pytest.mark.parametrize(
    "ask", [ADD, REMOVE, CONFIRM, SetLanguage(account="acme", language="en")], ids=lambda ask: type(ask).__name__
)  # fmt: skip
def test_nothing_is_asked_of_an_account_that_is_not_open(ask: Command, known: tuple[Account, ...]) -> None:
    is_refused(given(*known), ask, Reason.ACCOUNT_UNKNOWN)


@pytest.mark.parametrize(
    "email",
    [
        "ops", "ops@acme", "a b@acme.example", "ops@acme.example\r\nBcc: all@acme.example", "ops@acme.example,x@y.example",
        "<ops@acme.example>", "ö@acme.example", "a" * 65 + "@acme.example", "a@" + "b." * 123 + "example",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_written_to_is_refused(email: str) -> None:
    is_refused(given(account()), ADD.model_copy(update={"email": email}), Reason.EMAIL_INVALID)


def test_who_is_written_to_already_is_not_invited() -> None:
    is_refused(given(account()), ADD.model_copy(update={"email": OWNER.upper()}), Reason.RECIPIENT_EXISTS)
    is_refused(given(account(recipients=(CONFIRMED,))), ADD, Reason.RECIPIENT_EXISTS)


def test_an_account_has_so_many_recipients_and_no_more() -> None:
    full = tuple(Recipient(f"p{nr}@acme.example", "i", UNTIL) for nr in range(MOST_RECIPIENTS))
    is_refused(given(account(recipients=full)), ADD, Reason.TOO_MANY_RECIPIENTS)
    again = given(account(recipients=full)).when(ADD.model_copy(update={"email": "p3@acme.example"}))
    assert [type(each) for each in again.decisions[0].says] == [says.RecipientInvited, says.MailRequested]


def test_nobody_is_removed_or_confirmed_who_was_never_added() -> None:
    is_refused(given(account()), REMOVE, Reason.RECIPIENT_UNKNOWN)
    is_refused(given(account()), CONFIRM, Reason.RECIPIENT_UNKNOWN)
