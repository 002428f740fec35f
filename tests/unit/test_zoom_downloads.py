"""Large recordings are read from the connection itself, and nothing of them is lost in between."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomsync_agent.core.errors import NetworkUnavailable, RemoteUnavailable
from zoomsync_agent.zoom import downloads
from zoomsync_agent.zoom.downloads import Stream

SIZE = 3 * downloads._PIECE_BYTES + 12_345
DATA = bytes(range(251)) * (SIZE // 251 + 1)
AHEAD = 5_000
STALL_SECONDS = 7.0


class Connection:
    """The rest of an answer, in portions of a network's choosing."""

    def __init__(self, rest, portions, error=None):
        self._rest = rest
        self._portions = iter(portions)
        self._error = error
        self.asked = 0

    def read(self, max_bytes, timeout=None):
        """Return a portion, or nothing at the end."""
        assert max_bytes > 0
        assert timeout in (STALL_SECONDS, downloads._GATHER_SECONDS)
        self.asked += 1
        if not self._rest and self._error is not None:
            raise self._error
        count = min(max_bytes, next(self._portions, max_bytes))
        portion, self._rest = self._rest[:count], self._rest[count:]
        return portion


class Body(httpx.SyncByteStream):
    """What httpx would hand on: the piece that was read ahead, and then all the rest."""

    def __init__(self, *pieces):
        self.pieces = pieces
        self.is_ended = False

    def __iter__(self):
        try:
            yield from self.pieces
        finally:
            self.is_ended = True


def stream(connection, *, rest=b"", **headers):
    """Return an answer whose rest comes from the connection, or through httpx."""
    timeout = httpx.Timeout(STALL_SECONDS).as_dict()
    request = httpx.Request("GET", "https://zoom.us/rec/1", extensions={"timeout": timeout})
    told = {"content-length": str(SIZE)} | headers
    response = httpx.Response(
        200,
        headers=told,
        stream=Body(DATA[:AHEAD], rest) if rest else Body(DATA[:AHEAD]),
        extensions={} if connection is None else {"network_stream": connection},
        request=request,
    )
    return Stream(0, SIZE, "", response)


def read(found, into):
    """Read an answer as far as it comes."""
    for piece in found.pieces():
        into += piece


def test_what_was_read_ahead_is_handed_over_at_once():
    """On this the way around httpx rests; should it change, that way is not taken any more."""
    assert downloads._hands_over_all()


@given(st.lists(st.integers(1, SIZE), max_size=30))
def test_every_byte_comes_once_and_in_order(portions):
    """However large the portions are in which they come."""
    connection = Connection(DATA[AHEAD:SIZE] + b"of the next answer", portions)
    pieces = list(stream(connection).pieces())
    assert b"".join(pieces) == DATA[:SIZE]
    assert max(map(len, pieces)) <= downloads._PIECE_BYTES
    assert all(len(one) >= downloads._WORTHWHILE_BYTES for one in pieces[1:-1])


def test_the_connection_is_kept_until_the_last_byte():
    """Whoever forgets the answer closes it."""
    found = stream(Connection(DATA[AHEAD:SIZE], []))
    pieces = found.pieces()
    for _ in range(3):
        next(pieces)
        assert not found.response.stream.is_ended
    pieces.close()
    assert found.response.stream.is_ended


@pytest.mark.parametrize("headers", [{"transfer-encoding": "chunked"}, {"content-length": ""}])
def test_where_the_end_is_not_known_httpx_reads(headers):
    """It knows about chunks."""
    connection = Connection(b"", [])
    found = stream(connection, rest=DATA[AHEAD:SIZE], **headers)
    assert b"".join(found.pieces()) == DATA[:SIZE]
    assert connection.asked == 0


def test_httpx_reads_where_it_may_have_read_further(monkeypatch):
    """And where there is no connection to be read from."""
    connection = Connection(b"", [])
    monkeypatch.setattr(downloads, "_hands_over_all", lambda: False)
    for one in (connection, None):
        assert b"".join(stream(one, rest=DATA[AHEAD:SIZE]).pieces()) == DATA[:SIZE]
    assert connection.asked == 0


def test_what_a_slow_line_brought_is_handed_on_at_once():
    """Nobody waits for a fuller portion: told to stop, a download ends within a moment."""
    import httpcore

    class Slow(Connection):
        def read(self, max_bytes, timeout=None):
            if timeout == downloads._GATHER_SECONDS:
                raise httpcore.ReadTimeout
            return super().read(max_bytes, timeout)

    pieces = list(stream(Slow(DATA[AHEAD:SIZE], [1_000] * 10)).pieces())
    assert b"".join(pieces) == DATA[:SIZE]
    assert [len(one) for one in pieces[1:11]] == [1_000] * 10


def test_an_answer_that_ends_too_soon_is_no_whole_one():
    """What came of it is handed on before."""
    came = bytearray()
    with pytest.raises(RemoteUnavailable, match="ended 1 bytes too soon"):
        read(stream(Connection(DATA[AHEAD : SIZE - 1], [])), came)
    assert came == DATA[: SIZE - 1]


@pytest.mark.parametrize(
    ("error", "expected"), [("ReadTimeout", RemoteUnavailable), ("ReadError", NetworkUnavailable)]
)
def test_a_connection_that_stalls_or_breaks_is_told_as_always(error, expected):
    """With the host and nothing else of the address."""
    import httpcore

    broken = Connection(DATA[AHEAD : SIZE // 2], [], getattr(httpcore, error)("gone"))
    came = bytearray()
    with pytest.raises(expected) as raised:
        read(stream(broken), came)
    assert DATA.startswith(came)
    assert len(came) > SIZE // 2 - downloads._WORTHWHILE_BYTES
    assert "/rec/1" not in str(raised.value)
