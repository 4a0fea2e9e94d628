import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Environment
from runs.engine.transcript import added, priced

USAGE = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}


def test_the_cost_of_a_turn_follows_from_the_price(settings):
    settings.PRICES = {"big": (2.0, 8.0)}
    assert priced(USAGE, "big") == {"cost": 0.006}
    assert priced(USAGE, "unknown") == {}
    assert priced(USAGE, "demo") == {"cost": 0}
    assert priced({"time_to_first_token": 0.1}, "big") == {}  # an endpoint that tells no tokens


def test_costs_and_tokens_of_all_turns_add_up():
    first = added({}, {**USAGE, "cost": 0.006})
    assert added(first, {**USAGE, "cost": 0.001}) == {
        "prompt_tokens": 2000,
        "completion_tokens": 1000,
        "total_tokens": 3000,
        "model_calls": 2,
        "cost": 0.007,
    }


def test_turns_whose_cost_is_not_known_are_counted():
    first = added({}, {**USAGE, "cost": 0.006})
    assert "unpriced" not in first
    second = added(first, USAGE)
    assert (second["cost"], second["unpriced"], second["model_calls"]) == (0.006, 1, 2)
    assert added(second, USAGE)["unpriced"] == 2


def test_a_price_that_cannot_be_read_is_refused_with_the_mend():
    with pytest.raises(ImproperlyConfigured, match=r"SAYSO_PRICES: 'big' is not model=in/out"):
        _ = Environment(sayso_prices="big").prices
    for price in ("nan/1", "1/inf", "-1/2"):
        with pytest.raises(ImproperlyConfigured, match="is not model=in/out"):
            _ = Environment(sayso_prices=f"big={price}").prices
