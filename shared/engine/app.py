"""A worker as a process: a FastStream ASGI application whose lifespan is the worker's, with probes, metrics and the
contracts as its routes. It ends when the worker ends, and says by its exit status how.

FastStream is the frame only: the worker reads and writes with clients of its own, so there is no broker here.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from types import FrameType
from typing import Any, Final, Protocol

import orjson
import uvicorn
import uvloop
from faststream.asgi import AsgiFastStream, AsgiResponse
from faststream.asgi.types import ASGIApp, Receive, Scope, Send

from shared.contracts.asyncapi import service_document
from shared.engine.health import Health
from shared.engine.log import redacted
from shared.engine.metrics import CONTENT_TYPE, Metrics
from shared.engine.service import Service

log = logging.getLogger(__name__)

STOPPED: Final = 0
CRASHED: Final = 1

# Who stops us waits 25 s or more before it kills. A client whose broker is away may never finish: we end anyway,
STOP_SECONDS: Final = 24
# and by the kernel, should the event loop turn no more.
KILL_SECONDS: Final = 25
# The work has ended; what may still hang is the cancelling of a client's tasks.
CLOSE_SECONDS: Final = 5

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Work(Protocol):
    """What a worker does."""

    async def run(self) -> None:
        """Works until `stop`; raises what it cannot get over."""

    def stop(self) -> None:
        """Lets `run` finish what is in hand, and return."""


Make = Callable[[Metrics, Health], Work]


class Application(AsgiFastStream):
    """One worker and the routes that tell about it. The worker is made when the application starts, in its loop."""

    def __init__(self, service: Service, make: Make) -> None:
        self.metrics = Metrics(service.name)
        self.health = Health()
        self.over = False
        self.crashed = False
        self._make = make
        self._work: Work | None = None
        self._asked = False
        super().__init__(logger=log, asgi_routes=_routes(service, self.metrics, self.health))

    @asynccontextmanager
    async def start_lifespan_context(
        self, run_extra_options: dict[str, Any] | None = None
    ) -> AsyncGenerator[None, None]:
        """Starts the worker and leaves once it has ended. (FastStream's own would insist on a broker.)"""
        task = asyncio.create_task(self._run())
        task.add_done_callback(self._note_end)
        try:
            yield
        finally:
            self.finish()
            await asyncio.wait([task])

    def finish(self) -> None:
        """Asks the worker to finish and end; the routes answer until it has."""
        self._asked = True
        self.health.stopping()
        if self._work is not None:
            self._work.stop()

    async def _run(self) -> None:
        if not self._asked:
            self._work = self._make(self.metrics, self.health)
            await self._work.run()

    def _note_end(self, task: asyncio.Task[None]) -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        self.over = True
        self.crashed = error is not None or not self._asked
        if self.crashed:
            log.critical("the worker crashed" if error else "the worker ended unasked", exc_info=error)
        else:
            log.info("the worker has stopped")
        self.health.stopped(type(error).__name__ if error else "its work ended")


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """A listening socket for `serve`; port 0 takes a free one, which `getsockname` tells."""
    return socket.create_server((host, port))


def serve(service: Service, make: Make, listener: socket.socket) -> int:
    """Runs a worker until SIGTERM or SIGINT, or until it crashes; returns the process's exit status.

    The first signal lets it finish: read no more, commit, leave the group. The second ends the process at once.
    """
    application = Application(service, make)
    log.info("listening", extra={"port": listener.getsockname()[1]})
    _collect_rarely()
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            with _signals(runner.get_loop(), application):
                runner.run(_Server(application).serve([listener]))
            signal.alarm(min(signal.alarm(0) or CLOSE_SECONDS, CLOSE_SECONDS))
    finally:
        signal.alarm(0)
    return CRASHED if application.crashed else STOPPED


def _collect_rarely() -> None:
    """A batch makes some ten thousand objects and drops them all, without cycles: at Python's own threshold of 700 the
    collector walks them again and again, a fifth of a worker's time for nothing."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@contextmanager
def _signals(loop: asyncio.AbstractEventLoop, application: Application) -> Iterator[None]:
    asked = False

    def on_signal(number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            os._exit(128 + number)
        asked = True
        signal.alarm(KILL_SECONDS)
        loop.call_soon_threadsafe(_finish, loop, application)

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _finish(loop: asyncio.AbstractEventLoop, application: Application) -> None:
    log.info("asked to stop")
    loop.call_later(STOP_SECONDS, _give_up)
    application.finish()


def _give_up() -> None:
    log.critical("not stopped within %d s: ending without", STOP_SECONDS)
    os._exit(CRASHED)


class _Server(uvicorn.Server):
    """uvicorn for as long as the worker lives."""

    def __init__(self, application: Application) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                lifespan="on",
                ws="none",
                log_config=None,
                log_level=logging.WARNING,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=1,
            )
        )
        self._application = application

    async def on_tick(self, counter: int) -> bool:
        return self._application.over or await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        # Left to us: uvicorn would close the probes first, and at the end raise the signal again.
        yield


def _routes(service: Service, metrics: Metrics, health: Health) -> tuple[tuple[str, ASGIApp], ...]:
    @cache
    def contracts() -> bytes:
        return orjson.dumps(service_document(service.name, service.registry))

    return (
        ("/live", _answer(lambda: _probed(*health.live()))),
        ("/ready", _answer(lambda: _probed(*health.ready()))),
        ("/metrics", _answer(lambda: AsgiResponse(metrics.page(), headers={"Content-Type": CONTENT_TYPE}))),
        ("/asyncapi.json", _answer(lambda: _json(contracts()))),
    )


def _answer(respond: Callable[[], AsgiResponse]) -> ASGIApp:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        allowed = scope["method"] in ("GET", "HEAD")
        response = respond() if allowed else AsgiResponse(status_code=405, headers={"Allow": "GET, HEAD"})
        await response(scope, receive, send)

    return answer


def _probed(well: bool, reason: str) -> AsgiResponse:
    return _json(orjson.dumps({"ok": well, "reason": redacted(reason)}), 200 if well else 503)


def _json(body: bytes, status: int = 200) -> AsgiResponse:
    return AsgiResponse(body, status, {"Content-Type": "application/json"})
