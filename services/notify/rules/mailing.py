"""A mail is asked for: said once, with a letter for each who is written to. Before its owner is known, it waits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from services.notify.state import Account, Draft, Letter
from shared.contracts.notify import MailRequested
from shared.engine.decision import Decision, Known


def asked_for(known: Known, account: str, drafts: Sequence[Draft]) -> Decision:
    """These mails to everyone who is written to for the account."""
    found = known.get(Account, account) or Account(account)
    if found.owner is None:
        return Decision((replace(found, waiting=(*found.waiting, *drafts)),)) if drafts else Decision()
    return written(found, drafts, found.to)


def written(account: Account, drafts: Sequence[Draft], to: Sequence[str]) -> Decision:
    """These mails to these people, in the account's language."""
    return Decision(
        adds=tuple(letter for draft in drafts for letter in _letters(account, draft, to)),
        says=tuple(_requested(account, draft, to) for draft in drafts),
    )


def _requested(account: Account, draft: Draft, to: Sequence[str]) -> MailRequested:
    return MailRequested(
        mail=draft.mail,
        account=account.id,
        to=list(to),
        language=account.language,
        kind=draft.kind,
        facts=draft.facts,
        effective_at=draft.at,
    )


def _letters(account: Account, draft: Draft, to: Sequence[str]) -> Iterator[Letter]:
    for recipient in to:
        yield Letter(draft.mail, recipient, account.id, draft.kind, account.language, draft.facts, draft.at)
