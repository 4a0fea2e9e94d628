"""The project's settings in a test run: data of its own, and nothing from outside, so no test reaches a real model."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from config.env import Environment

for field in Environment.model_fields:
    os.environ.pop(field.upper(), None)

in_memory = Path("/dev/shm")
data = tempfile.mkdtemp(prefix="sayso-tests-", dir=in_memory if os.access(in_memory, os.W_OK) else None)
atexit.register(shutil.rmtree, data, ignore_errors=True)
os.environ["SAYSO_DATA"] = data
# `tests/on_postgres.py` sets it, for a run of the tests on a PostgreSQL of their own.
os.environ["DATABASE_URL"] = os.environ.get("SAYSO_TESTS_DATABASE", "")

from config.settings import *  # noqa: E402, F403 - the environment has to be ready first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Each client of a test would list all static files anew; so they are found when one is asked for.
WHITENOISE_AUTOREFRESH = True
