"""`manage.py serve`: the whole product in one process, ready for the first use."""

import socket
from functools import partial
from typing import Any

from channels.routing import get_default_application
from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from api.agentos import opening
from config import worker
from config.celery import app
from config.server import Server, loop
from config.signin import sign_in_link
from runs.engine.model import read_in
from teammates.accounts import local_owner
from teammates.models import Teammate
from teammates.roster import load

SAMPLE_ROSTER = settings.BASE_DIR / "config" / "roster.toml"
EVERY = ("0.0.0.0", "::")  # noqa: S104 - only what somebody may ask for
LOOPBACK = ("127.0.0.1", "localhost", "::1")
FRAME_LIMIT = 64 * 1024  # bytes; sockets only push, so a page has nothing to send


class Command(BaseCommand):
    help = "Run Sayso: pages, live updates and the worker in one process."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        try:
            held = worker.take_data(settings.DATA_DIR)
        except worker.Taken:
            raise CommandError(f"Sayso already runs on {settings.DATA_DIR}. Stop it, or set SAYSO_DATA.") from None
        with held:
            check_port(host, port)
            self.prepare()
            read_in(loop)
            worker.begin(app)
            if host in LOOPBACK:
                opening.allow()
            Server(
                get_default_application(),
                endpoints=[f"tcp:port={port}:interface={host.replace(':', chr(92) + ':')}"],
                websocket_max_message_size=FRAME_LIMIT,
                websocket_max_frame_size=FRAME_LIMIT,
                verbosity=0,
                server_name="sayso",
                ready_callable=partial(self.greet, host, port),
            ).run()
            self.stdout.write("Handing back what runs …")
            worker.end()
            self.stdout.write("Stopped. What was running goes on at the next start.")

    def prepare(self) -> None:
        """Make the database what this release needs, and the first start a place with somebody in it."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0)
        if not Teammate.objects.exists():
            load(SAMPLE_ROSTER.read_text())
        connection.close()

    def greet(self, host: str, port: int) -> None:
        named = "localhost" if host in EVERY else f"[{host}]" if ":" in host else host
        address = settings.PUBLIC_URL or f"http://{named}:{port}"
        owner = local_owner()
        self.stdout.write(f"Sayso {settings.VERSION} is at {address}")
        if settings.DEFAULT_MODEL == "demo":
            self.stdout.write("The model is the scripted demo. Set OPENAI_API_KEY or OPENAI_BASE_URL for a real one.")
        if not owner.has_usable_password():
            self.stdout.write(f"Sign in once, within an hour: {address}{sign_in_link(owner)}")
        if opening.stands_open():
            self.stdout.write("Without any API key, every program on this machine may use the AgentOS routes.")
        if host not in LOOPBACK and not settings.SECURE:
            self.stdout.write("Not encrypted: put a TLS proxy in front and set SAYSO_URL.")
        if host not in LOOPBACK and settings.ALLOWED_HOSTS == settings.LOCAL_HOSTS:
            self.stdout.write("Only this machine's names are answered: set SAYSO_ALLOWED_HOSTS to the names you use.")
        self.stdout.flush()  # also into a pipe or a file, where the link would wait for the end
        connection.close()


def check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(f"Port {port} of {host} cannot be used ({error.strerror}). Try --port.") from None
