"""What every destination promises."""

import contextlib
import hashlib
import os
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.kits import (
    CHUNK,
    DESCRIBING_KITS,
    HASHING_KITS,
    KITS,
    Sending,
    outgoing_of,
)
from zoomsync_agent.core.errors import (
    AgentError,
    KeyTaken,
    NameRefused,
    NetworkUnavailable,
    SourceChanged,
    SourceMissing,
    VerificationFailed,
)
from zoomsync_agent.core.recording import Progress
from zoomsync_agent.destinations.folder import FolderDestination


@pytest.fixture(params=sorted(KITS))
def kit(request, tmp_path, monkeypatch):
    """Give each destination in turn."""
    found = KITS[request.param](tmp_path, monkeypatch)
    yield found
    found.close()


@pytest.fixture(params=sorted(DESCRIBING_KITS))
def describing(request, tmp_path, monkeypatch):
    """Give each destination that keeps what is said about its objects."""
    found = KITS[request.param](tmp_path, monkeypatch)
    yield found
    found.close()


@pytest.fixture(params=sorted(HASHING_KITS))
def hashing(request, tmp_path, monkeypatch):
    """Give each destination that hashes what it does not know."""
    found = KITS[request.param](tmp_path, monkeypatch)
    yield found
    found.close()


@pytest.fixture
def send(kit):
    """Give a way to send that keeps what it was told."""
    return Sending(kit.destination)


@pytest.fixture
def recording(tmp_path):
    """Give a file of ten bytes, which are three chunks."""
    path = tmp_path / "recordings" / "video.mp4"
    path.parent.mkdir()
    path.write_bytes(b"0123456789")
    return path


# --- the whole object ----------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 1])
def test_holds_every_byte(kit, send, recording, size):
    """Nothing, an exact multiple of a chunk and one byte over all arrive whole."""
    recording.write_bytes(bytes(range(size)))
    outgoing = outgoing_of(recording, kit.key)

    receipt = send(outgoing)

    assert kit.visible() == {kit.key: bytes(range(size))}
    assert (receipt.key, receipt.size, receipt.sha256) == (kit.key, size, outgoing.sha256)
    assert receipt.destination == kit.destination.name
    assert receipt.url
    assert kit.unfinished() == 0


def test_progress_only_grows_and_names_the_upload(kit, send, recording):
    """What is reported can be resumed from, in the order in which it became durable."""
    send(outgoing_of(recording, kit.key))
    offsets = [progress.offset for progress in send.reported]
    assert offsets == sorted(set(offsets))
    assert [offset for offset in offsets if offset][:2] == [CHUNK, 2 * CHUNK]
    assert all(progress.resume_token for progress in send.reported)


def test_every_byte_is_announced_before_it_moves(kit, send, recording):
    """The bandwidth limit hears of each byte once."""
    send(outgoing_of(recording, kit.key))
    assert sum(send.paced) == 10
    assert max(send.paced) <= CHUNK


# --- interruption --------------------------------------------------------------------------


def test_told_to_stop_it_keeps_what_is_durable(kit, send, recording):
    """No receipt, nothing to be seen, and the last report says where to go on."""
    assert send(outgoing_of(recording, kit.key), stop_after=1) is None
    assert kit.visible() == {}
    assert send.reported[-1].offset == CHUNK
    assert kit.unfinished() == 1


def test_told_to_stop_at_once_it_sends_nothing(kit, send, recording):
    """The wish is asked for before the first chunk too."""
    assert send(outgoing_of(recording, kit.key), stop_after=0) is None
    assert send.paced == []
    assert kit.visible() == {}


def test_no_durable_byte_is_sent_twice(kit, send, recording):
    """A new run of the agent goes on where the last one was stopped."""
    outgoing = outgoing_of(recording, kit.key)
    send(outgoing, stop_after=2)

    again = Sending(kit.make(), send.reported, send.paced)
    receipt = again(outgoing, resume_from=send.reported[-1])

    assert receipt is not None
    assert sum(send.paced) == 10
    assert kit.visible() == {kit.key: b"0123456789"}
    assert kit.unfinished() == 0


def test_an_error_in_the_middle_loses_nothing(kit, send, recording):
    """What was durable before the fault is not sent again."""
    outgoing = outgoing_of(recording, kit.key)

    def cut(chunk):
        if chunk == 2:
            raise NetworkUnavailable("cut")

    with pytest.raises(NetworkUnavailable):
        send(outgoing, before_chunk=cut)
    assert kit.visible() == {}

    assert send(outgoing, resume_from=send.reported[-1]) is not None
    assert sum(send.paced) == 10


@pytest.mark.parametrize(
    "unknown",
    [
        Progress(CHUNK, "nobody knows this"),
        Progress(10, "nobody knows this"),
        Progress(0, ""),
        Progress(3, "../../elsewhere.partial"),
    ],
)
def test_an_unknown_resume_token_starts_over(kit, send, recording, unknown):
    """A half-finished upload that is gone costs time, never bytes."""
    assert send(outgoing_of(recording, kit.key), resume_from=unknown) is not None
    assert sum(send.paced) == 10
    assert kit.visible() == {kit.key: b"0123456789"}


def test_nothing_is_visible_before_the_end(kit, send, recording):
    """Between any two chunks whoever looks sees no object, not even half of one."""
    looks = []
    send(outgoing_of(recording, kit.key), before_chunk=lambda _chunk: looks.append(kit.visible()))
    assert looks == [{}, {}, {}]
    assert list(kit.visible()) == [kit.key]


@settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(
    data=st.binary(max_size=4 * CHUNK + 2),
    stops=st.lists(st.integers(0, 3), max_size=4),
    forgets=st.lists(st.booleans(), min_size=4, max_size=4),
)
def test_however_often_it_is_interrupted_the_bytes_are_the_same(
    kit, recording, data, stops, forgets
):
    """Any content, any points of interruption, with the progress saved in time or not."""
    recording.write_bytes(data)
    key = kit.named(f"{len(data)}/{hashlib.sha256(data).hexdigest()}.mp4")
    outgoing = outgoing_of(recording, key)
    send, saved, receipt = Sending(kit.destination), None, None
    for stop, forgets_it in zip(stops, forgets, strict=False):
        receipt = send(outgoing, resume_from=saved, stop_after=stop)
        if receipt is not None:
            break
        if send.reported and not forgets_it:
            saved = send.reported[-1]
    receipt = receipt or send(outgoing, resume_from=saved)
    assert receipt.sha256 == hashlib.sha256(kit.visible()[key]).hexdigest()
    assert kit.visible()[key] == data
    assert kit.unfinished() == 0 or kit.forgotten_uploads_expire


# --- the same, and something else, under the key ---------------------------------------------


def test_the_same_object_twice_is_once(kit, send, recording):
    """The second time it is proven, and no byte moves."""
    outgoing = outgoing_of(recording, kit.key)
    first = send(outgoing)
    moved = sum(send.paced)
    second = send(outgoing)
    assert sum(send.paced) == moved
    assert (second.key, second.size, second.sha256) == (first.key, first.size, first.sha256)
    assert list(kit.visible()) == [kit.key]


@pytest.mark.parametrize("other", [b"", b"somebody else's", b"012345678_"])
def test_other_content_under_the_key_is_never_overwritten(kit, send, recording, other):
    """Shorter, longer or of the same length: what lies there stays."""
    kit.put(kit.key, other)
    with pytest.raises(KeyTaken):
        send(outgoing_of(recording, kit.key))
    assert kit.visible() == {kit.key: other}
    assert kit.unfinished() == 0


def test_content_that_takes_the_key_while_sending_is_not_overwritten(kit, send, recording):
    """Who comes first has the name, even between the first chunk and the last."""

    def somebody_else(chunk):
        if chunk == 1:
            kit.put(kit.key, b"first")

    with pytest.raises(KeyTaken):
        send(outgoing_of(recording, kit.key), before_chunk=somebody_else)
    assert kit.visible() == {kit.key: b"first"}


@pytest.mark.parametrize("key", ["../escaped.mp4", "a/../../escaped.mp4", "/escaped.mp4", ""])
def test_a_key_cannot_lead_outside(kit, send, recording, tmp_path, key):
    """A name is a name inside the destination."""
    with pytest.raises(NameRefused):
        send(outgoing_of(recording, key))
    assert kit.visible() == {}
    assert not list(tmp_path.rglob("escaped*"))


# --- a source that is not what it was --------------------------------------------------------


def _grow(path):
    path.write_bytes(path.read_bytes() + b"more")


def _shrink(path):
    path.write_bytes(b"01")


def _touch(path):
    os.utime(path, ns=(1, path.stat().st_mtime_ns + 1))


def _rewrite(path):
    stat = path.stat()
    path.write_bytes(b"9876543210")
    os.utime(path, ns=(1, stat.st_mtime_ns + 2_000_000))


CHANGES = [_grow, _shrink, _touch, _rewrite]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("when", [0, 1, 2])
def test_a_source_that_changes_while_sending_is_not_kept(kit, send, recording, change, when):
    """Size or time, at the first chunk or at the last: no object of mixed versions appears."""

    def before(chunk):
        if chunk == when:
            change(recording)

    with pytest.raises(SourceChanged):
        send(outgoing_of(recording, kit.key), before_chunk=before)
    assert kit.visible() == {}
    assert kit.unfinished() == 0  # no try will ever continue this version


@pytest.mark.parametrize("change", CHANGES)
def test_a_source_that_changed_before_is_not_sent(kit, send, recording, change):
    """What was hashed is what is sent, or nothing is."""
    outgoing = outgoing_of(recording, kit.key)
    change(recording)
    with pytest.raises(SourceChanged):
        send(outgoing)
    assert send.paced == []
    assert kit.visible() == {}


def test_a_source_that_is_gone_is_missing(kit, send, recording):
    """The error is about the recording, not about the archive."""
    outgoing = outgoing_of(recording, kit.key)
    recording.unlink()
    with pytest.raises(SourceMissing):
        send(outgoing)
    assert kit.visible() == {}


# --- proof -----------------------------------------------------------------------------------


def test_a_wrong_copy_is_thrown_away(kit, send, recording):
    """Right length and wrong bytes: no object, and no rest that a next try would go on from."""
    kit.spoil()
    with pytest.raises(VerificationFailed):
        send(outgoing_of(recording, kit.key))
    assert kit.visible() == {}
    assert kit.unfinished() == 0


def test_a_wrong_hash_is_never_certified(kit, send, recording):
    """A receipt is for the content that was asked for."""
    with pytest.raises(VerificationFailed):
        send(replace(outgoing_of(recording, kit.key), sha256="0" * 64))
    assert kit.visible() == {}


def test_check_tells_whether_the_object_is_there(kit, send, recording):
    """There: yes. Another size, or gone: no."""
    receipt = send(outgoing_of(recording, kit.key))
    assert kit.destination.check(receipt)
    assert not kit.destination.check(replace(receipt, size=11))
    assert not kit.destination.check(replace(receipt, key=kit.named("2026/other.mp4")))
    kit.remove(kit.key)
    assert not kit.destination.check(receipt)


def test_what_is_here_has_been_seen(kit, send, recording):
    """There: yes. Another size, another name, or gone: no."""
    receipt = send(outgoing_of(recording, kit.key))
    assert kit.destination.is_here(receipt)
    assert not kit.destination.is_here(replace(receipt, size=11))
    assert not kit.destination.is_here(replace(receipt, key=kit.named("2026/other.mp4")))
    kit.remove(kit.key)
    assert not kit.destination.is_here(receipt)


def test_what_lies_in_another_place_is_not_here(kit, send, recording):
    """A look that cannot be had is no look, whatever `check` believes."""
    receipt = send(outgoing_of(recording, kit.key))
    kit.remove(kit.key)
    for elsewhere in ("https://elsewhere.example/x", "s3://another/x", "file:///nowhere/x/y"):
        assert not kit.destination.is_here(replace(receipt, url=elsewhere))


def test_a_file_of_this_computer_is_told_as_a_path(kit, send, recording):
    """Its bytes can be read there; other destinations have none."""
    receipt = send(outgoing_of(recording, kit.key))
    path = kit.destination.local_path(receipt)
    if kit.destination.name == "folder" and isinstance(kit.destination, FolderDestination):
        assert path.read_bytes() == b"0123456789"
    else:
        assert path is None


# --- beside the object -----------------------------------------------------------------------


def test_what_was_described_comes_back(describing, recording):
    """An inventory tells of each object what it is and what was said about it."""
    receipt = Sending(describing.destination)(outgoing_of(recording, describing.key))
    described = {
        "sha256": receipt.sha256,
        "file_size": receipt.size,
        "meeting_title": "Über 会議",
        "action_items": ["a"],
    }
    describing.destination.describe(describing.key, described)
    describing.destination.describe(describing.key, described)

    (archived,) = describing.make().inventory()

    assert archived.described == described
    assert (archived.receipt.key, archived.receipt.size) == (describing.key, 10)
    assert archived.receipt.sha256 == receipt.sha256
    assert describing.destination.check(archived.receipt)


def test_an_object_without_a_description_is_told_by_its_content(hashing):
    """What somebody put there by hand is found with the hash of its bytes."""
    hashing.put("2020/old.mp4", b"old")
    (archived,) = hashing.destination.inventory()
    assert archived.receipt.sha256 == hashlib.sha256(b"old").hexdigest()
    assert archived.receipt.size == 3
    assert archived.described == {}


def test_what_is_not_there_is_not_described(describing):
    """A description alone would pose as a recording."""
    describing.destination.describe(describing.key, {"meeting_title": "ghost"})
    assert list(describing.destination.inventory()) == []


def test_half_an_upload_is_no_object(kit, send, recording):
    """An inventory lists what is whole."""
    send(outgoing_of(recording, kit.key), stop_after=1)
    assert list(kit.destination.inventory()) == []


def test_an_abandoned_upload_leaves_nothing(kit, send, recording):
    """Dropped once or twice, the half is gone; the next try begins at the beginning."""
    outgoing = outgoing_of(recording, kit.key)
    send(outgoing, stop_after=1)
    for _ in range(2):
        kit.destination.abandon(kit.key, send.reported[-1])
    assert kit.unfinished() == 0
    send(outgoing, resume_from=send.reported[-1])
    assert sum(send.paced) == CHUNK + 10


def test_nothing_but_the_half_upload_is_abandoned(kit, send, recording):
    """A token that names something else takes nothing away."""
    kept = kit.named("2026/kept.mp4")
    kit.put(kept, b"kept")
    for token in ("kept.mp4", "", "..", "2026/kept.mp4"):
        with contextlib.suppress(AgentError):
            kit.destination.abandon(kept, Progress(1, token))
    assert kit.visible() == {kept: b"kept"}
