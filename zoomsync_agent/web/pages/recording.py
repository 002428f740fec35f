"""One recording: played, read, renamed, handed on; and what became of its file."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response, redirect, request

from zoomsync_agent.control import Control
from zoomsync_agent.control.library import Library
from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.errors import AgentError, NotAllowed
from zoomsync_agent.core.file_urls import path_of
from zoomsync_agent.core.recording import RecordingRow
from zoomsync_agent.web.pages import transcripts
from zoomsync_agent.web.pages.queue import sentence_of
from zoomsync_agent.web.pages.showing import done, is_fragment, show
from zoomsync_agent.web.sending import send_recording

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from zoomsync_agent.web.desk import Desk

_PAGE: Final = "/ui/recordings/<recording_id>"
_LIVES: Final = (
    ("3600", "1 hour"),
    ("86400", "1 day"),
    ("604800", "1 week"),
)
"""How long a link may hold: seconds, and in words."""
_MOST_SECONDS: Final = 1_000_000.0
_FOLDER: Final = "folder"


def register(app: Flask, desk: "Desk") -> None:
    """Add the page, and what can be done on it."""

    @app.get(_PAGE)
    def recording(recording_id: str) -> str:
        control = desk.control
        return _page(desk, control, control.recording(recording_id))

    @app.get(f"{_PAGE}/content")
    def content(recording_id: str) -> "AnyResponse":
        row = desk.control.recording(recording_id)
        found = desk.playable(row)
        if found.path is None:
            return redirect(found.url, code=303)
        return send_recording(
            found.path, row.file_name or found.path.name, is_download="download" in request.args
        )

    @app.get(f"{_PAGE}/captions.vtt")
    def captions(recording_id: str) -> Response:
        control = desk.control
        cues = control.library.transcript(control.recording(recording_id))
        return Response(transcripts.captions(cues), content_type="text/vtt; charset=utf-8")

    @app.post(f"{_PAGE}/rename")
    def rename(recording_id: str) -> "AnyResponse":
        control = desk.control
        row = control.recording(recording_id)
        control.library.rename(row, request.form.get("title", ""))
        return done("renamed", to=_address(row))

    @app.post(f"{_PAGE}/folder")
    def folder(recording_id: str) -> "AnyResponse":
        row = desk.control.recording(recording_id)
        desk.show_in_folder(row)
        return done("opened", to=_address(row))

    @app.post(f"{_PAGE}/link")
    def link(recording_id: str) -> str:
        control = desk.control
        row = control.recording(recording_id)
        life = request.form.get("life", "")
        if life not in dict(_LIVES):
            raise NotAllowed("a link holds for an hour, a day or a week")
        # Shown in the answer itself: in an address it would stay in the browser's history.
        return _page(desk, control, row, link=desk.link(row, float(life)), life=dict(_LIVES)[life])


def _address(row: RecordingRow) -> str:
    return f"/ui/recordings/{row.recording_id}"


def _page(
    desk: "Desk", control: Control, row: RecordingRow, *, link: str = "", life: str = ""
) -> str:
    library = control.library
    wanted = request.args.get("q", "").strip()[:200]
    waiting = library.why_not(row)
    history = library.history(row)
    return show(
        "recording.html",
        current="recordings",
        seen=control.snapshot(limit=0),
        live_url=_address(row),
        # A page that is only brought up to date leaves the long and lasting parts as they are.
        is_whole=not is_fragment(),
        row=replace(row, transcription_text=""),
        address=_address(row),
        waiting=waiting,
        why_not=sentence_of(waiting) if waiting else "",
        place=_place(row),
        can_play=_can_play(desk, row),
        at=_second(request.args.get("t", "")),
        wanted=wanted,
        only_hits="only" in request.args and bool(wanted),
        link=link,
        life=life,
        lives=_LIVES,
        variants=control.variants(row),
        history=history,
        verified_at=next(
            (one.at for one in reversed(history) if one.happening is Happening.SAFE), None
        ),
        **_texts(library, row, wanted),
    )


def _texts(library: Library, row: RecordingRow, wanted: str) -> dict[str, Any]:
    if is_fragment():
        return {"lines": (), "has_times": False}
    lines = transcripts.lines(library.transcript(row), wanted)
    return {"lines": lines, "has_times": any(line.at is not None for line in lines)}


def _can_play(desk: "Desk", row: RecordingRow) -> bool:
    if is_fragment() or not row.file_url:
        return False
    if row.destination != _FOLDER:  # to make a link would take a round trip
        return True
    try:
        desk.playable(row)
    except AgentError:
        return False
    return True


def _place(row: RecordingRow) -> str:
    """Return where a recording lies, as people write it."""
    if row.destination != _FOLDER or not row.file_url.startswith("file:"):
        return row.file_url
    return str(path_of(row.file_url) or row.file_url)


def _second(text: str) -> int | None:
    """Return a second of the recording; None for what is none."""
    try:
        second = float(text)
    except ValueError:
        return None
    return int(second) if 0 <= second <= _MOST_SECONDS else None
