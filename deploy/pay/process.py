"""The process that speaks to gateways: the asker and the door, until it is asked to stop. As many as wanted run beside
each other."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import uvicorn

from deploy.pay.asker import Asker
from deploy.pay.door import Door
from deploy.pay.settings import PaySettings
from shared.engine.publisher import Publisher

# What is being answered may end; a gateway that heard nothing tells it again.
_CLOSE_S: Final = 5


def server_of(application: Any) -> uvicorn.Server:
    """An HTTP server for that ASGI application."""
    return uvicorn.Server(
        uvicorn.Config(
            application,
            lifespan="off",
            ws="none",
            log_config=None,
            log_level=logging.WARNING,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_CLOSE_S,
        )
    )


@asynccontextmanager
async def served(application: Any, listener: socket.socket) -> AsyncIterator[None]:
    """That application, answering beside what we do; signals are ours."""
    server = server_of(application)
    answering = asyncio.create_task(server._serve([listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await answering


async def serve(settings: PaySettings, listener: socket.socket) -> None:
    """Until SIGTERM or SIGINT."""
    publisher = Publisher(settings.kafka, settings.worker)
    # The door's own: what it has to wait for is not what the asker sends.
    told = Publisher(settings.kafka, f"{settings.worker}-door")
    asker = Asker(settings, publisher)
    server = server_of(Door(settings, told, lambda: asker.joined))
    asking = asyncio.create_task(asker.run())
    asking.add_done_callback(lambda _: setattr(server, "should_exit", True))
    try:
        await server.serve([listener])
    finally:
        asker.stop()
        await asyncio.wait([asking], timeout=2 * settings.patience_s)
        await publisher.stop()
        await told.stop()
    if asking.done() and not asking.cancelled() and (error := asking.exception()) is not None:
        raise error
