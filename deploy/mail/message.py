"""A letter as a message: its words, to whom, and an id that is the same however often it is sent."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from hashlib import blake2b
from typing import Final

from deploy.mail.links import Invited, link_of
from deploy.mail.settings import MailSettings
from services.notify.postbox import Claimed
from services.notify.rendering import Words, render
from shared.emails import is_email

_NO_LINKS: Final = "a link is to be signed, and no key was given"
_NO_ADDRESS: Final = "its recipient is not one plain address"


def message_of(letter: Claimed, settings: MailSettings) -> EmailMessage:
    """The message; LookupError where a link must be signed and cannot be, ValueError where nobody can be written to."""
    if not is_email(letter.recipient):
        raise ValueError(_NO_ADDRESS)
    words = words_of(letter, settings)
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.sender
    message["To"] = letter.recipient
    message["Subject"] = words.subject
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = message_id(letter, settings.sender)
    # Nobody's holiday notice answers a machine.
    message["Auto-Submitted"] = "auto-generated"
    message["X-Stoppoc-Mail"] = letter.mail
    message["X-Stoppoc-Kind"] = letter.kind
    message.set_content(words.text)
    message.add_alternative(words.html, subtype="html")
    return message


def words_of(letter: Claimed, settings: MailSettings) -> Words:
    """What it says."""
    link = None
    if letter.facts.invitation is not None and letter.facts.until is not None:
        if settings.links is None:
            raise LookupError(_NO_LINKS)
        invited = Invited(letter.account, letter.recipient, letter.facts.invitation, letter.facts.until)
        link = link_of(invited, settings.links)
    return render(letter.kind, letter.language, letter.account, letter.facts, letter.at, link=link)


def message_id(letter: Claimed, sender: str) -> str:
    """The same for the same mail to the same person: mailboxes that compare ids show a copy once."""
    who = blake2b(letter.recipient.casefold().encode(), digest_size=6).hexdigest()
    domain = parseaddr(sender)[1].rpartition("@")[2] or "stoppoc.invalid"
    return f"<{letter.mail}.{who}@{domain}>"
