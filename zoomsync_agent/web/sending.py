"""Recordings as answers: whole, or the part that a player asks for.

Source: RFC 9110, 14 (range requests).
"""

from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from flask import Response, request, send_file

from zoomsync_agent.core.errors import DestinationUnavailable

TYPES: Final = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".webm": "video/webm",
    ".mkv": "video/x-matroska",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
    ".vtt": "text/vtt",
    ".txt": "text/plain",
}
"""No other kind is named: nothing of a recording is to be run, or shown as a page."""
OTHER_TYPE: Final = "application/octet-stream"


def send_recording(path: Path, name: str, *, is_download: bool = False) -> Response:
    """Return a file of the archive, or the part of it that is wanted.

    Args:
        path: the file.
        name: under which it is kept where it is downloaded.
        is_download: the browser is to keep it and not to show it.

    Raises:
        DestinationUnavailable: it cannot be opened.
    """
    wanted = request.headers.get("Range", "")
    try:
        answer = send(
            path,
            TYPES.get(path.suffix.lower(), OTHER_TYPE),
            as_attachment=is_download,
            download_name=name,
            conditional="," not in wanted,  # several parts at a time are nobody's due
            max_age=None,
        )
    except OSError as exc:
        raise DestinationUnavailable(f"{path}: {exc.strerror or exc}") from exc
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["Cache-Control"] = "no-store"  # a recording is kept in the archive alone
    return answer


def send(path: Path, kind: str | None = None, **more: Any) -> Response:
    """Return a file, or the part of it that is wanted; *more* is for `flask.send_file`.

    Raises:
        OSError: it cannot be opened.
    """
    answer = send_file(path, kind, **more)
    if request.method == "HEAD" or answer.status_code == HTTPStatus.NOT_MODIFIED:
        answer.close()  # nothing of the file is sent, and nobody else would close it
    return answer
