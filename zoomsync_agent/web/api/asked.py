"""What is asked for: parameters and bodies, with what each of them accepts."""

from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator
from pydantic.json_schema import SkipJsonSchema

from zoomsync_agent.control import MAX_PAUSE_SECONDS
from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.freeing import MOST_DAYS, USUAL_DAYS
from zoomsync_agent.core.listing import MOST, Query, Sort
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.web.api import examples
from zoomsync_agent.web.api.fields import Asked, GivenMoment, may_be_absent, shown

_ID: Final = "5b1c2f0e-8f0c-5c55-9d0f-3f6c1f2f9a77"
_LINE: Final = r"^[^\u0000-\u001f\u007f]*$"
_PLAIN: Final = r"^[!-~]+$"
_LONGEST_TEXT: Final = 300
_LONGEST_TITLE: Final = 200
_LONGEST_PATH: Final = 4096
_LONGEST_ADDRESS: Final = 8192
_LONGEST_LINK: Final = 7 * 86_400
_LARGEST: Final = 2**63 - 1


class Order(StrEnum):
    """Which way a list runs."""

    ASC = "asc"
    DESC = "desc"


class RecordingPath(BaseModel):
    """Names one recording."""

    recording_id: str = Field(
        min_length=4,
        max_length=64,
        pattern=r"^[0-9A-Za-z-]+$",
        description="The recording's id, or as much of its beginning as no other id shares.",
        json_schema_extra={"example": _ID},
    )


class JobPath(BaseModel):
    """Names one file on its way."""

    job_id: int = Field(
        ge=1,
        le=2**53,
        description="The number of its job.",
        json_schema_extra={"example": 17},
    )


class RecordingsQuery(Asked):
    """Which recordings, in which order, and which page of them."""

    q: str | SkipJsonSchema[None] = Field(
        default=None,
        max_length=_LONGEST_TEXT,
        description="Words that must all occur in title, file name, transcript or summary; each "
        "may be the beginning of a longer one.",
        json_schema_extra=may_be_absent("quarter budget"),
    )
    status: ProcessingStatus | SkipJsonSchema[None] = Field(
        default=None,
        description="Only recordings that are so far.",
        json_schema_extra=may_be_absent("completed"),
    )
    source: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")] | SkipJsonSchema[None] = Field(
        default=None,
        description="Only recordings from there: `local` (Zoom's folder on this computer), `zoom` "
        "(Zoom's cloud) or `upload` (handed in).",
        json_schema_extra=may_be_absent("local"),
    )
    kind: Kind | SkipJsonSchema[None] = Field(
        default=None,
        description="Only files that hold this.",
        json_schema_extra=may_be_absent("video"),
    )
    since: GivenMoment | SkipJsonSchema[None] = Field(
        default=None,
        description="Only meetings that began then or later.",
        json_schema_extra=may_be_absent("2026-11-01"),
    )
    until: GivenMoment | SkipJsonSchema[None] = Field(
        default=None,
        description="Only meetings that began before.",
        json_schema_extra=may_be_absent("2026-12-01T00:00:00Z"),
    )
    sort: Sort | SkipJsonSchema[None] = Field(
        default=None,
        description="By what; without it the newest come first, or with `q` the best hits. "
        "`relevance` needs `q`.",
        json_schema_extra=may_be_absent("started_at"),
    )
    order: Order = Field(
        default=Order.DESC,
        description="Which way.",
        json_schema_extra={"example": "desc"},
    )
    cursor: str = Field(
        default="",
        max_length=_LONGEST_ADDRESS,
        pattern=r"^[0-9A-Za-z_-]*$",
        description="The `next` of the page before; empty for the first page. It belongs to the "
        "same filters and order.",
    )
    limit: int = Field(default=50, ge=1, le=MOST, description="So many at most.")

    @model_validator(mode="after")
    def _hits_need_words(self) -> Self:
        if self.sort is Sort.RELEVANCE and not (self.q or "").strip():
            raise ValueError("sort: relevance needs words in q")
        return self

    def query(self) -> Query:
        """Return what is asked of the library."""
        return Query(
            text=self.q or "",
            status=self.status,
            source=self.source,
            kind=self.kind,
            since=_moment(self.since),
            until=_moment(self.until),
            sort=self.sort,
            ascending=self.order is Order.ASC,
            cursor=self.cursor,
            limit=self.limit,
        )


class RecordingQuery(Asked):
    """What one recording is asked for beside its row."""

    link_seconds: int | SkipJsonSchema[None] = Field(
        default=None,
        ge=1,
        le=_LONGEST_LINK,
        description="Make a signed link that opens the recording for so long; without this there "
        "is no link. A file of a local archive has a link without an end.",
        json_schema_extra=may_be_absent(3600),
    )


class ActivityQuery(Asked):
    """Which part of the journal."""

    before: int | SkipJsonSchema[None] = Field(
        default=None,
        ge=1,
        le=_LARGEST,
        description="Only what is older than this event: the `before` of the page before.",
        json_schema_extra=may_be_absent(812),
    )
    happening: list[Happening] = Field(
        default=[],
        max_length=len(Happening),
        description="Only these; all where there is none.",
    )
    q: str = Field(
        default="",
        max_length=_LONGEST_TEXT,
        description="Only events whose title or file name holds this.",
    )
    limit: int = Field(default=100, ge=1, le=MOST, description="So many at most.")


class UploadQuery(Asked):
    """What is said of a recording that is handed in."""

    file_name: str = Field(
        default="",
        max_length=255,
        pattern=_LINE,
        description="The file's name; only its last part and its ending count. Needed with a raw "
        "body; a form tells it with the file.",
        json_schema_extra={"example": "weekly-sync.mp4"},
    )
    meeting_title: str = Field(
        default="",
        max_length=_LONGEST_TITLE,
        pattern=_LINE,
        description="The meeting's title; the file's name where empty.",
        json_schema_extra={"example": "Weekly sync"},
    )
    started_at: GivenMoment | SkipJsonSchema[None] = Field(
        default=None,
        description="When the meeting began; now where it is not said.",
        json_schema_extra=may_be_absent("2026-11-24T09:00:00Z"),
    )

    @property
    def begun(self) -> float | None:
        """Epoch seconds."""
        return _moment(self.started_at)


class Rename(Asked):
    """A recording's new title."""

    model_config = ConfigDict(
        strict=True, **shown({"meeting_title": "Weekly sync, second quarter"})
    )

    meeting_title: str = Field(
        min_length=1,
        max_length=_LONGEST_TITLE,
        pattern=_LINE,
        description="It holds for all recordings of the meeting, and for good.",
    )


class PauseFor(Asked):
    """How long nothing is uploaded or downloaded."""

    model_config = ConfigDict(strict=True, **shown({"seconds": 3600}))

    seconds: float | None = Field(
        default=None,
        ge=0,
        le=MAX_PAUSE_SECONDS,
        allow_inf_nan=False,
        description="For so long; until it is ended where it is not said.",
    )

    @model_validator(mode="before")
    @classmethod
    def _no_body(cls, value: Any) -> Any:
        return {} if value is None else value


class SnoozeFor(Asked):
    """How long no notice appears on the desktop."""

    model_config = ConfigDict(strict=True, **shown({"seconds": 7200}))

    seconds: float = Field(
        ge=0,
        le=MAX_PAUSE_SECONDS,
        allow_inf_nan=False,
        description="For so long; 0 lets them appear again.",
    )


class AtLogin(Asked):
    """Whether the agent is to start at login."""

    model_config = ConfigDict(strict=True, **shown({"is_on": True}))

    is_on: bool


class SpaceQuery(Asked):
    """How old recordings must be whose originals could go."""

    days: int = Field(
        default=USUAL_DAYS,
        ge=0,
        le=MOST_DAYS,
        description="Made so many days ago, or before.",
        json_schema_extra=may_be_absent(USUAL_DAYS),
    )


class FreeSpace(Asked):
    """Which originals are to go."""

    model_config = ConfigDict(strict=True, **shown({"days": 30, "seen": examples.SEEN}))

    days: int = Field(ge=0, le=MOST_DAYS, description="Made so many days ago, or before.")
    seen: str = Field(
        pattern="^[0-9a-f]{64}$", description="As /computer/space told it for these days."
    )


class WatchedPath(Asked):
    """The folder to look for recordings in."""

    model_config = ConfigDict(strict=True, **shown({"path": "/home/ada/Documents/Zoom"}))

    path: str = Field(
        min_length=1,
        max_length=_LONGEST_PATH,
        pattern=r"^[^\u0000]+$",
        description="A whole path of a folder that exists, in the user's own folders or drives.",
    )


class ZoomCode(Asked):
    """How the browser came back from Zoom."""

    model_config = ConfigDict(strict=True)

    code: str = Field(max_length=_LONGEST_ADDRESS, pattern=_PLAIN, description="As Zoom gave it.")
    state: str = Field(
        max_length=_LONGEST_ADDRESS,
        pattern=_PLAIN,
        description="With which the sign-in was begun.",
    )


class ZoomAddress(Asked):
    """Where the browser came back to."""

    model_config = ConfigDict(strict=True)

    address: str = Field(
        max_length=_LONGEST_ADDRESS,
        pattern=r"^[\t\r\n -~]+$",
        description="The whole address of the last page, as somebody copied it.",
    )


class ZoomToken(RootModel[ZoomCode | ZoomAddress]):
    """The end of a sign-in to Zoom: what came back, or the address at which it came."""

    model_config = shown({"code": "kc3Qp7e1yR", "state": "b1Xw4m0fK2"})


def _moment(given: Any) -> float | None:
    """Return what `GivenMoment` has become, which its type cannot say."""
    return None if given is None else float(given)
