"""Addresses of the doors are found as Django would find them."""

import re

import pytest
from django.urls import Resolver404, get_resolver

from api.routes import patterns, route_of

ADDRESSES = [
    (door, re.sub(r"<(\w+:)?\w+>", lambda match: "a/b" if match[1] == "path:" else "7", str(pattern.pattern)))
    for door in ("m8tes", "agentos")
    for pattern in patterns(door)
]


def in_full(door, address):
    return (f"/api/v2/{address}" if door == "m8tes" else f"/{address}").rstrip("/") or "/"


@pytest.mark.parametrize(("door", "address"), sorted(set(ADDRESSES)))
def test_every_address_leads_where_django_leads(door, address):
    path = in_full(door, address)
    ours = route_of(path, door)
    theirs = get_resolver("api.agentos.urls" if door == "agentos" else None).resolve(path)
    assert (ours.func, ours.args, ours.kwargs) == (theirs.func, theirs.args, theirs.kwargs)


@pytest.mark.parametrize(
    "path", ["/api/v2", "/api/v2/nothing", "/api/v2/runs/1/nothing", "/api/v2/runs/1/files/download"]
)
def test_what_is_nowhere_is_not_found(path):
    with pytest.raises(Resolver404):
        route_of(path, "m8tes")
