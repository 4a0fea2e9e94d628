"""`python -m tests.api.sdk.accounts` makes two accounts and prints their keys, and one key that is revoked."""

import json

import django


def main():
    from django.contrib.auth.models import User

    from teammates import keys

    users = [User.objects.create_user(name) for name in ("olivia", "otto")]
    made = [keys.create(user, "test") for user in (*users, users[0])]
    keys.revoke(made[2][0])
    print(json.dumps([text for _, text in made]))


if __name__ == "__main__":
    django.setup()
    main()
