"""Rows for the bench: `people`, `key`, `queue N [MESSAGE]` runs, `history N`, so that there are N ended ones, or
`trees`: short and long workflows, small and large teams."""

import sys

import django

from bench.words import ASK

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


def queue(count: int, message: str = ASK) -> None:
    """Runs that wait for a worker: the server's sweep finds them and runs them. Unless told otherwise, they ask."""
    from django.contrib.auth.models import User

    from runs import services
    from teammates.models import Teammate

    owner, teammate = User.objects.get(username=PERSON), Teammate.objects.get(slug=TEAMMATE)
    for _ in range(count):
        services.start(owner=owner, teammate=teammate, message=message)


def key() -> None:
    from django.contrib.auth.models import User

    from teammates import keys

    print(keys.create(User.objects.get(username=PERSON), "bench")[1])


def history(count: int) -> None:
    """Written as rows: this many would take hours to run."""
    from django.contrib.auth.models import User
    from django.utils.timezone import now

    from runs.locks import write
    from runs.models import Run, Session
    from teammates.models import Teammate
    from teammates.services import current_revision

    owner, teammate = User.objects.get(username=PERSON), Teammate.objects.get(slug=TEAMMATE)
    whose = {"owner": owner, "requested_by": owner, "teammate": teammate}
    with write():
        session = Session.objects.create(owner=owner)
        how = {"permission_mode": "autonomous", "human_in_the_loop": False, "status": "completed", "started_at": now()}
        said = {"message": "What is new?", "output": "Nothing much. " * 20, "finished_at": now()}
        more = whose | how | said | {"session": session, "performer_revision": current_revision(teammate)}
        missing = range(count - Run.objects.filter(owner=owner).count())
        Run.objects.bulk_create((Run(**more) for _ in missing), batch_size=1000)


def trees(members: int, kinds: dict[str, tuple[int, ...]]) -> None:
    """Teams of each size in `kinds["members"]`, and workflows of so many steps of each other kind."""
    from teammates.models import Team, Teammate, Workflow
    from teammates.performers import save_team, save_workflow
    from teammates.services import save

    crew = [Teammate(slug=f"member-{place}", name=f"Member {place}") for place in range(members)]
    for member in crew:
        save(member, [])
    time, task = {"tool": "current_time"}, {"teammate": "member-0"}
    steps = {"tools": time, "teammates": task, "blocks": {"parallel": [{"name": "a", **time}, {"name": "b", **time}]}}
    for kind, counts in kinds.items():
        for count in counts:
            if kind == "members":
                save_team(Team(slug=f"{kind}-{count}", name="Members", mode=Team.Way.BROADCAST), crew[:count])
            else:
                definition = [{"name": f"step {place}", **steps[kind]} for place in range(count)]
                save_workflow(Workflow(slug=f"{kind}-{count}", name="Steps", definition=definition))


if __name__ == "__main__":
    django.setup()
    match sys.argv[1:]:
        case ["people"]:
            people()
        case ["key"]:
            key()
        case ["queue", count]:
            queue(int(count))
        case ["queue", count, message]:
            queue(int(count), message)
        case ["history", count]:
            history(int(count))
        case ["trees"]:
            from bench.trees import MEMBERS, STEPS

            trees(max(MEMBERS), {"members": MEMBERS, **STEPS})
