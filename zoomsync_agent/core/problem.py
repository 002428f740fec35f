"""A trouble that is kept for people to see: what the last error was, until it is over."""

import json
from dataclasses import dataclass
from typing import Self

from zoomsync_agent.core.errors import (
    AgentError,
    NetworkUnavailable,
    RemoteUnavailable,
    by_code,
)


@dataclass(frozen=True, slots=True)
class Problem:
    """An error by its code, with what exactly went wrong."""

    code: str
    detail: str = ""

    @classmethod
    def of(cls, error: AgentError) -> Self:
        """Return the problem that *error* is."""
        return cls(error.code, error.detail)

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Return what `text` gave; None for nothing, and for what cannot be read."""
        try:
            told = json.loads(text or "")
            return cls(str(told["code"]), str(told["detail"]))
        except (ValueError, TypeError, KeyError):
            return None

    @property
    def text(self) -> str:
        """The problem as it is stored."""
        return json.dumps({"code": self.code, "detail": self.detail})

    @property
    def kind(self) -> type[AgentError]:
        """The class of the error."""
        return by_code(self.code)

    @property
    def is_offline(self) -> bool:
        """Whether only the network or the server is away, which nobody needs to mend."""
        return self.kind in (NetworkUnavailable, RemoteUnavailable)

    @property
    def sentence(self) -> str:
        """What is wrong and what happens next."""
        kind = self.kind
        detail = f" ({self.detail.rstrip('.')})" if self.detail not in ("", kind.title) else ""
        return f"{kind.title}{detail}. {kind.hint}".rstrip()
