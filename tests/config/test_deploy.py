"""The compose file and the units: every command exists and takes its options, every name leads somewhere.

`tests/backends` and `tests/chaos` run the units' commands for real.
"""

import re
import shlex
import shutil
import subprocess

import pytest
import yaml
from celery.bin.base import CLIContext
from celery.bin.celery import celery
from django.core.management import get_commands

from config.celery import app as celery_app
from config.env import ROOT, Environment
from tests.units import DEPLOY, HOME, exec_start

UNITS = {"sayso-web@.service": "8001", "sayso-worker@.service": "1", "sayso-beat.service": ""}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("image") == "sayso"}


def takes(command):
    """Parse it as the program itself would, without running it; it ends the process over what it does not know."""
    program, *words = command
    match program.rpartition("/")[2]:
        case "daphne":
            from daphne.cli import CommandLineInterface  # config.asgi takes it for the server, once it is there

            told = CommandLineInterface().parser.parse_args(words)
            assert told.application == "config.asgi:application"
        case "celery":
            with celery.make_context("celery", words) as context:
                context.obj = CLIContext(app=celery_app, no_color=True, workdir=None)
                name, below, rest = celery.resolve_command(context, [*context._protected_args, *context.args])
                below.make_context(name, rest, parent=context).close()
        case "python":
            script, name, *_ = words
            assert (ROOT / script).exists() and name in get_commands()
        case other:
            raise AssertionError(f"who is {other}?")


def test_every_unit_is_looked_at():
    assert {path.name for path in (DEPLOY / "systemd").iterdir()} == set(UNITS)


@pytest.mark.parametrize("unit", UNITS)
def test_the_command_of_a_unit_takes_its_options(unit):
    takes(exec_start(unit, UNITS[unit]))


@pytest.mark.parametrize("wrong", [["celery", "-A", "config", "worker", "--no-such"], ["daphne", "--no-such", "x"]])
def test_an_option_that_is_not_there_is_found(wrong):
    with pytest.raises((SystemExit, Exception), match=r"no.such|2"):
        takes(wrong)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze (apt-get install systemd)")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_understands_a_unit(unit, tmp_path):
    text = (DEPLOY / "systemd" / unit).read_text().replace(HOME, str(ROOT))
    here = tmp_path / unit.replace("@", f"@{UNITS[unit]}")
    here.write_text(text)
    checked = subprocess.run(["systemd-analyze", "verify", here], capture_output=True, text=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_a_unit_may_write_where_the_data_is_and_hears_the_same_settings():
    told = (DEPLOY / "sayso.env.example").read_text()
    [data] = re.findall(r"^SAYSO_DATA=(.+)$", told, re.M)
    for unit in UNITS:
        text = (DEPLOY / "systemd" / unit).read_text()
        assert f"ReadWritePaths={data}\n" in text and "EnvironmentFile=/etc/sayso.env\n" in text


def test_every_variable_of_the_example_is_a_setting():
    names = re.findall(r"^(\w+)=", (DEPLOY / "sayso.env.example").read_text(), re.M)
    assert names and {name.lower() for name in names} <= set(Environment.model_fields)


@pytest.mark.parametrize("service", OURS)
def test_the_command_of_a_service_takes_its_options(service):
    takes(shlex.split(OURS[service]["command"]))


def test_compose_runs_the_programs_of_the_units():
    """The same words, but for where a web process listens and what a worker is called."""
    for service, unit in (("worker1", "sayso-worker@.service"), ("beat", "sayso-beat.service")):
        words = " ".join(exec_start(unit)[1:]).replace(" -n worker@%h", "")
        assert OURS[service]["command"] == f"celery {words}"
    assert OURS["web1"]["command"].endswith("config.asgi:application")


def test_every_name_in_the_compose_file_leads_somewhere():
    volumes = {mount.partition(":")[0] for each in COMPOSE["services"].values() for mount in each.get("volumes", [])}
    for volume in volumes:
        assert volume in COMPOSE["volumes"] or (DEPLOY / volume).exists(), volume
    for name, each in COMPOSE["services"].items():
        assert set(each.get("depends_on", {})) <= set(COMPOSE["services"]), name
    build = OURS["web1"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).exists()
    hosts = {"postgres": "DATABASE_URL", "redis": "REDIS_URL"}
    for host, variable in hosts.items():
        assert all(f"{host}" in each["environment"][variable] for each in OURS.values())
        assert host in COMPOSE["services"]


def test_a_worker_is_given_the_time_to_hand_back():
    """Ten seconds for calls in mid-effect, and some to write down what they gave."""
    assert OURS["worker1"]["stop_grace_period"] == "30s"
    assert "TimeoutStopSec=30\n" in (DEPLOY / "systemd" / "sayso-worker@.service").read_text()


def test_the_proxy_knows_every_web_process():
    told = (DEPLOY / "Caddyfile").read_text()
    webs = [name for name in OURS if name.startswith("web")]
    assert webs and all(f"{name}:8000" in told for name in webs)


def test_the_image_copies_what_is_there():
    text = (DEPLOY / "Dockerfile").read_text()
    for source in re.findall(r"^COPY (\S+) ", text, re.M):
        assert (ROOT / source).exists()
    assert "requirements.lock" in text
