"""The demo's story: a POC is stopped, one volume refuses and a worker dies meanwhile; it is stopped again, and audited.

Everything told is heard from the services; what has to be so in the end is found to be, or not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from signal import SIGKILL
from typing import Any, Final

from deploy.audit.checks import checks
from deploy.audit.listen import listen
from deploy.audit.look import Finding, look
from deploy.cli.desk import Answer, Desk, envelope_of
from deploy.cli.ear import Ear
from deploy.cli.hearing import Heard
from deploy.cli.live import screen
from deploy.cli.progress import Progress, drawn
from deploy.cli.say import SILENT, Trouble
from deploy.cli.scene import RESOURCES, Scene, Step
from deploy.cli.system import System
from deploy.cli.teller import Teller
from deploy.cli.watch import Watched
from deploy.lag import lags
from deploy.services import SERVICES
from services.hold import books
from shared.contracts.hold import Account
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.lifecycle import Cluster

_ANSWER_S: Final = 20.0
# A worker that is killed costs its session and its start; on a busy machine several times that.
_FANNED_OUT_S: Final = 60.0
_AUDIT_S: Final = 10.0
# What one service was told a moment ago, another may not have heard yet.
_NEWS_S: Final = 10.0
_CAUGHT_UP_S: Final = 2.0
_AGAIN_S: Final = 0.2
_VICTIM: Final = "lifecycle-1"


class Story:
    """Told once. `facts` are its numbers, for a program."""

    def __init__(self, here: System, desk: Desk, ear: Ear, teller: Teller, scene: Scene) -> None:
        self._here: Final = here
        self._desk: Final = desk
        self._ear: Final = ear
        self._teller: Final = teller
        self._scene: Final = scene
        self.facts: Final[dict[str, Any]] = {}

    async def tell(self) -> None:
        """All of it."""
        await self._begin()
        await self._stop()
        await self._stop_again()
        await self._hear_outside()
        await self._add_up()

    async def _begin(self) -> None:
        self._teller.title("A customer gets money to try things with, and a cluster")
        for step in self._scene.beginning():
            await self._ask(step)
        await self._follow(
            await self._ask(self._scene.buying()), lambda: self._cluster.poc_remaining == RESOURCES
        )
        self._teller.button(self._cluster)

    async def _stop(self) -> None:
        self._teller.title(
            "Stop POC is pressed: the command arrives twice, a volume refuses, a worker is killed"
        )
        before = await self._account()
        await self._ask(self._scene.refusing())
        await self._until_checkout_knows()
        answer = await self._ask(self._scene.stopping("a month of everything, for real money"), twice=True)
        self._kill()
        progress = await self._follow(answer, lambda: self._cluster.poc_remaining == 1)
        after = await self._account()
        self._teller.wallets(before, after)
        self._teller.invoices(self._invoices)
        self._teller.button(self._cluster)
        self._find_stopped(progress, before.credit.total + self._received - after.credit.total)

    def _find_stopped(self, progress: Progress, spent: int) -> None:
        done, failed = progress.count("done"), progress.count("failed")
        self._teller.find(
            (done, failed) == (RESOURCES - 1, 1), f"{done} converted; {failed} refused, and is POC as before"
        )
        total, back = (progress.order.total, progress.order.given_back) if progress.order else (0, 0)
        invoiced = sum(one.paid for one in self._invoices)
        self._teller.find(
            spent == total - back == invoiced,
            f"{total:,} VND paid once, {back:,} of it given back, {invoiced:,} on {len(self._invoices)} invoices",
        )
        self.facts.update({"converted_at_first": done, "paid_vnd": total, "given_back_vnd": back})

    async def _stop_again(self) -> None:
        self._teller.title("Pressed again, until nothing is left")
        before = await self._account()
        await self._until_checkout_knows()
        answer = await self._ask(self._scene.stopping("what is still POC"))
        await self._follow(answer, lambda: not self._cluster.stop_poc_available)
        await self._ask(self._scene.stopping("and once more: nothing is sold twice", "not_poc"))
        self._teller.wallets(before, await self._account())
        self._teller.button(self._cluster)

    async def _hear_outside(self) -> None:
        """What the world outside has to say to it; here there is none."""

    async def _add_up(self) -> None:
        self._teller.title("The books")
        account, invoices = await self._account(), self._invoices
        real = self._scene.credit + self._received
        self._teller.explained(invoices[0])
        invoiced, paid = {one.resource for one in invoices}, sum(one.paid for one in invoices)
        converted = [one.resource for one in self._ear.converted if one.account == account.account]
        self._teller.find(
            len(invoices) == len(converted) == RESOURCES and invoiced == set(converted),
            f"{len(converted)} resources converted once each, {len(invoices)} invoices, one for each",
        )
        self._teller.find(
            real - paid == account.credit.total,
            f"{real:,} VND of real money in, {paid:,} invoiced, {account.credit.total:,} left",
        )
        sums = await books.add_up(self._here.place.postgres)
        self._teller.find(sums.right, "every balance is the sum of its entries, and all entries sum to zero")
        await self._audit()
        self.facts.update({"invoices": len(invoices), "invoiced_vnd": paid, "books_right": sums.right})

    async def _audit(self) -> None:
        place = self._here.place
        found: list[Finding] = await look(place.postgres, checks(SERVICES), _AUDIT_S)
        found += await listen(place.kafka, place.postgres, list(SERVICES.values()), _AUDIT_S)
        looked, broken = sum(one.looked for one in found), sum(one.broken for one in found)
        self._teller.find(not broken, f"the audit: {len(found)} checks, {looked:,} facts, {broken} broken")
        for one in found:
            if one.broken:
                self._teller.out.print(f"         {one.check.name}: {one.breaks[0]}", markup=False)
        self.facts.update({"audit_checks": len(found), "audit_broken": broken})

    async def _ask(self, step: Step, *, twice: bool = False) -> Answer:
        with self._teller.out.status(step.words):
            answer = await self._answer_to(step, twice=twice)
        self._teller.answered(step, answer)
        if answer.body.get("reason") != step.reason:
            raise Trouble(f"{type(step.ask).__name__} was answered by {answer.name}: {answer.body}")
        return answer

    async def _answer_to(self, step: Step, *, twice: bool) -> Answer:
        clock = asyncio.get_running_loop().time
        until = clock() + _NEWS_S
        while True:
            envelope = envelope_of(step.ask)
            answer = await self._desk.ask(step.ask, envelope, _ANSWER_S)
            if answer is None:
                raise Trouble(f"{type(step.ask).__name__} was not answered within {_ANSWER_S:g} s", SILENT)
            if answer.body.get("reason") == step.reason or clock() > until:
                break
            await asyncio.sleep(_AGAIN_S)
        if twice:
            await self._desk.send(step.ask, envelope)
        return answer

    async def _follow(self, answer: Answer, then: Callable[[], bool]) -> Progress:
        """The order as it goes, to its end and until what follows from it is there."""
        watched = Watched(str(answer.body["order"]))
        with screen(self._teller.out, watched.progress) as picture:

            def take(heard: Heard) -> None:
                if watched.take(heard, answer.headers["ce_correlationid"]):
                    picture.tell(heard)

            await self._ear.until(
                lambda: self._is_over(watched) and then(), _FANNED_OUT_S, "the end of the order", take
            )
        if self._teller.out.is_terminal:
            self._teller.out.print(drawn(watched.progress))
        return watched.progress

    async def _until_checkout_knows(self) -> None:
        """Checkout hears from lifecycle what is POC a moment after it is so. Not for ever: others may keep it busy, and
        the in-memory broker does not tell."""
        clock = asyncio.get_running_loop().time
        until = clock() + _CAUGHT_UP_S
        while clock() < until:
            behind = await asyncio.to_thread(lags, self._here.place.kafka, [SERVICES["checkout"]])
            if not sum(one.total for one in behind):
                return
            await asyncio.sleep(_AGAIN_S)

    def _is_over(self, watched: Watched) -> bool:
        order, progress = watched.progress.order, watched.progress
        if order is None or not progress.is_over or self._ear.owed(order.account) > 0:
            return False
        back = (
            one.amount for one in self._ear.given_back if one.order == order.order and one.why != "unused"
        )
        return sum(back) == order.given_back and self._scene.cluster in self._ear.clusters

    def _kill(self) -> None:
        self._teller.killed(_VICTIM, self._here.supervisor.pid(_VICTIM))
        self._here.supervisor.send(_VICTIM, SIGKILL)

    async def _account(self) -> Account:
        found = await books.account(self._here.place.postgres, self._scene.account)
        if found is None:
            raise Trouble(f"hold does not know {self._scene.account}")
        return found

    @property
    def _received(self) -> int:
        return self._ear.received(self._scene.account)

    @property
    def _cluster(self) -> Cluster:
        return self._ear.clusters[self._scene.cluster]

    @property
    def _invoices(self) -> list[InvoiceIssued]:
        mine = (one for one in self._ear.invoices.values() if one.account == self._scene.account)
        return sorted(mine, key=lambda one: one.number)
