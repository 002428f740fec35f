"""Where secrets are kept."""

from typing import Protocol


class SecretStore(Protocol):
    """Keeps tokens and keys, each under a name. Raises only `SecretsUnavailable`.

    A call may take seconds, because the system may ask the user to unlock the store.
    """

    def get(self, name: str) -> str | None:
        """Return the secret, or None if there is none.

        Raises:
            SecretsUnavailable: the store is locked, missing, or not one that keeps secrets.
        """
        ...

    def set(self, name: str, value: str) -> None:
        """Keep the secret; when this returns it is durable.

        Raises:
            SecretsUnavailable: it could not be kept; what was there before still is.
        """
        ...

    def delete(self, name: str) -> None:
        """Forget the secret, should there be one.

        Raises:
            SecretsUnavailable: the store cannot be written.
        """
        ...
