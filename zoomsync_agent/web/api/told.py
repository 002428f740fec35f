"""What is answered: every field of every answer."""

from pydantic import ConfigDict, Field

from zoomsync_agent.core.account import AccountState
from zoomsync_agent.core.activity import Happening
from zoomsync_agent.core.freeing import Stays
from zoomsync_agent.core.job import State, Step
from zoomsync_agent.core.recording import Kind, ProcessingStatus
from zoomsync_agent.core.snapshot import AgentState
from zoomsync_agent.doctor import Level
from zoomsync_agent.web.api import examples
from zoomsync_agent.web.api.fields import Moment, Told, shown


class Trouble(Told):
    """An error."""

    code: str = Field(description="Which error; a code never changes its meaning.")
    title: str = Field(description="What happened, in a few words for people.")
    detail: str = Field(description="What exactly, where more is known.")
    hint: str = Field(description="What to do about it; empty where there is nothing to do.")


class Refusal(Told):
    """Every error is told in this shape, whatever went wrong."""

    model_config = ConfigDict(**shown(examples.REFUSAL))

    error: Trouble


class _Columns(Told):
    recording_id: str = Field(description="The same on every computer, for the same content.")
    user_id: str = Field(description="Whose it is.")
    file_url: str = Field(description="Where it is kept; empty until it is there.")
    meeting_title: str
    file_name: str
    file_size: int = Field(description="Bytes.", ge=0)
    created_at: Moment
    updated_at: Moment
    processing_status: ProcessingStatus
    summary: str = Field(description="Of the meeting, as Zoom wrote it; empty where there is none.")
    action_items: list[str]
    sha256: str = Field(description="Of the content, in hex.")
    started_at: Moment | None = Field(description="When the meeting began, where that is known.")
    duration_seconds: float | None
    kind: Kind
    part: int = Field(description="Of a recording in several files, from 1.")
    participant: str | None = Field(description="Whose separate audio it is.")
    source: str = Field(description="`local`, `zoom` or `upload`.")
    meeting_key: str = Field(description="Shared by all files of one meeting.")
    destination: str = Field(description="Which kind of archive has it.")
    object_key: str = Field(description="Its name there.")
    device: str = Field(description="The computer that found it.")


class Row(_Columns):
    """A row of the catalog, without what was said."""

    model_config = ConfigDict(**shown(examples.ROW))


class ListedRecording(_Columns):
    """A row of the catalog as lists show it, without what was said."""

    hit: str = Field(description="The place that was found, with the words between « and ».")
    at: float | None = Field(description="Its second in the recording, where that is known.")


class Recordings(Told):
    """One page of a list."""

    model_config = ConfigDict(**shown(examples.RECORDINGS))

    recordings: list[ListedRecording]
    next: str = Field(description="The `cursor` of the next page; empty on the last one.")
    total: int = Field(description="How many recordings all pages have together.", ge=0)


class Waiting(Told):
    """A file that is not safe yet, and why."""

    path: str
    meeting_title: str
    size: int = Field(description="Bytes.")
    code: str = Field(description="What is in the way, as a code.")
    label: str = Field(description="The same in a few words.")
    sentence: str = Field(description="Why, and what happens next.")
    job_id: int | None
    state: State | None
    percent: int | None = Field(description="How far Zoom's conversion is, where it tells.")


class Recording(_Columns):
    """One recording with everything that is known of it."""

    model_config = ConfigDict(**shown(examples.RECORDING))

    transcription_text: str = Field(description="What was said and written in the meeting.")
    variants: list[Row] = Field(description="Other recordings of the same meeting.")
    why_not: Waiting | None = Field(description="Why it is not safe yet; null where it is.")
    link: str | None = Field(description="Opens the recording; null unless it was asked for.")


class Event(Told):
    """One thing that happened."""

    id: int = Field(description="Counts up; 0 for a receipt, which is no entry of the journal.")
    at: Moment
    happening: Happening
    sentence: str = Field(description="What happened, for people.")
    title: str = Field(description="Of the meeting; empty where it is about the agent.")
    file_name: str
    detail: str
    job_id: int | None
    recording_id: str | None


class History(Told):
    """What happened to one recording, the oldest first."""

    model_config = ConfigDict(**shown({"events": [examples.EVENT]}))

    events: list[Event]


class Activity(Told):
    """One page of the journal, the newest first."""

    model_config = ConfigDict(**shown({"events": [examples.EVENT], "before": 812}))

    events: list[Event]
    before: int | None = Field(description="Asks for the next page; null at the journal's end.")


class Touched(Told):
    """How many jobs were changed."""

    model_config = ConfigDict(**shown({"jobs": 1}))

    jobs: int = Field(ge=0)


class Amount(Told):
    """A number of files and their bytes."""

    files: int
    size: int


class Active(Told):
    """A file that is being worked on."""

    job_id: int
    file_name: str
    meeting_title: str
    step: Step
    size: int
    sent: int
    label: str = Field(description="What is being done.")


class Obstacle(Told):
    """An error that lasts."""

    code: str
    detail: str


class Account(Told):
    """Somebody's account, or the lack of one."""

    model_config = ConfigDict(**shown(examples.ACCOUNT))

    state: AccountState
    user_id: str
    who: str = Field(description="An e-mail address where one is known.")
    detail: str = Field(description="Why it is signed out.")


class Release(Told):
    """A release of the program."""

    version: str
    url: str = Field(description="The page that tells of it.")


class WaitingRows(Told):
    """Rows on their way to a remote catalog."""

    waiting: int
    refused: int
    problem: Obstacle | None


class Status(Told):
    """Everything that people are shown, at one moment."""

    model_config = ConfigDict(**shown(examples.STATUS))

    state: AgentState
    sentence: str = Field(description="The state in a sentence for people.")
    recordings_path: str
    root_problem: str = Field(
        description="What keeps the folder from being read; empty if nothing."
    )
    destination: str
    archive: str = Field(description="Where recordings are kept, for people.")
    synced: Amount = Field(description="What is safe.")
    queued: Amount = Field(description="What is still to go.")
    history: Amount = Field(description="What was there before the first start, and was left out.")
    active: list[Active]
    waiting: list[Waiting]
    pid: int | None
    url: str | None
    paused_until: str | None = Field(
        description="When a pause ends by itself; null where it does not, and without one."
    )
    is_paused: bool = Field(description="Whether no byte is to move.")
    is_watching: bool = Field(description="Whether new recordings are looked for.")
    held: str = Field(
        description="What of the computer's surroundings (battery, a metered network) keeps bytes "
        "from moving; empty if nothing."
    )
    slowed: str = Field(description="Why bytes move slowly on purpose; empty if they do not.")
    unready: int = Field(
        description="Files that cannot be taken before somebody has done something about them."
    )
    unconverted: int = Field(
        description="Recordings that wait for somebody to let Zoom convert them."
    )
    snoozed_until: str | None = Field(
        description="Until when there are no notices on the desktop; null where there are."
    )
    account: Account | None = Field(description="In the remote project; null where there is none.")
    problem: Obstacle | None = Field(description="Why the archive takes nothing.")
    zoom_account: str | None = Field(
        description="Whose cloud is asked; empty where nobody is signed in, null without a cloud."
    )
    cloud: Obstacle | None = Field(description="Why nothing comes from Zoom's cloud.")
    rows: WaitingRows
    counts: dict[str, int] = Field(description="Jobs in each state.")
    update: Release | None = Field(description="A newer version of the program; null if none.")
    speed: int = Field(description="Bytes a second, lately.")


class Watched(Told):
    """The folder that is watched now."""

    model_config = ConfigDict(**shown({"recordings_path": "/home/ada/Documents/Zoom"}))

    recordings_path: str


class Received(Told):
    """A recording that was handed in, and the job that brings it to the archive."""

    model_config = ConfigDict(**shown(examples.RECEIVED))

    file_name: str
    meeting_title: str
    size: int
    kind: Kind
    job_id: int


class Job(Told):
    """One file on its way to the archive."""

    model_config = ConfigDict(**shown(examples.JOB))

    job_id: int
    file_name: str
    meeting_title: str
    size: int = Field(description="Bytes.")
    sent: int = Field(description="Bytes that are there, durable.")
    step: Step = Field(description="What is left to do.")
    state: State = Field(description="Who may touch it.")
    sentence: str = Field(description="Why it is not done, and what happens next; empty if it is.")
    recording_id: str | None = Field(description="Null as long as there is no row.")


class AtLogin(Told):
    """The start at login."""

    model_config = ConfigDict(**shown({"is_on": True}))

    is_on: bool | None = Field(
        description="Whether the agent starts when somebody logs in; null where that cannot be had."
    )


class Original(Told):
    """A file of the recordings folder."""

    path: str
    meeting_title: str
    size: int = Field(description="Bytes.")


class KeptBecause(Told):
    """Originals that stay where they are."""

    why: Stays
    sentence: str = Field(description="Why, for people.")
    files: int


class Freed(Amount):
    """What was moved to the trash, and what was not."""

    problem: str = Field(description="Why it was broken off; empty if it was not.")
    kept: list[KeptBecause] = Field(description="How many stayed after all, and why.")


class Space(Told):
    """What could be freed on this computer."""

    model_config = ConfigDict(**shown(examples.SPACE))

    days: int = Field(description="So many days ago a recording must have been made.")
    seen: str = Field(description="Names the files that could be moved; whoever frees sends it.")
    movable: Amount = Field(description="What could be moved to the trash.")
    originals: list[Original] = Field(description="Which those are; the first thousand.")
    kept: list[KeptBecause] = Field(description="How many stay, and why.")
    problem: str = Field(description="Why not all could be looked at; empty if they were.")
    is_freeing: bool = Field(description="Whether originals are being moved at this moment.")
    freed: Freed | None = Field(
        description="What was moved the last time that somebody asked; null in a run without that."
    )


class AuthorizeUrl(Told):
    """Where the browser is to be sent."""

    model_config = ConfigDict(**shown(examples.AUTHORIZE))

    authorize_url: str


class ZoomStatus(Told):
    """How it stands with Zoom's cloud."""

    model_config = ConfigDict(**shown(examples.ZOOM))

    is_configured: bool = Field(description="There is an app to sign in with.")
    account: Account | None
    missing_scopes: list[str] = Field(description="What the app in the Marketplace lacks.")
    is_waiting: bool = Field(description="A sign-in was begun and the browser has not come back.")
    problem: str = Field(description="Why there is no app to sign in with; empty if there is.")


class Finding(Told):
    """One thing that was looked at, and how it is."""

    name: str
    level: Level
    sentence: str
    mend: str = Field(description="What to do about it; empty where nothing is to be done.")
    sql: str = Field(description="Statements that do it; empty where none can.")


class HealthDetails(Told):
    """What only the user of the agent is told."""

    state: AgentState
    sentence: str
    findings: list[Finding]


class Health(Told):
    """The agent lives."""

    model_config = ConfigDict(**shown(examples.HEALTH))

    status: str = Field(description="`ok`: the agent answers.")
    version: str
    details: HealthDetails | None = Field(
        default=None, description="Only for who comes with the token or the cookie."
    )
