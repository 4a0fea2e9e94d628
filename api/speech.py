"""Text of a run for followers who cannot take anything back: what a repeated turn says again is not told twice."""

from runs.journal import Line


def without_abandoned(lines: list[Line]) -> list[Line]:
    """Less the text of attempts that a later line of the batch says are void."""
    void: set[int] = set()
    kept: list[Line] = []
    for line in reversed(lines):
        if line.kind in ("text", "thinking") and line.data["turn"] in void:
            continue
        if line.kind == "turn.restarted":
            void.add(line.data["turn"])
        elif line.kind == "turn.started":
            void.discard(line.data["turn"])
        kept.append(line)
    return kept[::-1]


class Speech:
    """What one follower has been told of the present turn, by kind ("text", "thinking")."""

    def __init__(self) -> None:
        self.said: dict[str, str] = {}
        self.again: dict[str, str] = {}  # what void attempts had said and the present one is still repeating

    def turn(self, *, restarted: bool) -> None:
        self.again = {**self.said, **self.again} if restarted else {}
        self.said = {}

    def fresh(self, kind: str, delta: str) -> tuple[str, bool]:
        """What of `delta` is new to the follower, and whether the text begins anew with it.

        An attempt that repeats a void one is silent until it goes beyond it; one that differs is told from its start.
        """
        self.said[kind] = self.said.get(kind, "") + delta
        before, said = self.again.get(kind, ""), self.said[kind]
        if not before:
            return delta, False
        if before.startswith(said):
            return "", False
        del self.again[kind]
        return (said[len(before) :], False) if said.startswith(before) else (said, True)
