"""A house in which processes die."""

import importlib

import pytest
from django.db import connection

from tests.faults.house import House, Nursery


@pytest.fixture(scope="module")
def nursery(django_db_setup):
    if connection.vendor != "sqlite":
        pytest.skip("it forks on the SQLite file of the tests")
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def killable(nursery, fake, tmp_path, own_tool, transactional_db):
    """Tools that leave a line in a ledger are known here too; the model is the fake one."""
    importlib.reload(importlib.import_module("tests.faults.tools"))  # it registers them, each time
    return House(nursery, fake.base_url, tmp_path)
