"""May this call run? The table of modes and risks, and what is set for one teammate on top of it (pure)."""

from itertools import product

import pytest

from teammates.permissions import PLAN_FIRST, verdict
from teammates.tools.registry import RISKS, make

MODES = ["autonomous", "approval", "plan"]
PERMISSIONS = ["", "allow", "ask", "deny"]
WRITES = [risk for risk in RISKS if risk != "read"]


def tool(risk, needs_approval=False):
    def act() -> None:
        """Act."""

    return make(act, risk=risk, needs_approval=needs_approval)


# (mode, is the plan approved) -> what happens to a tool that only reads, and to any other
TABLE = {
    ("autonomous", False): ("allow", "allow"),
    ("autonomous", True): ("allow", "allow"),
    ("approval", False): ("allow", "ask"),
    ("approval", True): ("allow", "ask"),
    ("plan", False): ("allow", "deny"),
    ("plan", True): ("allow", "ask"),
}


@pytest.mark.parametrize(("mode", "approved"), TABLE)
@pytest.mark.parametrize("risk", RISKS)
def test_where_nothing_is_set_the_mode_decides(mode, approved, risk):
    reads, writes = TABLE[mode, approved]
    assert verdict(mode, tool(risk), plan_approved=approved).effect == (reads if risk == "read" else writes)


@pytest.mark.parametrize(("mode", "approved"), TABLE)
@pytest.mark.parametrize("permission", ["", "allow", "ask"])
def test_a_tool_that_needs_approval_is_never_just_allowed(mode, approved, permission):
    for risk in RISKS:
        ruling = verdict(mode, tool(risk, needs_approval=True), permission, plan_approved=approved)
        due = mode == "plan" and not approved and risk != "read"
        assert ruling.effect == ("deny" if due else "ask")


@pytest.mark.parametrize(("mode", "approved"), TABLE)
@pytest.mark.parametrize("needs_approval", [False, True])
def test_deny_beats_everything(mode, approved, needs_approval):
    for risk in RISKS:
        ruling = verdict(mode, tool(risk, needs_approval), "deny", plan_approved=approved)
        assert (ruling.effect, ruling.reason) == ("deny", "Act is denied for this teammate.")


@pytest.mark.parametrize(("mode", "approved"), TABLE)
def test_ask_beats_allow(mode, approved):
    for risk in RISKS:
        assert verdict(mode, tool(risk), "ask", plan_approved=approved).effect in ("ask", "deny")
    assert verdict(mode, tool("read"), "ask", plan_approved=approved).effect == "ask"


@pytest.mark.parametrize("risk", WRITES)
@pytest.mark.parametrize("permission", ["", "allow", "ask"])
def test_before_the_plan_is_approved_nothing_but_reading_runs(risk, permission):
    assert verdict("plan", tool(risk), permission) == verdict("plan", tool(risk))
    assert verdict("plan", tool(risk), permission).reason == PLAN_FIRST


@pytest.mark.parametrize("risk", WRITES)
def test_allow_spares_the_question_that_the_mode_would_ask(risk):
    assert verdict("approval", tool(risk), "allow").effect == "allow"
    assert verdict("plan", tool(risk), "allow", plan_approved=True).effect == "allow"


def test_every_ruling_has_a_reason():
    for mode, risk, permission, needs, approved in product(MODES, RISKS, PERMISSIONS, [False, True], [False, True]):
        assert verdict(mode, tool(risk, needs), permission, plan_approved=approved).reason


STRICTNESS = ["allow", "ask", "deny"]


def test_a_stricter_setting_never_loosens():
    order = ["allow", "ask", "deny"]
    for mode, risk, needs, approved in product(MODES, RISKS, [False, True], [False, True]):
        effects = [verdict(mode, tool(risk, needs), each, plan_approved=approved).effect for each in order]
        assert sorted(effects, key=STRICTNESS.index) == effects
