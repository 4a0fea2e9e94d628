"""The rows that the tests begin with, made in one process: a roster, a key and a link; both are printed."""

import sys
from pathlib import Path

import django


def main(roster: str) -> None:
    from django.core.management import call_command

    from teammates.roster import load

    call_command("migrate", verbosity=0)
    load(Path(roster).read_text())
    call_command("apikey", "create", "test")
    call_command("signin")


if __name__ == "__main__":
    django.setup()
    main(sys.argv[1])
