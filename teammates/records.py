"""What all our models are."""

from collections.abc import Collection
from typing import Any, Self

from django.db import models
from django.db.models.base import ModelState


class Record(models.Model):
    """A row that is read without Django's `__init__`, which does for each column what a dictionary does for all.

    So nothing may listen to `pre_init` or `post_init` of these models, and none may have an `__init__` of its own.
    """

    class Meta:
        abstract = True

    @classmethod
    def from_db(  # type: ignore[override]  # the stubs are of a later Django
        cls, db: str | None, field_names: Collection[str], values: Collection[Any]
    ) -> Self:
        row = cls.__new__(cls)
        row._state = state = ModelState()
        state.adding, state.db = False, db
        row.__dict__.update(zip(field_names, values, strict=True))  # what is left out is read when it is asked for
        return row
