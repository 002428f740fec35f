"""Who we are towards the project."""

from collections.abc import Callable
from functools import cached_property
from typing import Protocol

from zoomsync_agent.core.account import Account, AccountState


class Access(Protocol):
    """Gives what every request needs to be let in. Thread-safe; raises only `AgentError`."""

    @property
    def api_key(self) -> str:
        """The value of the header `apikey`."""
        ...

    @property
    def user_id(self) -> str:
        """The owner of objects and rows; asks neither the network nor, twice, the keyring.

        Raises:
            SignInRequired: nobody has signed in.
            SecretsUnavailable: it cannot be read who has.
        """
        ...

    def token(self) -> str:
        """Return a bearer token that holds for at least two minutes, refreshed where needed.

        Raises:
            SignInRequired: there is none, or the server does not renew it any more.
            SecretsUnavailable: the keyring is locked or missing.
            NetworkUnavailable, RemoteUnavailable: it could not be renewed just now.
        """
        ...

    def renew(self, refused: str) -> str:
        """Return another token than *refused*, which the server no longer takes.

        Raises:
            As `token`; SignInRequired also where there is no other one.
        """
        ...

    def account(self) -> Account:
        """Return who we are, without asking the network. Never raises."""
        ...


class ServiceAccess:
    """`Access` with the project's secret key, for a machine that nobody signs in at.

    The key passes every policy, so it acts for *user_id* only because this agent says so.

    Args:
        key: gives `sb_secret_…`, or the legacy `service_role` token; asked when it is needed.
        user_id: whose recordings these are; a UUID of the project's users.
    """

    def __init__(self, key: Callable[[], str], user_id: str) -> None:
        self._give_key = key
        self._user_id = user_id

    @cached_property
    def _key(self) -> str:
        return self._give_key()

    @property
    def api_key(self) -> str:
        """The secret key."""
        return self._key

    @property
    def user_id(self) -> str:
        """The user for whom the agent acts."""
        return self._user_id

    def token(self) -> str:
        """Return the secret key: a gateway takes it as a token where it equals `apikey`."""
        return self._key

    def renew(self, refused: str) -> str:
        """Return the same key: it does not expire, and what refuses it says why."""
        del refused
        return self._key

    def account(self) -> Account:
        """Return the user for whom the agent acts."""
        return Account(AccountState.SERVICE, self._user_id)
