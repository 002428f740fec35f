"""Whose program is at the other end of a connection."""

import os
import socket
import sys

import pytest

from zoomsync_agent.desktop import peers

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells it")


@pytest.fixture
def pair():
    """Give both ends of a real connection on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            with accepted:
                yield client.getsockname()[1], port


def test_our_own_connection_is_ours(pair):
    """As the system tells it."""
    assert peers.is_ours(*pair) is True


def test_a_connection_that_is_not_there_is_nobodys(pair):
    """It is not known, and not somebody else's."""
    assert peers.is_ours(1, pair[1]) is None


@pytest.mark.parametrize(
    ("owner", "told"), [(os.getuid(), True), (0, True), (os.getuid() + 1, False)]
)
def test_the_table_tells_the_owner(tmp_path, owner, told):
    """Of the other end's line, not of ours."""
    table = tmp_path / "tcp"
    table.write_text(
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
        "   0: 0100007F:BB27 0100007F:C001 01 00000000:00000000 00:00000000 00000000  12345\n"
        f"   1: 0100007F:C001 0100007F:BB27 01 00000000:00000000 00:00000000 00000000  {owner}\n"
    )
    assert peers.is_ours(0xC001, 0xBB27, table=table) is told


@pytest.mark.parametrize("text", ["", "one line\n", "head\n1: x\n", "head\n 0: a b c d e f g\n"])
def test_a_table_that_cannot_be_read_tells_nothing(tmp_path, text):
    """Whatever stands in it."""
    table = tmp_path / "tcp"
    table.write_text(text)
    assert peers.is_ours(1, 2, table=table) is None
    assert peers.is_ours(1, 2, table=tmp_path / "nowhere") is None
