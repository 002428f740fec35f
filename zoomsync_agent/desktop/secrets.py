"""Secrets in the system's keyring: Credential Manager, Keychain or Secret Service.

Windows keeps 2,560 bytes under a name, as UTF-16, so a longer secret is cut into parts there. The
main entry then holds a header that names them; it is written last, so that a reader finds either
the old secret or the new one.
"""

import contextlib
import re
import secrets
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from zoomsync_agent.core.errors import SecretsUnavailable

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

T = TypeVar("T")

WINDOWS_LIMIT: Final = 1_200
"""UTF-16 units; Windows takes 1,280, and so close to the limit nothing is gained."""
_DEFAULT_LIMIT: Final = WINDOWS_LIMIT if sys.platform == "win32" else None
_HEADER: Final = "zoomsync-parts:"
_HEADER_FORM: Final = re.compile(rf"{_HEADER}1:(?P<id>[0-9a-f]{{16}}):(?P<count>[1-9]\d{{0,3}})")
_MOST_PARTS: Final = 9_999
_LOOKS: Final = 3
_SLICE: Final = 0.5
_TRUSTED: Final = 1.0
"""The keyring library's own line: what ranks below it is not recommended to keep secrets."""
_MISSING: Final = (
    "There is no keyring on this computer that keeps secrets. Install and start one, such as GNOME "
    "Keyring, KWallet or KeePassXC with its Secret Service."
)
_PLAIN: Final = (
    "The keyring library is set to “{name}”, which does not protect secrets. Remove that setting "
    "(PYTHON_KEYRING_BACKEND or keyringrc.cfg) or the package keyrings.alt, and install GNOME "
    "Keyring or KWallet if there is none."
)
_LOCKED: Final = "The keyring is locked, and was not unlocked."
_WAITING: Final = "The keyring is waiting for you to unlock it."


def split(value: str, limit: int) -> Iterator[str]:
    """Yield *value* in parts of at most *limit* UTF-16 units; no character is ever cut in two."""
    start = used = 0
    for at, char in enumerate(value):
        width = 2 if ord(char) > 0xFFFF else 1  # noqa: PLR2004  the last one of a single unit
        if used + width > limit:
            yield value[start:at]
            start, used = at, 0
        used += width
    yield value[start:]


def _units(value: str) -> int:
    return len(value) + sum(ord(char) > 0xFFFF for char in value)  # noqa: PLR2004  as above


@dataclass(frozen=True, slots=True)
class _Header:
    """What the main entry says of a secret that is kept in parts."""

    id: str
    count: int

    def __str__(self) -> str:
        return f"{_HEADER}1:{self.id}:{self.count}"

    @classmethod
    def read(cls, entry: str | None) -> "_Header | None":
        match = _HEADER_FORM.fullmatch(entry or "")
        return cls(match["id"], int(match["count"])) if match else None

    def names(self, name: str) -> list[str]:
        return [f"{name}.{self.id}.{number}" for number in range(self.count)]


class _Abandoned(Exception):
    """Nobody waits for this call any more."""


@dataclass(slots=True)
class _Call(Generic[T]):
    """One call on its own thread, and what came of it."""

    over: threading.Event = field(default_factory=threading.Event)
    is_abandoned: bool = False
    result: T | None = None
    error: SecretsUnavailable | None = None

    def expect_wanted(self) -> None:
        """Change nothing for a caller who has been told that nothing was changed."""
        if self.is_abandoned:
            raise _Abandoned


class KeyringSecrets:
    """`SecretStore` over the system's keyring.

    Every call runs on a thread of its own: the system may show a dialog and not answer before the
    user has. One dialog is enough: while a call still waits for it, others fail at once.

    Args:
        service_name: under which all entries are kept; another one for every home.
        limit: how many UTF-16 units a part may have, at least 2; None for no limit. An entry must
            hold 40, for the header.
        timeout: how many seconds a call may take.
    """

    def __init__(
        self, service_name: str, *, limit: int | None = _DEFAULT_LIMIT, timeout: float = 30.0
    ) -> None:
        self._service_name = service_name
        self._limit = limit
        self._timeout = timeout
        self._turn = threading.Lock()
        self._stuck: _Call[Any] | None = None
        self._judged: KeyringBackend | None = None

    def get(self, name: str) -> str | None:
        """Return the secret, or None if there is none or a part of it is missing.

        Raises:
            SecretsUnavailable: the keyring is locked, missing, or not one that keeps secrets.
        """
        return self._within_time(lambda _: self._get(self._backend(), name))

    def set(self, name: str, value: str) -> None:
        """Keep the secret.

        Raises:
            SecretsUnavailable: it could not be kept; what was there before still is.
        """
        self._within_time(lambda call: self._set(self._backend(), name, value, call))

    def delete(self, name: str) -> None:
        """Forget the secret, should there be one.

        Raises:
            SecretsUnavailable: the keyring cannot be written.
        """
        self._within_time(lambda call: self._delete(self._backend(), name, call))

    def _get(self, backend: "KeyringBackend", name: str) -> str | None:
        entry = self._read(backend, name)
        for _ in range(_LOOKS):
            header = _Header.read(entry)
            if header is None:
                return entry
            parts = [self._read(backend, part) for part in header.names(name)]
            if None not in parts:
                return "".join(part for part in parts if part is not None)
            # Perhaps somebody wrote a new secret, and took these parts away, in between.
            before, entry = entry, self._read(backend, name)
            if entry == before:
                break
        return None

    def _set(self, backend: "KeyringBackend", name: str, value: str, call: _Call[None]) -> None:
        # Reading comes first because it is what asks for a password: once that has taken too long,
        # nothing is written any more.
        old = _Header.read(self._read(backend, name))
        call.expect_wanted()
        if (self._limit is None or _units(value) <= self._limit) and not value.startswith(_HEADER):
            self._write(backend, name, value)
        else:
            self._write_parts(backend, name, value, call)
        # The new secret is kept; an old part that stays is no failure.
        self._clean(backend, old.names(name) if old else [])

    def _write_parts(
        self, backend: "KeyringBackend", name: str, value: str, call: _Call[None]
    ) -> None:
        parts = list(split(value, self._limit or max(2, _units(value))))
        if len(parts) > _MOST_PARTS:
            raise SecretsUnavailable("The secret is too long for the keyring.")
        header = _Header(secrets.token_hex(8), len(parts))
        written: list[str] = []
        try:
            for part_name, part in zip(header.names(name), parts, strict=True):
                call.expect_wanted()
                written.append(part_name)
                self._write(backend, part_name, part)
            call.expect_wanted()
            self._write(backend, name, str(header))
        except BaseException:
            self._clean(backend, written)
            raise

    def _delete(self, backend: "KeyringBackend", name: str, call: _Call[None]) -> None:
        header = _Header.read(self._read(backend, name))
        call.expect_wanted()
        # The header last: as long as it is there, what is left can be found and removed.
        for part in header.names(name) if header else ():
            self._remove(backend, part)
        self._remove(backend, name)

    def _service(self, name: str) -> str:
        # Of its own for each entry: Windows re-saves entries when two share a service.
        return f"{self._service_name}.{name}"

    def _read(self, backend: "KeyringBackend", name: str) -> str | None:
        return backend.get_password(self._service(name), name)

    def _write(self, backend: "KeyringBackend", name: str, value: str) -> None:
        backend.set_password(self._service(name), name, value)

    def _remove(self, backend: "KeyringBackend", name: str) -> None:
        if self._read(backend, name) is not None:
            backend.delete_password(self._service(name), name)

    def _clean(self, backend: "KeyringBackend", parts: list[str]) -> None:
        for part in parts:
            with contextlib.suppress(Exception):  # keyrings let errors of all their libraries out
                self._remove(backend, part)

    def _backend(self) -> "KeyringBackend":
        """Return the keyring, asked anew where the one that was chosen does not keep secrets.

        An agent that starts with the session may be earlier than the session's keyring, and the
        library remembers its choice.
        """
        import keyring  # noqa: PLC0415  20 MB, and many commands need no secret
        import keyring.backend  # noqa: PLC0415  the same

        chosen = keyring.get_keyring()
        if chosen is self._judged:
            return chosen
        found = _trusted(chosen)
        if found is None:
            keyring.backend.get_all_keyring()
            keyring.backend.get_all_keyring.reset()
            keyring.core.init_backend()
            chosen = keyring.get_keyring()
            found = _trusted(chosen)
        if found is None:
            raise SecretsUnavailable(_why_not(chosen))
        self._judged = found
        return found

    def _within_time(self, work: Callable[[_Call[T]], T]) -> T:
        deadline = time.monotonic() + self._timeout
        stuck = self._stuck
        if stuck is not None and not stuck.over.is_set():
            raise SecretsUnavailable(_WAITING)
        while not self._turn.acquire(timeout=min(_SLICE, max(0.0, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                raise SecretsUnavailable(_WAITING)
        call: _Call[T] = _Call()
        thread = threading.Thread(target=self._run, args=(call, work), name="keyring", daemon=True)
        try:
            thread.start()
        except BaseException:
            self._turn.release()
            raise
        # In slices: on Windows Ctrl-C does not end a wait.
        while not call.over.wait(min(_SLICE, max(0.0, deadline - time.monotonic()))):
            if time.monotonic() >= deadline:
                call.is_abandoned = True
                self._stuck = call
                raise SecretsUnavailable(_WAITING)
        if call.error is not None:
            raise call.error
        return cast(T, call.result)

    def _run(self, call: _Call[T], work: Callable[[_Call[T]], T]) -> None:
        try:
            call.result = work(call)
        except _Abandoned:
            pass
        except SecretsUnavailable as exc:
            call.error = exc
        except Exception as exc:  # noqa: BLE001  keyrings let errors of all their libraries out
            call.error = SecretsUnavailable(_sentence(exc))
        finally:
            self._turn.release()
            call.over.set()


def _trusted(chosen: "KeyringBackend") -> "KeyringBackend | None":
    """Return the keyring to use, which is the first good one of a chain; None if there is none."""
    from keyring.backends.chainer import ChainerBackend  # noqa: PLC0415  as above

    chain = list(chosen.backends) if isinstance(chosen, ChainerBackend) else [chosen]
    return next((one for one in chain if _keeps_secrets(one)), None)


def _keeps_secrets(one: "KeyringBackend") -> bool:
    try:
        rank = float(one.priority)
    except Exception:  # noqa: BLE001  a keyring whose service went away says so in many ways
        return False
    kind = type(one)
    return rank >= _TRUSTED and "plain" not in f"{kind.__module__}.{kind.__name__}".lower()


def _why_not(chosen: "KeyringBackend") -> str:
    from keyring.backends import fail  # noqa: PLC0415  as above
    from keyring.backends.chainer import ChainerBackend  # noqa: PLC0415  as above

    try:
        rank = float(chosen.priority)
    except Exception:  # noqa: BLE001  it would keep secrets if its service ran
        return _MISSING
    if isinstance(chosen, fail.Keyring) or (isinstance(chosen, ChainerBackend) and rank < 0):
        return _MISSING
    return _PLAIN.format(name=chosen.name)


def _sentence(exc: Exception) -> str:
    """Return what *exc* means; what is quoted are numbers, and texts that hold no secret."""
    from keyring import errors  # noqa: PLC0415  as above

    kind, text = type(exc).__name__, str(exc)
    if isinstance(exc, errors.NoKeyringError):
        return _MISSING
    if isinstance(exc, errors.KeyringLocked) or "Locked" in kind or "dismissed" in text.lower():
        return _LOCKED
    if isinstance(exc, errors.KeyringError | OSError):
        return f"The keyring failed: {text or kind}"
    number = getattr(exc, "winerror", None)
    return f"The keyring failed ({kind}{f' {number}' if isinstance(number, int) else ''})."
