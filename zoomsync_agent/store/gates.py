"""Gates and lanes in SQL: which jobs may be taken while some are shut or full."""

import json
from collections.abc import Collection
from typing import Final

from zoomsync_agent.core.job import LANE_END, SMALL_BYTES

GATE: Final = "CASE step WHEN 'fetch' THEN source ELSE destination END"
"""What a job needs for its step, in SQL; see `Job.gate`."""
_LANE: Final = f"iif(step = 'fetch' AND size > {SMALL_BYTES}, source || '{LANE_END}', '')"
"""What a job takes up on its way, in SQL; see `Job.lane`."""
ELSEWHERE: Final = f"""(
    {GATE} NOT IN (SELECT value FROM json_each(?))
    AND {_LANE} NOT IN (SELECT value FROM json_each(?)))
"""  # noqa: S608  our words
"""Whether a job waits at none of the gates and lanes that `elsewhere` names."""


def elsewhere(names: Collection[str]) -> tuple[str, str]:
    """Return the parameters of `ELSEWHERE`: gates and lanes are told apart by their names."""
    text = json.dumps(list(names))
    return text, text
