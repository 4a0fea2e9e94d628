"""Coming in: a password with a limit on guesses, or a link that works once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils.timezone import now

from config import signin
from runs.models import Run
from teammates import services
from teammates.accounts import local_owner
from teammates.models import Teammate

RIGHT = "a long enough password"
WRONG = "This name and password do not belong together"


def sign_in(client, name="olivia", password=RIGHT, address="192.0.2.1", **fields):
    return client.post("/sign-in/", {"username": name, "password": password, **fields}, REMOTE_ADDR=address)


def is_in(client) -> bool:
    return "_auth_user_id" in client.session


def test_the_right_password_opens_home(client, owner):
    assert sign_in(client).url == "/" and is_in(client)


def test_the_session_gets_a_new_id(client, owner):
    client.get("/sign-in/")
    session = client.session
    session["basket"] = 1
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    sign_in(client)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_one_goes_on_to_the_page_that_one_opened(client, owner):
    redirected = client.get("/inbox/approvals/7/")
    assert redirected.url == "/sign-in/?next=/inbox/approvals/7/"
    assert b'value="/inbox/approvals/7/"' in client.get(redirected.url).content
    assert sign_in(client, next="/inbox/approvals/7/").url == "/inbox/approvals/7/"


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        ("http://testserver/runs/7/?call=3#reply", "/runs/7/?call=3"),
        ("http://testserver/runs/start/", "/runs/start/"),
        ("http://evil.example/runs/7/", "/"),
        ("", "/"),
        ("//[", "/"),
    ],
)
def test_who_sent_a_form_comes_back_to_the_page_of_the_form(client, owner, referer, page):
    sent = client.post("/runs/start/", {"message": "Hello"}, headers={"Referer": referer})
    assert sent.url == f"/sign-in/?next={page.replace('?', '%3F').replace('=', '%3D')}"
    assert not Run.objects.exists()


@pytest.mark.parametrize(("address", "page"), [("/runs/start/", "/"), ("/runs/7/reply/", "/runs/7/")])
def test_who_comes_to_the_address_of_a_form_is_shown_its_page(client_of, owner, address, page):
    assert client_of(owner).get(address).url == page


def test_any_other_address_of_a_form_says_so_on_a_page(client_of, owner):
    answer = client_of(owner).get("/runs/7/retry/")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This address only takes forms." in answer.content.decode()


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_one_is_never_sent_to_another_site(client, owner, wanted):
    assert sign_in(client, next=wanted).url == "/"
    link = signin.sign_in_link(User.objects.get(pk=owner.pk))
    assert Client().post(link, {"next": wanted}).url == "/"


@pytest.mark.parametrize("wanted", ["/sign-in/", "/sign-in/?next=/sign-in/"])
def test_the_sign_in_page_leads_nobody_back_to_itself(client, client_of, owner, wanted):
    assert client_of(owner).get("/sign-in/", {"next": wanted}).url == "/"
    assert sign_in(client, next=wanted).url == "/"


def test_the_page_names_no_run_and_no_tool(client, owner):
    services.save(Teammate(slug="clerk", name="Very secret clerk"), [("announce", "")])
    page = client.get("/sign-in/?next=/roster/clerk/").content.decode()
    assert "Very secret" not in page and "announce" not in page and "approval" not in page


def test_unknown_name_wrong_password_and_disabled_account_are_told_the_same(client, owner, outsider):
    User.objects.filter(pk=outsider.pk).update(is_active=False)
    local_owner()
    answers = [
        sign_in(client, "olivia", "wrong"),
        sign_in(client, "nobody", RIGHT),
        sign_in(client, "otto", RIGHT),
        sign_in(client, "owner", "!"),
    ]
    assert {answer.status_code for answer in answers} == {422}
    assert all(WRONG in answer.content.decode() for answer in answers) and not is_in(client)


def test_guessing_is_stopped_and_the_right_password_does_not_help_then(client, owner):
    assert [sign_in(client, password="wrong").status_code for _ in range(6)] == [422] * 5 + [429]
    late = sign_in(client)
    assert late.status_code == 429 and late.headers["Retry-After"] and not is_in(client)
    assert b"Too many attempts" in late.content


def test_a_stranger_does_not_lock_the_person_out(client, owner):
    for _ in range(6):
        sign_in(Client(), password="wrong", address="198.51.100.9")
    assert sign_in(client).status_code == 302 and is_in(client)


def test_writing_the_name_otherwise_gives_no_more_guesses(client, owner):
    names = ["olivia", "OLIVIA", " olivia", "Olivia ", "oLivia", "olivia"]
    assert [sign_in(client, name, "wrong").status_code for name in names] == [422] * 5 + [429]
    for name in ("ｏlivia", "oｌivia", "ⓞlivia"):
        assert sign_in(client, name, "wrong").status_code == 429


def test_one_address_cannot_try_many_names(client, db):
    answers = [sign_in(client, f"person{number}", "wrong").status_code for number in range(51)]
    assert answers == [422] * 50 + [429]


def test_all_of_an_ipv6_network_is_one_address(client, owner):
    answers = [sign_in(client, password="wrong", address=f"2001:db8::{number}").status_code for number in range(6)]
    assert answers == [422] * 5 + [429]


def test_after_the_right_password_one_may_mistype_again(client, owner):
    for _ in range(4):
        sign_in(Client(), password="wrong")
    sign_in(client)
    assert [sign_in(Client(), password="wrong").status_code for _ in range(5)] == [422] * 5


def test_behind_a_proxy_the_address_is_the_one_that_the_proxy_saw(rf, settings):
    settings.SECURE = True
    request = rf.get("/", REMOTE_ADDR="127.0.0.1", headers={"X-Forwarded-For": "203.0.113.5, 192.0.2.7"})
    assert signin.address_of(request) == "192.0.2.7"
    settings.SECURE = False
    assert signin.address_of(request) == "127.0.0.1"


def test_looking_at_a_link_shows_a_button_and_spends_nothing(client, owner):
    link = signin.sign_in_link(owner)
    assert b"Sign in as olivia" in client.get(link).content
    assert client.head(link).status_code == 200
    assert not is_in(client) and User.objects.get(pk=owner.pk).last_login is None
    assert client.post(link).url == "/" and is_in(client)


def test_a_link_works_once(client, owner):
    link = signin.sign_in_link(owner)
    client.post(link)
    again = Client()
    assert again.get(link).status_code == 410
    assert again.post(link).status_code == 410 and not is_in(again)


def test_of_two_that_spend_a_link_at_once_one_wins(owner):
    first, second = User.objects.get(pk=owner.pk), User.objects.get(pk=owner.pk)
    assert [signin.spend(first), signin.spend(second)] == [True, False]


def test_a_link_made_in_the_second_of_a_sign_in_is_spent_as_well(client, owner):
    moment = now().replace(microsecond=100)
    User.objects.filter(pk=owner.pk).update(last_login=moment)
    uid, token = signin.sign_in_link(User.objects.get(pk=owner.pk)).split("/")[2:4]
    User.objects.filter(pk=owner.pk).update(last_login=moment + timedelta(microseconds=1))
    assert signin.holder(uid, token) is None


def test_a_link_dies_with_the_hour_the_password_and_the_account(client, owner, settings):
    link = signin.sign_in_link(owner)
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert client.post(link).status_code == 410
    settings.PASSWORD_RESET_TIMEOUT = 3600
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert client.post(link).status_code == 410
    owner.set_password("another long password")
    owner.save()
    assert client.post(link).status_code == 410 and not is_in(client)


@pytest.mark.parametrize("link", ["/sign-in/x/y/", "/sign-in/OTk5/abc-def/", "/sign-in/MTIz/%00/", "/sign-in/__/_/"])
def test_a_link_that_nobody_made_opens_nothing(client, owner, link):
    assert client.get(link).status_code == 410
    assert client.post(link).status_code == 410 and not is_in(client)


def test_a_password_reset_token_of_django_is_no_sign_in_link(client, owner):
    uid = signin.sign_in_link(owner).split("/")[2]
    assert client.post(f"/sign-in/{uid}/{default_token_generator.make_token(owner)}/").status_code == 410


def test_the_first_sign_in_offers_a_password_and_may_skip_it(client, db):
    answer = client.post(signin.sign_in_link(local_owner()), {"next": "/roster/"})
    assert answer.url == "/settings/password/?next=%2Froster%2F"
    page = client.get(answer.url).content.decode()
    assert 'href="/roster/"' in page and "old_password" not in page
    new = {"new_password1": "three plain words", "new_password2": "three plain words", "next": "/roster/"}
    assert client.post(answer.url, new).url == "/roster/"
    assert local_owner().check_password("three plain words") and is_in(client)


def test_signing_out_ends_the_session_on_the_server(client, owner):
    sign_in(client)
    key = client.session.session_key
    assert client.get("/sign-out/").status_code == 405 and Session.objects.filter(session_key=key).exists()
    assert client.post("/sign-out/").url == "/sign-in/"
    assert not Session.objects.filter(session_key=key).exists()


def test_disabling_an_account_ends_its_sessions(client_of, owner):
    client = client_of(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert client.get("/roster/").status_code == 302


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}])
@pytest.mark.parametrize(
    "address", ["/sign-in/", "/sign-out/", "/settings/keys/", "/settings/password/", "/roster/new/"]
)
def test_a_form_from_elsewhere_is_refused(owner, address, headers):
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    answer = client.post(address, {"name": "x"}, headers=headers)
    assert answer.status_code == 403 and b"This form is out of date" in answer.content
    assert is_in(client) and not Teammate.objects.exists()


def test_the_command_prints_a_link_that_works(client, db, capsys):
    call_command("signin")
    address = capsys.readouterr().out.strip()
    assert address.startswith("http://127.0.0.1:8000/sign-in/")
    client.post(address.removeprefix("http://127.0.0.1:8000"))
    assert client.session["_auth_user_id"] == str(User.objects.get(username="owner").pk)


def test_the_command_makes_no_link_for_nobody_or_the_disabled(owner):
    User.objects.filter(pk=owner.pk).update(is_active=False)
    for name in ("nobody", "olivia"):
        with pytest.raises(CommandError):
            call_command("signin", name)
