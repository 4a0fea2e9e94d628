"""Arguments of a waiting call as a form: one input each, or all of them as JSON."""

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.functional import cached_property

from approvals.arguments import (
    Unreadable,
    from_text,
    in_order,
    kind_of,
    label_of,
    loads,
    normal,
    pretty,
    spec_of,
    to_text,
)
from approvals.changes import Piece, pieces


@dataclass
class EditField:
    """One argument as an input; `kept` is what the call has now."""

    name: str
    label: str
    kind: str
    text: str
    was: str
    kept: Any
    present: bool
    required: bool
    nullable: bool = False
    choices: list[str] = field(default_factory=list)
    error: str = ""

    @property
    def input(self) -> str:
        return f"arg.{self.name}"

    @property
    def is_changed(self) -> bool:
        return self.text != self.was

    @cached_property
    def pieces(self) -> list[Piece]:
        return pieces(self.was, self.text)

    @property
    def rows(self) -> int:
        return min(14, max(2, self.text.count("\n") + 1 + len(self.text) // 60))

    def value(self) -> tuple[bool, Any]:
        """Is the argument given, and what is it? An untouched one stays exactly as it was."""
        if not self.is_changed:
            return self.present, self.kept
        if self.text:
            return True, from_text(self.text, self.kind)
        if self.nullable:
            return True, None
        if self.kind in ("line", "text"):
            return True, ""
        if self.required:
            raise Unreadable("Write a value.")
        return False, None


class EditForm:
    """The arguments of a call as fields or as one JSON text. A changed call is checked by `approvals.services`."""

    def __init__(self, arguments: dict[str, Any], schema: dict[str, Any], data: QueryDict | None = None):
        self.was, self.schema, self.data = arguments, schema, data
        self.errors: dict[str, str] = {}
        self.fields = self.fields_of(arguments)
        self.as_json = False
        self.text = pretty(arguments)
        self.arguments = arguments
        if data is not None:
            self.read(data)

    def read(self, data: QueryDict) -> None:
        self.as_json = data.get("mode") == "json"
        if self.as_json:
            self.read_json(data.get("arguments", ""))
        else:
            self.read_fields(data)
        if data.get("as") and not self.errors:
            self.switch(to_json=data["as"] == "json")

    def read_json(self, text: str) -> None:
        self.text = normal(text)
        try:
            value = loads(self.text)
            if not isinstance(value, dict):
                raise Unreadable("The arguments are a JSON object: { … }.")
        except Unreadable as error:
            self.errors[""] = str(error)
        else:
            self.arguments = value

    def read_fields(self, data: QueryDict) -> None:
        arguments: dict[str, Any] = {}
        for one in self.fields:
            if one.name != data.get("put_back"):
                sent = normal(data.get(one.input, one.was))
                one.text = one.was if sent == normal(one.was) else sent
            try:
                given, value = one.value()
            except Unreadable as error:
                self.errors[one.name] = one.error = str(error)
            else:
                arguments |= {one.name: value} if given else {}
        self.arguments = arguments

    def switch(self, *, to_json: bool) -> None:
        """The same arguments in the other view."""
        self.as_json = to_json
        self.text = pretty(self.arguments)
        self.fields = self.fields_of(self.arguments)

    def fields_of(self, arguments: dict[str, Any]) -> list[EditField]:
        declared = list(self.schema.get("properties", {}))
        extra = [name for name in in_order(self.was | arguments, self.schema) if name not in declared]
        return [self.field_of(name, arguments) for name in declared + extra]

    def field_of(self, name: str, arguments: dict[str, Any]) -> EditField:
        spec, kept = spec_of(name, self.schema), self.was.get(name)
        kind = kind_of(spec, kept if name in self.was else arguments.get(name))
        return EditField(
            name=name,
            label=label_of(name, self.schema),
            kind=kind,
            text=to_text(arguments.get(name), kind),
            was=to_text(kept, kind),
            kept=kept,
            present=name in self.was,
            required=name in self.schema.get("required", []),
            nullable=bool(spec.get("nullable")),
            choices=spec.get("enum", []) if kind == "choice" else ["true", "false"] if kind == "boolean" else [],
        )

    def refuse(self, errors: dict[str, str]) -> None:
        """Show what the service found wrong, at the fields that it names."""
        self.errors = dict(errors)
        for one in self.fields:
            one.error = errors.get(one.name, "")

    @property
    def elsewhere(self) -> dict[str, str]:
        """Errors that no field shows."""
        shown = set() if self.as_json else {one.name for one in self.fields}
        return {name: text for name, text in self.errors.items() if name not in shown}

    @property
    def is_changed(self) -> bool:
        return pretty(self.arguments) != pretty(self.was)

    @property
    def changes(self) -> list[EditField]:
        fields = self.fields_of(self.arguments) if self.as_json else self.fields
        return [one for one in fields if one.is_changed]
