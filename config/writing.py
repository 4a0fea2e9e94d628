"""Writing to a connection at once."""

from typing import Any

from twisted.internet.abstract import FileDescriptor


def at_once(transport: Any, data: bytes) -> None:
    """Write where nothing waits to be written.

    Twisted would gather it, ask the loop to tell when it may write, and then not to tell any more. What lies around a
    connection, such as TLS, passes on its attributes, and is left to write by itself.
    """
    if isinstance(transport, FileDescriptor) and not transport.dataBuffer and not transport._tempDataBuffer:
        sent = transport.writeSomeData(data)
        data = data[sent:] if isinstance(sent, int) else data
    if data:
        transport.write(data)
