"""`stoppoc watch` finds an order on the topics and follows it to its end, with nothing there but a broker."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest

from deploy.local.memory_kafka import memory_kafka
from shared import ids
from shared.contracts import topics
from shared.contracts.charges import GivenBack
from shared.contracts.cloudevents import Envelope
from shared.contracts.lifecycle import ResourceConverted
from shared.contracts.message import Message
from shared.contracts.orders import Order, OrderLine, OrderPlaced, PocStopped
from shared.contracts.refusals import ConversionRefused
from shared.contracts.registry import REGISTRY
from shared.engine.outbox import Outgoing
from shared.engine.publisher import Publisher
from tests.support.system import Folder, Said

M = TypeVar("M", bound=Message)

ASKED = ids.new_id()
ORDER = "019cc0f0-7a00-7f10-8b64-51c0e2d7a9b3"


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[str]:
    names = [topic.name for service in REGISTRY.services for topic in topics.of(service)]
    async with memory_kafka(tmp_path, names) as server:
        yield server.bootstrap


def made(model: type[M], **changes: Any) -> M:
    return model.model_validate_json(json.dumps(dict(model.example) | {"order": ORDER} | changes))


def placed() -> list[Message]:
    return [
        made(OrderPlaced, subject="k1", lines=2, total=362_000),
        made(Order, subject="k1", lines=2, total=362_000, status="provisioning", done=0, version=1),
        *(made(OrderLine, id=f"{ORDER}:{nr}", resource=f"srv-{nr}", version=1) for nr in (1, 2)),
    ]


def done() -> list[Message]:
    return [
        made(ResourceConverted, resource="srv-1"),
        made(OrderLine, id=f"{ORDER}:1", resource="srv-1", status="done", version=2),
        made(ConversionRefused, resource="srv-2", reason="provider_refused", explanation="It said no."),
        made(
            OrderLine,
            id=f"{ORDER}:2",
            resource="srv-2",
            status="failed",
            reason="provider_refused",
            version=2,
        ),
        made(
            Order,
            subject="k1",
            lines=2,
            total=362_000,
            given_back=181_000,
            status="partly_completed",
            done=1,
            failed=1,
            version=4,
        ),
        made(PocStopped, subject="k1", total=362_000, given_back=181_000, converted=1, left=1),
        made(GivenBack, amount=181_000, resource="srv-2"),
    ]


async def say(kafka: str, messages: Sequence[Message]) -> None:
    publisher = Publisher(kafka, "test")
    try:
        await publisher.publish([_outgoing(message) for message in messages])
    finally:
        await publisher.stop()


def _outgoing(message: Message) -> Outgoing:
    envelope = Envelope(
        id=ids.new_id(), type=message.type, source="/test", key=message.key, correlation_id=ASKED,
        time=datetime.now(UTC), subject=message.about, causation_id=ASKED,
    )  # fmt: skip
    return Outgoing(topics.topic_of(type(message)), envelope, message.to_json())


async def watched(kafka: str, path: Path, *arguments: str) -> Said:
    return await asyncio.to_thread(
        Folder(path).stoppoc, "watch", *arguments, STOPPOC_KAFKA=kafka, COLUMNS="200"
    )


async def test_an_order_that_ended_is_told_again_and_partly_is_status_1(broker: str, tmp_path: Path) -> None:
    await say(broker, placed() + done())
    said = await watched(broker, tmp_path, ORDER)
    assert said.status == 1
    for words in (
        "order placed: stop_poc of 2, 362,000 VND by credit",
        "srv-1 is paid now",
        "srv-2: It said no. (provider_refused)",
        "2: 1 done, 1 failed",
    ):
        assert words in said.out


async def test_an_order_is_found_by_what_it_is_about_and_followed_while_it_happens(
    broker: str, tmp_path: Path
) -> None:
    await say(broker, placed())
    watching = asyncio.create_task(watched(broker, tmp_path, "k1", "--json"))
    await asyncio.sleep(1)
    await say(broker, done())
    said = await watching
    assert said.status == 1
    told = said.document
    assert told["order"]["status"] == "partly_completed"
    assert [line["status"] for line in told["lines"]] == ["done", "failed"]
    types = [one["type"].split(".")[2] for one in told["heard"]]
    assert {"OrderPlaced", "ResourceConverted", "ConversionRefused", "PocStopped"} <= set(types)


async def test_an_order_that_does_not_end_in_time_is_status_3(broker: str, tmp_path: Path) -> None:
    await say(broker, placed())
    said = await watched(broker, tmp_path, ORDER, "--wait", "1s", "--json")
    assert said.status == 3
    assert "has not ended within 1 s" in said.err
    assert said.document["ok"] is False


async def test_what_is_no_order_is_status_1(broker: str, tmp_path: Path) -> None:
    said = await watched(broker, tmp_path, "nobody")
    assert said.status == 1
    assert "there is no order 'nobody'" in said.err
