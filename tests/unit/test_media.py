"""What the structure of media files proves."""

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.fakes import media as make
from zoomsync_agent.sources.media import Completeness, probe
from zoomsync_agent.sources.media.reader import MAX_READS

SAMPLES = Path(__file__).parents[2] / "assets" / "sample"
FILM = (SAMPLES / "video1399019170.mp4").read_bytes()
SOUND = (SAMPLES / "audio1399019170.m4a").read_bytes()
SUFFIXES = (".mp4", ".m4a", ".wav", ".webm", ".mp3", ".flac")

PROVEN, INCOMPLETE = Completeness.PROVEN, Completeness.INCOMPLETE
UNKNOWN, FOREIGN = Completeness.UNKNOWN, Completeness.FOREIGN


class Counting(io.BytesIO):
    """Counts what is read, and refuses to hand out large pieces."""

    reads = 0

    def read(self, count=-1, /):
        """Read as a file does."""
        assert 0 <= count <= 16_384
        self.reads += 1
        return super().read(count)


def look(data, suffix=".mp4"):
    """Return what the probe says about *data*."""
    return probe(Counting(data), len(data), suffix)


# --- whole files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "suffix", "seconds"),
    [
        (FILM, ".mp4", 5.0),
        (SOUND, ".M4A", 5.0),
        (make.mp4(), ".mp4", 3.0),
        (make.mp4(moov_first=True), ".mp4", 3.0),
        (make.mp4(version=1, duration=7200.5), ".mov", 7200.5),
        (make.mp4(duration=None), ".mp4", None),
        (make.mp4(fragmented=True) + make.mfra(), ".mp4", 3.0),
        (make.mp4(b"x"), ".mp4", 3.0),
        (make.wav(1.5), ".wav", 1.5),
        (make.wav(1.5, kind=b"RIFX"), ".wav", 1.5),
        (make.wav(1.5, kind=b"RF64"), ".wav", 1.5),
        (make.webm(seconds=2.5), ".webm", 2.5),
        (make.webm(seconds=2.5), ".mkv", 2.5),
        (make.mp3(frames=20), ".mp3", 20 * make.MP3_FRAME_SECONDS),
        (make.mp3(frames=20, title=True), ".mp3", 20 * make.MP3_FRAME_SECONDS),
    ],
)
def test_a_whole_file_is_proven_and_its_length_is_told(data, suffix, seconds):
    """Where the format tells its own end, the end is proof, and needs no waiting."""
    found = look(data, suffix)
    assert found.completeness is PROVEN, found
    assert found.duration_seconds == (None if seconds is None else pytest.approx(seconds, abs=0.05))
    assert found.detail


def test_a_box_with_a_64_bit_size_is_followed():
    """Films above 4 GiB carry the size of their content in 64 bits."""
    start = make.box(b"ftyp", b"isom")
    data = start + make.box(b"mdat", make.filler(500), wide=True) + make.moov(3)
    assert look(data).completeness is PROVEN
    assert look(data[:-1]).completeness is INCOMPLETE


def test_old_quicktime_files_have_no_ftyp():
    """A film that begins with its content or with room left free is an MP4 all the same."""
    assert look(make.box(b"wide") + make.box(b"mdat", b"x" * 99) + make.moov(3)).completeness is (
        PROVEN
    )


# --- cut off -------------------------------------------------------------------------------


@pytest.mark.parametrize(("data", "suffix"), [(FILM, ".mp4"), (SOUND, ".m4a")])
def test_no_beginning_of_a_real_recording_is_proven(data, suffix):
    """Whatever length a copy has reached, it counts as whole only at the last byte."""
    proven = [
        n for n in range(len(data)) if probe(io.BytesIO(data), n, suffix).completeness is PROVEN
    ]
    assert proven == []
    assert look(data, suffix).completeness is PROVEN


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (make.mp4(), ".mp4"),
        (make.mp4(moov_first=True), ".mp4"),
        (make.mp4(fragmented=True) + make.mfra(), ".mp4"),
        (make.wav(0.1), ".wav"),
        (make.wav(0.1, kind=b"RF64"), ".wav"),
        (make.wav(0.1, kind=b"RIFX"), ".wav"),
        (make.webm(), ".webm"),
        (make.mp3(), ".mp3"),
        (make.mp3(title=True), ".mp3"),
    ],
)
def test_no_beginning_of_any_format_is_proven(data, suffix):
    """The same for every format that can prove its end."""
    for length in range(len(data)):
        assert look(data[:length], suffix).completeness is not PROVEN, length


@settings(max_examples=500)
@given(length=st.integers(1, len(FILM) - 8), more=st.integers(0, 5000), film=st.booleans())
@example(length=45_081, more=0, film=True)
def test_reserved_room_is_not_content(length, more, film):
    """A copy whose full size was reserved in advance ends in zeros, and is not whole."""
    data = FILM if film else make.mp4(len(FILM) - 200, moov_first=True)
    assert look(data[:length].ljust(len(data) + more, b"\0")).completeness is not PROVEN


def test_zeros_behind_a_whole_film_are_told():
    """Something reserved room behind the film; the rest may still come."""
    found = look(FILM + bytes(100))
    assert found.completeness is INCOMPLETE
    assert f"byte {len(FILM):,}" in found.detail


@pytest.mark.parametrize(
    ("data", "expected", "words"),
    [
        (make.box(b"ftyp", b"isom") + make.box(b"mdat", b"x" * 99), INCOMPLETE, "index"),
        (make.box(b"ftyp", b"isom") + make.moov(3), INCOMPLETE, "no picture or sound"),
        (make.mp4(b""), INCOMPLETE, "no picture or sound"),
        (make.mp4(duration=0), UNKNOWN, "how long"),
        (make.mp4(bytes(1000)), UNKNOWN, "zeros"),
        (make.mp4(fragmented=True), UNKNOWN, "fragments"),
        (make.box(b"ftyp") + b"\0\0\0\0mdat" + b"x" * 99, INCOMPLETE, "entered"),
        (make.box(b"ftyp") + make.moov(3) + b"\0\0\0\0mdat" + b"x" * 99, UNKNOWN, "how long"),
        (make.mp4() + b"\0\0\0", INCOMPLETE, "zeros"),
        (make.mp4() + b"\0\0\1", INCOMPLETE, "middle"),
        (make.mp4() + b"\xff" * 100, UNKNOWN, "something else"),
        (make.mp4() + b"\0\0\0\3junk" + b"x" * 99, UNKNOWN, "something else"),
        (make.mp4()[:-20], INCOMPLETE, "20 bytes are missing"),
        (
            make.box(b"ftyp") + make.box(b"mdat", b"xy") + make.box(b"moov", bytes(90)),
            INCOMPLETE,
            "index",
        ),
        (
            make.box(b"ftyp") + make.box(b"mdat", b"xy") + make.box(b"moov", b"x" * 90),
            UNKNOWN,
            "index",
        ),
        (bytes(4000), INCOMPLETE, "zeros"),
        (b"\0", INCOMPLETE, "zeros"),
    ],
)
def test_an_mp4_that_proves_nothing_says_why(data, expected, words):
    """Each way to be unfinished has its own answer in plain words."""
    found = look(data)
    assert (found.completeness, words in found.detail) == (expected, True), found


def test_a_long_row_of_fragments_is_judged_by_its_end():
    """A film in thousands of fragments is not followed, its last index is enough."""
    fragments = (
        make.box(b"ftyp") + make.moov(0) + (make.box(b"moof") + make.box(b"mdat", b"x")) * 900
    )
    assert look(fragments).completeness is UNKNOWN
    assert look(fragments + make.mfra()).completeness is PROVEN
    assert look(fragments + make.mfra()[:-1]).completeness is not PROVEN


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (make.wav()[:-1], INCOMPLETE),
        (make.wav()[:11], INCOMPLETE),
        (make.wav()[:4] + bytes(4) + make.wav()[8:], INCOMPLETE),
        (make.wav().replace(b"data\x80\x3e\0\0", b"data\0\0\0\0"), INCOMPLETE),
        (make.wav().replace(b"data\x80\x3e\0\0", b"data\xff\xff\xff\xff"), UNKNOWN),
        (make.wav()[:4] + b"\xff\xff\xff\xff" + make.wav()[8:], UNKNOWN),
        (make.wav() + b"more", UNKNOWN),
        (b"RIFF\4\0\0\0WAVE", INCOMPLETE),
        (b"RIFF\4\0\0\0AVI LIST", FOREIGN),
    ],
)
def test_a_wav_is_measured_by_its_header(data, expected):
    """A header that was not filled in yet, or never will be, proves nothing."""
    assert look(data, ".wav").completeness is expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (make.webm(known_size=False), UNKNOWN),
        (make.webm()[:-1], INCOMPLETE),
        (make.webm()[:20], INCOMPLETE),
        (make.webm() + b"x", UNKNOWN),
        (make.element(0x1A45DFA3, b"") + make.element(0x18538067, b""), INCOMPLETE),
        (make.element(0x1A45DFA3, b"") + make.element(0xEC, b"abc"), UNKNOWN),
        (b"\1\2\3\4" * 20, FOREIGN),
    ],
)
def test_a_webm_is_measured_by_its_segment(data, expected):
    """What a browser records live never says its length; then only quiet can tell."""
    assert look(data, ".webm").completeness is expected


def test_a_live_webm_still_tells_how_long_it_is():
    """The length in the header is shown even where it proves nothing."""
    assert look(make.webm(seconds=9, known_size=False), ".webm").duration_seconds == 9


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (make.mp3(xing=False), UNKNOWN),
        (make.mp3()[:-1], INCOMPLETE),
        (make.mp3() + b"\xff\xfb\x90\0", UNKNOWN),
        (make.mp3() + b"TAG" + bytes(125), PROVEN),
        (make.mp3(title=True)[:50], INCOMPLETE),
        (make.mp3(title=True)[:7], INCOMPLETE),
        (b"ID3\4\0\0\0\0\0\0" + bytes(999), INCOMPLETE),
        (b"\1\2\3\4" * 99, UNKNOWN),
    ],
)
def test_an_mp3_is_measured_by_the_encoders_count(data, expected):
    """Only the count that the encoder left can prove the end; tags behind it do not count."""
    assert look(data, ".mp3").completeness is expected


def test_the_counts_of_a_vbri_header_are_believed_too():
    """Fraunhofer's encoder writes its own header."""
    plain = make.mp3(xing=False, frames=10)
    header = b"VBRI" + bytes(6) + len(plain).to_bytes(4, "big") + (9).to_bytes(4, "big")
    data = plain[:36] + header + plain[36 + len(header) :]
    found = look(data, ".mp3")
    assert found.completeness is PROVEN
    assert found.duration_seconds == pytest.approx(9 * make.MP3_FRAME_SECONDS)
    assert look(data[:-5], ".mp3").completeness is INCOMPLETE


# --- something else ------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"error":"Invalid access token","code":124,"message":"x"}', "text"),
        (b"\xef\xbb\xbf<!DOCTYPE html><title>Sign in</title>", "web page"),
        (b"<html><body>502 Bad Gateway</body></html>" * 99, "web page"),
        (("Grüße " * 400).encode()[:1025], "text"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"),
        (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
        (b"PK\3\4" + bytes(40), "ZIP"),
    ],
)
def test_an_error_page_under_the_name_of_a_recording_is_recognised(data, words, suffix):
    """What was never a recording is not uploaded as one, and people are told what it is."""
    found = look(data, suffix)
    assert found.completeness is FOREIGN
    assert words in found.detail


def test_a_recording_under_another_formats_name_is_recognised():
    """A WebM called .mp4 would not play under that name."""
    assert look(make.webm(), ".mp4").completeness is FOREIGN
    assert look(make.mp4(), ".mp3").completeness is FOREIGN
    assert look(make.wav(), ".webm").completeness is FOREIGN
    assert look(b"junk\1\2\3\4" * 9, ".mp4").completeness is FOREIGN


def test_a_format_without_a_probe_is_left_to_quiet():
    """What cannot be looked into is neither proven nor refused."""
    assert look(b"fLaC" + bytes(100), ".flac").completeness is UNKNOWN
    assert look(b"\x12\x13\x80\xff" * 20, ".aac").completeness is UNKNOWN


def test_no_bytes_are_no_recording():
    """An empty file is told apart from a cut one."""
    assert look(b"").completeness is Completeness.EMPTY


# --- hostile -------------------------------------------------------------------------------

BEGINNINGS = st.sampled_from(
    [b"", FILM[:64], make.mp4()[:40], make.wav()[:44], make.webm()[:60], make.mp3()[:60], b"ID3\4"]
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow])
@given(start=BEGINNINGS, rest=st.binary(max_size=300), suffix=st.sampled_from(SUFFIXES))
@example(start=b"\0\0\0\1ftyp" + b"\xff" * 8, rest=b"", suffix=".mp4")
@example(start=b"RIFF" + b"\xff" * 4 + b"WAVEds64", rest=b"\xff" * 40, suffix=".wav")
@example(start=b"\x1a\x45\xdf\xa3\x01" + b"\xff" * 7, rest=b"", suffix=".webm")
@example(start=b"ID3\4\0\xff\x7f\x7f\x7f\x7f", rest=b"", suffix=".mp3")
def test_any_bytes_get_an_answer(start, rest, suffix):
    """No content raises, and none takes more than a bounded number of small reads."""
    file = Counting(start + rest)
    found = probe(file, len(start + rest), suffix)
    assert isinstance(found.completeness, Completeness)
    assert file.reads <= MAX_READS
    assert found.duration_seconds is None or found.duration_seconds > 0


@settings(max_examples=300)
@given(data=st.data())
def test_a_changed_byte_never_raises(data):
    """Flipped bits in a real recording give an answer too."""
    broken = bytearray(data.draw(st.sampled_from([FILM, SOUND, make.webm(), make.mp3()])))
    for _ in range(data.draw(st.integers(1, 8))):
        at = data.draw(st.integers(0, min(len(broken), 4000) - 1))
        broken[data.draw(st.sampled_from([at, len(broken) - 1 - at]))] = data.draw(
            st.integers(0, 255)
        )
    for suffix in SUFFIXES:
        assert look(bytes(broken), suffix).detail


def test_a_million_boxes_are_not_followed():
    """A file made to keep the agent busy is given up on."""
    data = make.box(b"ftyp") + make.box(b"free") * 50_000
    file = Counting(data)
    assert probe(file, len(data), ".mp4").completeness is UNKNOWN
    assert file.reads <= MAX_READS


def test_a_file_that_shrinks_while_it_is_read_gets_an_answer():
    """The size was asked for before; the bytes may be gone since."""
    for suffix in SUFFIXES:
        assert probe(Counting(FILM[:700]), len(FILM), suffix).completeness is not PROVEN


def test_a_disk_that_cannot_read_is_not_hidden():
    """An error of the disk is for the caller; it says nothing about the content."""

    class Broken(io.BytesIO):
        def read(self, _count=-1, /):
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output"):
        probe(Broken(), 100, ".mp4")
