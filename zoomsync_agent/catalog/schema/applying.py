"""Brings the schema into a project's database over a connection to Postgres itself."""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit

from zoomsync_agent.catalog import schema
from zoomsync_agent.catalog.schema import Migration
from zoomsync_agent.core.errors import UsageError

if TYPE_CHECKING:
    import psycopg

_ADDRESS: Final = re.compile(
    r"postgres(ql)?://(?P<user>[^:@/?#\s]+)(:(?P<password>[^:@/?#\s]*))?@"
    r"[^:@/?#\s]+(:\d{1,5})?(/[^:@/?#\s]*)?(\?[^#\s]*)?"
)
_PLACEHOLDER: Final = "[YOUR-PASSWORD]"
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
_CONNECT_SECONDS: Final = 15
_PLATFORM: Final = """
    select to_regprocedure('auth.uid()') is not null
        and to_regclass('auth.users') is not null
        and to_regclass('storage.objects') is not null
        and to_regclass('storage.buckets') is not null
        and (select count(*) = 3 from pg_roles
             where rolname in ('anon', 'authenticated', 'service_role'))
"""


@dataclass(frozen=True, slots=True)
class Target:
    """Which database an address names, without its password."""

    host: str
    port: int
    database: str
    user: str

    def __str__(self) -> str:
        return f"the database “{self.database}” on {self.host}:{self.port} as {self.user}"


def target(database_url: str) -> Target:
    """Return what *database_url* names.

    Raises:
        UsageError: it is no address of a database; the message does not repeat it.
    """
    if _PLACEHOLDER in database_url:
        raise UsageError(
            f"DATABASE_URL still has {_PLACEHOLDER} in it: put the database's password there"
        )
    # Postgres would take the wrong part of a password that is not escaped for the host, and
    # then name it in its message.
    match = _ADDRESS.fullmatch(database_url)
    if match is None:
        raise UsageError(
            "DATABASE_URL is not of the form postgresql://user:password@host:port/database; "
            "characters of the password such as @ : / ? # must be written as %40 %3A %2F %3F %23"
        )
    parts = urlsplit(database_url)
    try:
        port = parts.port or 5432
    except ValueError:
        raise UsageError("DATABASE_URL has a port that does not exist") from None
    user = unquote(match["user"])
    return Target(parts.hostname or "", port, unquote(parts.path.lstrip("/")) or user, user)


def apply(database_url: str, bucket: str, *, tell: Callable[[str], None]) -> list[Migration]:
    """Apply every file, those that were applied before too; return what was new.

    Each file is applied and noted in one transaction, under a lock that lets a second one who
    does the same wait. An advisory lock of the transaction, not of the session: the platform's
    pooler gives every transaction another session.

    Args:
        database_url: of the project's database, with the password of its owner.
        bucket: the bucket that keeps the recordings.
        tell: is called with a sentence for each file.

    Raises:
        UsageError: the address is wrong, the database cannot be reached or refuses, or it is not
            one of a Supabase project. What had been applied until then stays.
        SettingsError: no bucket can have the name *bucket*.
    """
    wanted = schema.migrations(bucket)
    where = target(database_url)
    applied = []
    with _naming_errors(database_url, where), _connected(database_url, where) as connection:
        _expect_platform(connection, where)
        for migration in wanted:
            if _apply_one(connection, migration):
                tell(f"{migration.number:04} {migration.name}: applied")
                applied.append(migration)
            else:
                tell(f"{migration.number:04} {migration.name}: was there, looked through again")
    return applied


def _connected(database_url: str, where: Target) -> "psycopg.Connection[tuple[object, ...]]":
    import psycopg  # noqa: PLC0415  80 ms that only this needs

    options: dict[str, object] = {"connect_timeout": _CONNECT_SECONDS}
    if "sslmode" not in parse_qs(urlsplit(database_url).query) and where.host not in _LOOPBACK:
        # Postgres' own default goes on without encryption where the server has none.
        options["sslmode"] = "require"
    # No prepared statements: behind a pooler the next one meets another session.
    return psycopg.connect(database_url, prepare_threshold=None, autocommit=True, **options)  # type: ignore[arg-type]  # names are libpq's


def _expect_platform(connection: "psycopg.Connection[tuple[object, ...]]", where: Target) -> None:
    if connection.execute(_PLATFORM).fetchone() != (True,):
        raise UsageError(
            f"{where} is not the database of a Supabase project: auth.uid(), storage.objects or "
            "a role of the platform is missing. Nothing was changed."
        )


def _apply_one(connection: "psycopg.Connection[tuple[object, ...]]", migration: Migration) -> bool:
    with connection.transaction():
        connection.execute("set local lock_timeout = '60s'")
        connection.execute("select pg_advisory_xact_lock(%s)", [schema.LOCK])
        connection.execute(schema.bookkeeping().encode())
        noted = connection.execute(
            "select 1 from zoomsync.migrations where number = %s and bucket = %s",
            [migration.number, migration.bucket],
        ).fetchone()
        # Again even if it is noted: somebody may have changed by hand what it has made.
        connection.execute(migration.sql.encode())
        connection.execute(migration.noting.encode())
        connection.execute("notify pgrst, 'reload schema'")
    return not noted


@contextlib.contextmanager
def _naming_errors(database_url: str, where: Target) -> Iterator[None]:
    """Say what went wrong without the password, which the original error might hold."""
    import psycopg  # noqa: PLC0415  as above

    try:
        yield
    except psycopg.errors.LockNotAvailable:
        raise UsageError(
            f"{where} is being changed by somebody else; try again when that is done"
        ) from None
    except psycopg.Error as exc:
        said = " ".join((exc.diag.message_primary or str(exc)).split())
        raise UsageError(f"{where}: {_without_password(said, database_url)}") from None


def _without_password(said: str, database_url: str) -> str:
    match = _ADDRESS.fullmatch(database_url)
    written = match["password"] if match and match["password"] else ""
    for secret in {
        written,
        unquote(written),
        *parse_qs(urlsplit(database_url).query).get("password", []),
    }:
        if secret:
            said = said.replace(secret, "…")
    return said
