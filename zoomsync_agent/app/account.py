"""Who the agent is, kept for those who must not wait for a keyring."""

import json
from dataclasses import asdict, replace
from typing import Final

from zoomsync_agent.core.account import Account, AccountState
from zoomsync_agent.ports import StateStore

ACCOUNT: Final = "account"
"""Name of the state that says who the agent is."""


def save_account(state: StateStore, account: Account) -> None:
    """Keep who we are, as people are told."""
    if account.state is AccountState.UNKNOWN:
        before = read_account(state)
        account = replace(account, user_id=before.user_id, who=before.who)
    text = json.dumps(asdict(account))
    if state.get(ACCOUNT) != text:
        state.set(ACCOUNT, text)


def read_account(state: StateStore) -> Account:
    """Return who we were when somebody last looked."""
    try:
        told = json.loads(state.get(ACCOUNT) or "")
        return Account(
            AccountState(told["state"]),
            str(told["user_id"]),
            str(told["who"]),
            str(told["detail"]),
        )
    except (ValueError, TypeError, KeyError):
        return Account(AccountState.SIGNED_OUT, detail="nobody has signed in yet")
