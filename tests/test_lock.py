"""The lock files were written after the last change of `pyproject.toml`, and every line has a hash."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.conftest import AGNOS, SDKS
from tests.source import text

PROJECT = tomllib.loads(text(Path("pyproject.toml")))
EXTRAS = PROJECT["project"]["optional-dependencies"]
FOR_USE = [*PROJECT["project"]["dependencies"], *EXTRAS["postgres"], *EXTRAS["redis"]]
FOR_WORK = [*FOR_USE, *PROJECT["dependency-groups"]["dev"]]
CLIENT_LOCKS = {
    **{f"m8tes=={version}": f"tests/api/sdk/m8tes-{version}.lock" for version in SDKS},
    **{f"agno=={version}": f"tests/api/agentos/agno-{version}.lock" for version in AGNOS},
    "agno==3.1.10 as a server": "bench/peer.lock",
}


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text(Path(name)), re.M))


@pytest.mark.parametrize(("name", "asked"), [("requirements.lock", FOR_USE), ("requirements-dev.lock", FOR_WORK)])
def test_the_lock_has_what_is_asked_for(name, asked):
    versions = locked(name)
    wanted = [Requirement(line) for line in asked]
    assert [str(one) for one in wanted if versions.get(one.name.lower(), "0") not in one.specifier] == []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", *CLIENT_LOCKS.values()])
def test_every_locked_package_has_a_hash(name):
    packages = re.split(r"^(?=\w)", text(Path(name)), flags=re.M)[1:]
    assert [package.split()[0] for package in packages if "--hash=sha256:" not in package] == []


def test_what_is_tested_is_what_is_used():
    used, tested = locked("requirements.lock"), locked("requirements-dev.lock")
    assert {package: tested[package] for package in used} == used


@pytest.mark.parametrize(("client", "name"), CLIENT_LOCKS.items())
def test_the_client_that_drives_the_server_is_of_the_version_that_its_lock_is_named_for(client, name):
    package, version = client.split()[0].split("==")
    assert locked(name)[package] == version
