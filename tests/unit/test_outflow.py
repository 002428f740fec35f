"""The bytes of a file on their way out: all of them, in order, and never those of another file."""

import contextlib
import hashlib
import io
import os

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from zoomsync_agent.core.errors import SourceChanged, VerificationFailed
from zoomsync_agent.core.recording import ObjectKey, Outgoing
from zoomsync_agent.destinations import hashing, outflow
from zoomsync_agent.destinations.outflow import Outflow, ToldToStop

PIECE = 7


@pytest.fixture(autouse=True, scope="module", params=["at once", "beside"])
def small_pieces(request):
    """Let pieces be of 7 bytes, hashed at once as small ones are or beside as large ones are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outflow, "PIECE_BYTES", PIECE)
        if request.param == "beside":
            patch.setattr(hashing, "_SMALL_BYTES", 0)
            patch.setattr(outflow, "_SMALL_FILE", 0)
        yield


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Give the name of a recording."""
    return tmp_path_factory.mktemp("recordings") / "video.mp4"


class Source(io.FileIO):
    """A file that counts what is read of it."""

    taken = 0

    def read(self, size=-1):
        """Read, and count."""
        data = super().read(size)
        self.taken += len(data)
        return data


class Flow(Outflow):
    """An outflow with its file, closed together."""

    def __init__(self, path, data, *, sha256=None, stop=lambda: False, **more):
        self.path = path
        path.write_bytes(data)
        stat = path.stat()
        self.paced = []
        source = Source(path)
        true = hashlib.sha256(data).hexdigest()
        outgoing = Outgoing(
            path, ObjectKey("k"), len(data), stat.st_mtime_ns, sha256 or true, "video/mp4"
        )
        super().__init__(source, outgoing, stop=stop, pace=self.paced.append, **more)

    def __exit__(self, *raised):
        super().__exit__(*raised)
        self.source.close()


CHUNKS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 40)), max_size=12)
"""How much is asked for, and how much of it arrives, until a rest is sent at last."""


def _chunks(size, told):
    """Yield offset, count and how many bytes the other side keeps, up to the end of the file."""
    offset = 0
    for asked, arrives in told:
        count = min(asked, size - offset)
        kept = min(arrives, count)
        if kept == size - offset:
            break
        yield offset, count, kept
        offset += kept
    yield offset, size - offset, size - offset


def _handed_until(error, make, handed=None, before_piece=lambda _number: None):
    """Take the pieces of the body that *make* gives until it raises *error*; return them."""
    handed = [] if handed is None else handed
    with contextlib.suppress(StopIteration):
        try:
            body = make()
            while True:
                before_piece(len(handed))
                handed.append(next(body))
        except error:
            return b"".join(handed)
    pytest.fail(f"no {error.__name__} in {len(handed)} pieces")


@given(data=st.binary(max_size=120), told=CHUNKS)
def test_what_arrives_is_the_file_however_it_is_cut(path, data, told):
    """Offsets, counts, retries and parts that were kept: together they are the file."""
    kept = b""
    with Flow(path, data) as flow:
        for offset, count, keeps in _chunks(len(data), told):
            md5 = hashlib.md5(usedforsecurity=False)
            body = flow.body(offset, count, may_stop=True, md5=md5)
            arrived = b""
            while len(arrived) < keeps:
                arrived += next(body)
            if keeps == count:
                assert list(body) == []
                flow.settle()
                assert md5.digest() == hashlib.md5(arrived, usedforsecurity=False).digest()
            kept += arrived[:keeps]
        assert sum(flow.paced) >= len(data)
    assert kept == data


@given(data=st.binary(min_size=1, max_size=120), told=CHUNKS, offset=st.integers(0, 119))
def test_an_upload_is_gone_on_with_anywhere(path, data, told, offset):
    """A new start of the agent begins where the server is, and the hash is still of all."""
    offset = min(offset, len(data))
    with Flow(path, data) as flow:
        body = flow.body(offset, len(data) - offset, may_stop=True)
        assert b"".join(body) == data[offset:]
    with Flow(path, data, sha256="0" * 64) as flow, pytest.raises(VerificationFailed):
        list(flow.body(offset, len(data) - offset, may_stop=True))


@given(data=st.binary(min_size=1, max_size=120), told=CHUNKS)
def test_the_last_piece_of_a_wrong_content_is_kept_back(path, data, told):
    """No remote side can complete an object of something else than what was hashed."""
    with Flow(path, data, sha256="0" * 64) as flow:
        *before, (offset, count, _kept) = _chunks(len(data), told)
        for at, asked, _ in before:
            # Whatever was asked for reached the end only if it was the end.
            if at + asked < len(data):
                assert b"".join(flow.body(at, asked, may_stop=True)) == data[at : at + asked]
        handed = _handed_until(VerificationFailed, lambda: flow.body(offset, count, may_stop=False))
        assert len(handed) < count


def _grow(path):
    path.write_bytes(path.read_bytes() + b"more")


def _shrink(path):
    os.truncate(path, path.stat().st_size - 1)


def _touch(path):
    stat = path.stat()
    os.utime(path, ns=(1, stat.st_mtime_ns + 1))


@pytest.mark.parametrize("change", [_grow, _shrink, _touch])
@given(data=st.binary(min_size=20, max_size=120), at=st.integers(0, 119), part=st.integers(1, 4))
def test_a_file_that_changes_never_hands_over_the_end_of_a_chunk(path, change, data, at, part):
    """Longer, shorter, or only touched, at any piece of any chunk, the last one or not."""
    count = max(1, len(data) // part)
    when = at % -(-count // PIECE)
    with Flow(path, data) as flow:
        handed = _handed_until(
            SourceChanged,
            lambda: flow.body(0, count, may_stop=True),
            before_piece=lambda number: change(path) if number == when else None,
        )
    assert len(handed) < count


@given(data=st.binary(min_size=2, max_size=120), where=st.integers(0, 119))
def test_other_bytes_of_the_same_size_and_time_are_noticed(path, data, where):
    """What does not show in size and time shows in the hash, before the last piece leaves."""
    where %= len(data)
    with Flow(path, data) as flow:
        before = path.stat()
        spoiled = data[:where] + bytes([data[where] ^ 1]) + data[where + 1 :]
        path.write_bytes(spoiled)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        handed = _handed_until(VerificationFailed, lambda: flow.body(0, len(data), may_stop=True))
    assert len(handed) < len(data)


@given(data=st.binary(min_size=1, max_size=120), after=st.integers(0, 20))
def test_told_to_stop_it_ends_before_the_next_piece(path, data, after):
    """Within a chunk too; what was handed over until then is right."""
    handed = []
    assume(after * PIECE < len(data))
    with Flow(path, data, stop=lambda: len(handed) >= after) as flow:
        told = _handed_until(ToldToStop, lambda: flow.body(0, len(data), may_stop=True), handed)
    assert told == data[: after * PIECE]


def test_a_body_that_must_not_be_broken_off_is_not(path):
    """Once it has begun nobody is asked whether to stop; before it begins somebody is."""
    data, asked = bytes(100), []
    with Flow(path, data, stop=lambda: bool(asked)) as flow:
        body = flow.body(50, 50, may_stop=False)
        asked.append("stop")
        assert b"".join(body) == data[50:]
    with Flow(path, data, stop=lambda: True) as flow, pytest.raises(ToldToStop):
        flow.body(50, 50, may_stop=False)


def test_what_lies_before_is_read_before_a_request_begins(path):
    """Hashing gigabytes takes longer than a server waits for the body of a request."""
    data = bytes(range(100))
    with Flow(path, data) as flow:
        body = flow.body(60, 40, may_stop=True)
        assert flow.source.taken == 60
        assert next(body) == data[60:67]
        assert flow.source.taken == 67
        assert b"".join(body) == data[67:]


def test_nothing_is_read_twice_without_need(path):
    """Chunk after chunk the file is read once; after a cut, what was kept of that chunk again."""
    data = bytes(range(100))
    with Flow(path, data) as flow:
        for offset in range(0, 80, 20):
            assert b"".join(flow.body(offset, 20, may_stop=True)) == data[offset : offset + 20]
        assert flow.source.taken == 80
        cut = flow.body(80, 20, may_stop=True)
        next(cut)
        again = b"".join(flow.body(85, 15, may_stop=True))
        assert again == data[85:]
        assert flow.source.taken == 80 + PIECE + 5 + 15


def test_an_empty_file_is_compared_too(path):
    """Nothing at all has a hash as well."""
    with Flow(path, b"") as flow:
        assert list(flow.body(0, 0, may_stop=True)) == []
    with Flow(path, b"", sha256="0" * 64) as flow, pytest.raises(VerificationFailed):
        flow.body(0, 0, may_stop=True)


@given(
    size=st.integers(1, 60_000),
    rate=st.one_of(st.just(0), st.integers(1, 10_000_000)),
)
def test_every_byte_is_announced_once_in_pieces_that_suit_the_limit(path, size, rate):
    """Under a limit a piece is an eighth of a second, but no less than 4 KiB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outflow, "PIECE_BYTES", 1 << 20)
        with Flow(path, bytes(size), bytes_per_second=rate) as flow:
            told = []
            for piece in flow.body(0, size, may_stop=True):
                told.append(len(piece))
                assert flow.paced == told
    assert sum(told) == size
    assert max(told) <= (max(rate // 8, 4096) if rate else 1 << 20)
