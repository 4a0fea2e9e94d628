"""Which view of a door answers an address: looked up by its first word and its length.

Django tries one pattern after the other, and a door has a hundred.
"""

from functools import cache, lru_cache
from typing import Literal

from django.urls import Resolver404, ResolverMatch, URLPattern, URLResolver, get_resolver

Door = Literal["m8tes", "agentos"]
URLS = "api.agentos.urls"
M8TES = "/api/v2"
HOOKS = f"{M8TES}/hooks/"  # what follows is a secret, and the key


def route_of(path: str, door: Door) -> ResolverMatch:
    """The match for a tidy address. `Resolver404` where the door has nothing there."""
    below = path.removeprefix(M8TES if door == "m8tes" else "").removeprefix("/")
    words = below.split("/")
    for pattern in candidates(door, words[0], len(words)):
        if match := pattern.resolve(below):
            return match
    raise Resolver404({"path": path})


@lru_cache(1024)
def candidates(door: Door, word: str, length: int) -> list[URLPattern]:
    return [pattern for pattern in patterns(door) if might_fit(str(pattern.pattern).split("/"), word, length)]


def might_fit(words: list[str], word: str, length: int) -> bool:
    open_ended = any(part.startswith("<path:") for part in words)
    return words[0] == word and (len(words) == length or (open_ended and len(words) <= length))


@cache
def patterns(door: Door) -> list[URLPattern]:
    above = get_resolver(URLS if door == "agentos" else None).url_patterns
    (resolver,) = [one for one in above if isinstance(one, URLResolver) and one.namespace == door]
    # ninja adds a root of its own, which is the last one.
    return [one for one in resolver.url_patterns if isinstance(one, URLPattern) and one.name != "api-root"]
