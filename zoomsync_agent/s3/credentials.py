"""Who we are towards a store: two keys and perhaps a token, from wherever they come."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from zoomsync_agent.core.errors import (
    AgentError,
    CredentialsMissing,
    CredentialsRefused,
    NetworkUnavailable,
    SecretsUnavailable,
)

if TYPE_CHECKING:
    from botocore.session import Session


@dataclass(frozen=True, slots=True)
class Keys:
    """What requests are signed with. The secret never leaves this process."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    """Of temporary keys; sent with every request."""


class Credentials(Protocol):
    """Gives keys that hold now. Thread-safe; raises only `AgentError`."""

    def keys(self) -> Keys:
        """Return keys, renewed where they would soon end; may ask a network.

        Raises:
            CredentialsRefused: there are none, or they cannot be renewed.
            SecretsUnavailable: the keyring that holds them is locked.
        """
        ...

    def renewed(self, refused: Keys, reason: str = "") -> Keys | None:
        """Return other keys than *refused*, which the store does not take; None if there are none.

        Args:
            refused: what the request was signed with.
            reason: the store's code for why, as in `ExpiredToken`.

        Raises:
            As `keys`.
        """
        ...


class FixedKeys:
    """Keys that somebody gave us; they are what they are."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def keys(self) -> Keys:
        """Return them."""
        return self._keys

    def renewed(self, refused: Keys, reason: str = "") -> Keys | None:
        """Return None: nobody renews them."""
        del refused, reason
        return None


class GivenKeys:
    """Keys in the environment or a file, read again where they are refused.

    Args:
        first: as they were found.
        read: gives them as they are now.
    """

    def __init__(self, first: Keys, read: Callable[[], Keys | None]) -> None:
        self._keys = first
        self._read = read

    def keys(self) -> Keys:
        """Return them."""
        return self._keys

    def renewed(self, refused: Keys, reason: str = "") -> Keys | None:
        """Return what is written there now, should it be something else."""
        del reason
        found = self._read()
        if found is None or found == refused:
            return None
        self._keys = found
        return found


class AwsChain:
    """Keys as every AWS tool finds them, looked for by botocore.

    Environment, shared profile, SSO, assumed role, container role, instance role; temporary ones
    are renewed before they end.

    Args:
        profile: of the shared files; empty for the default one.
    """

    def __init__(self, profile: str = "") -> None:
        self._profile = profile
        # Several parts are refused at a time; they are to wait for one answer.
        self._guard = threading.RLock()
        self._found: Any = None

    def keys(self) -> Keys:
        """Return what is found now. Nothing found is looked for again the next time.

        Raises:
            NetworkUnavailable: whoever renews them cannot be reached.
            As the protocol says.
        """
        from botocore import exceptions  # noqa: PLC0415  botocore costs 100 ms

        with self._guard:
            try:
                if self._found is None:
                    # Anew each time: somebody may have written the files meanwhile.
                    self._found = _session(self._profile).get_credentials()
                frozen = self._found.get_frozen_credentials() if self._found else None
            except (exceptions.HTTPClientError, exceptions.ConnectionError) as exc:
                raise NetworkUnavailable(f"renew the access keys: {exc}") from exc
            except exceptions.ProfileNotFound as exc:
                raise CredentialsMissing(
                    f"there is no AWS profile “{self._profile}” (s3_profile or AWS_PROFILE)"
                ) from exc
            # Beside its own errors: those of files and programs that a profile names, of JSON that
            # is none, and a plain RuntimeError where what it was given has ended already.
            except Exception as exc:
                self._found = None
                raise CredentialsRefused(f"{type(exc).__name__}: {exc}") from exc
        if frozen is None:
            raise CredentialsMissing("no access keys were found")
        return Keys(frozen.access_key, frozen.secret_key, frozen.token)

    def renewed(self, refused: Keys, reason: str = "") -> Keys | None:
        """Look for keys from the beginning: a file, or an SSO session, may be new."""
        del reason
        with self._guard:
            # Another request may have been here first.
            if self._found is None or (found := self.keys()) == refused:
                self._found = None
                found = self.keys()
        return None if found == refused else found


class FirstOf:
    """The keys of the first source that has some; the next time that source is asked at once.

    Args:
        sources: in their order. One whose keyring is locked is passed over, and named should no
            other one have keys.
    """

    def __init__(self, *sources: Credentials) -> None:
        self._sources = sources
        self._chosen: Credentials | None = None

    def keys(self) -> Keys:
        """Return the first keys."""
        if (chosen := self._chosen) is not None:
            return chosen.keys()
        problem: AgentError | None = None
        for source in self._sources:
            try:
                keys = source.keys()
            except (CredentialsRefused, SecretsUnavailable) as exc:
                problem = _worse(problem, exc)
                continue
            self._chosen = source
            return keys
        raise problem or CredentialsMissing("no access keys were found")

    def renewed(self, refused: Keys, reason: str = "") -> Keys | None:
        """Ask the source of *refused* for others, else look through all of them again."""
        chosen = self._chosen
        if chosen is not None and (found := chosen.renewed(refused, reason)):
            return found
        self._chosen = None
        found = self.keys()
        return None if found == refused else found


def _worse(before: AgentError | None, now: CredentialsRefused | SecretsUnavailable) -> AgentError:
    """Return which of two problems says more: a locked keyring, or keys that do not work."""
    if isinstance(before, SecretsUnavailable):
        return before
    if isinstance(now, SecretsUnavailable):
        return SecretsUnavailable(
            f"{now.detail} Access keys can be given without one: AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY in the environment or the .env of the config folder, or an AWS "
            "profile."
        )
    if before is None or isinstance(before, CredentialsMissing):
        return now
    return before


class KeptKeys:
    """Keys in the keyring, read when they are first needed.

    Args:
        read: gives them, None where none are kept.
    """

    def __init__(self, read: Callable[[], Keys | None]) -> None:
        self._read = read
        self._keys: Keys | None = None

    def keys(self) -> Keys:
        """Return them."""
        found = self._keys or self._read()
        if found is None:
            raise CredentialsMissing("no access keys are kept in the keyring")
        self._keys = found
        return found

    def renewed(self, refused: Keys, reason: str = "") -> Keys | None:
        """Read them again: somebody may have signed in with others."""
        del reason
        self._keys = None
        found = self._read()
        return None if found in (None, refused) else found


def profile_region(profile: str) -> str:
    """Return the region that the shared profile names; empty where it names none."""
    try:
        return str(_session(profile).get_config_variable("region") or "")
    except Exception:  # noqa: BLE001  whatever it is: whoever needs the keys of that profile is told
        return ""


def _session(profile: str) -> "Session":
    from botocore.session import Session  # noqa: PLC0415

    return Session(profile=profile or None)
