from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from teammates import roster
from teammates.commands import TablesCommand


class Command(TablesCommand):
    help = "Move teammates between this installation and a TOML file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("command", choices=["load", "dump"], help="load inserts or updates by id; dump writes all")
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            told = load(path) if options["command"] == "load" else dump(path)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}.") from error
        except UnicodeDecodeError as error:
            raise CommandError(f"{path} is not a text file in UTF-8.") from error
        except roster.RosterError as error:
            raise CommandError(f"{path}: {error}\nNothing was changed.") from error
        self.stdout.write(told)


def load(path: Path) -> str:
    loaded = roster.load(path.read_text("utf-8"))
    if not loaded:
        return f"{path} holds no teammate, team or workflow, so nothing was changed."
    return f"Loaded {len(loaded)} from {path}: {', '.join(teammate.slug for teammate in loaded)}."


def dump(path: Path) -> str:
    text = roster.dump()
    path.write_text(text, "utf-8")
    return f"Wrote the roster to {path}."
