"""The models that may be asked for by name."""

from django.conf import settings

from teammates.models import Teammate


def known_models() -> list[str]:
    """The default, the script, those of `SAYSO_MODELS` and those that a teammate has."""
    named = Teammate.objects.exclude(model="").values_list("model", flat=True).distinct()
    return sorted({"demo", settings.DEFAULT_MODEL, *settings.KNOWN_MODELS, *named})
