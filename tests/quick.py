"""For the served process (`SAYSO_TOOLS`): the demo model speaks ten times as fast, as most tests wait for its end."""

from runs.engine import demo

demo.PAUSE /= 10
