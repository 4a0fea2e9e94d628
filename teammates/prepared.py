"""Statements that Django puts together once and that then run again and again with other values.

Putting a query together costs several times what the database takes to answer it. What runs for every request and every
step of a run is prepared here; everything else stays an ordinary queryset.
"""

import inspect
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Expression, Field, JSONField, Model, QuerySet
from django.db.models.expressions import Col
from django.db.models.query import FlatValuesListIterable, ModelIterable, ValuesListIterable, get_related_populators
from django.db.models.sql import InsertQuery, UpdateQuery

KEPT = 200  # statements of one query
# No row has a number that large, and databases take none that is larger.
LEAST, MOST = -(2**63), 2**63 - 1

# What databases take as it is. Other kinds, and whatever has another type, each field prepares.
_PLAIN = {"CharField": str, "TextField": str, "BooleanField": bool, "PositiveIntegerField": int, "ForeignKey": int}

EMPTY: dict[str, Callable[[], Any]] = {"{}": dict, "[]": list}

M = TypeVar("M", bound=Model)
Row = TypeVar("Row")


_here = threading.local()


def database() -> Any:
    """This thread's connection, which stays the same; looking it up costs Django ten calls."""
    try:
        return _here.database
    except AttributeError:
        _here.database = connections[DEFAULT_DB_ALIAS]
        return _here.database


def taken_as_it_is(column: Any) -> frozenset[type]:
    """The types of values that the field would hand to the database unchanged."""
    fills_itself = getattr(column, "auto_now", False) or getattr(column, "auto_now_add", False)
    plain = {_PLAIN.get(column.get_internal_type()), None if fills_itself else type(None)}
    return frozenset(kind for kind in plain if kind is not None)


def saved(column: Any, value: Any) -> Any:
    """The value as the database takes it."""
    if type(value) is datetime:
        return database().ops.adapt_datetimefield_value(value)
    return column.get_db_prep_save(value, database())


class Slot(Expression):
    """A place in a statement for a value that each use gives."""

    def __init__(self, name: str, column: "Field[Any, Any] | None" = None) -> None:
        super().__init__()
        self.name, self.column = name, column
        self._plain = frozenset({str, type(None)}) if column is None else taken_as_it_is(column)

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)

    def bound(self, value: Any) -> Any:
        """As the database takes it."""
        if type(value) in self._plain:
            return value
        value = value.pk if isinstance(value, Model) else value
        if self.column is not None:
            return saved(self.column, value)
        if isinstance(value, int):
            return max(LEAST, min(value, MOST))
        if isinstance(value, datetime):
            return database().ops.adapt_datetimefield_value(value)
        if isinstance(value, UUID) and not database().features.has_native_uuid_field:
            return value.hex
        return value.value if isinstance(value, Enum) else value


def bind(params: Sequence[Any], values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple([param.bound(values[param.name]) if isinstance(param, Slot) else param for param in params])


class Select(Generic[Row]):
    """`@Select` above a function of names that returns a queryset: called with values by name, it gives the rows.

    Positional arguments are part of the statement itself (how many rows, which filters), so there is one statement for
    each of them; so is which of the names are given.
    """

    def __init__(self, make: "Callable[..., QuerySet[Any, Row]]") -> None:
        self._make = make
        self._ready: dict[tuple[Any, ...], Ready] = {}
        self.__doc__ = make.__doc__

    def __call__(self, *shape: Any, **values: Any) -> list[Row]:
        key = (shape, *values)
        ready = self._ready.get(key)
        if ready is None:
            while len(self._ready) >= KEPT:  # callers choose the shape
                self._ready.pop(next(iter(self._ready)), None)
            made = self._make(*shape, **{name: Slot(name) for name in values})
            ready = self._ready[key] = Ready(made)
        return ready.rows(values)

    def first(self, *shape: Any, **values: Any) -> Row | None:
        """The first of the rows; the statement itself should ask for one."""
        return next(iter(self(*shape, **values)), None)


class Ready:
    """A queryset's statement, and how its rows become what the queryset gives: objects, tuples or single values."""

    def __init__(self, made: "QuerySet[Any, Any]") -> None:
        rows: Any = made  # the stubs leave out what follows
        kind = rows._iterable_class
        if kind not in (ModelIterable, ValuesListIterable, FlatValuesListIterable) or rows._prefetch_related_lookups:
            raise TypeError("Only models, tuples and single values of one query can be prepared.")
        compiler: Any = made.query.get_compiler(using=made.db)
        try:
            self._sql, self._params = compiler.as_sql()
        except EmptyResultSet:  # as of `none()`
            self._sql, self._params = "", ()
            return
        self._converters = quicker(compiler.get_converters([column[0] for column in compiler.select]))
        self._made = objects(compiler) if kind is ModelIterable else tuple if kind is ValuesListIterable else first

    def rows(self, values: Mapping[str, Any]) -> list[Any]:
        if not self._sql:
            return []
        db = database()
        cursor = db.cursor()  # it ends with its last name: closing it costs more than it frees
        cursor.execute(self._sql, bind(self._params, values))
        return [self._made(self._converted(row, db)) for row in cursor.fetchall()]

    def _converted(self, row: Sequence[Any], db: Any) -> Sequence[Any]:
        converted = list(row)
        for place, (converters, expression) in self._converters.items():
            for convert in converters:
                converted[place] = convert(converted[place], expression, db)
        return converted


def first(row: Sequence[Any]) -> Any:
    return row[0]


Converters = dict[int, tuple[list[Callable[..., Any]], Any]]


def quicker(converters: Converters) -> Converters:
    """The same, but for columns of JSON."""
    return {
        place: ([read_json if is_json(convert, of) else convert for convert in each], of)
        for place, (each, of) in converters.items()
    }


def is_json(convert: Callable[..., Any], of: Any) -> bool:
    field = getattr(convert, "__self__", None)
    return isinstance(field, JSONField) and field.decoder is None and isinstance(of, Col)


def read_json(value: str | None, of: Any, db: Any) -> Any:
    """As `JSONField`; most of what is read is empty."""
    if value is None:
        return None
    if value in EMPTY:
        return EMPTY[value]()
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value


def objects(compiler: Any) -> Callable[[Sequence[Any]], Any]:
    """How a row becomes a model with its related ones, as in Django's own `ModelIterable`."""
    info, annotations = compiler.klass_info, compiler.annotation_col_map
    start, end = info["select_fields"][0], info["select_fields"][-1] + 1
    names = [column[0].target.attname for column in compiler.select[start:end]]
    related = get_related_populators(info, compiler.select, compiler.using)  # type: ignore[call-arg]  # of a later Django

    def made(row: Sequence[Any]) -> Any:
        found = info["model"].from_db(compiler.using, names, row[start:end])
        for populator in related:
            populator.populate(row, found)
        for name, place in annotations.items():
            setattr(found, name, row[place])
        return found

    return made


class Update:
    """`@Update` above a function of names that returns a queryset and what changes in its rows.

    Called with values by name, it tells how many rows it changed.
    """

    def __init__(self, make: "Callable[..., tuple[QuerySet[Any], dict[str, Any]]]") -> None:
        self._make = make
        self._names = list(inspect.signature(make).parameters)
        self._statement: tuple[str, Sequence[Any]] | None = None
        self.__doc__ = make.__doc__

    def __call__(self, **values: Any) -> int:
        if self._statement is None:
            self._statement = updating(*self._make(**{name: Slot(name) for name in self._names}))
        return changed(*self._statement, values)


def updating(rows: "QuerySet[Any]", changes: dict[str, Any]) -> tuple[str, Sequence[Any]]:
    query = cast(UpdateQuery, rows.query.chain(UpdateQuery))
    query.add_update_values(changes)
    return cast("tuple[str, Sequence[Any]]", query.get_compiler(using=rows.db).as_sql())


_changes: dict[tuple[Any, ...], tuple[str, Sequence[Any]]] = {}


def change(model: type[Model], where: Mapping[str, Any], **changes: Any) -> int:
    """As `filter(**where).update(**changes)` for plain values; how many rows were changed."""
    key = (model, *where, None, *changes)
    if key not in _changes:
        field = model._meta.get_field
        found = model._default_manager.filter(**{name: Slot(f"where {name}") for name in where})
        _changes[key] = updating(found, {name: Slot(name, cast("Field[Any, Any]", field(name))) for name in changes})
    return changed(*_changes[key], {**changes, **{f"where {name}": value for name, value in where.items()}})


def changed(sql: str, params: Sequence[Any], values: Mapping[str, Any]) -> int:
    cursor = database().cursor()
    cursor.execute(sql, bind(params, values))
    return int(cursor.rowcount)


Column = tuple[Any, frozenset[type], str]  # the field, what it takes as it is, its name in the object
_inserts: dict[type[Model], tuple[str, list[Column]]] = {}


def insert(row: M) -> M:
    """Write a new row, which then has its id. As `row.save()`, but nobody is sent a signal."""
    model = type(row)
    if model not in _inserts:
        _inserts[model] = inserting(row)
    sql, columns = _inserts[model]
    db, have = database(), row.__dict__
    cursor = db.cursor()
    cursor.execute(
        sql,
        [
            value if type(value := have[name]) in plain else saved(field, field.pre_save(row, True))
            for field, plain, name in columns
        ],
    )
    row.pk = cursor.fetchone()[0]
    row._state.adding, row._state.db = False, db.alias
    return row


def inserting(row: Model) -> tuple[str, list[Column]]:
    meta = row._meta
    fields: list[Any] = [field for field in meta.local_concrete_fields if field is not meta.pk]
    query = InsertQuery(type(row))
    query.insert_values(fields, [row])
    compiler: Any = query.get_compiler(using=DEFAULT_DB_ALIAS)
    compiler.returning_fields = [meta.pk]
    ((sql, _),) = compiler.as_sql()
    return sql, [(field, taken_as_it_is(field), field.attname) for field in fields]
