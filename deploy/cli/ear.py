"""An ear on all that services say: how things stand by what was heard so far, and waiting until they stand so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Final

from deploy.cli.hearing import Heard, hearing, places_of
from deploy.cli.records import reading
from deploy.cli.say import SILENT, Trouble
from shared.contracts.charges import GivenBack
from shared.contracts.hold import Account
from shared.contracts.invoicing import InvoiceIssued
from shared.contracts.lifecycle import Cluster, Resource, ResourceConverted
from shared.contracts.payments import PaymentReceived
from shared.contracts.registry import REGISTRY

So = Callable[[], bool]
Tell = Callable[[Heard], None]


class Ear:
    """What was heard since it opened."""

    def __init__(self, said: AsyncGenerator[Heard, None]) -> None:
        self._said: Final = said
        self.accounts: dict[str, Account] = {}
        self.clusters: dict[str, Cluster] = {}
        self.resources: dict[str, Resource] = {}
        self.invoices: dict[str, InvoiceIssued] = {}
        self.given_back: list[GivenBack] = []
        self.converted: list[ResourceConverted] = []
        self.payments: list[PaymentReceived] = []

    async def until(self, so: So, within_s: float, what: str, tell: Tell = lambda _: None) -> None:
        """Hears on until it is so, telling each thing heard; `Trouble` says what did not come."""
        try:
            async with asyncio.timeout(within_s):
                while not so():
                    heard = await anext(self._said)
                    self._take(heard)
                    tell(heard)
        except TimeoutError:
            raise Trouble(f"{what} was not to be heard within {within_s:g} s", SILENT) from None

    def owed(self, account: str) -> int:
        """How many conversions of the account gave value back that has not been heard to have arrived."""
        unused = sum(one.account == account and one.unused > 0 for one in self.converted)
        return unused - sum(one.account == account and one.why == "unused" for one in self.given_back)

    def received(self, account: str) -> int:
        """What gateways have received for the account's orders."""
        return sum(one.amount for one in self.payments if one.account == account)

    def _take(self, heard: Heard) -> None:
        match heard.message:
            case Account() as account:
                self.accounts[account.account] = account
            case Cluster() as cluster:
                if self._is_news(cluster, self.clusters.get(cluster.cluster)):
                    self.clusters[cluster.cluster] = cluster
            case Resource() as resource:
                if self._is_news(resource, self.resources.get(resource.resource)):
                    self.resources[resource.resource] = resource
            case InvoiceIssued() as invoice:
                self.invoices[invoice.invoice] = invoice
            case GivenBack() as given_back:
                self.given_back.append(given_back)
            case ResourceConverted() as converted:
                self.converted.append(converted)
            case PaymentReceived() as payment:
                self.payments.append(payment)

    @staticmethod
    def _is_news(one: Cluster | Resource, known: Cluster | Resource | None) -> bool:
        return known is None or one.version > known.version


@asynccontextmanager
async def listening(kafka: str) -> AsyncIterator[Ear]:
    """An ear that hears everything said from now on."""
    async with reading(kafka, fetch_wait_ms=10) as reader:
        starts = await reader.ends(await places_of(reader, ("event", "state"), REGISTRY.services))
        async with aclosing(hearing(reader, starts)) as said:
            yield Ear(said)
