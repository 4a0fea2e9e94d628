"""What a follower of a repeated turn is told: nothing twice, and nothing that differs is lost."""

from api.speech import Speech


def told(*attempts):
    """What is new of each attempt at one turn, the first and its repeats."""
    speech, found = Speech(), []
    for place, words in enumerate(attempts):
        speech.turn(restarted=place > 0)
        found.append([new for word in words if (new := speech.fresh("text", word)[0])])
    return found


def test_a_repeat_is_silent_until_it_goes_beyond():
    assert told(["One ", "two "], ["One ", "two ", "three"]) == [["One ", "two "], ["three"]]


def test_a_repeat_that_died_too_leaves_what_was_told_before_it():
    assert told(["One ", "two "], ["One "], ["One ", "two ", "three"]) == [["One ", "two "], [], ["three"]]


def test_what_differs_is_told_from_its_start():
    assert told(["One "], ["Other ", "words"]) == [["One "], ["Other ", "words"]]
