import pytest

from config import signin


@pytest.fixture(autouse=True)
def nobody_has_guessed():
    signin.limiter.storage.reset()
