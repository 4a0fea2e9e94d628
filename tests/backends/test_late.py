"""Redis goes away under an open page: it says so, goes on hearing of what happens, and says no more once it is back."""

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.backends.test_conformance import by_turn, letter
from tests.conftest import CHROMIUM
from tests.fake_script import Script

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.browser,
    pytest.mark.timeout(300),
    pytest.mark.parametrize("built", ["distributed"], indirect=True),
]


@pytest.fixture
def redis(services):
    yield services[1]
    if services[1].process.poll() is not None:
        services[1].start()


@pytest.fixture
def inbox(shape):
    """The inbox at one web process, in a browser of the person who started the run."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        context = chromium.new_context()
        for cookie in shape.person.http.cookies.jar:
            context.add_cookies([{"name": cookie.name, "value": cookie.value, "url": shape.webs[0]}])
        yield context.new_page()
        chromium.close()


def test_an_open_page_says_that_it_hears_late_and_catches_up(shape, fake, redis, inbox):
    fake.reply = by_turn(letter(), Script().say("It is sent"))
    run = shape.start("clerk", "Write to Ada")
    shape.becomes(run, "paused")
    inbox.goto(f"{shape.webs[0]}/inbox/")
    waiting, notice = inbox.locator("[data-waiting]").first, inbox.get_by_text("Live updates are late.")
    [(gates,)] = shape.rows("SELECT sum(open_gates) FROM runs_run")  # other tests have left some
    expect(waiting).to_have_attribute("data-count", str(gates))
    expect(notice).to_be_hidden()
    redis.end()
    expect(notice).to_be_visible(timeout=15_000)
    assert shape.decide(run, web=1).status_code == 200
    expect(waiting).to_have_attribute("data-count", str(gates - 1), timeout=15_000)
    redis.start()
    expect(notice).to_be_hidden(timeout=15_000)
    shape.becomes(run, "completed")
    assert len(shape.effects()) == 1
