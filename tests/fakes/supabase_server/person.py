"""Somebody signed in, with a small client that decides nothing."""

import base64
from collections.abc import Iterable
from typing import Any

import httpx

from tests.fakes.supabase_server.server import SupabaseServer
from tests.fakes.supabase_server.tus import BASE

_STREAM = "application/offset+octet-stream"


class Person:
    """Asks a project what a test wants to ask, and says what came back.

    Underscores in the names of headers stand for dashes; None leaves a header out.

    Args:
        server: the project.
        http: the client that every request uses.
        email: whose account is made and signed in.
    """

    def __init__(
        self, server: SupabaseServer, http: httpx.Client, email: str = "a@example.com"
    ) -> None:
        self.server = server
        self.http = http
        self.user = server.add_user(email, "long password")
        self.session = server.session_for(self.user)
        self.headers = {
            "apikey": server.publishable_key,
            "Authorization": f"Bearer {self.session['access_token']}",
        }

    def key(self, name: str) -> str:
        """Return the key of an object in one's own folder."""
        return f"{self.user.id}/2026/{name}"

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes | Iterable[bytes] | None = None,
        body: Any = None,
        **headers: str | None,
    ) -> httpx.Response:
        """Ask any part of the project; *path* may be a whole address."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in (self.headers | names).items() if value is not None}
        url = httpx.URL(self.server.url).join(path)
        return self.http.request(method, url, content=content, json=body, headers=sent)

    def storage(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Ask Storage; arguments as of `ask`."""
        return self.ask(method, f"/storage/v1{path}", **more)

    def auth(
        self, method: str, path: str, body: Any = None, **headers: str | None
    ) -> httpx.Response:
        """Ask Auth."""
        return self.ask(method, f"/auth/v1{path}", content=None, body=body, **headers)

    def tus(
        self,
        method: str,
        url: str,
        content: bytes | Iterable[bytes] = b"",
        **headers: str | None,
    ) -> httpx.Response:
        """Ask for resumable uploads."""
        sent: dict[str, Any] = {"Tus_Resumable": "1.0.0"}
        return self.ask(method, url, content=content, **(sent | headers))

    def create(
        self,
        name: str,
        length: int,
        *,
        key: str | None = None,
        bucket: str | None = None,
        upsert: bool = False,
        **headers: str | None,
    ) -> httpx.Response:
        """Begin an upload."""
        metadata = metadata_header(
            bucketName=bucket or self.server.bucket,
            objectName=key or self.key(name),
            contentType="video/mp4",
            cacheControl="3600",
            metadata='{"topic":"Jour fixe"}',
        )
        sent: dict[str, Any] = {
            "Upload_Length": str(length),
            "Upload_Metadata": metadata,
            "x_upsert": "true" if upsert else "false",
        }
        return self.tus("POST", BASE, **(sent | headers))

    def patch(
        self, url: str, offset: int, content: bytes | Iterable[bytes], **headers: str | None
    ) -> httpx.Response:
        """Send a piece."""
        sent: dict[str, Any] = {"Content_Type": _STREAM, "Upload_Offset": str(offset)}
        return self.tus("PATCH", url, content, **(sent | headers))

    def offset(self, url: str) -> int:
        """Return where an upload stands."""
        return int(self.tus("HEAD", url).headers["upload-offset"])


def metadata_header(**pairs: str) -> str:
    """Return the value of a header Upload-Metadata."""
    encoded = ((name, base64.b64encode(value.encode()).decode()) for name, value in pairs.items())
    return ",".join(f"{name} {value}".rstrip() for name, value in encoded)
