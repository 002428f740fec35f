"""What the agent costs whoever sits before the desktop: tray, an open page, notices, keyring.

The bus is a real one, the panel on it is played, the keyring is GNOME's.
"""

import contextlib
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import psutil

from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import Queue, agent_in, fill_meeting, meeting_folder, memory_mib
from tests.benchmarks.measuring import median as median_of
from tests.fakes.process import Zoomsync
from tests.fakes.secret_service import SecretService
from tests.fakes.supabase_server import SupabaseServer
from tests.fakes.tray.bus import FakePanel, SessionBus

CPU_PERCENT: Final = 0.5
FOLDER_MIB: Final = 65.0
SUPABASE_MIB: Final = 90.0
ICON_SECONDS: Final = 1.5
_JOBS_EACH: Final = 3
_REST_SECONDS: Final = 20.0
"""After its start, until it is at rest and has given back what it needed for that."""
_WORDS: Final = "correct horse"


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """Start with a tray, and rest for ten minutes with a page open."""
    (place / "folder").mkdir()
    (place / "supabase").mkdir()
    return [
        *_icon(place / "folder", rounds=2 if quick else 10),
        *_resting(place / "folder", quick=quick),
        *_signed_in(place / "supabase", quick=quick),
    ]


@contextlib.contextmanager
def _bus() -> Iterator[SessionBus]:
    """Give a bus in a folder with a short path: addresses of sockets are at most 107 bytes long."""
    with tempfile.TemporaryDirectory(prefix="zs-bus") as folder, SessionBus(Path(folder)) as bus:
        yield bus


def _icon(place: Path, *, rounds: int) -> list[Figure]:
    agent = agent_in(place)
    times = []
    with _bus() as bus, FakePanel(bus.address) as panel, agent:
        agent.settings = {**agent.settings, "DBUS_SESSION_BUS_ADDRESS": bus.address}
        for number in range(1, rounds + 1):
            began = time.perf_counter()
            process = agent.start("run", "--at-login")
            panel.wait_for_icon(number)
            times.append(time.perf_counter() - began)
            process.stop()
    note = f"median of {rounds}"
    return [Figure("desktop: start to icon", median_of(times), "s", ICON_SECONDS, note)]


def _resting(place: Path, *, quick: bool) -> list[Figure]:
    agent = agent_in(place)
    queue = Queue(agent)
    folders = 5 if quick else 200
    for number in range(folders):
        fill_meeting(meeting_folder(agent.recordings, number), number)
    with agent, agent.agent():
        queue.wait_for_done(folders * _JOBS_EACH)
    with _bus() as bus, FakePanel(bus.address) as panel, agent:
        agent.settings = {**agent.settings, "DBUS_SESSION_BUS_ADDRESS": bus.address}
        return _rest(agent, panel, f"{folders} recordings", FOLDER_MIB, "folder", quick=quick)


def _signed_in(place: Path, *, quick: bool) -> list[Figure]:
    with SupabaseServer() as server, SecretService(place) as secrets:
        server.add_user("ann@example.org", _WORDS)
        agent = agent_in(
            place,
            ZOOMSYNC_DESTINATION="supabase",
            SUPABASE_URL=server.url,
            SUPABASE_ANON_KEY=server.publishable_key,
            **secrets.variables,
        )
        subprocess.run(
            [*agent._program(), "sign-in", "--email", "ann@example.org", "--password"],
            input=f"{_WORDS}\n".encode(),
            env=agent._environment(),
            cwd=agent.place,
            capture_output=True,
            check=True,
        )
        fill_meeting(meeting_folder(agent.recordings, 0), 0)
        address = secrets.variables["DBUS_SESSION_BUS_ADDRESS"]
        with FakePanel(address) as panel, agent:
            return _rest(agent, panel, "signed in", SUPABASE_MIB, "Supabase", quick=quick)


def _rest(
    agent: Zoomsync, panel: FakePanel, note: str, target: float, name: str, *, quick: bool
) -> list[Figure]:
    """Let an agent rest, with its page open and its menu looked at once."""
    seconds = 1.0 if quick else 600.0
    process = agent.start("run", "--at-login")
    panel.wait_for_icon()
    panel.menu()
    with _open_page(agent):
        time.sleep(0.5 if quick else _REST_SECONDS)
        watched = psutil.Process(process.pid)
        before, since = sum(watched.cpu_times()[:2]), time.monotonic()
        time.sleep(seconds)
        used, passed = sum(watched.cpu_times()[:2]) - before, time.monotonic() - since
        told = f"{note}, tray and page open, {seconds:.0f} s, {watched.num_threads()} threads"
        figures = [
            Figure(
                f"desktop: {name}, share of one core", used / passed * 100, "%", CPU_PERCENT, told
            ),
            Figure(f"desktop: {name}, resident", memory_mib(process.pid, "Rss"), "MiB", target),
            Figure(f"desktop: {name}, shared in parts", memory_mib(process.pid, "Pss"), "MiB"),
        ]
    process.stop()
    return figures


@contextlib.contextmanager
def _open_page(agent: Zoomsync) -> Iterator[None]:
    """Have the overview open, and its events read, as a browser does."""
    link = agent.run("open", "--print").out.strip()
    with httpx.Client(follow_redirects=True, timeout=None) as browser:  # noqa: S113  a stream has no end
        page = browser.get(link)
        page.raise_for_status()
        with browser.stream("GET", page.url.join("/ui/events?page=overview")) as events:
            events.raise_for_status()
            reader = threading.Thread(target=_read, args=(events,), daemon=True)
            reader.start()
            yield


def _read(events: httpx.Response) -> None:
    """Read until there is nothing more."""
    with contextlib.suppress(httpx.HTTPError, httpx.StreamError):
        for _ in events.iter_raw():
            pass
