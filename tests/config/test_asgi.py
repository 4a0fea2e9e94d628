"""What `daphne config.asgi:application` imports, in a process that has loaded nothing else."""

import os
import subprocess
import sys

from django.conf import settings


def test_the_application_loads_by_itself(tmp_path):
    loaded = subprocess.run(
        [sys.executable, "-c", "import config.asgi"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "SAYSO_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert (loaded.returncode, loaded.stderr) == (0, "")
