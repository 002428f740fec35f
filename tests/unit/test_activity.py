"""What happened, said for people."""

import pytest

from zoomsync_agent.core.activity import Happening, receipt_sentence, sentence
from zoomsync_agent.core.errors import leaves


@pytest.mark.parametrize("happening", Happening)
@pytest.mark.parametrize("detail", ["", "10 {braces}"])
def test_everything_that_happens_has_a_sentence(happening, detail):
    """With a detail and without."""
    said = sentence(happening, detail=detail)
    assert said[0].isupper()
    assert said.endswith(".")


@pytest.mark.parametrize("error", list(leaves()), ids=lambda error: error.code)
def test_an_error_is_said_with_what_helps(error):
    """As wherever else it is told."""
    said = sentence(Happening.BLOCKED, error_code=error.code, detail="what exactly")
    assert said.startswith(f"{error.title}.")
    assert "(what exactly)" in said
    assert error.hint in said


def test_details_are_told_where_they_say_more():
    """A title, a name, a number of files."""
    assert sentence(Happening.RENAMED, detail="Budget") == "Renamed to “Budget”."
    assert sentence(Happening.RETRIED, detail="70") == "Somebody asked to try 70 files again."
    assert sentence(Happening.SAFE, detail="a/b.mp4") == sentence(Happening.SAFE)


def test_a_receipt_says_what_it_proves():
    """Where, how much, and which content."""
    said = receipt_sentence("s3", 1_500_000, "ab12")
    assert said == "Proven to be in the archive (s3): 1.5 MB, SHA-256 ab12."
