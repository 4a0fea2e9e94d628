"""Standing permissions on the settings pages: seen, and taken back."""

import pytest
from django.test import Client

from config import views
from teammates import standing
from teammates.models import PermissionRule

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/settings/permissions/"


def text(answer):
    return answer.content.decode()


def test_the_page_lists_ones_own_and_no_others(client_of, owner, outsider):
    standing.grant(owner, "", "write_file", source="remembered")
    standing.grant(owner, "ada", "remember")
    standing.grant(outsider, "mallory", "todo_write")
    page = text(client_of(owner).get(PAGE))
    assert "Write a file" in page and "remembered with a decision" in page
    assert "<strong>ada</strong>, given by a program" in page and "mallory" not in page
    assert "2 given" in text(client_of(owner).get("/settings/"))


def test_without_any_it_says_how_one_is_given(client_of, owner):
    assert "/api/v2/permissions" in text(client_of(owner).get(PAGE))
    assert "None is given" in text(client_of(owner).get("/settings/"))


def test_one_that_changes_nothing_is_said_to(client_of, owner):
    standing.grant(owner, "", "announce")
    assert "asks all the same" in text(client_of(owner).get(PAGE))


def test_a_name_of_an_end_user_is_text(client_of, owner):
    standing.grant(owner, "<script>", "write_file")
    assert "<script>" not in text(client_of(owner).get(PAGE)).partition("<main")[2]


def test_many_are_turned_over_page_by_page(client_of, owner, monkeypatch):
    monkeypatch.setattr(views, "RULES_PAGE", 2)
    for name in ("ada", "bob", "cem"):
        standing.grant(owner, name, "write_file")
    client = client_of(owner)
    first, second = text(client.get(PAGE)), text(client.get(f"{PAGE}?page=2"))
    assert "cem" in first and "ada" not in first and "Older" in first
    assert "ada" in second and "Newer" in second
    assert client.get(f"{PAGE}?page=x").status_code == 200


def test_what_is_revoked_is_gone_and_the_page_says_so(client_of, owner):
    rule, client = standing.grant(owner, "", "write_file"), client_of(owner)
    answer = client.post(f"{PAGE}{rule.pk}/revoke/")
    assert answer.url == PAGE and not PermissionRule.objects.exists()
    assert "Calls of Write a file ask again." in text(client.get(PAGE))
    assert client.post(f"{PAGE}{rule.pk}/revoke/").status_code == 404


def test_anothers_is_not_there(client_of, owner, outsider, staff):
    rule = standing.grant(owner, "", "write_file")
    for person in (outsider, staff):
        assert client_of(person).post(f"{PAGE}{rule.pk}/revoke/").status_code == 404
    assert Client().post(f"{PAGE}{rule.pk}/revoke/").url.startswith("/sign-in/")
    assert client_of(owner).get(f"{PAGE}{rule.pk}/revoke/").status_code == 405
    assert PermissionRule.objects.count() == 1


def test_a_run_asks_again_after_it(client_of, owner, posted, fake, teammate_with, start, carry):
    rule, helper = standing.grant(owner, "", "post"), teammate_with("post", mode="approval")
    fake.calls(("post", {"text": "one"}))
    assert carry(start(helper)).status == "completed"
    client_of(owner).post(f"{PAGE}{rule.pk}/revoke/")
    fake.calls(("post", {"text": "two"}))
    assert carry(start(helper)).status == "paused"
    assert posted == ["one"]
