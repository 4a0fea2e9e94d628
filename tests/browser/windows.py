"""Windows of one Chromium, used again and again: opening one costs more than most tests do in it."""

from collections.abc import Callable

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, WebError

PATIENCE = 20_000  # ms; a machine may have more to do than this
# Between two persons; small, and ours: for the first page after one of somebody else's Chromium begins a new process.
REST = "/static/img/mark.svg"


class Windows:
    """Each is a browser context with one page. Nothing of a person is left in it when the next one gets it."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url
        self.free: dict[str, list[Window]] = {}

    def take(self, **kind) -> "Window":
        waiting = self.free.setdefault(repr(sorted(kind.items())), [])
        return waiting.pop() if waiting else Window(self, waiting, kind)


class Window:
    def __init__(self, windows: Windows, home: list["Window"], kind: dict) -> None:
        self.home, self.url = home, windows.url
        self.context: BrowserContext = windows.browser.new_context(base_url=windows.url, **kind)
        self.context.set_default_timeout(PATIENCE)
        self.page: Page = self.context.new_page()
        self.hear: Callable[[str], None] = lambda text: None
        self.spoiled = False
        self.context.on("console", self.console)
        self.context.on("weberror", self.error)

    def console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.hear(f"{message.page.url if message.page else ''}: {message.text}\n")

    def error(self, error: WebError) -> None:
        self.hear(f"{error.page.url if error.page else ''}: {error.error}\n")

    def give_back(self) -> None:
        """For the next person; closed for good when something was done to it that cannot be undone."""
        if self.spoiled:
            self.context.close()
            return
        for page in self.context.pages[1:]:
            page.close()
        if self.page.url.startswith(self.url):
            self.page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); onbeforeunload = null; }")
        self.page.goto(self.url + REST)
        self.context.clear_cookies()
        self.page.emulate_media(color_scheme=None)
        self.home.append(self)
