"""The endpoint that models are asked at, through the `openai` package; one pool of connections in a process."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from functools import lru_cache
from typing import Any, cast
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
import openai
from django.conf import settings
from openai._models import FinalRequestOptions

PATH = "/chat/completions"
# Not `chat.completions.create`, which walks through the arguments piece by piece, and a history is long; nor `post`,
# which makes this anew each time. Of each piece of an answer, unpacking costs more than it saves.
QUESTION = FinalRequestOptions.construct(method="post", url=PATH, headers={"Accept-Encoding": "identity"})
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
END_WITHIN = 0.05  # seconds
CONTENT = "aiohttp.content"  # the extension of an answer that is aiohttp's own reader of its bytes

_clients: dict[tuple[str, str, float], openai.AsyncOpenAI] = {}


class Connections(httpx2.AsyncBaseTransport):
    """aiohttp below the package, whose own adapter to it wraps each piece of an answer in three layers.

    One connection for each run that may speak. The package's hundred would let the next run wait.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    def session(self) -> aiohttp.ClientSession:
        """Of the loop that asks first."""
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=settings.SLOTS, ssl=httpx2.create_ssl_context())
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        return self._session

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        waits = request.extensions["timeout"]
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        limits = aiohttp.ClientTimeout(sock_connect=waits["connect"], connect=waits["pool"])
        try:
            async with asyncio.timeout(waits["read"]):
                answer = await self.session().request(
                    request.method,
                    str(request.url),
                    headers=headers,
                    data=await request.aread() or None,
                    allow_redirects=False,
                    proxy=_proxy(request.url),
                    timeout=limits,
                )
        except aiohttp.ConnectionTimeoutError as error:
            raise httpx2.ConnectTimeout(str(error)) from error
        except TimeoutError as error:  # told at once: the package would wait as long twice more
            raise openai.APITimeoutError(cast(Any, request)) from error
        except aiohttp.ClientError as error:
            raise httpx2.ConnectError(str(error)) from error
        return httpx2.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=Body(answer, waits["read"]),
            extensions={CONTENT: answer.content},
        )

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


class Body(httpx2.AsyncByteStream):
    """The same bytes as the package reads them: what an endpoint says that refuses."""

    def __init__(self, answer: aiohttp.ClientResponse, patience: float) -> None:
        self._answer, self._patience = answer, patience

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async with asyncio.timeout(self._patience):
                yield await self._answer.content.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise httpx2.ReadError(str(error)) from error

    async def aclose(self) -> None:
        self._answer.release()


class Pieces:
    """The bytes of an answer as they come; `next` raises `TimeoutError` when none do for so many seconds."""

    def __init__(self, content: aiohttp.StreamReader, limit: asyncio.Timeout, patience: float) -> None:
        self._content, self._limit, self._patience = content, limit, patience
        self._time = asyncio.get_running_loop().time
        self._came = self._time()

    async def next(self) -> bytes:
        """Empty at the end."""
        piece = await self._content.readany()
        now = self._time()
        if now - self._came > self._patience / 10:  # a timer that is moved by each piece costs more than the piece
            self._came = now
            self._limit.reschedule(now + self._patience)
        return piece


class Client(openai.AsyncOpenAI):
    """Puts the headers and the address of a question together once. They are the same for all of them, and the package
    makes them anew from their parts, which costs several times what sending does.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._like: dict[int, httpx2.Request] = {}

    def _build_request(self, options: Any, *, retries_taken: int = 0) -> httpx2.Request:
        if retries_taken not in self._like:
            like = self._like[retries_taken] = super()._build_request(options, retries_taken=retries_taken)
            del like.headers["Content-Length"]  # aiohttp tells it
        like, body = self._like[retries_taken], httpx2.ByteStream(encode(options.json_data).encode())
        return httpx2.Request(like.method, like.url, headers=like.headers, stream=body, extensions=like.extensions)


@lru_cache(8)
def _proxy(address: httpx2.URL) -> str | None:
    """Of HTTP_PROXY, HTTPS_PROXY and NO_PROXY. aiohttp would also look for a .netrc, in a thread, each time."""
    return None if proxy_bypass(address.host) else getproxies().get(address.scheme)


def client() -> openai.AsyncOpenAI:
    """One client for each endpoint. It tries again with back-off after 429, 5xx and where nothing listens."""
    key = (settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.MODEL_TIMEOUT)
    if key not in _clients:
        _clients[key] = Client(
            base_url=settings.OPENAI_BASE_URL or None,
            api_key=settings.OPENAI_API_KEY or "none",
            max_retries=2,
            timeout=httpx2.Timeout(settings.MODEL_TIMEOUT, connect=10),
            http_client=httpx2.AsyncClient(transport=Connections(), follow_redirects=True),
        )
    return _clients[key]


@asynccontextmanager
async def opened(asked: dict[str, Any]) -> AsyncIterator[Pieces]:
    """The answer to a question that is streamed, once it has begun.

    Raises `openai.OpenAIError`; while it is read, `aiohttp.ClientError` and `TimeoutError`.
    """
    question = QUESTION.model_copy(update={"json_data": asked})
    send = client().request(httpx2.Response, question, stream=True, stream_cls=None)
    patience = settings.MODEL_TIMEOUT
    async with aclosing(await send) as answer, asyncio.timeout(patience) as limit:
        content = answer.extensions[CONTENT]
        yield Pieces(content, limit, patience)
        if not content.is_eof():  # it ends a moment after its last word, and leaves its connection to the next question
            with suppress(TimeoutError, aiohttp.ClientError):
                async with asyncio.timeout(END_WITHIN):
                    await content.read()


async def hang_up() -> None:
    """For a process that goes away; the next question opens a new connection."""
    while _clients:
        _, one = _clients.popitem()
        await one.close()
