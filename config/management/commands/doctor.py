"""`manage.py doctor`: does what must hold of the rows hold? Exit status 1 where it does not."""

from typing import Any

from django.core.management import CommandError

from approvals.doctor import INVARIANTS, examine
from teammates.commands import TablesCommand


class Command(TablesCommand):
    help = "Check what must hold of all runs, calls, gates and logs. Changes nothing; works beside a running server."

    def handle(self, *args: Any, **options: Any) -> None:
        found = examine()
        broken = {finding.invariant for finding in found}
        for invariant in INVARIANTS:
            mark = "BROKEN" if invariant in broken else "holds "
            self.stdout.write(f"{invariant.code}  {mark}  {invariant.promise}")
        for finding in found:
            self.stdout.write(f"  {finding}")
        if found:
            noun = "finding" if len(found) == 1 else "findings"
            raise CommandError(f"{len(found)} {noun}. Keep the database and its log; docs/reliability.md says more.")
        self.stdout.write("All is well.")
