"""The remote project, wired from settings and secrets.

Loaded only where a project is used: an HTTP client costs 80 ms.
"""

import contextlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from zoomsync_agent.app.account import save_account
from zoomsync_agent.app.bucket import given_keys
from zoomsync_agent.app.databases import Databases, opened_beside
from zoomsync_agent.app.parts import Parts, in_turn
from zoomsync_agent.catalog.outbox import SqliteOutbox
from zoomsync_agent.catalog.supabase import SupabaseCatalog
from zoomsync_agent.core.account import Account
from zoomsync_agent.core.errors import (
    NotAllowed,
    RowsDenied,
    SettingsError,
    SetupIncomplete,
    SignInRequired,
)
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.desktop.paths import Home
from zoomsync_agent.desktop.secret_files import secret_store
from zoomsync_agent.destinations.supabase import SupabaseDestination
from zoomsync_agent.destinations.supabase.fast import FastPath, SessionKeys
from zoomsync_agent.engine.housekeeping import SCAN_REQUEST
from zoomsync_agent.engine.mirror import Mirror
from zoomsync_agent.engine.worker import Log
from zoomsync_agent.ports import Clock, SecretStore, StateStore
from zoomsync_agent.s3.credentials import Credentials, FixedKeys
from zoomsync_agent.settings import SERVICE_KEY, SUPABASE_S3_KEYS, Settings, secret
from zoomsync_agent.store.state import SqliteStateStore
from zoomsync_agent.supabase.access import Access, ServiceAccess
from zoomsync_agent.supabase.keys import kind_of
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.session import SessionKeeper
from zoomsync_agent.supabase.tables import Tables
from zoomsync_agent.supabase.users import has_user

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Remote:
    """One Supabase project and who we are towards it.

    `keeper` is None in service mode, where nobody signs in.
    """

    project: Project
    access: Access
    secrets: SecretStore
    keeper: SessionKeeper | None


def build_remote(
    settings: Settings,
    home: Home,
    *,
    clock: Clock,
    on_change: Callable[[Account], None] = lambda _account: None,
) -> Remote:
    """Wire the project that the user chose. Nothing is asked of the network.

    Raises:
        SettingsError: the project or its key is not set, or is not one.
    """
    project = _project(settings)
    secrets = secret_store(home)
    service_key = _service_key(settings, home, secrets)
    if service_key:
        access = ServiceAccess(service_key, _expect_user(settings))
        return Remote(project, access, secrets, None)
    return _with_session(settings, home, project, secrets, clock, on_change)


@contextlib.contextmanager
def opened(settings: Settings, home: Home) -> Iterator[Remote]:
    """Give the project for the time of a command; what becomes of the account is kept for all.

    Raises:
        SettingsError: the project or its key is not set, or is not one.
    """
    home.ensure()
    with _state_of(home) as state:

        def changed(account: Account) -> None:
            save_account(state, account)
            # A running agent looks again at what waited for somebody to sign in.
            state.set(SCAN_REQUEST, repr(SystemClock().now()))

        remote = build_remote(settings, home, clock=SystemClock(), on_change=changed)
        try:
            yield remote
        finally:
            remote.project.close()


def sign_in_by_password(settings: Settings, home: Home, email: str, password: str) -> Account:
    """Sign in to the project with e-mail address and password.

    Raises:
        SettingsError: the project or its key is not set.
        SignInFailed, SetupIncomplete: the project refuses, or offers no such way.
        NotAllowed: the agent uses the project's secret key, so nobody signs in.
    """
    from zoomsync_agent.supabase.sign_in import SignIn  # noqa: PLC0415  only here

    with opened(settings, home) as remote:
        if remote.keeper is None:
            raise NotAllowed("the agent uses the project's secret key here; nobody signs in")
        return SignIn(remote.project, remote.keeper).by_password(email, password)


def _project(settings: Settings) -> Project:
    if settings.project_problem:
        raise SettingsError(settings.project_problem)
    return Project(settings.supabase_url, settings.supabase_bucket)


def _with_session(
    settings: Settings,
    home: Home,
    project: Project,
    secrets: SecretStore,
    clock: Clock,
    on_change: Callable[[Account], None],
) -> Remote:
    key = settings.supabase_key
    kind = kind_of(key)
    if kind.is_secret:
        raise SettingsError(
            "SUPABASE_ANON_KEY holds a secret key, which passes every policy. Take the publishable "
            "key from the dashboard under Settings, API Keys; and make a new secret key, because "
            "this one has been written down"
        )
    if not kind.is_public:
        raise SettingsError(
            "supabase_key (SUPABASE_ANON_KEY) is not a publishable or anon key; it is in the "
            "dashboard under Settings, API Keys"
            if key
            else "supabase_key (SUPABASE_ANON_KEY) is not set: the project's publishable key, from "
            "its dashboard under Settings, API Keys. (In service mode: set user_id to a user's id)"
        )
    lock = home.data / f"{project.host}.session.lock"
    keeper = SessionKeeper(project, key, secrets, lock, clock=clock, on_change=on_change)
    return Remote(project, keeper, secrets, keeper)


def _service_key(settings: Settings, home: Home, secrets: SecretStore) -> Callable[[], str] | None:
    """Return what gives the key of service mode; None where somebody signs in.

    The mode hangs on what is set alone: a keyring may be locked when the agent starts.
    """
    found = secret(home, os.environ, SERVICE_KEY)
    if found is not None:
        if not kind_of(found.value).is_secret:
            raise SettingsError(f"{SERVICE_KEY} in {found.source} is not a secret key")
        return lambda: found.value
    if settings.supabase_key or not _UUID.fullmatch(settings.user_id):
        return None

    def from_keyring() -> str:
        kept = secrets.get(SERVICE_KEY)
        if not kept:
            raise SignInRequired(
                "neither SUPABASE_ANON_KEY is set nor a service key kept in the keyring"
            )
        return kept

    return from_keyring


def _expect_user(settings: Settings) -> str:
    if not _UUID.fullmatch(settings.user_id):
        raise SettingsError(
            f"with {SERVICE_KEY} the agent must be told for which user it works: set user_id "
            "(ZOOMSYNC_USER_ID) to the id from the dashboard under Authentication, Users"
        )
    return settings.user_id.lower()


@contextlib.contextmanager
def _state_of(home: Home) -> Iterator[StateStore]:
    with opened_beside(home) as databases:
        yield SqliteStateStore(databases.queue)


def remote_parts(
    settings: Settings,
    home: Home,
    databases: Databases,
    state: StateStore,
    *,
    clock: Clock,
    log: Log,
) -> Parts:
    """Wire what talks to the project.

    Raises:
        SettingsError: the project or its key is not set, or is not one.
    """

    def changed(account: Account) -> None:
        save_account(state, account)
        log.info("account", state=account.state, detail=account.detail)

    remote = build_remote(settings, home, clock=clock, on_change=changed)

    known: set[str] = set()

    def user_id() -> str:
        try:
            found = remote.access.user_id
        finally:
            save_account(state, remote.access.account())
        if remote.keeper is None and found not in known:
            _expect_user_of(remote, found)
            known.add(found)
        return found

    fast = _fast_path(settings, home, remote) if settings.destination == "supabase" else None
    tables = Tables(remote.project, remote.access)
    catalog = SupabaseCatalog(tables)
    destination = SupabaseDestination(
        remote.project,
        remote.access,
        rows=(
            (lambda: catalog.completed(SupabaseDestination.name))
            if settings.has_remote_rows
            else None
        ),
        policies_allow_sight=lambda: _allows_sight(
            tables, remote.project.bucket, is_service=remote.keeper is None
        ),
        chunk_bytes=settings.chunk_size,
        bytes_per_second=settings.bandwidth_limit,
        proves_etag=settings.verify == "content",
        fast=fast,
    )
    mirror = None
    if settings.has_remote_rows:
        outbox = SqliteOutbox(databases.catalog, settings.supabase_url)
        mirror = Mirror(outbox, catalog, user_id, state, clock=clock, log=log)
    return Parts(
        user_id,
        f"{settings.supabase_url} {settings.supabase_bucket}",
        destination if settings.destination == destination.name else None,
        mirror,
        is_finishing=lambda: destination.is_finishing,
        close=in_turn(remote.project.close, *([fast.close] if fast else [])),
    )


def _fast_path(settings: Settings, home: Home, remote: Remote) -> FastPath | None:
    """Return the way through the S3 endpoint that these settings open; None where they do not."""
    if settings.supabase_s3 == "off":
        return None
    keys = given_keys(home, SUPABASE_S3_KEYS)
    credentials: Credentials
    if keys is not None:
        credentials = FixedKeys(keys)
    elif remote.keeper is not None:
        secrets = (remote.project.tenant, settings.supabase_key)
        credentials = SessionKeys(remote.access, remote.project.tenant, secrets)
    else:
        return None  # a secret key is no session, and opens nothing there
    return FastPath(
        remote.project,
        credentials,
        lists_parts=keys is not None,
        part_bytes=settings.s3_part_size,
        parallel=settings.s3_parallel,
    )


def _expect_user_of(remote: Remote, user_id: str) -> None:
    """Refuse to work for somebody whom the project does not know: no row of theirs can be kept."""
    if has_user(remote.project, remote.access.api_key, user_id) is False:
        raise SetupIncomplete(
            f"the project has no user {user_id}; set user_id (ZOOMSYNC_USER_ID) to the id from the "
            "dashboard under Authentication, Users"
        )


def _allows_sight(tables: Tables, bucket: str, *, is_service: bool) -> bool | None:
    """Return whether we surely see our objects; None where the project does not tell.

    The secret key passes every policy; there must only be a bucket.
    """
    try:
        told = tables.run(
            lambda client: client.rpc("zoomsync_doctor", {"bucket": bucket}), "ask for policies"
        )
    except (SetupIncomplete, RowsDenied):
        return None
    if not isinstance(told, dict) or not told.get("bucket"):
        return False
    return is_service or any(_lets_owners_see(policy) for policy in told.get("policies", ()))


def _lets_owners_see(policy: Mapping[str, Any]) -> bool:
    """Return whether a policy is one that surely lets everybody see what is theirs."""
    return (
        policy.get("table") == "storage.objects"
        and policy.get("command") in ("SELECT", "ALL")
        and policy.get("permissive") is True
        and not {"authenticated", "public"}.isdisjoint(policy.get("roles") or ())
        and "foldername(name)" in str(policy.get("using"))
        and "auth.uid()" in str(policy.get("using"))
    )
