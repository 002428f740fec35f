"""Compares what a project says of its schema with what the schema files make."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from zoomsync_agent.catalog import schema
from zoomsync_agent.doctor.findings import Finding, ok, problem, warning

SQL_EDITOR: Final = "Run this in the project's SQL editor:"

_RECORDINGS: Final = "public.recordings"
_TOKENS: Final = "public.zoom_tokens"
_OBJECTS: Final = "storage.objects"
_COMMANDS: Final = ("SELECT", "INSERT", "UPDATE", "DELETE")
_USERS: Final = frozenset({"authenticated", "public"})
_OWNER: Final = re.compile(r"auth\.uid\(\)(?! IS )")
"""What a policy compares with where it asks whose something is."""
_TRIGGERS: Final = frozenset({"zoomsync_note_upsert", "zoomsync_keep_newer"})


class Told:
    """What the function `zoomsync_doctor` answered; a part that is not there is empty."""

    def __init__(self, answer: Any) -> None:
        self._answer = _mapping(answer)

    def table(self, name: str) -> Mapping[str, Any] | None:
        """Return the facts of a table, or None where it does not exist."""
        found = _mapping(self._answer.get("tables")).get(name)
        return found if isinstance(found, Mapping) else None

    def policies(self, table: str) -> list[Mapping[str, Any]]:
        """Return the policies of a table that let something through."""
        found = [_mapping(one) for one in _sequence(self._answer.get("policies"))]
        return [one for one in found if one.get("table") == table and one.get("permissive", True)]

    @property
    def migrations(self) -> set[int]:
        """The numbers of the files that have been applied."""
        found = _sequence(self._answer.get("migrations"))
        return {one for one in found if isinstance(one, int)}

    @property
    def bucket(self) -> Mapping[str, Any] | None:
        """The facts of the bucket, or None where it does not exist."""
        found = self._answer.get("bucket")
        return found if isinstance(found, Mapping) else None


def examine_schema(told: Told, bucket: str, *, is_service_mode: bool) -> Iterator[Finding]:
    """Yield what is to be said of tables, policies and the schema's version."""
    yield from _version(told, bucket)
    yield from _recordings(told, bucket, is_service_mode=is_service_mode)
    yield from _tokens(told, bucket)
    yield from _objects(told, bucket)


def missing_table(bucket: str) -> Finding:
    """Return that there is no table for the rows."""
    return problem(
        "table recordings",
        "The table “recordings” does not exist.",
        f"{SQL_EDITOR} zoomsync schema prints it too.",
        schema.whole(bucket),
    )


def missing_columns(names: Sequence[str]) -> Finding:
    """Return that columns of the table for the rows are missing."""
    known = schema.columns("recordings")
    made = ",\n    ".join(known[name].definition for name in names)
    return problem(
        "columns of recordings",
        f"The table “recordings” lacks {_listed(names)}.",
        SQL_EDITOR,
        f"alter table {_RECORDINGS}\n    {made};",
    )


def _version(told: Told, bucket: str) -> Iterator[Finding]:
    late = [one for one in schema.migrations(bucket) if one.number not in told.migrations]
    if not late:
        yield ok("schema", f"The schema is of version {max(told.migrations, default=0)}.")
        return
    names = [f"{one.number:04} {one.name}" for one in late]
    parts = [schema.bookkeeping().strip(), *(f"{one.sql.strip()}\n{one.noting}" for one in late)]
    yield warning(
        "schema",
        f"Of the schema, {_listed(names)} has not been applied for the bucket “{bucket}”.",
        SQL_EDITOR,
        "\n\n".join(parts),
    )


def _recordings(told: Told, bucket: str, *, is_service_mode: bool) -> Iterator[Finding]:
    facts = told.table(_RECORDINGS)
    if facts is None:
        yield missing_table(bucket)
        return
    wrong = [*_columns(facts, bucket), *_parts(facts, bucket), *_grants(facts, bucket)]
    if not facts.get("row_level_security"):
        wrong.append(
            problem(
                "row-level security of recordings",
                "Row-level security of “recordings” is off: whoever is signed in sees and changes "
                "the rows of all users.",
                SQL_EDITOR,
                schema.section("recordings row level security", bucket),
            )
        )
    yield from wrong
    if not wrong:
        yield ok("table recordings", "The table “recordings” is as it should be.")
    yield from _policies(
        told.policies(_RECORDINGS),
        "recordings",
        schema.section("recordings policies", bucket),
        table=_RECORDINGS,
        is_service_mode=is_service_mode,
    )


def _columns(facts: Mapping[str, Any], bucket: str) -> Iterator[Finding]:
    found = _mapping(facts.get("columns"))
    known = schema.columns("recordings")
    missing = [name for name in known if name not in found]
    if missing:
        yield missing_columns(missing)
    for name, column in known.items():
        if name in found and found[name] != column.kind:
            yield problem(
                f"column {name} of recordings",
                f"The column “{name}” of “recordings” is of the type {found[name]} and must be "
                f"{column.kind}.",
                SQL_EDITOR,
                _retyping(column, bucket),
            )


def _retyping(column: schema.Column, bucket: str) -> str:
    """Return what gives a column its type; what rests on the column is made anew around it."""
    policies = schema.section("recordings policies", bucket)
    drops = "\n".join(line for line in policies.splitlines() if line.startswith("drop policy"))
    checks = schema.section("recordings checks", bucket)
    undone = [line.strip().rstrip(",") for line in checks.splitlines() if "drop constraint" in line]
    name = column.name
    steps = [
        *undone,
        f"alter column {name} drop default",
        f"alter column {name} type {column.kind} using {name}::{column.kind}",
        *([f"alter column {name} set default {column.default}"] if column.default else []),
    ]
    changed = f"alter table {_RECORDINGS}\n    " + ",\n    ".join(steps) + ";"
    return f"begin;\n{drops}\n{changed}\n{checks}\n{policies}\ncommit;"


def _parts(facts: Mapping[str, Any], bucket: str) -> Iterator[Finding]:
    if "recording_id" not in _sequence(facts.get("keys")):
        yield problem(
            "key of recordings",
            "“recording_id” is no key of “recordings”, so no row can be updated.",
            SQL_EDITOR,
            schema.section("recordings key", bucket),
        )
    if not _TRIGGERS.issubset(_sequence(facts.get("triggers"))):
        yield problem(
            "trigger of recordings",
            "“recordings” lacks the trigger that keeps an older row from replacing a newer one.",
            SQL_EDITOR,
            schema.section("recordings trigger", bucket),
        )


def _grants(facts: Mapping[str, Any], bucket: str) -> Iterator[Finding]:
    grants = _mapping(facts.get("grants"))
    mend = schema.section("recordings grants", bucket)
    for role in ("authenticated", "service_role"):
        lacking = [one for one in _COMMANDS if one not in _sequence(grants.get(role))]
        if lacking:
            yield problem(
                f"grants of {role}",
                f"The role “{role}” may not {_listed(lacking)} in “recordings”.",
                SQL_EDITOR,
                mend,
            )
    if _sequence(grants.get("anon")):
        yield warning(
            "grants of anon",
            "Who has not signed in may use “recordings”; only row-level security stands in "
            "between.",
            SQL_EDITOR,
            mend,
        )


def _tokens(told: Told, bucket: str) -> Iterator[Finding]:
    name, facts = "table zoom_tokens", told.table(_TOKENS)
    whole = f"{schema.section('zoom_tokens table', bucket)}\n\n"
    protection = schema.section("zoom_tokens protection", bucket)
    if facts is None:
        sentence = "The table “zoom_tokens” does not exist."
        yield warning(name, sentence, SQL_EDITOR, whole + protection)
        return
    grants = _mapping(facts.get("grants"))
    open_to = [role for role in ("anon", "authenticated") if _sequence(grants.get(role))]
    if not facts.get("row_level_security") or open_to:
        yield problem(
            name,
            "The table “zoom_tokens” is not closed to those who sign in.",
            SQL_EDITOR,
            protection,
        )
        return
    yield ok(name, "The table “zoom_tokens” is there, and closed to users.")


def _objects(told: Told, bucket: str) -> Iterator[Finding]:
    facts = told.table(_OBJECTS)
    if facts is None:
        yield problem(
            "storage", "The project has no Storage.", "Switch it on in the project's dashboard."
        )
        return
    if not facts.get("row_level_security"):
        yield problem(
            "row-level security of storage",
            "Row-level security of “storage.objects” is off: recordings could be read by anybody "
            "who is signed in.",
            SQL_EDITOR,
            schema.section("storage row level security", bucket),
        )
    yield from _policies(
        told.policies(_OBJECTS),
        "storage",
        schema.section("storage policies", bucket),
        table=_OBJECTS,
        is_service_mode=False,
    )


def _policies(
    found: Sequence[Mapping[str, Any]],
    what: str,
    mend: str,
    *,
    table: str,
    is_service_mode: bool,
) -> Iterator[Finding]:
    name = f"policies of {what}"
    for one in found:
        if _is_open(one):
            policy = str(one.get("name"))
            quoted = policy.replace('"', '""')
            yield problem(
                f"{name}: {policy}",
                f"The policy “{policy}” of {table} lets others in than the owner: it does not "
                "ask who is signed in.",
                "Unless that is meant, run this in the project's SQL editor:",
                f'drop policy "{quoted}" on {table};',
            )
    lacking = [one for one in _COMMANDS if not any(_lets(policy, one) for policy in found)]
    if not lacking:
        yield ok(name, f"The policies of {what} are there: {', '.join(_COMMANDS)}.")
        return
    # The service key passes every policy; a dashboard does not.
    say = warning if is_service_mode else problem
    yield say(
        name,
        f"{table} has no policy that lets its owner {_listed(lacking)}.",
        SQL_EDITOR,
        mend,
    )


def _lets(policy: Mapping[str, Any], command: str) -> bool:
    is_for_users = bool(_USERS & set(_sequence(policy.get("roles"))))
    asks = [str(one) for one in (policy.get("using"), policy.get("check")) if one is not None]
    return (
        is_for_users
        and policy.get("command") in (command, "ALL")
        and policy.get("permissive") is not False
        and all(_OWNER.search(one) is not None for one in asks)
    )


def _is_open(policy: Mapping[str, Any]) -> bool:
    """Return whether a policy for users or strangers does not ask whose a row or object is."""
    if policy.get("permissive") is False:
        return False  # such a one only takes away
    if not {"anon", *_USERS} & set(_sequence(policy.get("roles"))):
        return False
    said = [str(one) for one in (policy.get("using"), policy.get("check")) if one is not None]
    return any(_OWNER.search(one) is None for one in said)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _listed(names: Sequence[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
