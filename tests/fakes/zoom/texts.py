"""What is in the small files of a recording: transcript, chat, timeline, summary."""

import hashlib
import json
from typing import Any

Lines = tuple[tuple[str, str], ...]
"""Who said what."""


def talk(name: str) -> Lines:
    """Return what was said in a meeting; it differs by *name*."""
    return (
        ("Ann Smith", "Good morning, everybody."),
        ("Bob Jones", "Hello. Shall we begin with the plan?"),
        ("Ann Smith", "Yes: the first draft is ready, and I send it today."),
        ("Bob Jones", f"This is {name}."),
    )


def _stamp(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def transcript(lines: Lines, *, speakers: bool = True) -> bytes:
    """Return a WEBVTT as Zoom writes one: numbered cues, the speaker within the text."""
    cues = ["WEBVTT"]
    for number, (who, text) in enumerate(lines, start=1):
        said = f"{who}: {text}" if speakers else text
        begin, end = _stamp(4 * number), _stamp(4 * number + 3)
        cues.append(f"{number}\r\n{begin}.500 --> {end}.250\r\n{said}")
    return ("\r\n\r\n".join(cues) + "\r\n").encode()


def chat(lines: Lines) -> bytes:
    """Return a chat: time since the start, who, what."""
    told = [f"{_stamp(30 * at)}\t{who}:\t{text}" for at, (who, text) in enumerate(lines, start=1)]
    return ("\r\n".join(told) + "\r\n").encode()


def timeline(lines: Lines) -> bytes:
    """Return who spoke when."""
    spoken = [
        {"ts": f"{_stamp(4 * at)}.120", "users": [_speaker(who, said)]}
        for at, (who, said) in enumerate(lines, start=1)
    ]
    told = {"timeline": spoken, "timeline_refine": spoken}
    return json.dumps(told).encode()


def _speaker(who: str, said: str) -> dict[str, Any]:
    """Return one entry; whoever says something else is somebody else."""
    return {
        "username": who,
        "multiple_people": False,
        "user_id": "16778240",
        "zoom_userid": hashlib.sha256(said.encode()).hexdigest()[:22],
        "avatar_url": "",
        "client_type": 0,
        "email_address": "",
    }


def summary(kind: str, name: str) -> bytes:
    """Return a file of AI Companion's; nobody has said how they look inside."""
    told: dict[str, Any] = {
        "summary": {"overview": "The plan was agreed."},
        "summary_next_steps": {"items": [{"text": "Ann Smith: send the draft"}]},
        "summary_smart_chapters": {"items": [{"title": "The plan", "start": 4, "end": 12}]},
    }
    return json.dumps(told.get(kind, {}) | {"about": name}).encode()
