"""Requests as they were seen, and answers as they are sent (RFC 9112)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any


@dataclass(slots=True)
class Seen:
    """One request as the server saw it.

    `path` is as it was sent, percent-encoded and without the query; names of `headers` are in lower
    case. `status` is 0 where no answer was sent. `body_bytes` is how much of the body was read,
    and `body` its beginning where it was small enough to be read at once (JSON, forms).
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    status: int = 0
    body_bytes: int = 0
    body: bytes = b""

    def json(self) -> Any:
        """Return the body's JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Answer:
    """What is sent back.

    `reason` None stands for the usual phrase; `early` is an answer that does not wait for the body.
    `pieces` go out after `body`, each as it is made; `headers` then say the length.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    reason: str | None = None
    chunked: bool = False
    close: bool = False
    early: bool = False
    pieces: Iterable[bytes | memoryview] = ()

    def encode(self, method: str) -> bytes:
        """Return the bytes on the wire."""
        reason = HTTPStatus(self.status).phrase if self._is_usual else self.reason or ""
        lines = [f"HTTP/1.1 {self.status} {reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        bare = self.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        body = b"" if bare or method == "HEAD" else self.body
        if self.chunked:
            lines.append("transfer-encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
        elif not bare and "content-length" not in self.headers:
            lines.append(f"content-length: {len(self.body)}")
        lines.append("connection: close" if self.close else "connection: keep-alive")
        if not self.close:
            lines.append("keep-alive: timeout=61")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body

    @property
    def _is_usual(self) -> bool:
        return self.reason is None and self.status in HTTPStatus._value2member_map_


def json_answer(
    value: Any,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Answer:
    """Return an answer with compact JSON."""
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return Answer(
        status, body, {"content-type": "application/json; charset=utf-8"} | (headers or {})
    )
