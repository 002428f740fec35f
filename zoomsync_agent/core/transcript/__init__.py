"""What was said and written in a meeting: texts of all layouts to cues, cues to one plain text.

Private chat messages are read, marked and left out of everything that is merged or printed: the
text of a recording is shown and searched by more people than the message was written for.
"""

from zoomsync_agent.core.transcript.cue import Cue, from_dict, to_dict
from zoomsync_agent.core.transcript.merging import merge, plain_text
from zoomsync_agent.core.transcript.plain import cue_of, from_plain, horizon
from zoomsync_agent.core.transcript.reading import decode, parse

__all__ = [
    "Cue",
    "cue_of",
    "decode",
    "from_dict",
    "from_plain",
    "horizon",
    "merge",
    "parse",
    "plain_text",
    "to_dict",
]
