"""The files of `deploy/`, as the tests read them."""

import re
import shlex
import sys
from pathlib import Path

from config.env import ROOT

DEPLOY = ROOT / "deploy"
HOME = "/opt/sayso"


def exec_start(unit: str, instance: str = "") -> list[str]:
    """The command of a systemd unit as it would run here: the programs of this environment, `%i` filled in."""
    [line] = re.findall(r"^ExecStart=(.+)$", (DEPLOY / "systemd" / unit).read_text(), re.M)
    program, *words = shlex.split(line.replace("%i", instance).replace("%%", "%"))
    return [str(Path(sys.executable).with_name(Path(program).name)), *words]
