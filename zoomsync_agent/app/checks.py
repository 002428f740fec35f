"""What the doctor says of an agent's surroundings, wired from its settings."""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from zoomsync_agent.app.controls import archive_of
from zoomsync_agent.app.databases import opened_beside
from zoomsync_agent.app.neighbours import shares
from zoomsync_agent.app.no_tray import tray_findings
from zoomsync_agent.core.account import AccountState
from zoomsync_agent.core.errors import AgentError, NotAllowed, SettingsError
from zoomsync_agent.core.facts import FREEING_PROBLEM
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.desktop.autostart import Autostart
from zoomsync_agent.desktop.paths import PROFILE_VARIABLE, USUAL, Home, homes
from zoomsync_agent.desktop.secret_files import VARIABLE, secret_store
from zoomsync_agent.doctor import Finding, Level
from zoomsync_agent.doctor.bucket import examine_bucket
from zoomsync_agent.doctor.computer import Computer, examine_archive, examine_computer
from zoomsync_agent.doctor.supabase import Facts, examine
from zoomsync_agent.doctor.zoom import examine_zoom
from zoomsync_agent.settings import Settings, load
from zoomsync_agent.store.overview import Overview
from zoomsync_agent.store.state import SqliteStateStore

_KEYRING_SECONDS: Final = 3.0


def settings_findings(home: Home) -> list[Finding]:
    """Return what is wrong in the files and variables of the settings, if anything."""
    try:
        load(home, os.environ, cwd=Path.cwd())
    except SettingsError as exc:
        return [
            Finding(
                "settings",
                Level.PROBLEM,
                f"The settings are wrong, so what held before still holds: {exc.detail}",
                "Mend it where it stands; it is read again at once.",
            )
        ]
    return []


def computer_findings(settings: Settings, home: Home) -> list[Finding]:
    """Look at this computer; asks nobody else."""
    secrets_path = os.environ.get(VARIABLE, "").strip()
    # Whoever names a folder for secrets wants to know now whether it is good for that.
    needs_keyring = settings.uses_supabase or settings.destination == "s3" or bool(secrets_path)
    beside = [
        *at_login_findings(home),
        *profile_findings(settings, home),
        *freeing_findings(settings, home),
        *tray_findings(home),
        *notice_findings(settings),
    ]
    return beside + examine_computer(
        Computer(
            recordings_path=settings.recordings_path,
            archive_path=settings.archive_path if settings.destination == "folder" else None,
            data_path=home.data,
            needs_keyring=needs_keyring or settings.uses_zoom_cloud,
            secrets_path=secrets_path,
        ),
        secret_store(home),
        keyring_seconds=_KEYRING_SECONDS,
    )


def notice_findings(settings: Settings) -> list[Finding]:
    """Tell that no notice can appear in this process's session, though somebody wants them."""
    if sys.platform != "linux" or settings.notify == "off":
        return []
    from zoomsync_agent.tray.status_notifier.line import (  # noqa: PLC0415  jeepney costs 20 ms
        LineLost,
        bus_address,
    )

    try:
        bus_address()
    except LineLost as exc:
        told = f"No notices appear on the desktop: {exc}. Page and zoomsync status tell everything."
        return [Finding("notices", Level.OK, told)]
    return []


def at_login_findings(home: Home) -> list[Finding]:
    """Look whether the agent starts at login, if somebody has asked for that."""
    try:
        told = Autostart(home).status()
    except NotAllowed as exc:
        return [Finding("start at login", Level.WARNING, f"{exc.detail}.")]
    if not told.is_on:
        return []
    if told.problem:
        mend = "Switch the start at login on again: zoomsync autostart on"
        return [Finding("start at login", Level.WARNING, told.problem, mend)]
    return [Finding("start at login", Level.OK, "The agent starts at login.")]


def freeing_findings(settings: Settings, home: Home) -> list[Finding]:
    """Tell why no room is freed, where the settings ask for that."""
    if settings.free_space_after_days == "never" or not home.store_file.exists():
        return []
    with opened_beside(home) as databases:
        text = SqliteStateStore(databases.queue).get(FREEING_PROBLEM)
    problem = Problem.read(text) if text else None
    if problem is None:
        return []
    return [Finding("free space", Level.WARNING, f"No room is freed: {problem.sentence}")]


def profile_findings(settings: Settings, home: Home) -> list[Finding]:
    """Look whether another profile looks, or keeps its recordings, where this one does."""
    mine, found = archive_of(settings), []
    for other in homes(os.environ):
        if other.profile == home.profile or not other.config_file.exists():
            continue
        try:
            environ = {**os.environ, PROFILE_VARIABLE: other.profile}
            chosen = load(other, environ, cwd=Path.cwd())
        except SettingsError:
            continue  # its own doctor tells of that
        if shares(chosen.recordings_path, settings.recordings_path):
            found.append(
                Finding(
                    "profiles",
                    Level.OK,
                    f"The profile “{other.profile or USUAL}” looks into the same recordings "
                    f"folder: {chosen.recordings_path}. Each takes every recording, and an "
                    "original goes to the trash only when both have it.",
                )
            )
        its = archive_of(chosen)
        if its == mine:
            found.append(
                Finding(
                    "profiles",
                    Level.WARNING,
                    f"The profile “{other.profile or USUAL}” keeps its recordings in the same "
                    f"archive: {mine}",
                    "That works, but each lists all that lies there. Choose another archive for "
                    "one of them if they are to be apart.",
                )
            )
    return found


def destination_findings(
    settings: Settings, home: Home, keys: tuple[str, str] | None = None
) -> list[Finding]:
    """Look at where recordings are to be kept, as *settings* name it.

    Args:
        settings: name it.
        home: keeps the sign-in.
        keys: access key and secret of a bucket, instead of those that are kept.
    """
    match settings.destination:
        case "s3":
            return bucket_findings(settings, home, keys)
        case "supabase":
            return project_findings(settings, home)
        case _:
            return examine_archive(settings.archive_path)


def remote_findings(settings: Settings, home: Home) -> list[Finding]:
    """Look at all that the settings use on other computers."""
    found: list[Finding] = []
    if settings.destination != "folder":
        found += destination_findings(settings, home)
    elif settings.uses_supabase:
        found += project_findings(settings, home)
    if settings.uses_zoom_cloud:
        found += zoom_findings(settings, home)
    return found


def zoom_findings(settings: Settings, home: Home) -> list[Finding]:
    """Ask Zoom whether the sign-in holds, and what it allows."""
    from zoomsync_agent.app.zoom import asking  # noqa: PLC0415  httpx costs 80 ms

    try:
        with asking(settings, home) as client:
            return examine_zoom(client)
    except SettingsError as exc:
        return [as_finding("Zoom's app", exc)]


def bucket_findings(
    settings: Settings, home: Home, keys: tuple[str, str] | None = None
) -> list[Finding]:
    """Look at the bucket that *settings* name, with a few bytes."""
    from zoomsync_agent.app import bucket  # noqa: PLC0415  botocore costs 100 ms

    try:
        with bucket.opened(settings, home, keys) as requests:
            return examine_bucket(requests, bucket.storing_of(settings).headers, now=time.time)
    except SettingsError as exc:
        return [as_finding("settings", exc)]


def project_findings(settings: Settings, home: Home) -> list[Finding]:
    """Look at the Supabase project that *settings* name; nothing is changed there."""
    from zoomsync_agent.app import remote  # noqa: PLC0415  httpx costs 80 ms

    with opened_beside(home) as databases:
        largest_queued = Overview(databases.queue).largest_queued()
    try:
        with remote.opened(settings, home) as opened:
            facts = Facts(
                url=settings.supabase_url,
                public_key=settings.supabase_key,
                is_service_mode=opened.access.account().state is AccountState.SERVICE,
            )
            return examine(
                facts,
                opened.project,
                opened.access,
                largest_queued=largest_queued,
                now=time.time,
            )
    except SettingsError as exc:
        # What keeps the agent from using the project at all is a finding like any other.
        return [as_finding("settings", exc)]


def as_finding(name: str, error: AgentError) -> Finding:
    """Return an error as a problem that was found."""
    return Finding(name, Level.PROBLEM, f"{error.detail or error.title}.", error.hint)


def is_in_order(found: Sequence[Finding]) -> bool:
    """Return whether nothing keeps recordings from being kept."""
    return not any(one.level is Level.PROBLEM for one in found)
