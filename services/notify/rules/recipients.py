"""Who is written to for an account, and in which language. The owner comes with the account; whoever else, by a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from services.notify.reasons import Reason
from services.notify.rules.mailing import written
from services.notify.state import INVITATION_FOR, Account, Draft, Recipient, same
from shared.contracts import notify as says
from shared.contracts.hold import AccountOpened
from shared.contracts.message import Command, Event
from shared.contracts.notify import (
    MOST_RECIPIENTS,
    AddRecipient,
    ConfirmRecipient,
    Facts,
    RemoveRecipient,
    SetLanguage,
)
from shared.emails import is_email
from shared.engine.decision import Cause, Decision, Known, changed, said

REFUSED_WITH: Final[Mapping[type[Command], type[Event]]] = {
    SetLanguage: says.LanguageRefused,
    AddRecipient: says.RecipientRefused,
    RemoveRecipient: says.RemovalRefused,
    ConfirmRecipient: says.ConfirmationRefused,
}


def owner_known(event: AccountOpened, known: Known, cause: Cause) -> Decision:
    """The account has an owner: what has waited for him is written now."""
    account = known.get(Account, event.account) or Account(event.account)
    open_ = replace(account, owner=event.email, waiting=())
    mails = written(open_, account.waiting, open_.to)
    return Decision((open_,), mails.adds, mails.says)


def set_language(ask: SetLanguage, known: Known, cause: Cause) -> Decision:
    """From the next mail on."""
    account = _found(ask.account, known)
    if account is None:
        return _refused(ask, Reason.ACCOUNT_UNKNOWN, cause)
    told = says.LanguageSet(account=ask.account, language=ask.language, effective_at=cause.at)
    return changed(replace(account, language=ask.language), says=(told,))


def add_recipient(ask: AddRecipient, known: Known, cause: Cause) -> Decision:
    """Invited: the link goes to him alone. Asked again before he has followed it, he gets another, and the first is void."""
    account = _found(ask.account, known)
    if account is None:
        return _refused(ask, Reason.ACCOUNT_UNKNOWN, cause)
    if (reason := _why_not_add(ask, account)) is not None:
        return _refused(ask, reason, cause)
    invited = Recipient(ask.email, cause.derive("invitation"), cause.at + INVITATION_FOR)
    told = says.RecipientInvited(
        account=ask.account,
        email=ask.email,
        invitation=invited.invitation,
        until=invited.until,
        effective_at=cause.at,
    )
    facts = Facts(invitation=invited.invitation, until=invited.until)
    draft = Draft(cause.derive("mail"), "confirm_recipient", facts, cause.at)
    mail = written(account, [draft], [ask.email])
    return changed(account.with_recipient(invited), says=(told, *mail.says), adds=mail.adds)


def remove_recipient(ask: RemoveRecipient, known: Known, cause: Cause) -> Decision:
    """Written to no more, or not invited any more."""
    account = _found(ask.account, known)
    if account is None:
        return _refused(ask, Reason.ACCOUNT_UNKNOWN, cause)
    if account.recipient(ask.email) is None:
        return _refused(ask, Reason.RECIPIENT_UNKNOWN, cause)
    told = says.RecipientRemoved(account=ask.account, email=ask.email, effective_at=cause.at)
    return changed(account.without(ask.email), says=(told,))


def confirm_recipient(ask: ConfirmRecipient, known: Known, cause: Cause) -> Decision:
    """Written to from now on. The link followed again changes nothing, and is answered alike."""
    account = _found(ask.account, known)
    if account is None:
        return _refused(ask, Reason.ACCOUNT_UNKNOWN, cause)
    invited = account.recipient(ask.email)
    if invited is None:
        return _refused(ask, Reason.RECIPIENT_UNKNOWN, cause)
    if (reason := _why_not_confirm(ask, invited, cause)) is not None:
        return _refused(ask, reason, cause)
    told = says.RecipientConfirmed(account=ask.account, email=invited.email, effective_at=cause.at)
    if invited.confirmed:
        return said(told)
    return changed(account.with_recipient(replace(invited, confirmed=True)), says=(told,))


def _found(key: str, known: Known) -> Account | None:
    account = known.get(Account, key)
    return None if account is None or account.owner is None else account


def _why_not_add(ask: AddRecipient, account: Account) -> Reason | None:
    if not is_email(ask.email):
        return Reason.EMAIL_INVALID
    there = account.recipient(ask.email)
    if same(ask.email, account.owner or "") or (there is not None and there.confirmed):
        return Reason.RECIPIENT_EXISTS
    if there is None and len(account.recipients) >= MOST_RECIPIENTS:
        return Reason.TOO_MANY_RECIPIENTS
    return None


def _why_not_confirm(ask: ConfirmRecipient, invited: Recipient, cause: Cause) -> Reason | None:
    if invited.invitation != ask.invitation:
        return Reason.LINK_REPLACED
    if not invited.confirmed and cause.at >= invited.until:
        return Reason.LINK_ENDED
    return None


def _refused(ask: Command, reason: Reason, cause: Cause) -> Decision:
    """A refusal repeats what was asked, and says why not."""
    why = {"reason": reason.value, "explanation": reason.sentence, "effective_at": cause.at}
    return said(REFUSED_WITH[type(ask)].model_validate(dict(ask) | why))
