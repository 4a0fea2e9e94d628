"""A person at the pages: signs in, sends the pages' own forms, follows a run through its websocket."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser

import aiohttp
from yarl import URL

from bench.wire import Socket, Take
from bench.words import Wrong, expect

Fields = dict[str, str]


class Forms(HTMLParser):
    """The forms of a page, as the browser would send them untouched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, Fields]] = []  # address, fields
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((a.get("action", ""), {}))
        elif tag in ("input", "textarea") and self.found and a.get("type") not in ("submit", "checkbox", "radio"):
            self.found[-1][1][a.get("name", "")] = a.get("value", "")

    def having(self, field: str) -> tuple[str, Fields]:
        """The first form with this field."""
        for address, fields in self.found:
            if field in fields:
                return address, dict(fields)
        raise Wrong(f"no form of the page has a field {field}")


@dataclass
class Run:
    """A run that was started, and when."""

    address: str
    sent: float
    answered: float

    @property
    def pk(self) -> str:
        return self.address.rstrip("/").rpartition("/")[2]


@dataclass
class Person:
    """Signed in, with the session's cookies in `web`."""

    web: aiohttp.ClientSession
    origin: str
    start_at: str = ""
    start_with: Fields = field(default_factory=dict)

    async def sign_in(self, username: str, password: str, teammate: str) -> None:
        _, fields = Forms(await self.page("/sign-in/")).having("username")
        await self.post("/sign-in/", {**fields, "username": username, "password": password})
        self.start_at, fields = Forms(await self.page("/")).having("message")
        self.start_with = {**fields, "teammate": teammate}

    async def page(self, address: str) -> str:
        async with self.web.get(address, headers={"Accept": "text/html"}) as answer:  # as browsers ask
            expect(answer.status == 200, f"GET {address} answered {answer.status}")
            return await answer.text()

    async def start(self, message: str) -> Run:
        sent = time.monotonic()
        async with self.web.post(
            self.start_at, data={**self.start_with, "message": message}, allow_redirects=False
        ) as got:
            expect(got.status == 302, f"start answered {got.status}")
            return Run(got.headers["Location"], sent, time.monotonic())

    async def follow(self, run: Run, take: Take) -> Socket:
        """Everything that the run says, from its first event."""
        cookies = self.web.cookie_jar.filter_cookies(URL(self.origin))
        headers = {"Origin": self.origin, "Cookie": "; ".join(f"{name}={c.value}" for name, c in cookies.items())}
        url = URL(self.origin)
        return await Socket.open(str(url.host), int(url.port or 80), f"/ws/runs/{run.pk}?after=0", headers, take)

    async def post(self, address: str, fields: Fields) -> None:
        """Send a form that is answered by going on to another page."""
        async with self.web.post(address, data=fields, allow_redirects=False) as got:
            expect(got.status in (302, 303), f"{address} answered {got.status}")


@asynccontextmanager
async def signed_in(origin: str, username: str, password: str, teammate: str) -> AsyncIterator[Person]:
    jar = aiohttp.CookieJar(unsafe=True)  # the host is an IP address
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(origin, cookie_jar=jar, connector=connector, headers={"Origin": origin}) as web:
        person = Person(web, origin)
        await person.sign_in(username, password, teammate)
        yield person
