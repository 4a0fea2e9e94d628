"""What is written at once is written whole, in order, and never around what lies between."""

import pytest
from twisted.internet.abstract import FileDescriptor
from twisted.protocols.policies import ProtocolWrapper

from config.writing import at_once


class Narrow(FileDescriptor):
    """A connection that takes so many bytes, then no more for now."""

    def __init__(self, takes):
        self.dataBuffer, self._tempDataBuffer, self.takes, self.taken, self.later = b"", [], takes, b"", b""

    def writeSomeData(self, data):  # noqa: N802 - twisted's name
        if isinstance(self.takes, Exception):
            return self.takes
        self.taken += data[: self.takes]
        return min(self.takes, len(data))

    def write(self, data):
        self.later += data


@pytest.mark.parametrize(
    ("takes", "taken", "later"),
    [(9, b"piece", b""), (2, b"pi", b"ece"), (0, b"", b"piece"), (ConnectionError(), b"", b"piece")],
)
def test_what_does_not_fit_is_written_later(takes, taken, later):
    connection = Narrow(takes)
    at_once(connection, b"piece")
    assert (connection.taken, connection.later) == (taken, later)


@pytest.mark.parametrize("waiting", [{"dataBuffer": b"before"}, {"_tempDataBuffer": [b"before"]}])
def test_nothing_overtakes_what_waits(waiting):
    connection = Narrow(9)
    vars(connection).update(waiting)
    at_once(connection, b"piece")
    assert (connection.taken, connection.later) == (b"", b"piece")


def test_a_layer_around_the_connection_is_not_passed_by():
    connection = Narrow(9)
    around = ProtocolWrapper.__new__(ProtocolWrapper)
    around.transport, said = connection, []
    around.write = said.append
    at_once(around, b"secret")
    assert (said, connection.taken) == ([b"secret"], b"")
