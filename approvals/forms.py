"""What people send from a question: answers, words about a plan, what only they can know."""

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict

from approvals.answers import APPROVE, GO_ON, HAPPENED, NOT_HAPPENED, STOP, TRY_AGAIN
from approvals.arguments import normal
from approvals.models import Question

OWN = "own"  # the choice "Something else"
SKIP = "skip"


@dataclass
class Choice:
    value: str
    label: str
    description: str
    preview: str
    recommended: bool
    chosen: bool


@dataclass
class Item:
    """One question on the card, with what was chosen so far."""

    index: int
    question: str
    header: str
    multi: bool
    choices: list[Choice]
    own: str = ""
    own_chosen: bool = False
    skipped: bool = False
    error: str = ""

    @property
    def name(self) -> str:
        return f"q{self.index}"

    @property
    def has_previews(self) -> bool:
        return any(choice.preview for choice in self.choices)

    @property
    def labels(self) -> list[str]:
        chosen = [choice.label for choice in self.choices if choice.chosen]
        return [*chosen, self.own.strip()] if self.own_chosen and self.own.strip() else chosen

    @property
    def is_answered(self) -> bool:
        return self.skipped or bool(self.labels)

    @property
    def answer(self) -> str | list[str]:
        return self.labels if self.multi else self.labels[0]


class AnswerForm:
    """All questions of one gate."""

    def __init__(self, question: Question, data: QueryDict | None = None):
        self.data = data or QueryDict()
        self.items = [self.item(n, one) for n, one in enumerate(question.questions)]
        self.response = normal(self.data.get("response", "")).strip()
        self.by_words = self.data.get("step") == "words"
        self.error = ""

    def item(self, index: int, one: dict[str, Any]) -> Item:
        sent = self.data.getlist(f"q{index}")
        own = normal(self.data.get(f"q{index}.own", ""))
        choices = [
            Choice(
                str(n),
                option["label"],
                option.get("description") or "",
                option.get("preview") or "",
                bool(option.get("recommended")),
                str(n) in sent,
            )
            for n, option in enumerate(one.get("options", []))
        ]
        multi = bool(one.get("multiSelect"))
        # Words that were typed without touching a radio are meant; beside a chosen one they are a draft.
        meant = OWN in sent or bool(own.strip() and not sent)
        return Item(index, one["question"], one.get("header", ""), multi, choices, own, meant, SKIP in sent)

    @property
    def answers(self) -> dict[str, Any]:
        if self.by_words:
            return {}
        return {item.question: item.answer for item in self.items if item.labels and not item.skipped}

    @property
    def skipped(self) -> list[str]:
        return [] if self.by_words else [item.question for item in self.items if item.skipped]

    @property
    def answered(self) -> int:
        return sum(item.is_answered for item in self.items)

    @property
    def words(self) -> str:
        return self.response if self.by_words else ""

    @property
    def stop(self) -> bool:
        return False

    def is_valid(self) -> bool:
        if self.by_words:
            self.error = "" if self.response else "Write your reply."
            return bool(self.response)
        for item in self.items:
            if item.own_chosen and not item.own.strip() and not item.skipped:
                item.error = "Write your own words, or choose another answer."
            elif not item.is_answered:
                item.error = "Choose an answer, write your own, or skip the question."
        return not any(item.error for item in self.items)

    def refuse(self, errors: dict[str, str]) -> None:
        self.error = "; ".join(text for name, text in errors.items() if name not in {i.question for i in self.items})
        for item in self.items:
            item.error = errors.get(item.question, "")

    @property
    def wrong(self) -> list[Item]:
        return [item for item in self.items if item.error]


class WordsForm:
    """One button and, where it needs or takes them, the person's words: plans, unknown outcomes, attention."""

    BUTTONS = {
        Question.Kind.PLAN: ("approve", "changes", "reject"),
        Question.Kind.UNKNOWN: (HAPPENED, NOT_HAPPENED, TRY_AGAIN),
        Question.Kind.ATTENTION: (GO_ON, STOP),
    }
    KEYS = {Question.Kind.UNKNOWN: "outcome", Question.Kind.ATTENTION: "attention"}

    def __init__(self, question: Question, data: QueryDict | None = None):
        data = data or QueryDict()
        self.kind = Question.Kind(question.kind)
        self.step = data.get("step", "")
        self.text = normal(data.get("words", "")).strip()
        self.error = ""
        self.skipped: list[str] = []

    def is_valid(self) -> bool:
        if self.step not in self.BUTTONS[self.kind]:
            self.error = "Press one of the buttons."
        elif self.step == "changes" and not self.text:
            self.error = "Write what should change."
        return not self.error

    @property
    def answers(self) -> dict[str, Any]:
        if self.kind == Question.Kind.PLAN:
            return {"plan": APPROVE} if self.step == "approve" else {}
        return {self.KEYS[self.kind]: self.step}

    @property
    def words(self) -> str:
        return "" if self.step in (NOT_HAPPENED, TRY_AGAIN) else self.text

    @property
    def stop(self) -> bool:
        return self.step == "reject"

    def refuse(self, errors: dict[str, str]) -> None:
        self.error = "; ".join(errors.values())


@dataclass
class Blank:
    """One value that only a person can give."""

    name: str
    label: str
    text: str
    error: str = ""

    @property
    def input(self) -> str:
        return f"blank.{self.name}"


class BlanksForm:
    """Missing arguments of a call, or the result of one that ran elsewhere."""

    def __init__(self, question: Question, data: QueryDict | None = None):
        data = data or QueryDict()
        self.blanks = [
            Blank(one["id"], one["question"], normal(data.get(f"blank.{one['id']}", ""))) for one in question.questions
        ]
        self.stop = data.get("step") == "stop"
        self.error = ""
        self.skipped: list[str] = []
        self.words = ""

    def is_valid(self) -> bool:
        for blank in self.blanks:
            blank.error = "" if self.stop or blank.text.strip() else "Write a value."
        return not any(blank.error for blank in self.blanks)

    @property
    def answers(self) -> dict[str, Any]:
        return {blank.name: blank.text for blank in self.blanks}

    def refuse(self, errors: dict[str, str]) -> None:
        names = {blank.name for blank in self.blanks}
        self.error = "; ".join(text for name, text in errors.items() if name not in names)
        for blank in self.blanks:
            blank.error = errors.get(blank.name, "")


QuestionForm = AnswerForm | WordsForm | BlanksForm


def form_for(question: Question, data: QueryDict | None = None) -> QuestionForm:
    if question.kind == Question.Kind.ASK:
        return AnswerForm(question, data)
    if question.kind in WordsForm.BUTTONS:
        return WordsForm(question, data)
    return BlanksForm(question, data)
