"""What is loaded to speak HTTP, and what is not."""

import subprocess
import sys


def _run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_nothing_is_loaded_that_nobody_asked_for():
    """Neither HTTP/2 nor httpx's own command, which would bring rich."""
    loaded = _run(
        "import sys, zoomsync_agent.http as http; http.new_client('http://127.0.0.1').close();"
        "print(*(name for name in ('h2', 'hpack', 'rich', 'pygments') if name in sys.modules))"
    )

    assert loaded == []


def test_who_asks_for_http2_gets_it():
    """The library that signs people in does."""
    told = _run(
        "import zoomsync_agent.http, httpx; httpx.Client(http2=True).close();"
        "from httpcore._sync.http2 import HTTP2Connection;"
        "from httpcore._async.http2 import AsyncHTTP2Connection;"
        "print(HTTP2Connection.__module__, AsyncHTTP2Connection.__module__)"
    )

    assert told == ["httpcore._sync.http2", "httpcore._async.http2"]
