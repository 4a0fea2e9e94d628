"""The files of runs. Read as part of `runs.models`; a module of their own for its length."""

import secrets

from django.db import models

from teammates.records import Record


def random_path(run_file: "RunFile", filename: str) -> str:
    """Stored under a random name: the given one is only ever shown."""
    return f"runs/{secrets.token_hex(20)}"


class RunFile(Record):
    """A file that a run was given or made. `name` is flat; the bytes lie under a random name."""

    class Kind(models.TextChoices):
        INPUT = "input"
        OUTPUT = "output"

    run = models.ForeignKey("runs.Run", models.CASCADE, related_name="files")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.OUTPUT)
    name = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100, default="application/octet-stream")
    content = models.FileField(upload_to=random_path, max_length=200)
    written_at = models.DateTimeField(auto_now=True)
    # Of an output, the call that wrote it last.
    call = models.ForeignKey("runs.ToolCall", models.SET_NULL, null=True, related_name="+", db_index=False)

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["run", "kind", "name"], name="one_file_per_name")]

    def __str__(self) -> str:
        return self.name
