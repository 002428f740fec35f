"""Notices on the desktop: which there are, and when. Nothing here knows how they are shown.

Many things that happen are one notice. What needs somebody is told once, again when it has come
back, and else once a day. A notice holds titles of meetings, and never more than those.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.errors import (
    CredentialsMissing,
    CredentialsRefused,
    SignInRequired,
    TransientError,
    ZoomSignInRequired,
    by_code,
)
from zoomsync_agent.core.problem import Problem
from zoomsync_agent.core.snapshot import Snapshot, unconverted_sentence

AT_MOST_EVERY_SECONDS: Final = 300.0
"""No two notices of a group are closer to each other."""
GROUP_SECONDS: Final = 3_600.0
"""What happens within so long of the last notice is counted together with it."""
GRACE_SECONDS: Final = 20.0
"""What is over by itself within so long is not told: a keyring that opens, a drive that wakes."""
AGAIN_SECONDS: Final = 86_400.0
"""What still needs somebody after so long is told once more."""
_MOST_TITLES: Final = 2
_MOST_KNOWN: Final = 500
_LONGEST_TITLE: Final = 60
_LONGEST_TEXT: Final = 300
_OVERVIEW: Final = ""
_ACTIVITY: Final = "ui/activity"
_HEALTH: Final = "ui/health"
_RECORDINGS: Final = "ui/recordings"
_SETTINGS: Final = "ui/settings"
"""Pages, as `app.page_link` takes them."""
_SIGN_IN: Final = (CredentialsMissing, CredentialsRefused, SignInRequired, ZoomSignInRequired)


class Wanted(StrEnum):
    """Which notices somebody wants."""

    PROBLEMS = "problems"
    ALL = "all"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is shown.

    `group` names what it replaces. `page` is the place on the agent's site that helps, as
    `app.page_link` takes it. `is_problem` tells whether somebody should not miss it.
    """

    group: str
    title: str
    text: str
    page: str = ""
    is_problem: bool = False


@dataclass(frozen=True, slots=True)
class Happened:
    """An entry of the journal that may be worth a notice; `meeting` names its meeting."""

    id: int
    happening: Happening
    meeting: str
    title: str
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """Something about the agent as a whole that waits for somebody."""

    code: str
    title: str
    text: str
    page: str


@dataclass(frozen=True, slots=True)
class Group:
    """What is known of one group: what came together, and what of it was told, and when."""

    meetings: tuple[str, ...] = ()
    """Digests of their names, so that a meeting with five files counts once."""
    titles: tuple[str, ...] = ()
    code: str = ""
    count: int = 0
    told: int = 0
    told_at: float = 0.0

    def with_one(self, one: Happened) -> "Group":
        """Return the group with something more."""
        digest = f"{zlib.crc32(one.meeting.encode('utf-8', 'surrogatepass')):08x}"
        if digest in self.meetings:
            return self
        known = len(self.meetings) < _MOST_KNOWN
        return replace(
            self,
            meetings=(*self.meetings, digest) if known else self.meetings,
            titles=(*self.titles, one.title) if len(self.titles) < _MOST_TITLES else self.titles,
            code=self.code or one.error_code or "",
            count=self.count + 1,
        )


@dataclass(frozen=True, slots=True)
class Standing:
    """A need: since when it is there, and when it was last told; Unix times, 0 for never."""

    since: float
    told_at: float = 0.0
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Memory:
    """What people have been told. Kept, so that a restart neither repeats nor floods."""

    last_id: int
    groups: Mapping[str, Group] = field(default_factory=dict)
    needs: Mapping[str, Standing] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Return what `text` gave; None for nothing, and for what cannot be read."""
        try:
            told = json.loads(text or "")
            return cls(
                int(told["last_id"]),
                {name: _group_of(one) for name, one in told["groups"].items()},
                {
                    code: Standing(float(one["since"]), float(one["told_at"]), one["is_there"])
                    for code, one in told["needs"].items()
                },
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return None

    @property
    def text(self) -> str:
        """The memory as it is stored."""
        return json.dumps(
            {
                "last_id": self.last_id,
                "groups": {name: asdict(one) for name, one in self.groups.items()},
                "needs": {code: asdict(one) for code, one in self.needs.items()},
            }
        )

    @property
    def waits(self) -> bool:
        """Whether something is still to be told, when its time has come."""
        return any(one.count > one.told for one in self.groups.values()) or any(
            one.is_there and not one.told_at for one in self.needs.values()
        )


_GROUPS: Final = {
    Happening.FAILED: "failed",
    Happening.BLOCKED: "failed",
    Happening.LOST: "lost",
    Happening.SAFE: "safe",
}
HAPPENINGS: Final = tuple(_GROUPS)
"""What of the journal is looked at."""


def decide(
    memory: Memory,
    happened: Iterable[Happened],
    seen: Snapshot,
    *,
    wanted: Wanted,
    now: float,
    is_snoozed: bool = False,
) -> tuple[Memory, Sequence[Notice]]:
    """Return what to tell now, and what to remember of it.

    Args:
        memory: what was remembered the last time.
        happened: what has happened since, the oldest first.
        seen: what people see now.
        wanted: which notices somebody wants; `Wanted.OFF` tells nothing and keeps nothing.
        now: epoch seconds; a clock that was set back delays nothing for ever.
        is_snoozed: tell nothing now; it is counted, and told afterwards.
    """
    happened = tuple(happened)
    last_id = max((one.id for one in happened), default=memory.last_id)
    if wanted is Wanted.OFF:
        return Memory(last_id), ()
    needs = needs_of(seen)
    groups = _grouped(memory.groups, happened, seen, wanted=wanted, now=now)
    standing = _standing(memory.needs, needs, now)
    if is_snoozed:
        return Memory(last_id, groups, standing), ()
    notices = []
    for name, group in groups.items():
        is_due = _is_over(now, group.told_at, AT_MOST_EVERY_SECONDS)
        if group.count > group.told and is_due and (name != "safe" or _is_done(seen)):
            notices.append(_SAYING[name](group))
            groups[name] = replace(group, told=group.count, told_at=now)
    for need in needs:
        known = standing[need.code]
        is_lasting = _is_over(now, known.since, GRACE_SECONDS)
        if is_lasting and _is_over(now, known.told_at, AGAIN_SECONDS):
            group_name = f"needs-{need.code}"
            notices.append(Notice(group_name, need.title, need.text, need.page, is_problem=True))
            standing[need.code] = replace(known, told_at=now)
    return Memory(last_id, groups, standing), notices


def _grouped(
    before: Mapping[str, Group],
    happened: Sequence[Happened],
    seen: Snapshot,
    *,
    wanted: Wanted,
    now: float,
) -> dict[str, Group]:
    """Return the groups with what has happened since, but what needs no notice of its own."""
    groups = dict(before)
    told_as_need = {one.code for one in (seen.problem, seen.cloud, seen.rows.problem) if one}
    for one in happened:
        name = _GROUPS.get(one.happening)
        if name is None or (name == "safe" and wanted is not Wanted.ALL):
            continue
        if name == "failed" and one.error_code in told_as_need:
            continue
        groups[name] = _current(groups.get(name, Group()), now).with_one(one)
    if not any(seen.counts.get(state) for state in ("failed", "blocked")):
        groups.pop("failed", None)  # what failed meanwhile went well after all
    return groups


def needs_of(seen: Snapshot) -> Sequence[Need]:
    """Return what about the agent as a whole waits for somebody."""
    found = []
    if seen.root_problem and seen.is_watching:
        found.append(
            Need("root", "The recordings folder cannot be read", seen.root_problem, _SETTINGS)
        )
    if seen.unconverted:
        told = unconverted_sentence(seen.unconverted)
        found.append(Need("unconverted", "Zoom has not converted a recording", told, _OVERVIEW))
    if seen.problem is not None and not seen.problem.is_offline:
        found.append(_need("archive", "Nothing can be uploaded", seen.problem))
    if seen.cloud is not None and not issubclass(seen.cloud.kind, TransientError):
        found.append(_need("cloud", "Nothing comes from Zoom's cloud", seen.cloud))
    if seen.rows.problem is not None and not seen.rows.problem.is_offline:
        found.append(_need("rows", "The database does not take rows", seen.rows.problem))
    return found


TRIAL: Final = Notice(
    "trial", "Notices work", "This is how problems are told. A click opens the page."
)
"""What is shown when somebody wants to see one."""


def _need(what: str, title: str, problem: Problem) -> Need:
    page = _SETTINGS if issubclass(problem.kind, _SIGN_IN) else _HEALTH
    return Need(f"{what}-{problem.code}", title, _short(problem.sentence, _LONGEST_TEXT), page)


def _standing(
    before: Mapping[str, Standing], needs: Sequence[Need], now: float
) -> dict[str, Standing]:
    """Return since when each need is there; what went is forgotten a while later."""
    after = {}
    for need in needs:
        known = before.get(need.code)
        if known is None:
            after[need.code] = Standing(now)
        elif known.is_there:
            after[need.code] = known
        else:
            # It is back. If it was told just now, it only flickers.
            flickers = not _is_over(now, known.told_at, AT_MOST_EVERY_SECONDS)
            after[need.code] = Standing(now, known.told_at if flickers else 0.0)
    for code, known in before.items():
        if code not in after and not _is_over(now, known.told_at, AT_MOST_EVERY_SECONDS):
            after[code] = replace(known, is_there=False)
    return after


def _current(group: Group, now: float) -> Group:
    """Return the group to which something that happens now is added."""
    is_told = group.count == group.told
    return Group() if is_told and _is_over(now, group.told_at, GROUP_SECONDS) else group


def _is_over(now: float, since: float, seconds: float) -> bool:
    return abs(now - since) >= seconds


def _is_done(seen: Snapshot) -> bool:
    return not seen.active and not seen.queued.files


def _failed(group: Group) -> Notice:
    title = f"{_recordings(group.count)} could not be uploaded"
    if group.count == 1 and group.code:
        return Notice(
            "failed", title, f"{_titles(group)}: {by_code(group.code).title}.", _OVERVIEW, True
        )
    return Notice("failed", title, f"{_titles(group)}. The page says why.", _OVERVIEW, True)


def _lost(group: Group) -> Notice:
    is_one = group.count == 1
    title = f"{_recordings(group.count)} {'is' if is_one else 'are'} no longer in the archive"
    originals = "the original is" if is_one else "originals are"
    text = f"{_titles(group)}. Uploaded again where {originals} still here."
    return Notice("lost", title, text, _ACTIVITY, True)


def _safe(group: Group) -> Notice:
    return Notice("safe", f"{_recordings(group.count)} uploaded", f"{_titles(group)}.", _RECORDINGS)


_SAYING: Final[Mapping[str, Callable[[Group], Notice]]] = {
    "failed": _failed,
    "lost": _lost,
    "safe": _safe,
}


def _titles(group: Group) -> str:
    shown = [f"“{_short(one, _LONGEST_TITLE)}”" for one in group.titles if one]
    rest = group.count - len(shown)
    if not shown:
        return _recordings(rest)
    if rest:
        return f"{', '.join(shown)} and {rest:,} more"
    return " and ".join(shown)


def _recordings(count: int) -> str:
    return "1 recording" if count == 1 else f"{count:,} recordings"


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _group_of(plain: Mapping[str, object]) -> Group:
    meetings, titles = plain["meetings"], plain["titles"]
    if not isinstance(meetings, list) or not isinstance(titles, list):
        raise TypeError
    return Group(
        tuple(map(str, meetings)),
        tuple(map(str, titles)),
        str(plain["code"]),
        int(str(plain["count"])),
        int(str(plain["told"])),
        float(str(plain["told_at"])),
    )
