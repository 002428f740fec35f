"""Who the agent is towards the remote project, as people are told."""

from dataclasses import dataclass
from enum import StrEnum


class AccountState(StrEnum):
    """Whether the agent may act for somebody."""

    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    UNKNOWN = "unknown"
    """The keyring cannot be read just now."""
    SERVICE = "service"
    """With the project's own key instead of a person's session."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody's account in a remote project, or the lack of one.

    `user_id` is the owner of objects and rows, `who` an e-mail address where one is known, and
    `detail` says why the account is signed out.
    """

    state: AccountState
    user_id: str = ""
    who: str = ""
    detail: str = ""
