"""A form's field for JSON that people write."""

import json
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput

from teammates import exact
from teammates.legible import stopped


class ExactJson(forms.JSONField):
    """Takes what `exact.read` takes, and gives back as it was typed what has to be mended."""

    longest = 100_000  # characters, as of steps written as TOML

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str):
            return super().to_python(value)
        if len(value) > self.longest:
            raise forms.ValidationError(f"It has {len(value):,} characters; {self.longest:,} fit.")
        try:
            return exact.read(value) if value.strip() else None
        except ValueError as error:
            raise forms.ValidationError(stopped(f"This cannot be read as JSON: {error}")) from error

    def bound_data(self, data: Any, initial: Any) -> Any:
        return None if data is None else InvalidJSONInput(data)

    def prepare_value(self, value: Any) -> Any:
        if value is None or isinstance(value, InvalidJSONInput):
            return value
        return json.dumps(value, indent=2, ensure_ascii=False)


class ExactSchema(ExactJson):
    """A JSON Schema, whose check takes a second for each 100,000 characters."""

    longest = 20_000
