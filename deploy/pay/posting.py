"""One POST to somebody else's server, with a limit to how long it takes and to how much is read."""

from __future__ import annotations

import asyncio
import http.client
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlsplit

from services.payments.gateways.port import Request, Response

NO_ANSWER: Final = Response(0, b"")

_MOST_BYTES: Final = 64 * 1024
# As many questions are under way at once; each only waits.
_AT_ONCE: Final = 32
_THREADS: Final = ThreadPoolExecutor(_AT_ONCE, "posting")


async def post(request: Request, limit_s: float) -> Response:
    """What is answered; NO_ANSWER where there was none in time, or nothing that is HTTP."""
    loop = asyncio.get_running_loop()
    try:
        # The limit of each step is not that of all of them: a server may send a byte now and then.
        async with asyncio.timeout(limit_s * 2):
            return await loop.run_in_executor(_THREADS, _post, request, limit_s)
    except (OSError, http.client.HTTPException, TimeoutError):
        return NO_ANSWER


def _post(request: Request, limit_s: float) -> Response:
    url = urlsplit(request.url)
    secure = url.scheme == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    asking = kind(url.hostname or "", url.port, timeout=limit_s)
    try:
        asking.request("POST", url.path, request.body, {"Content-Type": request.content_type})
        answer = asking.getresponse()
        return Response(answer.status, answer.read(_MOST_BYTES))
    finally:
        asking.close()
