"""A program starts a run by the m8tes door, and a person is at its page: both see one run, and either decides."""

import re

import httpx2 as httpx
import pytest
from playwright.sync_api import expect

from tests.eventually import eventually


@pytest.fixture
def program(olivia):
    """A program that has a key of hers."""
    answer = olivia.aside.post("/settings/keys/", page="/settings/keys/", name="test", decide="on")
    key = re.search(r"sayso_\w+", answer.text)[0]
    with httpx.Client(base_url=f"{olivia.windows.url}/api/v2", headers={"Authorization": f"Bearer {key}"}) as client:
        yield client


@pytest.fixture
def obedient(program):
    [found] = [one for one in program.get("/agents").json()["data"] if one["name"] == "Obedient"]
    return {"teammate_id": found["id"], "stream": False, "human_in_the_loop": True, "permission_mode": "approval"}


def told(program, run):
    return program.get(f"/runs/{run}").json()


def test_a_run_of_a_program_shows_live_and_is_decided_on_its_page(program, obedient, olivia, fake):
    held = fake.say("one two three").gate(after=2)
    fake.scripts[-1].call("write_file", {"name": "a.txt", "content": "hello"})
    last = fake.say("Written.").gate()
    run = program.post("/runs", json={"message": "Count, then write", **obedient}).json()["id"]
    page = olivia.opens(f"/runs/{run}/")
    expect(page.answer).to_have_text("one two")
    held.release()
    page.waits()
    assert told(program, run)["status"] == "awaiting_approval"
    expect(page.card).to_contain_text("a.txt")
    page.button("Allow").click()
    assert eventually(lambda: told(program, run)["status"] == "running")
    last.release()
    page.ends()
    assert eventually(lambda: told(program, run)["output"] == "Written.")
    [gate] = program.get(f"/runs/{run}/permissions").json()
    assert gate["status"] == "allowed"


def test_a_decision_of_a_program_closes_the_card_on_the_page(program, obedient, olivia, fake):
    fake.call("write_file", {"name": "a.txt", "content": "hello"})
    fake.say("Very well.")
    run = program.post("/runs", json={"message": "Write", **obedient}).json()["id"]
    page = olivia.opens(f"/runs/{run}/")
    page.waits()
    [gate] = program.get(f"/runs/{run}/permissions").json()
    said = {"request_id": gate["request_id"], "decision": "deny", "reason": "Not today."}
    assert program.post(f"/runs/{run}/approve", json=said).json()["status"] == "denied"
    page.ends()
    expect(page.card).to_have_count(0)
    expect(page.page.locator(".gate-closed")).to_contain_text("Not today.")
