"""Files as answers."""

from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Response, request, send_file


def send(path: Path, kind: str | None = None, **more: Any) -> Response:
    """Return a file, or the part of it that is wanted; *more* is for `flask.send_file`.

    Raises:
        OSError: it cannot be opened.
    """
    answer = send_file(path, kind, **more)
    if request.method == "HEAD" or answer.status_code == HTTPStatus.NOT_MODIFIED:
        answer.close()  # nothing of the file is sent, and nobody else would close it
    return answer
