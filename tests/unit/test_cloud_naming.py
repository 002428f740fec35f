"""Names for what has none: files and meetings in a cloud."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.naming import whole_meeting
from zoomsync_agent.core.naming.cloud import cloud_file_name, cloud_meeting_key, cloud_part
from zoomsync_agent.core.recording import Kind

ANY = st.text(st.characters(exclude_categories=[]))
TYPES = st.sampled_from(["MP4", "M4A", "CHAT", "TRANSCRIPT", "CC", "TIMELINE", "SUMMARY", ""]) | ANY
RESERVED = re.compile(r"^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)", re.IGNORECASE)


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (("MP4", "MP4", "shared_screen_with_speaker_view(CC)", ""),
         "shared_screen_with_speaker_view_CC.mp4"),
        (("TRANSCRIPT", "", "audio_transcript", ""), "audio_transcript.vtt"),
        (("M4A", "M4A", "", "Audio only - Ann Smith"), "Audio only - Ann Smith.m4a"),
        (("NEW", "", "", ""), "new.new"),
        (("", "", "", ""), "recording"),
        (("M4A", "M4A", "", "Con"), "_Con.m4a"),
        (("\x08\0", "", "", ""), "recording"),
        (("M4A", "M4A", "", "../../etc/passwd"), "______etc_passwd.m4a"),
    ],
)  # fmt: skip
def test_names_of_files(told, name):
    """As people read them."""
    assert cloud_file_name(*told) == name


@given(TYPES, ANY, ANY, ANY)
def test_any_name_is_a_file_name_anywhere(file_type, extension, recording_type, name):
    """On every system, whatever Zoom tells."""
    found = cloud_file_name(file_type, extension, recording_type, name)
    assert found
    assert found not in (".", "..")
    assert not set(found) & set('\\/:*?"<>|\0')
    assert not {unicodedata.category(char) for char in found} & {"Cc", "Cs", "Zl", "Zp"}
    assert found == found.strip()
    assert not found.endswith(".")
    assert not RESERVED.match(found)
    assert len(found.encode()) <= 255 - len(".part")


@given(TYPES, ANY, st.integers(1, 1_000))
def test_any_part_is_one(file_type, name, segment):
    """A kind that nobody knows is kept and not read."""
    found = cloud_part(file_type, name, segment)
    assert found.part == segment
    assert isinstance(found.kind, Kind)
    assert found.participant is None or found.participant.strip()


@given(ANY, st.integers(0, 1 << 40))
def test_segments_are_of_one_meeting(uuid, started_at):
    """And of no other one; each is named by its own start, whatever else there is."""
    key = cloud_meeting_key(uuid, float(started_at))
    assert whole_meeting(key) == cloud_meeting_key(uuid)
    assert cloud_meeting_key(uuid + "=", float(started_at)) != key
    assert cloud_meeting_key(uuid, started_at + 1.0) != key
