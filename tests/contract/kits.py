"""What the suite of destinations needs to know about each of them, beside the port itself."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fakes import s3_real
from tests.fakes.access import FixedAccess
from tests.fakes.destinations import MemoryDestination
from tests.fakes.s3_proxy import S3Proxy
from tests.fakes.s3_real import KEYS
from tests.fakes.s3_server import S3Server
from tests.fakes.supabase_server import SupabaseServer
from tests.fakes.supabase_server.intake import Intake
from zoomsync_agent.core.recording import ObjectKey, Outgoing, Progress
from zoomsync_agent.destinations.folder import FolderDestination
from zoomsync_agent.destinations.folder.copying import Copier
from zoomsync_agent.destinations.s3 import S3Destination
from zoomsync_agent.destinations.s3.assurances import PROBE
from zoomsync_agent.destinations.supabase import SupabaseDestination
from zoomsync_agent.destinations.supabase.fast import FastPath, SessionKeys
from zoomsync_agent.s3.bucket import Bucket
from zoomsync_agent.s3.credentials import FixedKeys, Keys
from zoomsync_agent.s3.multipart import Multipart
from zoomsync_agent.s3.objects import Objects
from zoomsync_agent.s3.requests import Requests
from zoomsync_agent.supabase.project import Project

CHUNK = 4
KEY = ObjectKey("2026/2026-03-14 10.00.05 Weekly Sync/video-0123456789ab.mp4")


@dataclass
class Kit:
    """One destination with small chunks, and ways around its port."""

    make: Callable[[], object]
    """Gives the destination as a new run of the agent would open it."""
    visible: Callable[[], dict[str, bytes]]
    """Gives every object that anybody who looks into the destination can see, by key."""
    put: Callable[[str, bytes], None]
    """Puts an object there by hand."""
    remove: Callable[[str], None]
    """Removes one by hand."""
    spoil: Callable[[], None]
    """Lets everything that arrives from now on be wrong."""
    unfinished: Callable[[], int]
    """Counts the half-finished uploads."""
    folder: str = ""
    """In which all names begin, with a slash at its end."""
    forgotten_uploads_expire: bool = False
    """Whether the other side ends a half-finished upload whose name was lost."""
    close: Callable[[], None] = lambda: None
    """Ends what was begun."""
    destination: object = field(init=False)

    def __post_init__(self):
        self.destination = self.make()

    @property
    def key(self) -> ObjectKey:
        """A name of the kind that the destination wants."""
        return self.named(KEY)

    def named(self, name: str) -> ObjectKey:
        """Return *name* where the destination wants it."""
        return ObjectKey(self.folder + name)


def memory_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Give the fake."""
    memory = MemoryDestination(chunk_bytes=CHUNK)

    def spoil():
        memory.spoil = lambda data: bytes(byte ^ 1 for byte in data)

    return Kit(
        make=lambda: memory,
        visible=lambda: dict(memory.objects),
        put=memory.objects.__setitem__,
        remove=memory.objects.__delitem__,
        spoil=spoil,
        unfinished=lambda: len(memory.sessions),
    )


def folder_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Give a folder, as the agent uses it from its second start on."""
    root = tmp_path / "archive"
    FolderDestination(root).check(_receipt_of_nothing())

    def visible():
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file() and not path.name.startswith(".") and path.suffix != ".json"
        }

    def put(key, data):
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def spoil():
        move = Copier.move

        def spoiled(self, offset, count):
            moved = move(self, offset, count)
            self._target.seek(offset)
            self._target.write(b"\xff" * moved)
            return moved

        monkeypatch.setattr(Copier, "move", spoiled)
        monkeypatch.setattr(Copier, "clone", lambda self: False)

    return Kit(
        make=lambda: FolderDestination(root, is_known=True, chunk_bytes=CHUNK),
        visible=visible,
        put=put,
        remove=lambda key: (root / key).unlink(),
        spoil=spoil,
        unfinished=lambda: len(list(root.rglob("*.partial"))),
    )


def supabase_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Give a bucket of a project's stand-in, in which everything is sent in chunks."""
    return _supabase_kit(monkeypatch, lambda _server, _project, _access: None)


def supabase_s3_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Give such a bucket, in which everything is sent in parts by a session."""

    def fast(server, project, access):
        credentials = SessionKeys(access, project.tenant, [project.tenant, server.anon_key])
        return FastPath(project, credentials, lists_parts=False, part_bytes=CHUNK, parallel=1)

    return _supabase_kit(monkeypatch, fast)


def supabase_s3_keys_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Give such a bucket, in which everything is sent in parts by plain access keys."""

    def fast(server, project, access):
        keys = FixedKeys(Keys(server.s3_access_key, server.s3_secret_key))
        return FastPath(project, keys, lists_parts=True, part_bytes=CHUNK, parallel=1)

    return _supabase_kit(monkeypatch, fast)


def _supabase_kit(monkeypatch: pytest.MonkeyPatch, new_fast_path: Callable[..., object]) -> Kit:
    server = SupabaseServer()
    server.s3_smallest_part = 1
    server.__enter__()
    user = server.add_user("ann@example.org")
    access = FixedAccess(server.anon_key, user.id, server.session_for(user)["access_token"])
    opened = []

    def close():
        for one in opened:
            one.close()
        server.__exit__(None, None, None)

    def make():
        project = Project(server.url, "recordings")
        fast = new_fast_path(server, project, access)
        opened.extend(filter(None, [project, fast]))
        return SupabaseDestination(
            project,
            access,
            policies_allow_sight=lambda: True,
            chunk_bytes=CHUNK,
            small_bytes=0,
            wait=_no_nap,
            fast=fast,
        )

    def spoil():
        add = Intake.add

        def spoiled(self, piece):
            add(self, memoryview(bytes(byte ^ 1 for byte in piece)))

        monkeypatch.setattr(Intake, "add", spoiled)

    return Kit(
        make=make,
        visible=lambda: {key: stored.data for key, stored in server.objects.items()},
        put=server.put_object,
        remove=server.objects.pop,
        spoil=spoil,
        unfinished=lambda: len(server.uploads) + len(server.s3_uploads),
        folder=f"{user.id}/",
        forgotten_uploads_expire=True,
        close=close,
    )


def s3_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Give a bucket of the strict stand-in, in which nearly everything is sent in parts."""
    server = S3Server(smallest_part=1)
    server.__enter__()
    proxy = S3Proxy(server.url)
    proxy.__enter__()
    bucket = Bucket(server.bucket, server.region, proxy.url, is_path_style=True, prefix="kept/")
    keys = Keys(server.access_key, server.secret_key)

    def spoil():
        proxy.spoils = True

    def put(key, data):
        server.put_object(f"kept/{key}", data)

    opened, close = _opening(lambda: Requests(bucket, FixedKeys(keys)))
    return Kit(
        make=lambda: S3Destination(opened(), part_size=CHUNK, parallel=1, nap=_no_nap),
        visible=lambda: {
            key.removeprefix("kept/"): stored.data
            for key, stored in server.objects.items()
            if _is_recording(key)
        },
        put=put,
        remove=lambda key: server.remove_object(f"kept/{key}"),
        spoil=spoil,
        unfinished=lambda: len(server.uploads),
        close=lambda: (close(), proxy.close(), server.close()),
    )


def moto_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Give a bucket of moto, a server that no one here wrote."""
    return _real_kit(s3_real.moto())


def rclone_kit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kit:
    """Give a bucket of rclone, a server that no one here wrote; it keeps no metadata."""
    return _real_kit(s3_real.rclone())


def _real_kit(real: s3_real.RealServer) -> Kit:
    proxy = S3Proxy(real.url)
    proxy.__enter__()
    name = real.new_bucket()
    opened, close = _opening(lambda: Requests(real.bucket(name, proxy.url), FixedKeys(KEYS)))
    # Around the proxy, and without the destination.
    direct = Requests(real.bucket(name), FixedKeys(KEYS))
    objects, multipart = Objects(direct), Multipart(direct)

    def visible():
        keys = [key for key, _ in objects.sizes() if _is_recording(key)]
        return {key: b"".join(objects.pieces(key)) for key in keys}

    def put(key, data):
        objects.put(key, data, len(data), hashlib.sha256(data).hexdigest(), {})

    def spoil():
        proxy.spoils = True

    return Kit(
        make=lambda: S3Destination(opened(), part_size=CHUNK, parallel=1, nap=_no_nap),
        visible=visible,
        put=put,
        remove=objects.delete,
        spoil=spoil,
        unfinished=lambda: len(list(multipart.unfinished(""))),
        close=lambda: (close(), direct.close(), proxy.close()),
    )


def _opening(make):
    """Return what makes requests to a store, and what closes all of them."""
    opened = []

    def open_one():
        opened.append(make())
        return opened[-1]

    def close():
        for one in opened:
            one.close()

    return open_one, close


def _is_recording(key):
    return not key.endswith((".json", PROBE))


def _no_nap(_seconds):
    pass


KITS = {
    "memory": memory_kit,
    "folder": folder_kit,
    "supabase": supabase_kit,
    "supabase-s3": supabase_s3_kit,
    "supabase-s3-keys": supabase_s3_keys_kit,
    "s3": s3_kit,
    "moto": moto_kit,
    "rclone": rclone_kit,
}
DESCRIBING_KITS = ("memory", "folder", "s3", "moto", "rclone")
HASHING_KITS = ("memory", "folder")
"""Those that tell the content of what somebody put there by hand."""


def outgoing_of(path: Path, key: str = KEY) -> Outgoing:
    """Describe the file at *path* as the agent does after it has hashed it."""
    stat = path.stat()
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return Outgoing(path, ObjectKey(key), stat.st_size, stat.st_mtime_ns, sha256)


def _receipt_of_nothing():
    from zoomsync_agent.core.recording import Receipt

    return Receipt("folder", ObjectKey("nothing"), 0, "", "", 0.0)


@dataclass
class Sending:
    """Calls `send` and keeps what it was told."""

    destination: object
    reported: list[Progress] = field(default_factory=list)
    paced: list[int] = field(default_factory=list)

    def __call__(self, outgoing, *, resume_from=None, stop_after=None, before_chunk=None):
        """Send; told to stop once so many chunks have moved in this call."""
        begun = len(self.paced)

        def pace(count):
            if before_chunk is not None:
                before_chunk(len(self.paced) - begun)
            self.paced.append(count)

        return self.destination.send(
            outgoing,
            resume_from=resume_from,
            report=self.reported.append,
            stop=lambda: stop_after is not None and len(self.paced) - begun >= stop_after,
            pace=pace,
        )
