"""Somebody's agent with its page: a real home, real databases, a real archive, the real site."""

import contextlib
import functools
import hashlib
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

from flask_openapi3 import utils as openapi
from werkzeug.test import Client

from tests.fakes.secrets import MemorySecrets
from zoomsync_agent import app, settings
from zoomsync_agent.app.desk import AppDesk
from zoomsync_agent.app.page import PAGE_KEY
from zoomsync_agent.catalog.local import LocalCatalog
from zoomsync_agent.control import Control
from zoomsync_agent.core import naming
from zoomsync_agent.core.recording import (
    Kind,
    MeetingKey,
    ObjectKey,
    ProcessingStatus,
    RecordingRow,
)
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.destinations.folder.destination import MARKER
from zoomsync_agent.web import guard
from zoomsync_agent.web.paths import UPLOADS
from zoomsync_agent.web.server import WebServer
from zoomsync_agent.web.site import Site

SAMPLES: Final = Path(__file__).parents[2] / "assets" / "sample"
VIDEO: Final = SAMPLES / "video1399019170.mp4"
AUDIO: Final = SAMPLES / "audio1399019170.m4a"
_BASE: Final = "http://127.0.0.1"
_WAIT_SECONDS: Final = 20.0


# Each world describes its API anew, out of the same models: half of what a test of it costs.
openapi.get_model_schema = functools.cache(openapi.get_model_schema)


class PageWorld:
    """A home with a page; nothing runs in it unless `sync` or `serving` are called. A context.

    Args:
        home: a fresh one.
        folder: for the recordings folder and the archive.
        chosen: further settings, by name; they are written into config.toml.
        is_held: the agent waits for the setup; nothing but *chosen* is written down then.
    """

    def __init__(
        self,
        home: Home,
        folder: Path,
        chosen: Mapping[str, Any] | None = None,
        *,
        is_held: bool = False,
    ) -> None:
        self.home = home
        self.recordings = folder / "Zoom"
        self.archive = folder / "Archive"
        self._folder = folder
        mine = {} if is_held else {"recordings_path": self.recordings, "archive_path": self.archive}
        if written := {name: str(value) for name, value in {**mine, **(chosen or {})}.items()}:
            settings.save_all(home.ensure(), written)
        self.secrets = MemorySecrets()
        self.desk = AppDesk(
            home, self._load(), reload=self._load, is_held=is_held, secrets=self.secrets
        )
        self.token = guard.load_token(home.ensure().data / PAGE_KEY)
        self.site = Site(self.desk, lambda: self.token)

    def _load(self) -> settings.Settings:
        """Read the settings, as a run does."""
        return settings.load(self.home, os.environ, cwd=self._folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.site.close()
        self.desk.close()

    @property
    def control(self) -> Control:
        """What people see and do."""
        return self.desk.control

    @property
    def catalog(self) -> LocalCatalog:
        """The embedded catalog."""
        _ = self.desk.control
        return LocalCatalog(self.desk._databases.catalog)

    def stranger(self) -> Client:
        """Return a browser that has not been let in."""
        return Client(self.site)

    def client(self) -> Client:
        """Return a browser that has used its link."""
        found = self.stranger()
        link = urlsplit(guard.link(f"{_BASE}/", self.token))
        answer = found.get(f"{link.path}?{link.query}", base_url=_BASE)
        assert answer.status_code == 303, answer.status
        return found

    def add(
        self,
        title: str,
        *,
        started_at: float | None = 1_700_000_000.0,
        name: str = "video1399019170.mp4",
        content: bytes | Path | None = None,
        status: ProcessingStatus = ProcessingStatus.COMPLETED,
        meeting: str = "",
        **columns: Any,
    ) -> RecordingRow:
        """Put a recording into archive and catalog, as if it had come home; return its row."""
        number = len(self.catalog.recent())
        data = content.read_bytes() if isinstance(content, Path) else content
        data = data if data is not None else f"recording {number} {title}".encode()
        sha256 = hashlib.sha256(data).hexdigest()
        key = f"2023/{number:03} {title.replace('/', '_')[:60]}/{name}"
        path = self.archive / key
        is_there = status is ProcessingStatus.COMPLETED
        if is_there:
            path.parent.mkdir(parents=True, exist_ok=True)
            (self.archive / MARKER).touch()  # or an agent takes it for another drive
            path.write_bytes(data)
        row = RecordingRow(
            recording_id=naming.recording_id("local", sha256),
            user_id="local",
            file_url=path.as_uri() if is_there else "",
            meeting_title=title,
            file_name=name,
            file_size=len(data),
            created_at=1_700_000_000.0 + number,
            updated_at=1_700_000_000.0 + number,
            processing_status=status,
            sha256=sha256,
            started_at=started_at,
            kind=columns.pop("kind", Kind.VIDEO),
            meeting_key=MeetingKey(meeting or f"meeting-{number}"),
            destination="folder",
            object_key=ObjectKey(key),
            **columns,
        )
        self.catalog.publish(row)
        return row

    def record(
        self, folder: str = "2026-11-23 09.15.00 Weekly", *files: Path, **texts: str
    ) -> Path:
        """Put a finished meeting into the recordings folder, as Zoom does; return its folder."""
        place = self.recordings / folder
        place.mkdir(parents=True, exist_ok=True)
        for one in files or (VIDEO, AUDIO):
            shutil.copyfile(one, place / one.name)
        for name, text in texts.items():
            (place / f"{name}.txt").write_text(text, "utf-8")
        return place

    def sync(self) -> None:
        """Let an agent bring home what lies there, and end."""
        with app.running(self.desk.settings(), self.home) as agent:
            deadline = threading.Event()
            for _ in range(int(_WAIT_SECONDS / 0.05)):
                agent.check()
                if agent.control.sweeps().folder and not agent.control.is_busy(5.0):
                    return
                deadline.wait(0.05)
        raise AssertionError("nothing came home")

    @contextlib.contextmanager
    def serving(self, page: str = "", **options: Any) -> Iterator[str]:
        """Serve the site for real; give a link that opens *page* once."""
        came = threading.Event()
        urls: list[str] = []

        def told(url: str) -> None:
            self.desk.url = url
            urls.append(url)
            came.set()

        server = WebServer(
            self.site,
            0,
            told,
            on_stop=self.site.close,
            takes_files=UPLOADS,
            **options,
        )
        server.start()
        try:
            assert came.wait(_WAIT_SECONDS), server.failure
            yield guard.link(urls[0], self.token, page)
        finally:
            server.stop(5.0)
