import pytest

from approvals import consumers


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(consumers, "PAUSE", 0)
