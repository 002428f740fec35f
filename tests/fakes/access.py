"""An `Access` that tests decide about."""

from collections.abc import Callable

from zoomsync_agent.core.account import Account, AccountState
from zoomsync_agent.core.errors import SignInRequired


class FixedAccess:
    """`Access` with a token that is given, and another one each time it is renewed.

    Args:
        api_key: value of the header `apikey`.
        user_id: owner of objects and rows; empty means that nobody has signed in.
        token: the bearer token.
        renewing: gives the next token; without it a renewal is refused.
    """

    def __init__(
        self,
        api_key: str,
        user_id: str,
        token: str,
        *,
        renewing: Callable[[], str] | None = None,
    ) -> None:
        self.api_key = api_key
        self.renewals: list[str] = []
        """The tokens that the server is said to have refused, in order."""
        self._user_id = user_id
        self._token = token
        self._renewing = renewing

    @property
    def user_id(self) -> str:
        """The user."""
        if not self._user_id:
            raise SignInRequired("nobody has signed in")
        return self._user_id

    def token(self) -> str:
        """Return the token."""
        if not self._token:
            raise SignInRequired("nobody has signed in")
        return self._token

    def renew(self, refused: str) -> str:
        """Return the next token."""
        self.renewals.append(refused)
        if self._renewing is None:
            raise SignInRequired("the server does not renew the session")
        self._token = self._renewing()
        return self._token

    def account(self) -> Account:
        """Return the user, or that there is none."""
        if not self._user_id:
            return Account(AccountState.SIGNED_OUT, detail="nobody has signed in")
        return Account(AccountState.SIGNED_IN, self._user_id, "somebody@example.org")
