"""A person at the pages: signs in, sends the pages' own forms, follows a run through its websocket."""

import time
from dataclasses import dataclass, field
from html.parser import HTMLParser

import aiohttp
from yarl import URL

from bench.wire import Socket, Take
from bench.words import expect


class Forms(HTMLParser):
    """The forms of a page: address -> fields, as the browser would send them untouched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.options: dict[str, dict[str, str]] = {}  # select -> shown words -> value
        self.select = self.option = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        a = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((a.get("action", ""), {}))
        elif tag == "select":
            self.select = a.get("name", "")
        elif tag == "option":
            self.option = a.get("value", "")
        elif tag == "input" and self.found and a.get("name") and a.get("type") not in ("submit", "checkbox", "radio"):
            self.found[-1][1][a["name"]] = a.get("value", "")

    def handle_data(self, data: str) -> None:
        if self.select and self.option and data.strip():
            self.options.setdefault(self.select, {})[data.strip()] = self.option

    def handle_endtag(self, tag: str) -> None:
        if tag == "option":
            self.option = ""
        elif tag == "select":
            self.select = ""

    def fields(self, action: str) -> dict[str, str]:
        return dict(next(fields for address, fields in self.found if address.endswith(action)))


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
    start_form: dict[str, str] = field(default_factory=dict)

    async def sign_in(self, username: str, password: str, teammate: str) -> None:
        page = Forms(await self.page("/sign-in/"))
        fields = {**page.fields("/sign-in/"), "username": username, "password": password}
        async with self.web.post("/sign-in/", data=fields, allow_redirects=False) as answer:
            expect(answer.status == 302, f"sign-in answered {answer.status}")
        home = Forms(await self.page("/"))
        self.start_form = {**home.fields("/runs/start"), "teammate": home.options["teammate"][teammate]}

    async def page(self, address: str) -> str:
        async with self.web.get(address) as answer:
            expect(answer.status == 200, f"GET {address} answered {answer.status}")
            return await answer.text()

    async def start(self, message: str) -> Run:
        sent = time.monotonic()
        form = {**self.start_form, "message": message}
        async with self.web.post("/runs/start", data=form, allow_redirects=False) as answer:
            expect(answer.status == 302, f"start answered {answer.status}: {(await answer.text())[:500]}")
            return Run(answer.headers["Location"], sent, time.monotonic())

    async def follow(self, run: Run, take: Take) -> Socket:
        """Everything that the run says, from its first event."""
        cookies = self.web.cookie_jar.filter_cookies(URL(self.origin))
        headers = {"Origin": self.origin, "Cookie": "; ".join(f"{name}={c.value}" for name, c in cookies.items())}
        url = URL(self.origin)
        return await Socket.open(str(url.host), int(url.port or 80), f"/ws/runs/{run.pk}?after=0", headers, take)

    async def post(self, address: str, fields: dict[str, str]) -> None:
        async with self.web.post(address, data=fields, allow_redirects=False) as answer:
            expect(answer.status in (200, 204, 302, 303), f"{address} answered {answer.status}")
