"""The address of a project, and the one HTTP client that talks to it."""

import re
from functools import cached_property
from typing import Final
from urllib.parse import quote, urlsplit

import httpx

from zoomsync_agent.core.recording import ObjectKey
from zoomsync_agent.http import new_client

_HOSTED: Final = re.compile(r"(?P<ref>[a-z0-9]{20})\.supabase\.co")


class Project:
    """One Supabase project.

    Args:
        url: `https://<ref>.supabase.co`, or the base address of one's own server, without a
            slash at the end.
        bucket: name of the private bucket that keeps the recordings.
    """

    def __init__(self, url: str, bucket: str) -> None:
        self.url = url
        self.bucket = bucket

    @property
    def host(self) -> str:
        """The name of the project's server."""
        return urlsplit(self.url).hostname or ""

    @property
    def ref(self) -> str | None:
        """The platform's name of the project; None for one's own server."""
        match = _HOSTED.fullmatch(self.host)
        return match["ref"] if match else None

    @property
    def rest(self) -> str:
        """Base address of the database's REST interface."""
        return f"{self.url}/rest/v1"

    @property
    def auth(self) -> str:
        """Base address of sign-in."""
        return f"{self.url}/auth/v1"

    @property
    def storage(self) -> str:
        """Base address of Storage."""
        return f"{self.url}/storage/v1"

    @property
    def resumable(self) -> str:
        """Where resumable uploads begin: on the platform, Storage's own faster host."""
        if self.ref:
            return f"https://{self.ref}.storage.supabase.co/storage/v1/upload/resumable"
        return f"{self.storage}/upload/resumable"

    @property
    def s3(self) -> str:
        """Base address of Storage's S3 endpoint: on the platform, Storage's own faster host."""
        if self.ref:
            return f"https://{self.ref}.storage.supabase.co/storage/v1/s3"
        return f"{self.storage}/s3"

    @property
    def tenant(self) -> str:
        """What Storage calls the project; one's own server calls its only one so."""
        return self.ref or "stub"

    def object_url(self, key: ObjectKey) -> str:
        """Return the address of an object that never changes; to read it one must be signed in."""
        return f"{self.storage}/object/authenticated/{self.bucket}/{quote(key)}"

    @cached_property
    def http(self) -> httpx.Client:
        """The client that all requests share; made when it is first used."""
        return new_client(self.url)

    def close(self) -> None:
        """Close the connections."""
        if "http" in self.__dict__:
            self.http.close()
