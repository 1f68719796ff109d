"""The demo's story with a world outside: the rest of the money comes through a gateway, and whoever pays gets mails."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

from deploy.cli.desk import Desk
from deploy.cli.ear import Ear
from deploy.cli.outside import Gateway
from deploy.cli.scene import OWNER, Scene
from deploy.cli.story import Story
from deploy.cli.system import System
from deploy.cli.teller import Teller
from deploy.local.mailbox import Mailbox

# One for each order, and one for the invoices of each that has some.
_MAILS: Final = Counter(created=1, poc_stopped=2, invoice_issued=2)
_MAILS_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Outside:
    """Who is there."""

    gateway: Gateway
    box: Mailbox


class OutsideStory(Story):
    """Told once."""

    def __init__(
        self, here: System, desk: Desk, ear: Ear, teller: Teller, scene: Scene, outside: Outside
    ) -> None:
        super().__init__(here, desk, ear, teller, scene)
        self._outside: Final = outside

    async def _hear_outside(self) -> None:
        self._teller.title("The gateway, and the mails")
        theirs = self._outside.gateway.ledger.received
        self._teller.find(
            theirs == self._received > 0,
            f"the gateway has received {theirs:,} VND by its own ledger, {self._received:,} by ours",
        )
        box = self._outside.box
        await box.until(_MAILS.total(), _MAILS_S)
        mails = box.mails
        self._teller.mail(next(mail for mail in mails if mail["X-Stoppoc-Kind"] == "poc_stopped"))
        kinds = Counter(str(mail["X-Stoppoc-Kind"]) for mail in mails)
        once = len({mail["Message-ID"] for mail in mails}) == len(mails)
        self._teller.find(
            kinds == _MAILS and once and {mail["To"] for mail in mails} == {OWNER},
            f"{len(mails)} mails to {OWNER}, each once: {', '.join(sorted(kinds))}",
        )
        self.facts.update({"received_vnd": theirs, "mails": len(mails)})
