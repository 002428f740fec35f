"""What AI Companion wrote is read in whichever form it comes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.zoom.summaries import MeetingSummary, summary_of

STEPS = ("Ann Smith: send the draft", "Bob: look at it")
MARKDOWN = (
    "## Quick recap\nThe plan was agreed.\n\n## The plan\n- a draft is ready\n\n"
    "## Next steps\n- Ann Smith: send the draft\n* Bob: look at it\n"
)
OLDER = {
    "summary_overview": "The plan was agreed.",
    "summary_details": [{"label": "The plan", "summary": "A draft is ready."}],
    "next_steps": list(STEPS),
}


def test_the_form_of_today():
    """One text in Markdown; what is to be done stands in it."""
    assert summary_of({"summary_content": MARKDOWN}) == MeetingSummary(MARKDOWN.strip(), STEPS)


def test_the_older_form():
    """Its parts become one text."""
    found = summary_of(OLDER)
    assert found == MeetingSummary("The plan was agreed.\n\n## The plan\nA draft is ready.", STEPS)


def test_both_forms():
    """The text of today, and the list that is told as one."""
    found = summary_of(OLDER | {"summary_content": MARKDOWN, "next_steps": ["Only this"]})
    assert found == MeetingSummary(MARKDOWN.strip(), ("Only this",))


def test_an_edited_one():
    """What somebody corrected goes before what was written; its details are a single text."""
    edited = {
        "summary_overview": "Nothing was agreed.",
        "summary_details": "The plan: none.",
        "next_steps": ["Bob: ask again"],
    }
    found = summary_of(OLDER | {"edited_summary": edited})
    assert found == MeetingSummary("Nothing was agreed.\n\nThe plan: none.", ("Bob: ask again",))


@pytest.mark.parametrize(
    "heading",
    ["## Next steps", "# Next Steps", "### **Next steps**", "## Next steps:", "## Next steps ##",
     "## Nächste Schritte", "## Próximos pasos", "## 次のステップ", "## Дальнейшие действия"],
)  # fmt: skip
def test_headings_of_what_is_to_be_done(heading):
    """As Zoom writes them, and as people change them."""
    found = summary_of({"summary_content": f"## Recap\n- no step\n{heading}\n1. one\n- [ ] two"})
    assert found is not None
    assert found.next_steps == ("one", "two")


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"summary_content": ""},
        {"summary_content": None, "next_steps": None, "edited_summary": None},
        {"summary_overview": "", "summary_details": [], "next_steps": []},
        {"summary_content": 5, "summary_details": [1, None, {}], "next_steps": [None, 7, ""]},
    ],
)
def test_nothing_is_no_summary(told):
    """In none of its forms."""
    assert summary_of(told) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
FIELDS = ("summary_content", "summary_overview", "summary_details", "next_steps", "edited_summary",
          "label", "summary")  # fmt: skip


@given(st.dictionaries(st.sampled_from(FIELDS), JSON | st.text().map(lambda text: f"## {text}")))
def test_no_answer_raises(told):
    """And what comes of it can be stored anywhere."""
    found = summary_of(told)
    if found is not None:
        for text in (found.text, *found.next_steps):
            assert "\0" not in text
            text.encode()


@given(st.text(st.characters(exclude_categories=[])))
def test_no_text_raises(text):
    """With half characters too."""
    for told in (
        {"summary_content": text},
        {"summary_content": f"## Next steps\n- {text}"},
        {"summary_overview": text, "next_steps": [text], "edited_summary": {"next_steps": text}},
    ):
        found = summary_of(told)
        if found is not None:
            "".join((found.text, *found.next_steps)).encode()
