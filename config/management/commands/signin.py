from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import CommandError, CommandParser

from config.signin import sign_in_link
from teammates.accounts import local_owner
from teammates.commands import TablesCommand


class Command(TablesCommand):
    help = "Print a link that signs a person in, once, within the hour."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", nargs="?", help="whom; without: the local owner")
        parser.add_argument("--port", type=int, default=8000, help="that serve listens on, where SAYSO_URL is not set")

    def handle(self, *args: Any, **options: Any) -> None:
        user = active_user(options["user"] or local_owner().get_username())
        origin = settings.PUBLIC_URL or f"http://127.0.0.1:{options['port']}"
        self.stdout.write(f"{origin}{sign_in_link(user)}")


def active_user(username: str) -> User:
    user = User.objects.filter(username=username).first()
    if user is None:
        raise CommandError(f"There is no account “{username}”.")
    if not user.is_active:
        raise CommandError(f"The account “{username}” is disabled; enable it in the admin site first.")
    return user
