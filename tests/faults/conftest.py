"""A house in which processes die."""

import importlib

import pytest

from tests.faults.house import House, Nursery


@pytest.fixture(scope="module")
def nursery(django_db_setup):
    nursery = Nursery()
    yield nursery
    nursery.close()


@pytest.fixture
def killable(nursery, fake, tmp_path, own_tool, transactional_db):
    """Tools that leave a line in a ledger are known here too; the model is the fake one."""
    importlib.reload(importlib.import_module("tests.faults.tools"))  # it registers them, each time
    return House(nursery, fake.base_url, tmp_path)
