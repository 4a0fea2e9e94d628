"""What cannot be done with a run; `Refused` is of the room below and known here by the same name."""

from teammates.errors import Refused

__all__ = ["Refused"]
