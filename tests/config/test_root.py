"""The address of the home page is also the AgentOS door's: who asks decides."""

import pytest


@pytest.mark.parametrize(
    "asked", [{}, {"Accept": "text/html,*/*;q=0.8"}, {"Accept": "*/*", "HX-Request": "true", "HX-Target": "needs"}]
)
def test_browsers_and_their_pages_get_the_home_page(client_of, owner, asked):
    assert client_of(owner).get("/", headers=asked)["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_programs_get_to_know_the_server(client, db, accept):
    assert client.get("/", headers={"Accept": accept}).json()["name"] == "Sayso"
