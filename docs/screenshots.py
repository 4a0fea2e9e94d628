"""Take the picture in the README: `make screenshots`. It starts Sayso on data of its own and walks to an approval."""

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.serving import Serve, serving  # noqa: E402 - found through the line above

PICTURE = ROOT / "docs" / "approval.png"
MESSAGE = "Write the release notes for version 2.4 and announce them"


def walk_to_the_approval(page: Page, serve: Serve) -> None:
    page.goto(serve.link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/settings/password/**")
    page.goto(serve.url)
    page.get_by_label("What is to be done?").fill(MESSAGE)
    page.get_by_label("Teammate").select_option("release-writer")
    page.get_by_role("button", name="Start").click()
    page.get_by_text("Customers", exact=True).click()
    page.get_by_role("button", name="Answer").click()
    page.get_by_role("button", name="Deny and stop").wait_for()
    page.wait_for_timeout(2000)  # the page has settled: nothing on it is fetched any more
    page.get_by_role("link", name="Jump to it").click()
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)


def main() -> None:
    chromium = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    if not chromium:
        sys.exit("There is no Chromium on this machine: apt-get install chromium-headless-shell.")
    with tempfile.TemporaryDirectory() as data, serving(Path(data)) as serve, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 880}, device_scale_factor=2)
        walk_to_the_approval(page, serve)
        page.screenshot(path=PICTURE)
        browser.close()
    print(f"Wrote {PICTURE.relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
