"""The tools that exist, by name. Titles, consequences and risks shown to people come from here, never from a model."""

import hashlib
import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Literal, TypeVar, get_args, overload

import rfc8785
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from teammates.exact import flaw_in
from teammates.tools.context import ToolContext
from teammates.tools.plainly import sentences
from teammates.tools.shown import target_of

Effect = Literal["pure", "read", "idempotent", "reconcilable", "effect"]
Risk = Literal["read", "write_internal", "write_external", "spend", "access", "destroy", "execute"]
Level = Literal["low", "medium", "high", "critical"]
Gate = Literal["", "ask", "plan", "child"]

# From harmless to harmful: `@tool(risk=…)` may raise what follows from the effect, never lower it.
RISKS: tuple[Risk, ...] = get_args(Risk)
LEVELS: dict[Risk, Level] = {
    "read": "low",
    "write_internal": "low",
    "write_external": "medium",
    "spend": "high",
    "access": "high",
    "destroy": "high",
    "execute": "high",
}
RISK_WORDS: dict[Risk, str] = {
    "read": "only reads",
    "write_internal": "changes our own notes and files",
    "write_external": "others see it",
    "spend": "spends money",
    "access": "gives access",
    "destroy": "cannot be undone",
    "execute": "runs code",
}


class ToolArguments(BaseModel):
    """Base of the models made from signatures: nothing unknown, nothing converted in silence."""

    model_config = ConfigDict(extra="forbid")


class BadArguments(Exception):
    """The arguments do not fit the tool; `errors` maps an argument's name ("" for all) to what is wrong."""

    def __init__(self, errors: dict[str, str]):
        super().__init__("; ".join(f"{name}: {text}" if name else text for name, text in errors.items()))
        self.errors = errors


@dataclass(frozen=True)
class Tool:
    """One tool. `effect` says what a repeat after a crash would do, `risk` what a run of it does to the world."""

    name: str
    function: Callable[..., Any]
    arguments: type[BaseModel]
    description: str
    title: str
    effect: Effect = "effect"
    risk: Risk = "write_external"
    consequence: str = ""
    icon: str = "wrench"
    needs_approval: bool = False
    timeout: float = 60.0
    gate: Gate = ""
    internal: bool = False  # comes with a team or a workflow; nobody is given it by name
    wants_context: bool = False
    user_input: tuple[str, ...] = ()
    external: bool = False
    reconcile: Callable[[str], Any] | None = None

    @property
    def level(self) -> Level:
        return LEVELS[self.risk]

    @property
    def risk_words(self) -> str:
        return RISK_WORDS[self.risk]

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON schema of all arguments."""
        schema = self.arguments.model_json_schema()
        schema.pop("title", None)
        schema.pop("description", None)
        return schema

    @cached_property
    def offered_schema(self) -> dict[str, Any]:
        """JSON schema of what the model may fill; a person fills the rest."""
        schema = dict(self.schema)
        properties = schema.get("properties", {})
        schema["properties"] = {name: spec for name, spec in properties.items() if name not in self.user_input}
        schema["required"] = [name for name in schema.get("required", []) if name not in self.user_input]
        return schema

    @cached_property
    def def_hash(self) -> str:
        """Changes when the name, the description or the schema does; an approval is for one of them."""
        definition: Any = {"name": self.name, "description": self.description, "schema": self.schema}
        return hashlib.sha256(rfc8785.dumps(definition)).hexdigest()

    def check(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The values to call the function with; `BadArguments` names what does not fit."""
        if flaw := flaw_in(arguments):
            raise BadArguments({"": flaw})
        try:
            data = rfc8785.dumps(arguments)
        except rfc8785.CanonicalizationError as error:
            raise BadArguments({"": f"A number is not exact: {error}."}) from error
        try:
            valid = self.arguments.model_validate_json(data, strict=True)
        except ValidationError as error:
            raise BadArguments(sentences(error)) from error
        return {name: getattr(valid, name) for name in type(valid).model_fields}

    def check_offered(self, arguments: dict[str, Any]) -> None:
        """`BadArguments` for what a model wrote: what a person fills in is not there yet, and must not be."""
        wrong = {name: "A person fills this in." for name in self.user_input if name in arguments}
        try:
            self.check(arguments)
        except BadArguments as error:
            wrong |= {name: text for name, text in error.errors.items() if name not in self.user_input}
        if wrong:
            raise BadArguments(wrong)

    def target_of(self, arguments: dict[str, Any] | None) -> str:
        return target_of(self.schema, arguments or {})


class Registry:
    """Tools by name, loaded once: built in, of `SAYSO_TOOLS`, of installed packages (`sayso.tools`)."""

    def __init__(self) -> None:
        self._tools: dict[str, Tool] = {}

    def add(self, new: Tool) -> None:
        known = self._tools.get(new.name)
        if known and known.function.__module__ != new.function.__module__:
            raise ValueError(f"Two tools are called {new.name!r}: rename the one in {new.function.__module__}.")
        self._tools[new.name] = new

    def get(self, name: str) -> Tool | None:
        return self._tools.get(name)

    def given(self, name: str) -> Tool | None:
        """One that a teammate may be given by name."""
        found = self.get(name)
        return None if found is None or found.internal else found

    def all(self) -> list[Tool]:
        """Those that a teammate may be given."""
        return sorted(
            (each for each in self._tools.values() if not each.internal), key=lambda t: (bool(t.gate), t.title)
        )

    def remove(self, name: str) -> None:
        self._tools.pop(name, None)

    def load(self, modules: Iterable[str]) -> None:
        import_module("teammates.tools.builtin")
        for name in modules:
            import_module(name)
        for point in entry_points(group="sayso.tools"):
            point.load()


registry = Registry()


def make(function: Callable[..., Any], name: str = "", title: str = "", **fields: Any) -> Tool:
    """The tool that a function describes: its signature becomes the schema, its docstring what the model reads."""
    called = name or function.__name__
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"Tool {called!r}: it is async; write it with def, each call has a thread of its own.")
    arguments, wants_context = arguments_model(function, called)
    if strange := sorted(set(fields.get("user_input", ())) - set(arguments.model_fields)):
        raise TypeError(f"Tool {called!r}: a person cannot fill in {strange[0]!r}, which is no parameter.")
    if (fields.get("effect") == "reconcilable") != (fields.get("reconcile") is not None):
        raise TypeError(f"Tool {called!r}: effect='reconcilable' and reconcile=… go together.")
    return Tool(
        name=called,
        function=function,
        arguments=arguments,
        wants_context=wants_context,
        description=inspect.getdoc(function) or called,
        title=title or called.replace("_", " ").capitalize(),
        **fields,
    )


F = TypeVar("F", bound=Callable[..., Any])


@overload
def tool(function: F) -> F: ...
@overload
def tool(
    *,
    effect: Effect = ...,
    risk: Risk | None = ...,
    needs_approval: bool = ...,
    title: str = ...,
    consequence: str = ...,
    icon: str = ...,
    name: str = ...,
    timeout: float = ...,
    user_input: Iterable[str] = ...,
    external: bool = ...,
    reconcile: Callable[[str], Any] | None = ...,
) -> Callable[[F], F]: ...
def tool(
    function: F | None = None,
    *,
    effect: Effect = "effect",
    risk: Risk | None = None,
    needs_approval: bool = False,
    title: str = "",
    consequence: str = "",
    icon: str = "wrench",
    name: str = "",
    timeout: float = 60.0,
    user_input: Iterable[str] = (),
    external: bool = False,
    reconcile: Callable[[str], Any] | None = None,
) -> F | Callable[[F], F]:
    """Register a function as a tool, and give it back unchanged.

    A first parameter annotated `ToolContext` is filled by Sayso. `effect` (default "effect": never repeated after a
    crash), `risk` (may raise what follows from the effect), `needs_approval` (ask a person in every mode), `user_input`
    (arguments that a person fills), `external` (somebody else runs it and gives the result), `timeout` (seconds until
    the call is given up), `reconcile` (for effect "reconcilable": takes a call's key and gives back its result, or None
    if that call never arrived).
    """
    natural: Risk = "read" if effect in ("pure", "read") else "write_external"

    def register(function: F) -> F:
        made = make(
            function,
            name,
            title,
            effect=effect,
            risk=max(natural, risk or natural, key=RISKS.index),
            consequence=consequence,
            icon=icon,
            needs_approval=needs_approval,
            timeout=timeout,
            user_input=tuple(user_input),
            external=external,
            reconcile=reconcile,
        )
        registry.add(made)
        return function

    return register(function) if function else register


def arguments_model(function: Callable[..., Any], name: str) -> tuple[type[BaseModel], bool]:
    """A pydantic model of the parameters, and whether the first one is the context."""
    parameters = list(inspect.signature(function, eval_str=True).parameters.values())
    wants_context = bool(parameters) and parameters[0].annotation is ToolContext
    fields: dict[str, Any] = {}
    for parameter in parameters[wants_context:]:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"Tool {name!r}: the parameter {parameter!s} has no name that a model could use.")
        if parameter.annotation is parameter.empty:
            raise TypeError(f"Tool {name!r}: give the parameter {parameter.name!r} a type.")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (parameter.annotation, default)
    return create_model(name, __base__=ToolArguments, **fields), wants_context
