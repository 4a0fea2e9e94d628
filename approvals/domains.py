"""Names that look like other names: domains beyond ASCII, and words that mix alphabets."""

import re
import unicodedata

# Every part is bounded, and no name begins inside a word: else the time grows with the square of the text.
DOMAIN = re.compile(r"(?<![^\W_])(?:[^\W_][\w-]{0,62}\.){1,10}[^\W\d_][\w-]{1,62}")
WORD = re.compile(r"[^\W\d_]{2,}")
ALPHABETS = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}  # those that share shapes
MOST = 5


def suspicions(text: str) -> list[str]:
    """One sentence for each name in `text` that may not be what it looks like, five at most."""
    if text.isascii() and "xn--" not in text:
        return []
    domains = {name for name in DOMAIN.findall(text) if not name.isascii() or "xn--" in name}
    words = {word for word in WORD.findall(text) if len(alphabets(word)) > 1}
    inside = {word for name in domains for word in WORD.findall(name)}
    found = [about_domain(name) for name in sorted(domains)]
    found += [f"“{word}” mixes {listed(alphabets(word))} letters." for word in sorted(words - inside)]
    return found[:MOST] + ([f"And {len(found) - MOST} more."] if len(found) > MOST else [])


def about_domain(name: str) -> str:
    ascii_name = ".".join(punycode(label) for label in name.split("."))
    mixed = alphabets(name.rpartition(".")[0])
    tail = f", and mixes {listed(mixed)} letters" if len(mixed) > 1 else ""
    return f"“{name}” is the domain {ascii_name}{tail}." if ascii_name != name else f"“{name}” is written in punycode."


def punycode(label: str) -> str:
    return label if label.isascii() else "xn--" + label.lower().encode("punycode").decode()


def alphabets(word: str) -> set[str]:
    return {unicodedata.name(letter, "?").split()[0] for letter in word if letter.isalpha()} & ALPHABETS


def listed(names: set[str]) -> str:
    return " and ".join(sorted(name.capitalize() for name in names))
