"""The endpoint that models are asked at, through the `openai` package; one pool of connections in a process."""

from functools import lru_cache
from typing import Any, cast

import httpx2
import openai
from django.conf import settings

PATH = "chat/completions"
PLAIN = cast(Any, {"headers": {"Accept-Encoding": "identity"}})  # of each piece, unpacking costs more than it saves

_clients: dict[tuple[str, str, float], openai.AsyncOpenAI] = {}


class Connections(openai.DefaultAioHttpClient):
    """What the package has put together is sent as it is. Merging it once more, piece by piece, with what a client of
    many servers might add (addresses, headers, cookies) costs more than sending it.
    """

    def build_request(self, method: str, url: Any, *, params: Any = None, **given: Any) -> httpx2.Request:
        if params or given.get("files"):
            return super().build_request(method, url, params=params, **given)
        timeout = httpx2.Timeout(given["timeout"]).as_dict()
        return httpx2.Request(
            method, _url(url), headers=given["headers"], content=given["content"], extensions={"timeout": timeout}
        )


@lru_cache(8)
def _url(text: str) -> httpx2.URL:
    return httpx2.URL(text)


def client() -> openai.AsyncOpenAI:
    """One client for each endpoint. It retries 429 and 5xx with back-off."""
    key = (settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.MODEL_TIMEOUT)
    if key not in _clients:
        _clients[key] = openai.AsyncOpenAI(
            base_url=settings.OPENAI_BASE_URL or None,
            api_key=settings.OPENAI_API_KEY or "none",
            max_retries=2,
            timeout=httpx2.Timeout(settings.MODEL_TIMEOUT, connect=10),
            # One for each run that may speak. None would mean the package's hundred, and the next run would wait.
            http_client=Connections(limits=httpx2.Limits(max_connections=settings.SLOTS)),
        )
    return _clients[key]


async def opened(asked: dict[str, Any]) -> httpx2.Response:
    """The answer to a question that is streamed, once it has begun. Raises `openai.OpenAIError`."""
    # Not `chat.completions.create`: it walks through the arguments piece by piece, and a history is long.
    at = client()
    # The whole address: of its end alone, the package makes and parses two more.
    return await at.post(f"{at.base_url}{PATH}", cast_to=httpx2.Response, body=asked, options=PLAIN, stream=True)


async def hang_up() -> None:
    """For a process that goes away; the next question opens a new connection."""
    while _clients:
        _, one = _clients.popitem()
        await one.close()
