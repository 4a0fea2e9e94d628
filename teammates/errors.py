"""What cannot be done, in words for people and codes for machines."""


class Refused(Exception):
    """What was asked for is not possible; `message` says why and what to do, `field` where, `code` for machines."""

    def __init__(self, message: str, *, field: str = "", code: str = "invalid"):
        super().__init__(message)
        self.message, self.field, self.code = message, field, code
