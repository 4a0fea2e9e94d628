"""Why a decision was not taken. Nothing was changed in any of these cases."""

from approvals.models import Gate


class NotAllowed(Exception):
    """This person may not decide here."""


class AlreadyDecided(Exception):
    """Somebody else was first, or the run was stopped; `gate` is as it stands now."""

    def __init__(self, gate: Gate):
        super().__init__(f"{gate} is {gate.status}")
        self.gate = gate


class Stale(AlreadyDecided):
    """What was shown is not what waits now."""


class Invalid(Exception):
    """The decision cannot be read; `errors` says where and what to do ("" stands for the whole form)."""

    def __init__(self, errors: dict[str, str]):
        super().__init__("; ".join(errors.values()))
        self.errors = errors
