"""Follow a run from any point of its log: nothing is missed, nothing comes twice, in order."""

import asyncio

import pytest
from asgiref.sync import sync_to_async

from runs import journal
from runs.engine import driver
from runs.journal import Line, topic_of
from runs.live import follow as following
from runs.live import hub as hubs
from runs.live.follow import Ear, follow, lines_after
from runs.live.hub import hub
from runs.locks import write
from tests.machine import eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ended(fake, teammate_with, start, carry):
    """A run that called a tool, spoke, and ended."""
    fake.say("I look at the clock. ").call("current_time", {})
    fake.say("It is late")
    return carry(start(teammate_with("current_time")))


@pytest.fixture
def alive(start, teammate_with):
    """A run that only the test moves."""
    return start(teammate_with(slug="quiet"))


def note(run, count=1):
    with write():
        for _ in range(count):
            journal.append(run.pk, "note", {"text": "x"})


def end(run):
    with write():
        journal.append(run.pk, "run.completed", {})


async def seqs(run, after=0):
    return [line.seq async for lines in follow(run.pk, after) for line in lines]


def listen(*followers, then=lambda: None):
    """What each follower got, when `then` has happened after all of them began."""

    async def scene():
        tasks = [asyncio.ensure_future(each) for each in followers]
        await asyncio.to_thread(eventually, lambda: hub._followers or all(task.done() for task in tasks))
        await asyncio.to_thread(then)
        return await asyncio.wait_for(asyncio.gather(*tasks), 20)

    return asyncio.run(scene())


def test_from_every_cursor_the_rest_comes_exactly_once(ended):
    """F37."""
    last = ended.last_seq
    got = listen(*[seqs(ended, after) for after in range(last)])
    assert got == [list(range(after + 1, last + 1)) for after in range(last)]


@pytest.mark.parametrize("beyond", [0, 1, 1000])
def test_after_the_end_there_is_nothing_and_nobody_waits_for_it(ended, beyond):
    assert listen(seqs(ended, ended.last_seq + beyond)) == [[]]


def test_while_it_runs_every_cursor_gets_the_rest_too(fake, teammate_with, start, aside):
    gate = fake.say("one two three four five six").gate(after=3)
    run = start(teammate_with())
    carrying = aside(driver.carry_forward, run.pk)
    gate.wait()
    eventually(lambda: run.events.filter(kind="text").exists())
    got = listen(*[seqs(run, after) for after in range(4)], then=gate.release)
    carrying.result(5)
    run.refresh_from_db()
    assert got == [list(range(after + 1, run.last_seq + 1)) for after in range(4)]


def test_it_goes_on_through_a_pause(asked, allow, carry):
    def decide():
        allow(asked.approvals.get())
        carry(asked)

    [got] = listen(seqs(asked), then=decide)
    assert got == list(range(1, asked.last_seq + 1))


def test_the_text_that_is_followed_is_the_text_that_is_kept(fake, teammate_with, start, carry):
    fake.say("Once upon a time there was a king")
    run = start(teammate_with())

    async def text():
        lines = [line async for lines in follow(run.pk) for line in lines]
        return "".join(line.data["delta"] for line in lines if line.kind == "text")

    assert listen(text(), then=lambda: carry(run)) == [run.output]


def test_when_the_hub_drops_everything_it_only_costs_time(alive, monkeypatch):
    """F39."""
    monkeypatch.setattr(hub, "publish", lambda news: None)
    monkeypatch.setattr(following, "SILENCE", 0.01)
    [got] = listen(seqs(alive), then=lambda: (note(alive, 5), end(alive)))
    assert got == list(range(1, 8))


def test_two_hundred_followers_get_the_same(alive):
    got = listen(*[seqs(alive) for _ in range(200)], then=lambda: (note(alive, 20), end(alive)))
    assert got == [list(range(1, 23))] * 200
    assert hub._followers == {}


def test_a_slow_follower_reads_the_log_instead_and_misses_nothing(alive, monkeypatch):
    """F40."""
    monkeypatch.setattr(hubs, "LIMIT", 3)

    async def slow():
        got = []
        async for lines in follow(alive.pk):
            got += [line.seq for line in lines]
            if len(got) == 1:
                await asyncio.to_thread(lambda: [note(alive) for _ in range(30)])
        return got

    [got] = listen(slow(), then=lambda: eventually(lambda: alive.events.count() == 31) and end(alive))
    assert got == list(range(1, 33))


def test_a_log_longer_than_a_page_comes_whole(alive, monkeypatch):
    monkeypatch.setattr(following, "PAGE", 7)
    note(alive, 20)
    end(alive)
    assert listen(seqs(alive)) == [list(range(1, 23))]


def test_a_log_that_fills_its_last_page_ends_too(alive, monkeypatch):
    monkeypatch.setattr(following, "PAGE", 11)
    note(alive, 20)
    end(alive)
    assert listen(seqs(alive)) == [list(range(1, 23))]


@pytest.mark.parametrize(
    "order",
    [[3, 2, 4], [2, 4, 3], [4, 3, 2], [2, 4], [4], [2, 2, 3, 4], [3], [2, 3, 3, 4, 4]],
    ids=lambda order: "-".join(map(str, order)),
)
def test_whatever_order_the_news_come_in_the_lines_are_in_order(alive, monkeypatch, order):
    """Threads publish after their commits, and not always in the order of these."""
    monkeypatch.setattr(following, "SILENCE", 0.05)
    real = hub.publish

    def then():
        monkeypatch.setattr(hub, "publish", lambda news: None)
        note(alive, 2)
        end(alive)
        lines = {line.seq: line for line in lines_after(alive.pk, 1)}
        real([(topic_of(alive.pk), lines[seq]) for seq in order])

    assert listen(seqs(alive), then=then) == [[1, 2, 3, 4]]


def test_news_of_another_run_are_not_heard(alive, asked):
    [got] = listen(seqs(alive), then=lambda: (note(asked, 3), end(asked), end(alive)))
    assert got == [1, 2]


def test_a_follower_that_leaves_is_forgotten(alive):
    async def leave():
        task = asyncio.ensure_future(seqs(alive))
        await asyncio.to_thread(eventually, lambda: hub._followers)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(leave())
    assert hub._followers == {}
    hub.publish([(topic_of(alive.pk), Line(alive.pk, 9, "note", {}, alive.created_at))])


def test_a_loop_that_was_closed_with_its_followers_harms_nobody(alive):
    loop = asyncio.new_event_loop()
    with hub._lock:
        hub._followers.setdefault(topic_of(alive.pk), set()).add(hubs.Follower(loop, hub))
    loop.close()
    [got] = listen(seqs(alive), then=lambda: end(alive))
    hub._followers.clear()
    assert got == [1, 2]


# --- listening early ---


def early(run, *acts, before=lambda: None):
    """What somebody hears who listens from the moment of a request on, and follows only after these acts."""

    async def hear():
        ear = Ear(run.pk, 1)
        await sync_to_async(before)()
        ear.listen(asyncio.get_running_loop())
        for act in acts:
            await sync_to_async(act)(run)
        heard = [line.seq async for lines in follow(run.pk, ear=ear) for line in lines]
        ear.close()
        return heard

    return asyncio.run(hear())


def test_who_listens_early_misses_nothing_and_reads_no_log(alive, monkeypatch):
    read = []
    monkeypatch.setattr(following, "lines_after", lambda *of: read.append(of))
    assert (early(alive, note, end), read) == ([2, 3], [])
    assert topic_of(alive.pk) not in hub.followed


def test_what_came_before_somebody_listened_is_read_from_the_log(alive):
    assert early(alive, end, before=lambda: note(alive, 2)) == [2, 3, 4]


def test_an_ear_that_has_read_begins_there(ended):
    ear = Ear(ended.pk, 2)
    ear.read()

    async def hear():
        ear.listen(asyncio.get_running_loop())
        return [line.seq async for lines in follow(ended.pk, ear=ear) for line in lines]

    assert asyncio.run(hear()) == list(range(3, ended.last_seq + 1))
    ear.close()
