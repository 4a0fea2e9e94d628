import pytest

from teammates import services
from teammates.models import Teammate
from teammates.tools.registry import make, registry

TOOLS = [("read_file", ""), ("write_file", "")]


@pytest.fixture
def clerk(db) -> Teammate:
    """A teammate of the house, in approval mode."""
    teammate = Teammate(slug="clerk", name="Clerk", instructions="Keep the books.")
    services.save(teammate, TOOLS)
    return teammate


@pytest.fixture
def scribe(owner) -> Teammate:
    """The owner's own."""
    teammate = Teammate(slug="scribe", name="Scribe", owner=owner)
    services.save(teammate, TOOLS)
    return teammate


@pytest.fixture
def refund():
    """A tool that spends money."""

    def refund_order(order: int) -> str:
        """Give the money back."""
        return f"refunded {order}"

    registry.add(make(refund_order, title="Refund an order", risk="spend"))
    yield "refund_order"
    registry.remove("refund_order")
