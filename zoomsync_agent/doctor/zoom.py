"""Looks at the sign-in to Zoom: whether it holds, and what it allows."""

from datetime import UTC, datetime
from typing import Final

from zoomsync_agent.core.errors import ActionNeeded, AgentError
from zoomsync_agent.doctor.findings import Finding, ok, problem, warning
from zoomsync_agent.zoom.app import NEEDED, USEFUL
from zoomsync_agent.zoom.client import ZoomClient, windows

_ADD: Final = (
    "Add it to your app in the Zoom Marketplace, then sign in again: a sign-in keeps the scopes "
    "that it began with."
)


def examine_zoom(client: ZoomClient) -> list[Finding]:
    """Return what was found; asks Zoom for today's recordings and for nothing else.

    Args:
        client: asks Zoom.
    """
    try:
        today = datetime.now(UTC).date()
        found = client.meetings(next(windows(today, today)), account_wide=client.is_account_wide)
        count = len(list(found))
    except ActionNeeded as exc:
        return [problem("Zoom's cloud", f"{exc.detail or exc.title}.", exc.hint)]
    except AgentError as exc:
        return [warning("Zoom's cloud", f"{exc.title}: {exc.detail}.", exc.hint)]
    whose = client.email or client.user_id
    said = f"Zoom lists the recordings of {whose}; {count} of today."
    told = [ok("Zoom's cloud", said)]
    for scope, why in {**NEEDED, **USEFUL}.items():
        if not client.allows(scope):
            told.append(warning("Zoom's scopes", f"{scope} was not granted: needed {why}.", _ADD))
    return told
