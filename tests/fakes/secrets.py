"""Stores of secrets that are no secret."""

import tempfile
from pathlib import Path

from zoomsync_agent.core.errors import SecretsUnavailable


class MemorySecrets:
    """`SecretStore` for tests; several users of one object are several processes.

    While `locked` every call fails, while `is_read_only` only those that change something; each
    failure counts in `refused`, so that a test can prove that it happened.
    """

    def __init__(self) -> None:
        self.locked = False
        self.is_read_only = False
        self.refused = 0
        self.values: dict[str, str] = {}
        self.reads = 0
        self.writes = 0

    def get(self, name: str) -> str | None:
        """Return the secret."""
        self._expect(not self.locked)
        self.reads += 1
        return self.values.get(name)

    def set(self, name: str, value: str) -> None:
        """Keep the secret."""
        self._expect(not (self.locked or self.is_read_only))
        self.writes += 1
        self.values[name] = value

    def delete(self, name: str) -> None:
        """Forget the secret."""
        self._expect(not (self.locked or self.is_read_only))
        self.writes += 1
        self.values.pop(name, None)

    def _expect(self, is_open: bool) -> None:
        if not is_open:
            self.refused += 1
            raise SecretsUnavailable("The keyring is locked.")


class FileSecrets:
    """`SecretStore` in a folder, for processes that share one; each write replaces a whole file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> str | None:
        """Return the secret."""
        try:
            return (self._folder / name).read_text("utf-8")
        except FileNotFoundError:
            return None

    def set(self, name: str, value: str) -> None:
        """Keep the secret."""
        with tempfile.NamedTemporaryFile("w", dir=self._folder, delete=False) as file:
            file.write(value)
        Path(file.name).replace(self._folder / name)

    def delete(self, name: str) -> None:
        """Forget the secret."""
        (self._folder / name).unlink(missing_ok=True)
