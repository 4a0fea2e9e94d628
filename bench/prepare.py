"""Rows for the bench, made through the product's own services: `people`, or `queue N` runs that will ask."""

import sys

import django

PERSON, PASSWORD = "bench", "measure twice, cut once"
TEAMMATE = "bench"


def people() -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from teammates.models import Mode, Teammate
    from teammates.services import save

    call_command("migrate", verbosity=0)
    User.objects.create_user(PERSON, "bench@sayso.example", PASSWORD)
    teammate = Teammate(slug=TEAMMATE, name="Bench", permission_mode=Mode.APPROVAL, instructions="Do as you are told.")
    save(teammate, [("announce", "")])


def queue(count: int) -> None:
    """Runs that wait for a worker: the server's sweep finds them, runs them and they ask."""
    from django.contrib.auth.models import User

    from bench.words import ASK
    from runs import services
    from teammates.models import Teammate

    owner, teammate = User.objects.get(username=PERSON), Teammate.objects.get(slug=TEAMMATE)
    for _ in range(count):
        services.start(owner=owner, teammate=teammate, message=ASK)


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "people":
        people()
    else:
        queue(int(sys.argv[2]))
