"""Looks at a Supabase project as the agent uses it. Nothing is changed.

What can be looked at without the rest is looked at: a probe that fails says so and ends nothing
but itself. Only where the project cannot be reached at all is everything else left out, because
each would wait, and then say the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

import httpx

from zoomsync_agent.catalog import schema
from zoomsync_agent.core.account import AccountState
from zoomsync_agent.core.errors import AgentError, ProjectPaused, SetupIncomplete
from zoomsync_agent.core.units import readable_size
from zoomsync_agent.doctor.findings import Finding, Level, ok, problem, warning
from zoomsync_agent.doctor.schema import (
    SQL_EDITOR,
    Told,
    examine_schema,
    missing_columns,
    missing_table,
)
from zoomsync_agent.supabase.access import Access
from zoomsync_agent.supabase.answers import answer_of, general_error, network_error
from zoomsync_agent.supabase.keys import KeyKind, kind_of
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.tables import Tables
from zoomsync_agent.supabase.users import has_user

_SKEW_NOTICED: Final = 60.0
_SKEW_HARMFUL: Final = 300.0
_FREE_PLAN: Final = 50 << 20
_UNAUTHORIZED: Final = 401
_WHERE_KEYS_ARE: Final = "Copy it from the project's dashboard: Settings → API Keys."


@dataclass(frozen=True, slots=True)
class Facts:
    """What the settings say. `public_key` is the one for programs in the hands of users."""

    url: str
    public_key: str = field(repr=False)
    is_service_mode: bool = False


@dataclass(frozen=True, slots=True)
class _Patient:
    facts: Facts
    project: Project
    access: Access
    tables: Tables
    largest_queued: tuple[str, int] | None
    now: Callable[[], float]

    @property
    def bucket(self) -> str:
        return self.project.bucket


def examine(
    facts: Facts,
    project: Project,
    access: Access,
    *,
    largest_queued: tuple[str, int] | None,
    now: Callable[[], float],
) -> list[Finding]:
    """Return what was found about *project*, in the order in which it is to be mended.

    Args:
        facts: what the settings say.
        project: where.
        access: as whom.
        largest_queued: name and bytes of the largest file that waits to be uploaded.
        now: tells the time of this computer in epoch seconds.
    """
    patient = _Patient(facts, project, access, Tables(project, access), largest_queued, now)
    found = list(_settings(patient))
    if any(one.level is Level.PROBLEM and one.name == "address" for one in found):
        return found
    reached = list(_guarded("connection", _connection, patient))
    found += reached
    if any(one.level is Level.PROBLEM and one.name in ("connection", "key") for one in reached):
        return found  # to a stranger's key everything looks as if it were missing
    signed = list(_guarded("sign-in", _sign_in, patient))
    found += signed
    told: Told | None = None
    if not any(one.level is Level.PROBLEM for one in signed):
        told, of_database = _look_into_database(patient)
        found += of_database
    found += _guarded("bucket", lambda one: _bucket(one, told), patient)
    found += _guarded("size limit", lambda one: _size_limit(one, told), patient)
    return found


def _guarded(
    name: str, probe: Callable[[_Patient], Iterator[Finding]], patient: _Patient
) -> Iterator[Finding]:
    try:
        yield from probe(patient)
    except AgentError as exc:
        yield _failed(name, exc)


def _failed(name: str, exc: AgentError) -> Finding:
    return problem(name, f"{exc.title}: {exc.detail}", exc.hint)


def _settings(patient: _Patient) -> Iterator[Finding]:
    if not patient.facts.url:
        yield problem(
            "address",
            "No Supabase project is set.",
            "zoomsync config set supabase_url https://….supabase.co",
        )
    else:
        yield ok("address", f"The project is {patient.facts.url}.")
    kind = kind_of(patient.facts.public_key)
    if kind.is_secret:
        yield problem(
            "key",
            "The setting “supabase_key” holds a secret key, which passes every policy: whoever "
            "reads the settings could read the recordings of all users.",
            "Make a new secret key in the dashboard and delete this one. Then set the "
            f"publishable key. {_WHERE_KEYS_ARE}",
        )
    elif kind.is_public:
        named = "publishable" if kind is KeyKind.PUBLISHABLE else "legacy anon"
        yield ok("key", f"The {named} key is set.")
    elif patient.facts.public_key:
        yield warning(
            "key",
            "The setting “supabase_key” does not look like a publishable key.",
            _WHERE_KEYS_ARE,
        )
    elif not patient.facts.is_service_mode:
        yield problem("key", "The project's publishable key is not set.", _WHERE_KEYS_ARE)
    if patient.facts.is_service_mode:
        yield warning(
            "mode",
            "The agent works with the project's secret key instead of a sign-in. The key passes "
            "every policy: keep this computer as safe as the project.",
        )


def _connection(patient: _Patient) -> Iterator[Finding]:
    response = _asked(patient, "GET", f"{patient.project.auth}/health", "look for the project")
    error = None
    if not response.is_success:
        answer = answer_of(response)
        error = general_error(answer, "look for the project")
        if response.status_code == _UNAUTHORIZED and _key(patient):
            yield problem(
                "key",
                f"The project does not know the key: {answer.message}",
                _WHERE_KEYS_ARE,
            )
    if error is not None:
        # Sign-in alone may be out of order; a project that is paused is so as a whole.
        say = problem if isinstance(error, ProjectPaused) else warning
        yield say("connection", f"{error.title}: {error.detail}", error.hint)
    else:
        yield ok("connection", f"{patient.project.host} answers.")
    yield from _clock(patient, response)


def _clock(patient: _Patient, response: httpx.Response) -> Iterator[Finding]:
    try:
        there = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return  # a proxy may leave it out
    skew = patient.now() - there
    direction = "ahead of" if skew > 0 else "behind"
    sentence = f"This computer's clock is {abs(skew):.0f} seconds {direction} the project's."
    mend = "Let the computer set its clock by itself."
    if abs(skew) > _SKEW_HARMFUL:
        yield problem("clock", sentence, mend)
    elif abs(skew) > _SKEW_NOTICED:
        yield warning("clock", sentence, mend)
    else:
        yield ok("clock", "This computer's clock agrees with the project's.")


def _sign_in(patient: _Patient) -> Iterator[Finding]:
    account = patient.access.account()
    if account.state is AccountState.SIGNED_OUT:
        yield problem(
            "sign-in",
            f"Nobody is signed in{f': {account.detail}' if account.detail else ''}. What needs a "
            "sign-in was not looked at.",
            "zoomsync sign-in",
        )
        return
    patient.access.token()  # says so where it cannot be renewed
    who = account.who or account.user_id
    if account.state is AccountState.SERVICE:
        if has_user(patient.project, patient.access.api_key, account.user_id) is False:
            yield problem(
                "sign-in",
                f"The project has no user {account.user_id}.",
                "Set user_id to the id from the dashboard: Authentication, Users.",
            )
            return
        yield ok("sign-in", f"The agent acts for the user {who}.")
    else:
        yield ok("sign-in", f"Signed in as {who}.")


def _look_into_database(patient: _Patient) -> tuple[Told | None, list[Finding]]:
    try:
        told = Told(
            patient.tables.run(
                lambda client: client.rpc("zoomsync_doctor", {"bucket": patient.bucket}),
                "look at the schema",
            )
        )
    except SetupIncomplete as exc:
        return None, _without_function(patient, exc)
    except AgentError as exc:
        return None, [_failed("database", exc)]
    mode = patient.facts.is_service_mode
    return told, list(examine_schema(told, patient.bucket, is_service_mode=mode))


def _without_function(patient: _Patient, why: SetupIncomplete) -> list[Finding]:
    """Return what is to be seen from outside."""
    try:
        if not _can_select(patient, "*"):
            return [missing_table(patient.bucket)]
        names = list(schema.columns("recordings"))
        missing = [] if _can_select(patient, ",".join(names)) else [
            name for name in names if not _can_select(patient, name)
        ]  # fmt: skip
    except AgentError as exc:
        return [_failed("table recordings", exc)]
    bookkeeping = schema.bookkeeping().strip()
    function = schema.section("doctor function", patient.bucket)
    found = [
        warning(
            "schema",
            f"The project does not have the function “zoomsync_doctor” ({why.detail}), so only "
            "what is to be seen from outside was looked at, and neither policies nor types.",
            SQL_EDITOR,
            f"{bookkeeping}\n\n{function}\nnotify pgrst, 'reload schema';",
        )
    ]
    if missing:
        found.append(missing_columns(missing))
    else:
        found.append(ok("columns of recordings", "“recordings” has every column."))
    return found


def _can_select(patient: _Patient, columns: str) -> bool:
    try:
        patient.tables.run(
            lambda client: client.table("recordings").select(columns).limit(0),
            "look at the table",
        )
    except SetupIncomplete:
        return False
    return True


def _bucket(patient: _Patient, told: Told | None) -> Iterator[Finding]:
    name, bucket = "bucket", patient.bucket
    mend = schema.section("bucket", bucket)
    if told is None:
        if _is_public_from_outside(patient):
            yield _public(bucket, mend)
        return
    if told.bucket is None:
        sentence = f"The bucket “{bucket}” does not exist."
        yield problem(name, sentence, SQL_EDITOR, mend)
        return
    if told.bucket.get("public") is not False:
        yield _public(bucket, mend)
    else:
        yield ok(name, f"The bucket “{bucket}” is there, and private.")
    if told.bucket.get("allowed_mime_types"):
        yield warning(
            "types of files",
            f"The bucket “{bucket}” takes only files of certain types: "
            f"{', '.join(map(str, told.bucket['allowed_mime_types']))}.",
            "If recordings are refused, run this in the project's SQL editor:",
            _without_limit("allowed_mime_types", bucket),
        )


def _public(bucket: str, mend: str) -> Finding:
    return problem(
        "bucket",
        f"The bucket “{bucket}” is public: anybody who knows or guesses an address could read "
        "the recordings.",
        SQL_EDITOR,
        mend,
    )


def _is_public_from_outside(patient: _Patient) -> bool:
    """Return whether the bucket shows itself to strangers, who are told of no private one."""
    bucket = quote(patient.bucket)
    address = f"{patient.project.storage}/object/public/{bucket}/zoomsync-doctor"
    response = _asked(patient, "GET", address, "look at the bucket")
    return response.is_success or "object not found" in answer_of(response).message.lower()


def _size_limit(patient: _Patient, told: Told | None) -> Iterator[Finding]:
    whole = _project_limit(patient)
    of_bucket = _number(told.bucket.get("file_size_limit")) if told and told.bucket else None
    limits = [one for one in (whole, of_bucket) if one]
    if not limits:
        yield warning("size limit", "The project does not tell how large a file may be.")
        return
    limit = min(limits)
    plan = ", as on the Free plan" if limit == _FREE_PLAN else ""
    sentence = f"A file may be of {readable_size(limit)} at most{plan}."
    if patient.largest_queued is None or patient.largest_queued[1] <= limit:
        yield ok("size limit", sentence)
        return
    name, size = patient.largest_queued
    is_of_bucket = of_bucket == limit and (whole is None or whole > limit)
    yield problem(
        "size limit",
        f"{sentence} “{name}”, which waits to be uploaded, has {readable_size(size)}.",
        SQL_EDITOR
        if is_of_bucket
        else "Raise it in the dashboard: Storage → Settings → Global file size limit. The Free "
        "plan allows no more than 50 MB.",
        _without_limit("file_size_limit", patient.bucket) if is_of_bucket else "",
    )


def _project_limit(patient: _Patient) -> int | None:
    """Return the limit of the whole project in bytes, as resumable uploads tell it to anybody."""
    response = _asked(patient, "OPTIONS", patient.project.resumable, "ask for the size limit")
    error = None if response.is_success else general_error(answer_of(response), "ask for the limit")
    if error is not None:
        raise error
    return _number(response.headers.get("tus-max-size"))


def _asked(patient: _Patient, method: str, address: str, doing: str) -> httpx.Response:
    try:
        return patient.project.http.request(method, address, headers=_key(patient))
    except httpx.HTTPError as exc:
        raise network_error(exc, patient.project, doing) from exc
    except (httpx.InvalidURL, UnicodeError) as exc:
        raise SetupIncomplete(f"{doing}: {patient.project.host} is no address") from exc


def _key(patient: _Patient) -> dict[str, str]:
    try:
        key = patient.access.api_key
    except AgentError:
        return {}  # said by the probe of the sign-in
    return {"apikey": key} if key else {}


def _without_limit(column: str, bucket: str) -> str:
    return f"update storage.buckets set {column} = null where id = '{bucket}';"  # noqa: S608  checked names


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None  # noqa: PLR2004  digits of a bigint
