"""People who are signed in already, and teammates who come to the point: `python -m tests.browser.cast` makes them.

Everybody has runs of their own, so a test that takes the next person sees nothing of any other test.
"""

import json

import django
from django.conf import settings

MEMBERS, STAFF, REVIEWERS = 120, 15, 15
PASSWORD = "a long enough password"

TEAMMATES = """
[[teammates]]
id = "talker"
name = "Talker"
description = "Says one thing"
permission_mode = "autonomous"
human_in_the_loop = false
tools = []

[[teammates]]
id = "writer"
name = "Writer"
description = "Writes one file"
permission_mode = "autonomous"
human_in_the_loop = false
tools = ["write_file"]

[[teammates]]
id = "announcer"
name = "Announcer"
description = "Wants to publish at once"
permission_mode = "autonomous"
human_in_the_loop = false
tools = ["announce"]

[[teammates]]
id = "asker"
name = "Asker"
description = "Has one question"
permission_mode = "autonomous"
human_in_the_loop = true
tools = []

[[teammates]]
id = "planner-only"
name = "Plans only"
description = "Plans, and asks what it cannot know"
permission_mode = "plan"
tools = ["submit_plan"]

[[teammates]]
id = "obedient"
name = "Obedient"
description = "Says what the test scripted"
model = "fake"
permission_mode = "approval"
tools = ["AskUserQuestion", "write_file", "read_file", "todo_write", "announce"]
"""


def signed_in(user):
    """The key of a session of this person."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return session.session_key


def people():
    """What each may do, and with it names and session keys."""
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import Group, User
    from django.utils.timezone import now

    group = Group.objects.get(name="reviewer")
    password = make_password(PASSWORD)
    found = {}
    for role, count, fields in (
        ("olivia", MEMBERS, {}),
        ("stella", STAFF, {"is_staff": True, "is_superuser": True}),
        ("rafael", REVIEWERS, {}),
    ):
        made = [
            User(username=f"{role}-{n}", password=password, last_login=now(), **fields) for n in range(1, count + 1)
        ]
        User.objects.bulk_create(made)
        if role == "rafael":
            group.user_set.set(made)
        found[role] = [(user.username, signed_in(user)) for user in made]
    return found


def main():
    django.setup()
    from django.db import transaction

    from teammates.models import Teammate
    from teammates.roster import load
    from teammates.services import save

    load(TEAMMATES)
    late = Teammate(slug="left-behind", name="Left behind", permission_mode="autonomous", human_in_the_loop=False)
    save(late, [("a_tool_that_is_gone", ""), ("write_file", "")])
    with transaction.atomic():
        made = people()
    print(json.dumps(made))


if __name__ == "__main__":
    main()
