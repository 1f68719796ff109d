"""Asks the gateways what `payments` wants to know, and tells what they said. It remembers nothing: killed at any point it
asks again, which every gateway takes as the same question, and what it tells twice is one message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from deploy.pay.links import link_of
from deploy.pay.posting import post
from deploy.pay.reports import answer_of
from deploy.pay.settings import PaySettings
from services.payments.gateways.port import Gateway, Payment, Told
from shared.contracts import topics
from shared.contracts.cloudevents import Envelope, Unreadable, from_headers, read_headers
from shared.contracts.payments import GatewayAsked
from shared.engine.intake import Record
from shared.engine.outbox import Outgoing
from shared.engine.publisher import Publisher
from shared.engine.waits import ended, unless

log = logging.getLogger(__name__)

GROUP: Final = "gateways"
TOPIC: Final = topics.topic_of(GatewayAsked)
# So many questions are in hand before the offsets move.
_MOST_AT_ONCE: Final = 32
_POLL_MS: Final = 500
_PAUSE_S: Final = 1.0
_STOP_LIMIT_S: Final = 5.0

Asked = tuple[GatewayAsked, Envelope]


class Asker:
    """One member of the group that speaks to gateways."""

    def __init__(self, settings: PaySettings, publisher: Publisher) -> None:
        self._settings = settings
        self._publisher = publisher
        self._stopping = asyncio.Event()
        self.joined = False

    def stop(self) -> None:
        """Lets `run` end."""
        self._stopping.set()

    async def run(self) -> None:
        """Until stopped; with the broker away it waits, and begins where it was."""
        while not self._stopping.is_set():
            try:
                await self._read()
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("the broker does not answer, read again from there: %r", error)
                await unless(self._stopping, asyncio.sleep(_PAUSE_S))
            finally:
                self.joined = False

    async def _read(self) -> None:
        consumer = AIOKafkaConsumer(
            TOPIC,
            bootstrap_servers=self._settings.kafka,
            client_id=self._settings.worker,
            group_id=GROUP,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=self._settings.session_timeout_ms,
            heartbeat_interval_ms=self._settings.session_timeout_ms // 5,
            rebalance_timeout_ms=60_000,
        )
        try:
            await unless(self._stopping, consumer.start())
            while not self._stopping.is_set():
                self.joined = True
                fetching = consumer.getmany(timeout_ms=_POLL_MS, max_records=_MOST_AT_ONCE)
                found = await unless(self._stopping, fetching) or {}
                records = [record for batch in found.values() for record in batch]
                if records:
                    await self._publisher.publish(await self._answers(records))
                    await consumer.commit({place: batch[-1].offset + 1 for place, batch in found.items()})
        finally:
            await ended(_STOP_LIMIT_S, consumer.stop())

    async def _answers(self, records: Iterable[ConsumerRecord]) -> list[Outgoing]:
        asked = [ask for record in records if (ask := read_ask(record)) is not None]
        return list(await asyncio.gather(*(self._ask(*ask) for ask in asked)))

    async def _ask(self, ask: GatewayAsked, envelope: Envelope) -> Outgoing:
        gateway = self._settings.gateways.get(ask.gateway)
        if gateway is None:
            outcome = Told(ask.order, "failed" if ask.act == "create" else "unclear", code="no_merchant")
            return answer_of(ask.gateway, ask.act, outcome, envelope)
        told = await self._told(gateway, ask)
        log.info("asked", extra={"key": ask.order, "verdict": f"{ask.act}: {told.outcome} {told.code}"})
        return answer_of(ask.gateway, ask.act, told, envelope, link_for(ask, self._settings))

    async def _told(self, gateway: Gateway, ask: GatewayAsked) -> Told:
        payment = payment_of(ask)
        patience = self._settings.patience_s
        if ask.act == "create":
            return gateway.created(payment, await post(gateway.create(payment), patience))
        query = gateway.query(payment, datetime.now(UTC))
        return gateway.queried(payment, await post(query, patience))


def payment_of(ask: GatewayAsked) -> Payment:
    """What is asked about, as the adapters have it."""
    return Payment(ask.order, ask.account, ask.amount, ask.at, ask.until)


def link_for(ask: GatewayAsked, settings: PaySettings) -> str:
    """The signed link for whoever pays on behalf; none for the account itself."""
    if ask.payer_email is None:
        return ""
    return link_of(settings.door, ask.order, ask.until, settings.link_keys[0])


def read_ask(record: Record) -> Asked | None:
    """What is asked; nothing, where the record says something else."""
    try:
        envelope = from_headers(read_headers(record.headers))
        if envelope.type != GatewayAsked.type:
            return None
        return GatewayAsked.model_validate_json(record.value or b""), envelope
    except (Unreadable, ValidationError) as error:
        # Our own service has said it: no gateway will answer it, and a look at its payment asks again.
        log.error("cannot be read: %s", type(error).__name__, extra={"offset": record.offset})
        return None
