"""A form's field for JSON that people write."""

import json
from typing import Any

from django import forms
from django.forms.fields import InvalidJSONInput

from teammates import exact
from teammates.legible import stopped


class ExactJson(forms.JSONField):
    """Takes what `exact.read` takes, and gives back as it was typed what has to be mended."""

    def to_python(self, value: Any) -> Any:
        if not isinstance(value, str):
            return super().to_python(value)
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
