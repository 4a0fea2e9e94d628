"""What all our models are."""

from collections.abc import Callable, Collection
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.models import User
from django.db import models
from django.db.models.base import ModelState


class Record(models.Model):
    """A row that is made and read without Django's `__init__`, which does for each column what a dictionary does for
    all.

    So nothing may listen to `pre_init` or `post_init` of these models, and none may have an `__init__` of its own.
    """

    class Meta:
        abstract = True

    if not TYPE_CHECKING:  # the stubs know which fields each model takes

        def __init__(self, **given: Any) -> None:
            plain, made = _defaults(type(self))
            self._state = ModelState()
            self.__dict__.update(plain)
            for column, default in made.items():
                if column not in given:
                    self.__dict__[column] = default()
            for name, value in given.items():
                if name in plain or name in made:
                    self.__dict__[name] = value
                elif name in _names(type(self)):  # a related row, which also tells its id; or `pk`
                    setattr(self, name, value)
                else:
                    raise TypeError(f"{type(self).__name__} has no field {name!r}.")

    @classmethod
    def from_db(  # type: ignore[override]  # the stubs are of a later Django
        cls, db: str | None, field_names: Collection[str], values: Collection[Any]
    ) -> Self:
        row = cls.__new__(cls)
        row._state = state = ModelState()
        state.adding, state.db = False, db
        row.__dict__.update(zip(field_names, values, strict=True))  # what is left out is read when it is asked for
        return row


@cache
def _defaults(model: type[models.Model]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    """The columns of a new row: those that begin with the same value each time, and those whose value is made."""
    plain: dict[str, Any] = {}
    made: dict[str, Callable[[], Any]] = {}
    for field in model._meta.concrete_fields:
        if field.has_default() and callable(field.default):
            made[field.attname] = field.default
        else:
            plain[field.attname] = field.get_default()
    return plain, made


@cache
def _names(model: type[models.Model]) -> frozenset[str]:
    return frozenset({"pk", *(field.name for field in model._meta.concrete_fields)})


# The owner of a key is read with each request to a door, and nobody listens to this model either.
setattr(User, "from_db", classmethod(vars(Record)["from_db"].__func__))  # noqa: B010 - mypy takes no method from another class
