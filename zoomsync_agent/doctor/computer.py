"""Looks at this computer as the agent uses it: folders, room, the keyring. Asks nobody else."""

import contextlib
import os
import secrets as random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import SecretsUnavailable
from zoomsync_agent.core.units import readable_size
from zoomsync_agent.doctor.findings import Finding, ok, problem, warning
from zoomsync_agent.ports import SecretStore
from zoomsync_agent.service import beside

_LITTLE: Final = 5 << 30
"""Less room than this is worth a word; a long meeting has 1 to 2 GB."""
_PROBE: Final = "doctor"
_ROOM: Final = "Free some room, or choose another folder."


@dataclass(frozen=True, slots=True)
class Computer:
    """What the settings say. `archive_path` is None where recordings are kept elsewhere.

    `secrets_path` is the folder that is used instead of the keyring; empty where none is.
    """

    recordings_path: Path
    archive_path: Path | None
    data_path: Path
    needs_keyring: bool = False
    secrets_path: str = ""


def examine_computer(
    computer: Computer, secrets: SecretStore, *, keyring_seconds: float
) -> list[Finding]:
    """Return what was found, in the order in which it is to be mended.

    Args:
        computer: what the settings say.
        secrets: the keyring.
        keyring_seconds: so long it has to answer; it may be asking for its password.
    """
    found = [_recordings(computer.recordings_path)]
    if computer.archive_path is not None:
        found += examine_archive(computer.archive_path)
    found.append(_room("room for the agent's own data", computer.data_path))
    if computer.needs_keyring:
        found.append(
            _secrets_folder(secrets, computer.secrets_path)
            if computer.secrets_path
            else _keyring(secrets, keyring_seconds)
        )
    return found


def examine_archive(path: Path) -> list[Finding]:
    """Return whether *path* can keep recordings; nothing stays there that was not there before."""
    name = "archive folder"
    there = next((one for one in (path, *path.parents) if _exists(one)), None)
    if there is None:
        return [problem(name, f"{path} lies on a drive that is not there.", "Connect the drive.")]
    if not there.is_dir():
        return [problem(name, f"{there} is a file, not a folder.", "Choose another folder.")]
    probe = there / f".zoomsync-{random.token_hex(6)}"
    try:
        probe.touch(exist_ok=False)
    except OSError as exc:
        return [
            problem(
                name,
                f"Nothing can be written in {there}: {exc.strerror or exc}.",
                "Choose another folder, or allow your user to write there.",
            )
        ]
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    said = (
        f"{path} can be written." if there == path else f"{path} is made with the first recording."
    )
    return [ok(name, said), _room("room in the archive", there)]


def _recordings(path: Path) -> Finding:
    name = "recordings folder"
    if not _exists(path):
        return warning(
            name,
            f"{path} does not exist.",
            "It is watched as soon as it appears. If Zoom records elsewhere (Zoom: Settings, "
            "Recording, Location), choose that folder.",
        )
    if not path.is_dir():
        return problem(name, f"{path} is a file, not a folder.", "Choose another folder.")
    try:
        with os.scandir(path) as entries:
            next(entries, None)
    except OSError as exc:
        return problem(
            name,
            f"{path} cannot be read: {exc.strerror or exc}.",
            "Allow your user to read it.",
        )
    return ok(name, f"{path} is there and can be read.")


def _room(name: str, path: Path) -> Finding:
    there = next((one for one in (path, *path.parents) if _exists(one)), path)
    try:
        free = shutil.disk_usage(there).free
    except OSError as exc:
        return warning(name, f"It is not known how much room {there} has: {exc.strerror or exc}.")
    said = f"{readable_size(free)} are free at {there}."
    return ok(name, said) if free >= _LITTLE else warning(name, said, _ROOM)


def _keyring(secrets: SecretStore, seconds: float) -> Finding:
    name = "keyring"
    try:
        beside(lambda: secrets.get(_PROBE), "keyring").result(seconds)
    except TimeoutError:
        return warning(
            name,
            "The system's keyring has not answered yet.",
            "It may be asking for its password in a window of its own.",
        )
    except SecretsUnavailable as exc:
        return problem(name, f"{exc.detail or exc.title}.", exc.hint)
    return ok(name, "The system's keyring is open.")


def _secrets_folder(secrets: SecretStore, path: str) -> Finding:
    name = "folder for secrets"
    try:
        secrets.get(_PROBE)
    except SecretsUnavailable as exc:
        return problem(name, f"{exc.detail.rstrip('.') or exc.title}.", exc.hint)
    return ok(name, f"Secrets are kept in {path}, which only you may open.")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False
