"""Take the picture in the README: `make screenshots`. It starts Sayso on data of its own and walks to an approval."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.serving import serving  # noqa: E402 - found through the line above

PICTURE = ROOT / "docs" / "approval.png"
MESSAGE = "Write the release notes for version 2.4 and announce them"


def walk_to_the_approval(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.goto(link.partition("/sign-in/")[0] + "/")
    page.get_by_label("Message").fill(MESSAGE)
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Customers", exact=True).click()
    page.get_by_role("button", name="Answer").click()
    page.get_by_role("button", name="Allow").wait_for()


def main() -> None:
    chromium = shutil.which("chromium")
    if not chromium:
        sys.exit("There is no Chromium on this machine: apt-get install chromium.")
    with tempfile.TemporaryDirectory() as data, serving(Path(data)) as serve, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800}, device_scale_factor=2)
        walk_to_the_approval(page, serve.link)
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"Wrote {PICTURE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
