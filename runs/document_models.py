"""The text of documents that runs were given, apart from their rows: lists of files need not load it."""

from django.db import models

from teammates.records import Record


class DocumentText(Record):
    """What a document says, or why it cannot be read; taken out of it once."""

    file = models.OneToOneField("runs.RunFile", models.CASCADE, primary_key=True, related_name="document")
    text = models.TextField()

    def __str__(self) -> str:
        return f"text of file {self.file_id}"
