"""A workflow as a drawing: its steps as boxes from left to right, each at a whole place of a grid of pixels."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from teammates.steps import Step

WIDE, HIGH, GAP, BETWEEN, PAD, HEAD = 168, 60, 40, 16, 28, 30
BEND = 8


@dataclass(frozen=True)
class Seen:
    """What is known of one step: its state in a run, or what it is where there is no run."""

    state: str = ""  # "", not_yet, running, waiting, done, failed, skipped, stopped
    words: str = ""
    by: str = ""
    run: int | None = None  # that has its transcript

    @property
    def begun(self) -> bool:
        return self.state not in ("", "not_yet")


@dataclass(frozen=True)
class Node:
    step: Step
    path: str
    seen: Seen
    x: int = 0
    y: int = 0

    @property
    def label(self) -> str:
        return short(self.step.name, 17)

    @property
    def words(self) -> str:
        return short(self.seen.words or self.seen.by, 21)


@dataclass(frozen=True)
class Edge:
    points: tuple[int, int, int, int]
    begun: bool
    words: str = ""
    late: bool = False  # bends near its end

    @property
    def path(self) -> str:
        x1, y1, x2, y2 = self.points
        if y1 == y2:
            return f"M{x1} {y1}H{x2}"
        turn = 1 if y2 > y1 else -1
        bend = min(BEND, abs(y2 - y1) // 2)
        at = x2 - GAP // 2 if self.late else x1 + GAP // 2
        down, away = y1 + turn * bend, y2 - turn * bend
        return f"M{x1} {y1}H{at - bend}Q{at} {y1} {at} {down}V{away}Q{at} {y2} {at + bend} {y2}H{x2}"

    @property
    def label_at(self) -> tuple[int, int]:
        return self.points[0] + GAP // 2 + 6, self.points[3] - 6


@dataclass(frozen=True)
class Frame:
    x: int
    y: int
    width: int
    height: int
    words: str


@dataclass(frozen=True)
class Part:
    """A stretch of steps; it is entered and left at half its height."""

    width: int = 0
    height: int = 24
    nodes: list[Node] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)

    @property
    def middle(self) -> int:
        return self.height // 2

    @property
    def begun(self) -> bool:
        return any(node.seen.begun for node in self.nodes)

    def at(self, x: int, y: int) -> "Part":
        return replace(
            self,
            nodes=[replace(one, x=one.x + x, y=one.y + y) for one in self.nodes],
            edges=[replace(one, points=moved(one.points, x, y)) for one in self.edges],
            frames=[replace(one, x=one.x + x, y=one.y + y) for one in self.frames],
        )


Look = Callable[[Step, str], Seen]


def moved(points: tuple[int, int, int, int], x: int, y: int) -> tuple[int, int, int, int]:
    return points[0] + x, points[1] + y, points[2] + x, points[3] + y


def short(text: str, fits: int) -> str:
    return text if len(text) <= fits else f"{text[: fits - 1]}…"


def chart(steps: list[Step], look: Look) -> Part:
    """The whole workflow, with what `look` knows of the step at each place."""
    return sequence(steps, "", look)


def sequence(steps: list[Step], prefix: str, look: Look) -> Part:
    parts = [one(step, f"{prefix}{place}", look) for place, step in enumerate(steps)]
    return row(parts)


def row(parts: list[Part]) -> Part:
    """One after the other, with an edge between each two."""
    if not parts:
        return Part()
    height, x = max(part.height for part in parts), 0
    whole = Part(height=height)
    for place, part in enumerate(parts):
        if place:
            whole.edges.append(Edge((x, height // 2, x + GAP, height // 2), part.begun))
            x += GAP
        take(whole, part.at(x, height // 2 - part.middle))
        x += part.width
    return replace(whole, width=x)


def take(whole: Part, part: Part) -> None:
    whole.nodes.extend(part.nodes)
    whole.edges.extend(part.edges)
    whole.frames.extend(part.frames)


def one(step: Step, path: str, look: Look) -> Part:
    match step.kind:
        case "parallel":
            inside = [one(branch, f"{path}.{place}", look) for place, branch in enumerate(step.parallel or [])]
            return framed(fan([(part, "") for part in inside]), step.name)
        case "loop":
            return framed(
                sequence(step.loop or [], f"{path}.", look), f"{step.name}, at most {step.max} times", GAP // 2
            )
        case "condition":
            ways = [(step.then, "then"), (step.otherwise, "otherwise")]
            choices = [(sequence(steps, f"{path}.{name}.", look), name) for steps, name in ways]
            return decided(step, path, choices, look)
        case "router":
            routes = [(one(choice, f"{path}.{place}", look), "") for place, choice in enumerate(step.choices)]
            return decided(step, path, routes, look)
        case _:
            return box(step, path, look)


def box(step: Step, path: str, look: Look) -> Part:
    return Part(WIDE, HIGH, [Node(step, path, look(step, path))])


def decided(step: Step, path: str, choices: list[tuple[Part, str]], look: Look) -> Part:
    """A step that chooses the way, and the ways behind it."""
    head, ways = box(step, path, look), fan(choices)
    height = max(head.height, ways.height)
    whole = Part(head.width + ways.width, height)
    take(whole, head.at(0, height // 2 - head.middle))
    take(whole, ways.at(head.width, height // 2 - ways.middle))
    return whole


def fan(parts: list[tuple[Part, str]]) -> Part:
    """One below the other, from one edge and to one edge."""
    wide = max(part.width for part, _ in parts)
    height = sum(part.height for part, _ in parts) + BETWEEN * (len(parts) - 1)
    whole, y = Part(wide + 2 * GAP, height), 0
    for part, words in parts:
        level = y + part.middle
        take(whole, part.at(GAP, y))
        whole.edges.append(Edge((0, height // 2, GAP, level), part.begun, words))
        whole.edges.append(Edge((GAP + part.width, level, wide + 2 * GAP, height // 2), part.begun, late=True))
        y += part.height + BETWEEN
    return whole


def framed(part: Part, words: str, pad: int = 0) -> Part:
    """In a dashed box with a title; what is inside stays at half the height."""
    whole = Part(part.width + 2 * pad, part.height + 2 * HEAD)
    take(whole, part.at(pad, HEAD))
    if pad:
        middle = whole.middle
        whole.edges.append(Edge((0, middle, pad, middle), part.begun))
        whole.edges.append(Edge((whole.width - pad, middle, whole.width, middle), part.begun))
    inset = 0 if pad else GAP // 2 + 6
    whole.frames.append(Frame(inset, 0, whole.width - 2 * inset, whole.height, words))
    return whole
