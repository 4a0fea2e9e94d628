from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from teammates import keys
from teammates.accounts import local_owner
from teammates.commands import TablesCommand

NAME_LENGTH = 120


class Command(TablesCommand):
    help = "Make an API key. It is printed once, as the last word."

    def add_arguments(self, parser: CommandParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        create = commands.add_parser("create", help="make a key")
        create.add_argument("name", help="what it is for")
        create.add_argument("--user", help="whose it is; without: the local owner's")
        create.add_argument("--scopes", nargs="+", metavar="SCOPE", help=f"any of: {' '.join(keys.SCOPES)}")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = user_named(options["user"]) if options["user"] else local_owner()
        if not owner.is_active:
            raise CommandError(f"The account “{owner.username}” is disabled; enable it in the admin site first.")
        if not 0 < len(options["name"]) <= NAME_LENGTH:
            raise CommandError(f"Say in 1 to {NAME_LENGTH} characters what the key is for.")
        try:
            key, text = keys.create(owner, options["name"], options["scopes"] or keys.DEFAULT_SCOPES)
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Key “{key.name}” of {owner.username} may use {', '.join(key.scopes)}.")
        self.stdout.write(f"Keep it now, it is not shown again: {text}")


def user_named(username: str) -> User:
    try:
        return User.objects.get(username=username)
    except User.DoesNotExist as error:
        raise CommandError(f"There is no account “{username}”.") from error
