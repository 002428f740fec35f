"""A cloud for the demo: the stand-in for Zoom that the tests use, as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zoomsync_agent.core.errors import UsageError

_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_STAND_IN: Final = "tests.fakes.zoom"
_MEETINGS: Final = 3
_LARGEST_BYTES: Final = 300_000
_LATE_SECONDS: Final = 20
_END_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class PlayedCloud:
    """Where the stand-in is, and as which app one signs in to it."""

    url: str
    client_id: str
    who: str


@contextmanager
def played_cloud(topic: str, started_at: float) -> Iterator[PlayedCloud]:
    """Give a cloud with a few meetings for as long as the context lasts.

    Args:
        topic: of one more meeting, which was recorded on this computer too.
        started_at: when that began, in epoch seconds.

    Raises:
        UsageError: the stand-in is not there; it is part of the source tree alone.
    """
    if not (_ROOT / "tests" / "fakes" / "zoom" / "__main__.py").is_file():
        raise UsageError(
            "The stand-in for Zoom's cloud is part of the source tree and not of an installed "
            "agent: run this in a clone of the project."
        )
    command = [
        sys.executable, "-m", _STAND_IN, "--auto-consent",
        "--meetings", str(_MEETINGS), "--largest", str(_LARGEST_BYTES),
        "--late", str(_LATE_SECONDS), "--also", topic, str(started_at),
    ]  # fmt: skip
    with subprocess.Popen(  # noqa: S603  our own program, with words of our own
        command,
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the demo, which then ends it
    ) as process:
        try:
            told = json.loads((process.stdout or sys.stdin).readline() or "{}")
            if not told:
                raise UsageError("The stand-in for Zoom's cloud did not start.")
            yield PlayedCloud(told["zoom_url"], told["public_client_id"], told["user"])
        finally:
            if process.stdin is not None:
                process.stdin.close()  # which ends it
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


class ForgetfulSecrets:
    """`SecretStore` that forgets everything at the end: the demo's sign-in opens nothing real."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """Return the secret, or None if there is none."""
        return self._kept.get(name)

    def set(self, name: str, value: str) -> None:
        """Keep the secret."""
        self._kept[name] = value

    def delete(self, name: str) -> None:
        """Forget the secret, should there be one."""
        self._kept.pop(name, None)
