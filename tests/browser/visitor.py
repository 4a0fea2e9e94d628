"""Somebody at a browser: what they do on the pages, in the words of the pages."""

import re

from playwright.sync_api import Browser, BrowserContext, Page, Response, expect

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

# The browser logs a refusal, of which the page itself tells, and a request that ended because the page was left.
NO_COMPLAINT = re.compile(
    r"Failed to load resource: .* status of (403|409|410|422|429) |htmx:(sendAbort|afterRequest),"
)


class Visitor:
    def __init__(self, browser: Browser, url: str, name: str, session: str, complaints: list[str]) -> None:
        self.browser, self.url, self.name, self.session, self.complaints = browser, url, name, session, complaints
        self.contexts: list[BrowserContext] = []

    def opens(self, path: str = "/", *, viewport: dict[str, int] = DESK, **more) -> "Tab":
        """A browser of its own, signed in, at this page."""
        context = self.browser.new_context(base_url=self.url, viewport=viewport, accept_downloads=True, **more)
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        if self.session:
            context.add_cookies([{"name": "sessionid", "value": self.session, "url": self.url}])
        context.on("console", self.heard)
        context.on("weberror", lambda error: self.complaints.append(f"{error.page.url}: {error.error}"))
        tab = Tab(context.new_page(), self.name)
        tab.goto(path)
        return tab

    def heard(self, message) -> None:
        if message.type in ("error", "warning") and not NO_COMPLAINT.match(message.text):
            self.complaints.append(f"{message.page.url if message.page else ''}: {message.text}")

    def leaves(self) -> None:
        for context in self.contexts:
            context.close()


class Tab:
    """One page in one browser."""

    def __init__(self, page: Page, name: str) -> None:
        self.page, self.name = page, name

    # Every script of ours has run by then; "load" would wait for pictures.

    def goto(self, path: str) -> Response | None:
        return self.page.goto(path, wait_until="domcontentloaded")

    def reload(self) -> None:
        self.page.reload(wait_until="domcontentloaded")

    def another(self, path: str | None = None) -> "Tab":
        """A second tab of the same browser."""
        tab = Tab(self.page.context.new_page(), self.name)
        tab.goto(path or self.page.url)
        return tab

    def hears_nothing(self) -> None:
        """From the next page on no live news comes, as in a network that lost it."""
        self.page.route_web_socket(re.compile("/ws/"), lambda socket: None)

    @property
    def path(self) -> str:
        return re.sub(r"^https?://[^/]+", "", self.page.url)

    # --- running ---

    def start(self, teammate: str, message: str, mode: str = "") -> int:
        """Start a run from home; its number. The tab shows its page afterwards."""
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
