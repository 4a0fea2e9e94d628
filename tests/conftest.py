"""The cast: an owner, a reviewer, an outsider and the staff; and what this machine can test."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connection
from django.test import Client, TransactionTestCase

from config.env import ROOT
from runs.journal import writer
from tests.eventually import eventually
from tests.machine import (  # noqa: F401 - fixtures for every folder
    allow,
    aside,
    asked,
    carry,
    deny,
    fake,
    impatient,
    member,
    model_server,
    own_tool,
    posted,
    start,
    team_of,
    teammate_with,
    tell,
    workflow_of,
)
from tests.services import program

# The shell is Chromium without windows to draw: all that a test needs, for two thirds of the processor time.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
SDKS = {version: ROOT / ".venv-sdks" / version / "bin" / "python" for version in ("1.5.0", "4.49.0")}
AGNOS = {version: ROOT / ".venv-sdks" / f"agno-{version}" / "bin" / "python" for version in ("2.5.6", "3.1.10")}
CLIENTS = [*SDKS.values(), *AGNOS.values()]
MISSING = {
    **({"browser": "no Chromium (apt-get install chromium-headless-shell)"} if CHROMIUM is None else {}),
    **({} if program("postgres") else {"postgres": "no PostgreSQL (apt-get install postgresql)"}),
    **({} if program("redis-server") else {"redis": "no Redis (apt-get install redis-server)"}),
    **(
        {}
        if all((python.parents[1] / "installed").exists() for python in CLIENTS)
        else {"sdks": "not all clients of the doors (make dev)"}
    ),
}


def person(name: str, **fields) -> User:
    return User.objects.create_user(name, f"{name}@sayso.example", "a long enough password", **fields)


@pytest.fixture
def owner(db) -> User:
    """Starts the runs."""
    return person("olivia")


@pytest.fixture
def reviewer(db) -> User:
    """Sees everybody's runs and may decide."""
    user = person("rafael")
    # A test with transaction=True empties the tables, the groups that migrations made included.
    user.groups.add(Group.objects.get_or_create(name="reviewer")[0])
    return user


@pytest.fixture
def outsider(db) -> User:
    """Has an account, and no business with the others' runs."""
    return person("otto")


@pytest.fixture
def staff(db) -> User:
    return person("stella", is_staff=True, is_superuser=True)


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A browser in which `user` is signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in


def empty(_: TransactionTestCase) -> None:
    """Delete what a test has committed, once nothing more comes.

    Permissions stay, which Django would make anew: that took longer than most tests.
    """
    for thread in threading.enumerate():
        if thread.name.startswith("tool-"):
            thread.join(2)
    writer.hurry()
    assert eventually(lambda: not writer._said and not writer._in_flight), "The journal still has something to write."
    kept = {ContentType._meta.db_table, Permission._meta.db_table}
    tables = set(connection.introspection.django_table_names(include_views=False)) - kept
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), sorted(tables)))


def pytest_configure(config: pytest.Config) -> None:
    TransactionTestCase._fixture_teardown = empty
    if os.environ.get("SAYSO_TESTS_DATABASE") and connection.vendor == "sqlite":
        raise pytest.UsageError("SAYSO_TESTS_DATABASE names a database, and these settings use another one.")
    required = os.environ.get("SAYSO_TESTS_REQUIRE", "").split(",")
    if lacking := [f"{name}: {why}" for name, why in MISSING.items() if name in required]:
        raise pytest.UsageError(f"SAYSO_TESTS_REQUIRE names what is not here: {'; '.join(lacking)}")


@pytest.hookimpl(trylast=True)  # a folder may mark its tests first
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name, why in MISSING.items():
            if item.get_closest_marker(name):
                item.add_marker(pytest.mark.skip(reason=why))
        if item.get_closest_marker("sqlite") and connection.vendor != "sqlite":
            item.add_marker(pytest.mark.skip(reason="about what only SQLite does"))


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """A server of a test's own goes with its data, and threads may still be connected to it."""
    return connection.vendor != "sqlite"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    """Below everything else, pytest's own last line included."""
    yield
    if MISSING and not hasattr(session.config, "workerinput"):
        print("\nNot tested here: " + "; ".join(f"{name}, {why}" for name, why in MISSING.items()))
