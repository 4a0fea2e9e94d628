"""Characters that a reader does not see, or that show others in a false order."""

import re

from django.core.exceptions import ValidationError

# In words of people and models. Left alone is what languages need: joiners, marks of direction, all kinds of blanks.
MISLEADING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
BLANK = re.compile("[\\s\xad\u200b-\u200f\ufe00-\ufe0f]")


def without_misleading(words: str) -> str:
    return MISLEADING.sub("", words)


def says_nothing(words: str) -> bool:
    """Is there nothing in it that could be seen?"""
    return not BLANK.sub("", without_misleading(words))


def stopped(words: str) -> str:
    """A sentence with its end."""
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def check_name(name: str) -> None:
    """Names stand in sentences of ours, which they must not turn around. A `ValidationError` says what to remove."""
    if found := MISLEADING.search(name):
        raise ValidationError(f"Remove U+{ord(found[0]):04X}: it is not seen, or turns the order of other characters.")
