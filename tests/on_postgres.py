"""Run pytest on a PostgreSQL of its own: `python -m tests.on_postgres tests/runs`."""

import os
import subprocess
import sys

from config.env import ROOT
from tests.services import Postgres, program


def main(arguments: list[str]) -> int:
    if program("postgres") is None:
        print("Not tested on PostgreSQL: it is not here (apt-get install postgresql).")
        return int("postgres" in os.environ.get("SAYSO_TESTS_REQUIRE", "").split(","))
    with Postgres() as postgres:
        # Named here, because importing config has named the product's own settings.
        settings = {"DJANGO_SETTINGS_MODULE": "tests.settings", "SAYSO_TESTS_DATABASE": postgres.url}
        environment = {**os.environ, **settings}
        return subprocess.call([sys.executable, "-m", "pytest", *arguments], cwd=ROOT, env=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
