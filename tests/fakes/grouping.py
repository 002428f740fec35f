"""Tests of a group run one after the other, on one worker.

xdist's own way adds the group to the names of tests, which pytest 9.2 does not let it: every test
of a group then runs wherever there is room, and what they share is made on every worker.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

_GROUP: Final = re.compile(r"""xdist_group\(["'](\w+)["']\)""")
_ROOT: Final = Path(__file__).parents[2]


class ByGroup(LoadScopeScheduling):  # type: ignore[misc]
    """Gives out tests one by one, and those of a file that names a group together."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0]) or nodeid


@cache
def group_of(path: str) -> str:
    """Return the group of a file of tests; empty where it names none."""
    found = _GROUP.search((_ROOT / path).read_text("utf-8"))
    return found[1] if found else ""
