"""The way out to addresses that clients name: resolve, check every address, connect to a checked one, read a little.

Redirects are not followed and proxies of the environment are not used, because both lead elsewhere.
"""

import asyncio
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import aiohttp
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver
from django.conf import settings
from yarl import URL  # what aiohttp itself reads addresses with: one reading, so none can slip between two

from runs.errors import Refused
from teammates.exact import clean

SECONDS, CONNECT_SECONDS = 10, 5  # of a whole exchange, and of its beginning
ANSWER = 2000  # bytes of an answer that are read
URL_LENGTH = 2000
LOCAL = ("localhost", "local", "internal", "lan", "home.arpa")
PRIVATE = "{} is not an address on the public internet. SAYSO_WEBHOOKS_PRIVATE=true allows others."
UNICAST = ip_network("2000::/3")
# Lead elsewhere or nowhere, though `is_global` of this Python says otherwise.
SPECIAL = [ip_network(net) for net in ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/3", "2001::/23", "2002::/16")]


@dataclass(frozen=True)
class Answer:
    """`status` is None when none came, and then `text` says why."""

    status: int | None
    text: str


def check_url(url: str) -> URL:
    """The address, when it may be asked; `Refused` says why not. Names are looked up later, when it is asked."""
    try:
        parsed = URL(url)
        host, port = (parsed.raw_host or "").rstrip(".").lower(), parsed.port
    except ValueError:
        raise Refused(f"{url[:200]!r} is no address.", field="url", code="bad_url") from None
    if len(url) > URL_LENGTH or not url.isprintable() or not host or not port or parsed.user or parsed.password:
        raise Refused("Give an address like https://example.com/hook, without a user.", field="url", code="bad_url")
    schemes = ("https", "http") if settings.WEBHOOKS_PRIVATE else ("https",)
    if parsed.scheme not in schemes:
        raise Refused(f"The address must begin with {' or '.join(schemes)}.", field="url", code="bad_url")
    if not settings.WEBHOOKS_PRIVATE and is_local(host):
        raise Refused(PRIVATE.format(host), field="url", code="private_address")
    return parsed


def is_local(host: str) -> bool:
    """Does the name alone say that it is not out there? Numbers in every spelling that the system understands."""
    if any(host == name or host.endswith(f".{name}") for name in LOCAL):
        return True
    try:
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, ValueError):
        return "." not in host
    return not all(is_public(str(address[0])) for *_, address in found)


def is_public(text: str) -> bool:
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(str(address.ipv4_mapped))
        if address not in UNICAST:
            return False
    return address.is_global and not any(address in net for net in SPECIAL)


class Checked(ThreadedResolver):
    """The addresses of a name, if all of them are out there; the connection goes to one of these, not to the name."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await super().resolve(host, port, family)
        if not settings.WEBHOOKS_PRIVATE and not all(is_public(one["host"]) for one in found):
            raise Refused(PRIVATE.format(host), field="url", code="private_address")
        return found


def post(url: str, body: bytes, headers: dict[str, str]) -> Answer:
    """Send, and give what came back; nothing that happens on the way is an exception."""
    try:
        return asyncio.run(_post(check_url(url), body, headers))
    except Refused as refused:
        return Answer(None, refused.message)
    except TimeoutError:
        return Answer(None, f"No answer within {SECONDS} seconds.")
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return Answer(None, f"{type(error).__name__}: {error}"[:ANSWER])


async def _post(url: URL, body: bytes, headers: dict[str, str]) -> Answer:
    async with asyncio.timeout(SECONDS):
        connector = aiohttp.TCPConnector(resolver=Checked(), use_dns_cache=False, force_close=True)
        limits = aiohttp.ClientTimeout(total=SECONDS, sock_connect=CONNECT_SECONDS)
        async with (
            aiohttp.ClientSession(connector=connector, timeout=limits, auto_decompress=False) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            text = await response.content.read(ANSWER)
            return Answer(response.status, clean(text.decode("utf-8", "replace")))
