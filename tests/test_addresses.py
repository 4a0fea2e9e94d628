"""Which addresses exist, who may open them, and that looking changes nothing."""

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from runs.services import start
from teammates import services
from teammates.models import Teammate

AGENTOS = {
    "agents", "teams", "workflows", "sessions", "memories", "knowledge", "eval-runs", "approvals", "config", "models",
    "health",
}  # fmt: skip
OPEN = {
    "/sign-in/",
    "/sign-in/x/y/",
    "/admin/login/",
    "/shared/y/",
    "/-/ready",
    "/-/metrics",
}  # "shared" with a token that nobody guesses
ARGUMENTS = {"pk": "1", "file": "1", "number": "1", "slug": "clerk", "uid": "x", "token": "y", "verdict": "allow"}


def written(pattern: str) -> str:
    """An address that fits the pattern of a path or of a regular expression."""
    named = re.sub(
        r"<(?:\w+:)?(\w+)>", lambda match: ARGUMENTS[match[1]], re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", pattern)
    )
    return named.strip("^$")


def pages(resolver: URLResolver, before: str = "/") -> Iterator[str]:
    for entry in resolver.url_patterns:
        if str(entry.pattern) == "api/v2/":  # the doors have tests of their own
            continue
        address = before + written(str(entry.pattern))
        if isinstance(entry, URLResolver) and address != "/admin/":
            yield from pages(entry, address)
        elif isinstance(entry, URLPattern):
            yield address


OURS = sorted(set(pages(get_resolver())))


@pytest.fixture
def a_run(owner):
    teammate = Teammate(slug="clerk", name="Clerk")
    services.save(teammate, [("read_file", "")])
    return start(owner=owner, teammate=teammate, message="Read it.")


def everything() -> dict:
    """Every row of ours; sessions are Django's own and remember when one was last seen."""
    ours = [model for model in apps.get_models() if model._meta.app_label != "sessions"]
    return {model._meta.label: list(model.objects.order_by("pk").values()) for model in ours}


def test_the_three_groups_of_addresses_are_found():
    assert {"/", "/runs/", "/inbox/", "/roster/", "/settings/", "/sign-in/", "/runs/1/reply/"} <= set(OURS)


@pytest.mark.parametrize("address", OURS)
def test_no_page_takes_an_address_of_agentos_or_of_the_other_door(address):
    assert address.split("/")[1] not in {*AGENTOS, "api"}


@pytest.mark.parametrize("address", [address for address in OURS if address not in OPEN | {"/sign-out/"}])
def test_a_stranger_is_sent_to_the_sign_in_page(a_run, address):
    before = everything()
    for method in ("get", "post"):
        answer = getattr(Client(), method)(address)
        assert answer.status_code == 302 and answer.url.startswith("/sign-in/"), method
    assert everything() == before


@pytest.mark.parametrize("address", OURS)
def test_looking_changes_nothing(a_run, client_of, owner, address):
    client = client_of(owner)
    before = everything()
    for look in (client.get, client.head):
        assert look(address).status_code in (200, 302, 403, 404, 405, 410)
    assert everything() == before


@pytest.mark.parametrize("address", ["/", "/sign-in/", "/nowhere/", "/roster/", "/admin/", "/runs/999/"])
def test_every_answer_carries_the_headers(a_run, client_of, owner, address):
    headers = client_of(owner).get(address).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Permissions-Policy"] and headers["Cache-Control"]


@pytest.mark.parametrize("address", ["/inbox", "/runs?show=failed", "/roster", "/settings", "/conversations", "/admin"])
def test_a_page_is_found_without_its_last_slash(client_of, owner, address):
    path, _, query = address.partition("?")
    answer = client_of(owner).get(address)
    assert (answer.status_code, answer["Location"]) == (302, f"{path}/{'?' + query if query else ''}")


@pytest.mark.parametrize(
    "address", ["/admin/nothing", "/admin/nothing/", "/admin/auth/nope/", "/inbox/nothing", "/nothing/"]
)
def test_an_address_that_is_nobodys_leads_nowhere(client_of, staff, address):
    assert client_of(staff).get(address, follow=True).status_code == 404


def test_what_is_written_with_percent_signs_stays_so(client):
    assert client.get("/shared/a%3Fb%25")["Location"] == "/shared/a%3Fb%25/"


def test_a_form_without_the_last_slash_is_not_sent_on(client_of, owner):
    assert client_of(owner).post("/inbox").status_code == 404


@pytest.mark.parametrize("address", ["/", "/sign-in/", "/inbox/", "/nothing"])
def test_a_name_that_is_not_served_is_told_with_the_mend(client, db, address):
    answer = client.get(address, headers={"Host": "evil.example", "Accept": "text/html"})
    assert answer.status_code == 400
    assert "SAYSO_ALLOWED_HOSTS" in answer.content.decode() and "evil.example" not in answer.content.decode()


def test_an_address_that_does_not_exist_is_told_on_a_page(client, db):
    answer = client.get("/nowhere/")
    assert answer.status_code == 404 and b"There is nothing here" in answer.content


def test_a_program_is_told_as_programs_are(client, a_run):
    """Clients of AgentOS ask for routes, such as its metrics, that are not built here."""
    answer = client.get("/metrics", headers={"Accept": "*/*"})
    told = {"detail": "There is nothing at /metrics.", "error_code": "NOT_FOUND"}
    assert (answer.status_code, answer.json()) == (404, told)
    assert b"<!doctype html>" in client.get("/shared/nowhere/", headers={"Accept": "*/*"}).content
