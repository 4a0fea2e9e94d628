"""Text of a run for followers who cannot take anything back: what a repeated turn says again is not told twice."""

from runs.journal import Line

WORDS = ("text", "thinking")


def without_abandoned(lines: list[Line], void: dict[int, int]) -> list[Line]:
    """Less the text of attempts that are void, as far as it is known.

    `void`, by turn the seq where its last attempt begins, learns from the lines: keep it for a run's next batch.
    """
    void.update({line.data["turn"]: line.seq for line in lines if line.kind == "turn.restarted"})
    return [line for line in lines if line.kind not in WORDS or line.seq > void.get(line.data["turn"], 0)]


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
