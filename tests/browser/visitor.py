"""Somebody at a browser: what they do on the pages, in the words of the pages."""

import re
import threading
from collections.abc import Callable
from functools import cached_property

from playwright.sync_api import Page, Response, Route, WebSocketRoute, expect

from tests.browser.windows import REST, Window, Windows
from tests.eventually import eventually
from tests.person import Person

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

# The browser logs a refusal, of which the page itself tells, and a request that ended because the page was left; a
# window at rest has no icon.
NO_COMPLAINT = re.compile(
    rf"{REST}: |"
    r"Failed to load resource: .* status of (403|409|410|422|429|503) |htmx:(sendAbort|afterRequest),"
    r"|Response Status Error Code 503 |WebSocket is closed before the connection is established"
)


def sign_in(page: Page, name: str, password: str) -> None:
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()  # other pages ask for a name too
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


class Visitor:
    def __init__(self, windows: Windows, name: str, session: str, complaints: list[str]) -> None:
        self.windows, self.name, self.session, self.complaints = windows, name, session, complaints
        self.opened: list[Window] = []
        self.forgiven = re.compile("(?!)")  # what a test itself does to the connection

    def opens(self, path: str = "", *, viewport: dict[str, int] = DESK, **kind) -> "Tab":
        """A browser of its own, signed in, at this page or at none yet."""
        window = self.windows.take(**kind)
        self.opened.append(window)
        window.hear = self.hear
        if self.session:
            window.context.add_cookies([{"name": "sessionid", "value": self.session, "url": window.url}])
        window.page.set_viewport_size(viewport)
        tab = Tab(window, window.page, self)
        if path:
            tab.goto(path)
        return tab

    def begins(self, teammate: str, message: str, mode: str = "") -> int:
        """Start a run as the form of home does, and look at nothing; its number."""
        return self.aside.start(teammate, message, **{"permission_mode": mode} if mode else {})

    def has_waiting(self, teammate: str, message: str, mode: str = "") -> int:
        """A run that has come to where it waits; its number."""
        run = self.begins(teammate, message, mode)
        assert eventually(lambda: 'data-status="paused"' in self.aside.get(f"/runs/{run}/"), 30, pause=0.1)
        return run

    @cached_property
    def aside(self) -> Person:
        """The same person without a browser."""
        person = Person(self.windows.url)
        person.http.cookies.set("sessionid", self.session)
        return person

    def hear(self, text: str) -> None:
        if not (NO_COMPLAINT.search(text) or self.forgiven.search(text)):
            self.complaints.append(text)

    def leaves(self) -> None:
        while self.opened:
            self.opened.pop().give_back()
        if "aside" in vars(self):
            self.aside.http.close()


class Line:
    """The live connection of a tab, for a test to cut and to mend."""

    def __init__(self, tab: "Tab") -> None:
        self.sockets: list[WebSocketRoute] = []
        self.is_cut = False
        tab.routes_sockets(self.connect)

    def connect(self, socket: WebSocketRoute) -> None:
        if self.is_cut:
            socket.close()
        else:
            socket.connect_to_server()
            self.sockets.append(socket)

    def cut(self) -> None:
        self.is_cut = True
        self.sockets[-1].close()

    def mend(self) -> None:
        self.is_cut = False


class Tab:
    """One page in one browser."""

    def __init__(self, window: Window, page: Page, visitor: Visitor) -> None:
        self.window, self.page, self.visitor, self.name = window, page, visitor, visitor.name

    # Every script of ours has run by then; "load" would wait for pictures.

    def goto(self, path: str) -> Response | None:
        return self.page.goto(path, wait_until="domcontentloaded")

    def goto_live(self, path: str) -> None:
        """And wait for the first news: its socket is let in, and turned away only by what happens from now on."""
        heard = threading.Event()
        self.page.once("websocket", lambda socket: socket.once("framereceived", lambda frame: heard.set()))
        self.goto(path)
        while not heard.is_set():
            self.page.wait_for_timeout(20)

    def reload(self) -> None:
        self.page.reload(wait_until="domcontentloaded")

    def another(self, path: str | None = None) -> "Tab":
        """A second tab of the same browser."""
        tab = Tab(self.window, self.page.context.new_page(), self.visitor)
        tab.goto(path or self.page.url)
        return tab

    def hears_nothing(self) -> None:
        """From the next page on no live news comes, as in a network that lost it."""
        self.routes_sockets(lambda socket: None)

    def routes_sockets(self, connect: Callable[[WebSocketRoute], None]) -> None:
        self.window.spoiled = True
        self.page.route_web_socket(re.compile("/ws/"), connect)

    def routes(self, address: str | re.Pattern[str], handle: Callable[[Route], object]) -> None:
        """Requests to there are answered by the test."""
        self.window.spoiled = True
        self.page.route(address, handle)

    @property
    def path(self) -> str:
        return re.sub(r"^https?://[^/]+", "", self.page.url)

    # --- running ---

    def start(self, teammate: str, message: str, mode: str = "") -> int:
        """Start a run, of which the tab then shows the page; its number."""
        run = self.visitor.begins(teammate, message, mode)
        self.goto(f"/runs/{run}/")
        return run

    def launch(self, teammate: str, message: str, mode: str = "") -> int:
        """Start a run by hand, from home; its number. The tab shows its page afterwards."""
        page = self.page
        if self.path != "/":
            self.goto("/")
        page.get_by_label("What is to be done?").fill(message)
        page.get_by_label("Teammate").select_option(teammate)
        if mode:
            page.get_by_role("radio", name=mode).check(force=True)
        page.get_by_role("button", name="Start").click()
        page.wait_for_url("**/runs/*/", wait_until="domcontentloaded")
        return self.run

    @property
    def run(self) -> int:
        found = re.match(r"/runs/(\d+)/", self.path)
        assert found, self.path
        return int(found[1])

    @property
    def card(self):
        """The one card that waits."""
        return self.page.locator(".gate-open")

    def button(self, name: str):
        return self.page.get_by_role("button", name=name)

    def ends(self, how: str = "Done") -> None:
        """Wait until the run has ended so."""
        expect(self.page.locator(".now-state")).to_have_text(how, timeout=30_000)

    def waits(self) -> None:
        expect(self.card.first).to_be_visible(timeout=30_000)

    @property
    def answer(self):
        """The last thing that the teammate said."""
        return self.page.locator("#turns .entry-words").last

    @property
    def transcript(self):
        return self.page.locator("#transcript")
