"""What AI Companion wrote about a meeting, in whichever form Zoom tells it.

Source: Zoom API reference, "Get a meeting or webinar summary": `summary_content` (Markdown) is the
form of today; the fields before it are deprecated and may still be all there is.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_HEADING: Final = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$")
_ITEM: Final = re.compile(r"^[ \t]*(?:[-*+•]|[0-9]{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?(.+)$")
_NEXT_STEPS: Final = frozenset(
    {
        "next steps", "action items", "nächste schritte", "próximos pasos", "prochaines étapes",
        "passaggi successivi", "prossimi passaggi", "próximas etapas", "próximos passos",
        "volgende stappen", "następne kroki", "następne działania", "följande steg", "nästa steg",
        "næste skridt", "дальнейшие действия", "следующие шаги", "sonraki adımlar", "次のステップ",
        "後續步驟", "后续步骤", "下一步", "다음 단계", "langkah selanjutnya", "các bước tiếp theo",
    }
)  # fmt: skip
"""Headings of what is to be done, as Zoom writes them in its languages; users may change them."""
_LONGEST: Final = 1 << 20
_MOST_ITEMS: Final = 500


@dataclass(frozen=True, slots=True)
class MeetingSummary:
    """A summary as text (Markdown), and what is to be done."""

    text: str
    next_steps: tuple[str, ...] = ()


def summary_of(told: Mapping[str, Any]) -> MeetingSummary | None:
    """Return what an answer says; None where it says nothing."""
    edited = told.get("edited_summary")
    forms = [form for form in (edited, told) if isinstance(form, Mapping)]
    text = _text(told.get("summary_content"))
    if not text:
        text = next(filter(None, map(_older, forms)), "")
    steps = next(filter(None, (_lines(form.get("next_steps")) for form in forms)), ())
    if not steps:
        steps = tuple(_steps_in(text))
    if not text and not steps:
        return None
    return MeetingSummary(text[:_LONGEST], steps[:_MOST_ITEMS])


def _older(form: Mapping[str, Any]) -> str:
    """Return the deprecated fields as one text."""
    details = form.get("summary_details")
    parts = [_text(form.get("summary_overview"))]
    if isinstance(details, list):
        for one in details:
            if isinstance(one, Mapping):
                label, said = _text(one.get("label")), _text(one.get("summary"))
                parts.append(f"## {label}\n{said}" if label else said)
    else:  # an edited one is a single text
        parts.append(_text(details))
    return "\n\n".join(filter(None, parts))


def _steps_in(text: str) -> Iterator[str]:
    """Yield the items of the list below the heading that announces what is to be done."""
    is_inside = False
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading:
            is_inside = _plain(heading[1]).rstrip(":").casefold() in _NEXT_STEPS
        elif is_inside and (item := _ITEM.match(line)):
            yield _plain(item[1])


def _lines(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(filter(None, map(_text, value)))


def _plain(text: str) -> str:
    return text.replace("**", "").replace("__", "").strip()


def _text(value: object) -> str:
    """Return a text that any store accepts: no half characters, no null."""
    if not isinstance(value, str):
        return ""
    return value.encode("utf-8", "replace").decode().replace("\0", "").strip()
