"""How far one file is on its way."""

from dataclasses import dataclass

from zoomsync_agent.core.job import State, Step


@dataclass(frozen=True, slots=True)
class Progress:
    """One job, as people and programs are told of it.

    `sent` counts durable bytes of `size`. `sentence` says why it is not done, and what happens
    next; it is empty where it is. `recording_id` is None as long as there is no row.
    """

    job_id: int
    file_name: str
    meeting_title: str
    size: int
    sent: int
    step: Step
    state: State
    sentence: str
    recording_id: str | None = None
