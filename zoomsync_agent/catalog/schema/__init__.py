"""The schema of the remote catalog: numbered files of SQL that a project's owner runs once.

Each may be run as often as one likes: it makes what is missing and leaves alone what is there.
A file consists of sections, each under a line ``-- == name ==``, so that what mends one thing can
be shown alone. What has shipped is changed by a file with the next number.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from zoomsync_agent.core.errors import SettingsError

LOCK: Final = 0x7A6F6F6D73796E63
"""Number of the advisory lock under which the schema is changed."""

_BUCKET: Final = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_FILE: Final = re.compile(r"(?P<number>\d{4})_(?P<name>\w+)\.sql")
_SECTION: Final = re.compile(r"^-- == (?P<name>.+) ==\n", re.MULTILINE)
_COLUMN: Final = re.compile(
    r"add column if not exists (?P<name>\w+) (?P<type>double precision|\w+)(?P<rest>[^;]*?)"
    r"(?=,\n    add column|;)"
)
_DEFAULT: Final = re.compile(r"\bdefault (?P<value>\S+)")
_ROOM: Final = 40
"""Characters of a bucket's name in that of a policy: Postgres cuts names after 63 bytes."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file. `bucket` is the one it is about, empty where it is about none."""

    number: int
    name: str
    sql: str
    bucket: str = ""

    @property
    def noting(self) -> str:
        """The statement that notes it as applied."""
        values = f"({self.number}, '{self.bucket}', '{self.name}')"
        table = "zoomsync.migrations (number, bucket, name)"
        return f"insert into {table}\n    values {values} on conflict do nothing;"  # noqa: S608  all three are checked


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table as the files define it.

    `definition` is what makes it, `kind` the type as Postgres itself spells it.
    """

    name: str
    kind: str
    definition: str
    default: str | None


def migrations(bucket: str) -> tuple[Migration, ...]:
    """Return every file in its order, made for *bucket*.

    Raises:
        SettingsError: no bucket can have this name.
    """
    if _BUCKET.fullmatch(bucket) is None:
        raise SettingsError(
            f"“{bucket}” cannot be a bucket: 1 to 100 of the characters A-Z a-z 0-9 _ . -"
        )
    found = []
    for number, name, text in _files():
        sql = text.replace("{{bucket}}", bucket).replace("{{name}}", _short(bucket))
        found.append(Migration(number, name, sql, bucket if sql != text else ""))
    return tuple(found)


def bookkeeping() -> str:
    """Return what makes the table that notes which files have been applied."""
    return _read("bookkeeping.sql")


def whole(bucket: str) -> str:
    """Return all of it for the SQL editor: in one transaction, once or as often as one likes.

    Raises:
        SettingsError: no bucket can have this name.
    """
    head = (
        f"-- The schema of zoomsync_agent for the bucket “{bucket}”. Run it in the SQL editor of\n"
        "-- the Supabase project; running it again changes nothing that is in order."
    )
    parts = [
        head,
        f"begin;\nselect pg_advisory_xact_lock({LOCK});",
        bookkeeping().strip(),
    ]
    for migration in migrations(bucket):
        title = f"-- ---- {migration.number:04} {migration.name} ----"
        parts.append(f"{title}\n{migration.sql.strip()}\n{migration.noting}")
    parts.append("notify pgrst, 'reload schema';\ncommit;\n")
    return "\n\n".join(parts)


def section(name: str, bucket: str) -> str:
    """Return the statements of the section called *name*.

    Raises:
        KeyError: there is no such section.
        SettingsError: no bucket can have the name *bucket*.
    """
    for migration in migrations(bucket):
        parts = _SECTION.split(migration.sql)
        sections = dict(zip(parts[1::2], parts[2::2], strict=True))
        if name in sections:
            return sections[name].strip()
    raise KeyError(name)


def columns(table: str) -> dict[str, Column]:
    """Return the columns of *table* of the schema `public`, by name."""
    found: dict[str, Column] = {}
    for _number, _name, text in _files():
        for statement in text.split("alter table ")[1:]:
            if statement.startswith(f"public.{table}\n"):
                found |= {one.name: one for one in _columns(statement.split(";")[0] + ";")}
    return found


def _columns(statement: str) -> list[Column]:
    found = []
    for match in _COLUMN.finditer(statement):
        default = _DEFAULT.search(match["rest"])
        kind = "timestamp with time zone" if match["type"] == "timestamptz" else match["type"]
        found.append(
            Column(match["name"], kind, match[0], default["value"] if default else None),
        )
    return found


def _short(bucket: str) -> str:
    if len(bucket) <= _ROOM:
        return bucket
    digest = hashlib.sha256(bucket.encode()).hexdigest()[:8]
    return f"{bucket[: _ROOM - 9]} {digest}"


@cache
def _files() -> tuple[tuple[int, str, str], ...]:
    found = []
    for entry in resources.files(__name__).iterdir():
        match = _FILE.fullmatch(entry.name)
        if match:
            found.append((int(match["number"]), match["name"], _read(entry.name)))
    return tuple(sorted(found))


@cache
def _read(name: str) -> str:
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")
