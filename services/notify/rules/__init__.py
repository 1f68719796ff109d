"""What `notify` decides, by meaning: `mailing` (a mail is asked for), `telling` (one event, one mail), `orders` (one order,
one mail), `recipients` (who is written to, and in which language).

Mails come from events only. What was told once is not told again: the engine drops an event that comes twice, and an
order knows what was told of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.notify.rules.orders import failed, invoiced, order_ended, part_done, poc_stopped
from services.notify.rules.recipients import (
    REFUSED_WITH,
    add_recipient,
    confirm_recipient,
    owner_known,
    remove_recipient,
    set_language,
)
from services.notify.rules.telling import TOLD, payment_asked, tells
from shared.contracts.hold import AccountOpened
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.lifecycle import (
    ResourceConverted,
    ResourceCreated,
    ResourceExpired,
    ResourceRecovered,
    ResourceRenewed,
    ResourceResized,
)
from shared.contracts.message import Message
from shared.contracts.notify import AddRecipient, ConfirmRecipient, RemoveRecipient, SetLanguage
from shared.contracts.orders import OrderCompleted, PocStopped
from shared.contracts.payments import PaymentLinkIssued
from shared.contracts.refusals import CreationRefused, RecoveryRefused, RenewalRefused, ResizeRefused
from shared.engine.decision import Rule

__all__ = ["REFUSED_WITH", "RULES"]

RULES: Final[Mapping[type[Message], Rule]] = {
    SetLanguage: set_language,
    AddRecipient: add_recipient,
    RemoveRecipient: remove_recipient,
    ConfirmRecipient: confirm_recipient,
    AccountOpened: owner_known,
    ResourceCreated: part_done,
    ResourceConverted: part_done,
    ResourceRenewed: part_done,
    ResourceResized: part_done,
    ResourceRecovered: part_done,
    ResourceExpired: part_done,
    CreationRefused: failed,
    RenewalRefused: failed,
    ResizeRefused: failed,
    RecoveryRefused: failed,
    OrderCompleted: order_ended,
    PocStopped: poc_stopped,
    InvoiceIssued: invoiced,
    PaymentLinkIssued: payment_asked,
    **{event: tells(told) for event, told in TOLD.items()},
}
