"""How fast Zoom's cloud is listed and brought home, as far as Zoom's rate limits let anybody.

The stand-in runs in a process of its own, with the limits of a Pro account and an answer that takes
a fifth of a second. So do the agent's parts: the real source over real databases lists an account
and asks for what comes late; the real origin downloads one large recording, which is hashed then.
"""

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.clients import MORE_MIB, ended, started
from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import MIB, Spent, median, spending

_TIMES: Final = 1.1
"""So much longer than the rate limit wants may it take."""
_CPU_SECONDS: Final = 1.5
_ROUNDS: Final = 3
_ANSWER_SECONDS: Final = 0.2
_A_SECOND: Final = {"Medium": 20, "Light": 30}
"""What a Pro account may ask: lists are Medium, single meetings are Light."""
_YEARS_DAYS: Final = 2 * 365
_ZOOM: Final = """
import json, sys
from collections import Counter
from tests.fakes.http_server import Fault, delay
from tests.fakes.zoom import ZoomServer, generate

told = json.loads(sys.argv[1])
with ZoomServer(plan="pro") as zoom:
    generate(zoom, 7, told["meetings"])
    if told["bytes"]:
        zoom.add_file(zoom.add_meeting("Long", files=()), "video", told["bytes"])
    if told["seconds"]:
        zoom.faults.append(Fault(("*", "/v2/"), delay(told["seconds"]), times=sys.maxsize))
    user = zoom.first_user
    tokens = zoom.sign_in(user)
    files = [zoom.download_url(file) for file in zoom.complete_files(user)]
    print(json.dumps({
        "zoom_url": zoom.zoom_url,
        "client_id": zoom.public_client_id,
        "download_url": files[0] if told["bytes"] else "",
        "grant": {
            "access_token": tokens["access_token"],
            "refresh_token": tokens["refresh_token"],
            "expires_in": tokens["expires_in"],
            "user_id": user.id,
            "email": user.email,
            "scope": tokens["scope"],
            "place": zoom.api_url,
        },
    }), flush=True)
    for _ in sys.stdin:
        asked = zoom.seen("GET", "/v2/")
        lists = sum(one.path.startswith("/v2/users/") for one in asked)
        print(json.dumps({
            "Medium": lists, "Light": len(asked) - lists, "refused": zoom.limits.refused,
        }), flush=True)
"""
_AGENT: Final = """
import json, resource, sys, time
from pathlib import Path
from tests.fakes.secrets import MemorySecrets
from zoomsync_agent.app.cloud import build_cloud
from zoomsync_agent.app.databases import Databases
from zoomsync_agent.app.zoom import zoom_keeper
from zoomsync_agent.core.facts import ZOOM_SWEPT
from zoomsync_agent.desktop import paths
from zoomsync_agent.desktop.clock import SystemClock
from zoomsync_agent.engine.bell import Bell
from zoomsync_agent.engine.steps import Steps
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.settings import load
from zoomsync_agent.store.cloud import SqliteCloudStore
from zoomsync_agent.store.jobs import SqliteJobStore
from zoomsync_agent.store.state import SqliteStateStore

told = json.loads(sys.argv[1])
home = paths.home({"ZOOMSYNC_HOME": told["home"]}).ensure()
settings = load(home, {}, cwd=home.data, overrides={
    "zoom_client_id": told["client_id"],
    "zoom_url": told["zoom_url"],
    "zoom_since": told["since"],
    "backfill": "all",
})
secrets, grant = MemorySecrets(), Grant(**told["grant"])
zoom_keeper(settings, home, secrets=secrets).adopt(grant)
databases = Databases(home)
databases.open_beside()
cloud = build_cloud(
    settings, home, databases, ["folder"], clock=SystemClock(), bell=Bell(), secrets=secrets
)
def spent():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"wall": time.perf_counter(), "cpu": usage.ru_utime + usage.ru_stime}
def say(before, **more):
    after = spent()
    peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    print(json.dumps({
        **{name: after[name] - before[name] for name in after},
        "peak": int(peak.split()[1]) / 1024,
        **more,
    }), flush=True)
"""
_SWEEP: Final = (
    _AGENT
    + """
state, store = SqliteStateStore(databases.queue), SqliteCloudStore(databases.queue)
def until(is_done, seconds):
    while not is_done():
        assert cloud.source.failure is None, cloud.source.failure
        time.sleep(seconds)
before = spent()
cloud.source.start()
until(lambda: state.get(f"{ZOOM_SWEPT}:{grant.user_id}"), 0.005)
(row,) = databases.queue.query("SELECT count(*) AS count FROM files")
say(before, files=row["count"])
if told["late"]:
    sys.stdin.readline()
    before = spent()
    until(lambda: not store.due(grant.user_id, time.time(), 1), 0.1)
    say(before)
cloud.source.stop(60)
cloud.close()
databases.close()
"""
)
_FETCH: Final = (
    _AGENT
    + """
cloud.source.sweep()
work = SqliteJobStore(databases.queue).claim(time.time())
before = spent()
assert cloud.origin.fetch(work.file, stop=lambda: False, pace=lambda count: None)
fetched = spent()
sha256 = Steps._hash(work, lambda: False)
say(before, fetch_wall=fetched["wall"] - before["wall"], fetch_cpu=fetched["cpu"] - before["cpu"])
cloud.close()
databases.close()
"""
)


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """List an account, ask for what comes late, and bring home recordings of several sizes."""
    figures = _sweeps(place, 60 if quick else 5_000)
    size = (8 if quick else 1024) * MIB
    figures += _side_by_side(place, size, rounds=2 if quick else _ROUNDS)
    sizes = (4, 8) if quick else (102, 1024, 4096)
    return [*figures, _memory(place, [one * MIB for one in sizes])]


# --- the stand-in --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Zoom:
    """A stand-in in a process of its own."""

    where: dict[str, Any]
    process: "subprocess.Popen[bytes]"

    def asked(self) -> dict[str, int]:
        """Return how often it was asked, by category, and how often it `refused`."""
        return _answer(self.process)


@contextlib.contextmanager
def _zoom(*, meetings: int = 0, size: int = 0, seconds: float = 0.0) -> Iterator[_Zoom]:
    process = _talking(_ZOOM, {"meetings": meetings, "bytes": size, "seconds": seconds})
    with process:
        yield _Zoom(json.loads(_line(process)), process)
        if process.stdin is not None:
            process.stdin.close()


def _talking(script: str, told: Mapping[str, Any]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(told)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


def _line(process: "subprocess.Popen[bytes]") -> bytes:
    if process.stdout is None:
        raise AssertionError("a pipe was asked for")
    return process.stdout.readline()


def _answer(process: "subprocess.Popen[bytes]") -> Any:
    """Tell a process to go on, and return what it says then."""
    if process.stdin is None:
        raise AssertionError("a pipe was asked for")
    process.stdin.write(b"\n")
    process.stdin.flush()
    return json.loads(_line(process))


def _told(zoom: _Zoom, home: Path, **more: Any) -> dict[str, Any]:
    return {**zoom.where, "home": str(home), "since": None, **more}


# --- listing -------------------------------------------------------------------------------


def _sweeps(place: Path, meetings: int) -> list[Figure]:
    """Sweep the same account from two days on, and ask for what comes late the second time."""
    figures = []
    since = datetime.now(UTC).date() - timedelta(days=_YEARS_DAYS + 1)
    with _zoom(meetings=meetings, seconds=_ANSWER_SECONDS) as zoom:
        told = _told(zoom, place / "short", since=since.isoformat(), late=False)
        with _talking(_SWEEP, told) as process:
            found = json.loads(_line(process))
        before = zoom.asked()
        figures += _listing(f"{meetings:,} meetings of two years", found, before)
        with _talking(_SWEEP, _told(zoom, place / "long", late=True)) as process:
            listed = json.loads(_line(process))
            middle = zoom.asked()
            looked = _answer(process)
        after = zoom.asked()
    shutil.rmtree(place / "short")
    shutil.rmtree(place / "long")
    lists = _less(middle, before)
    figures += _listing("the same, asked for since 2013", listed, lists)
    both = {name: listed[name] + looked[name] for name in ("wall", "cpu")}
    asked = _less(after, before)
    return [
        *figures,
        *_against("cloud: lists since 2013 and what comes late", both, asked),
        Figure("cloud: peak memory of both", looked["peak"], "MiB"),
    ]


def _less(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {name: count - before[name] for name, count in after.items()}


def _listing(title: str, found: Mapping[str, float], asked: Mapping[str, int]) -> list[Figure]:
    return [
        *_against(f"cloud: {title}", found, asked),
        Figure(
            f"cloud: {title}, peak memory",
            found["peak"],
            "MiB",
            note=f"{found['files']:,.0f} files",
        ),
    ]


def _against(title: str, spent: Mapping[str, float], asked: Mapping[str, int]) -> list[Figure]:
    least = sum(asked[name] / count for name, count in _A_SECOND.items())
    told = ", ".join(f"{asked[name]:,} {name}" for name in _A_SECOND if asked[name])
    return [
        Figure(title, spent["wall"], "s", note=f"{spent['cpu']:.1f} s of processor"),
        Figure(
            f"{title} ÷ what the rate limit wants",
            spent["wall"] / least,
            "×",
            _TIMES,
            f"{told} in no less than {least:.2f} s; {_ANSWER_SECONDS} s an answer",
        ),
        Figure(f"{title}, refused as too fast", asked["refused"], "requests"),
    ]


# --- one large recording -------------------------------------------------------------------

_CURL: Final = 'curl -sfL -H "Authorization: Bearer $1" -o "$3" "$2"'
_FLUSHED: Final = f'{_CURL} && sync "$3"'
_WAYS: Final = {
    "curl + sha256sum": f'{_CURL} && sha256sum "$3" >/dev/null',
    "curl + openssl": f'{_CURL} && openssl dgst -sha256 "$3" >/dev/null',
    "curl + sync + openssl": f'{_FLUSHED} && openssl dgst -sha256 "$3" >/dev/null',
}
"""The last one does what the agent does: it is on the disk when it is said to be there."""


def _side_by_side(place: Path, size: int, *, rounds: int) -> list[Figure]:
    """Download the same recording by turns."""
    ways = {name: way for name, way in _WAYS.items() if "openssl" not in name or _has_openssl()}
    peers: dict[str, list[Spent]] = {name: [] for name in ways}
    ours: list[dict[str, float]] = []
    with _zoom(size=size) as zoom:
        for _ in range(rounds):
            ours.append(_fetched(place / "home", zoom))
            for name, command in ways.items():
                with spending() as spent:
                    _shell(command, zoom, place / "peer.mp4")
                (place / "peer.mp4").unlink()
                peers[name].append(spent)
    middle = {name: median([one[name] for one in ours]) for name in ours[0]}
    gib = size / (1024 * MIB)
    note = f"{size // MIB:,} MiB, medians of {rounds} rounds taken alternately"
    figures = [
        Figure("cloud: download and hash", size / MIB / middle["wall"], "MiB/s", note=note),
        Figure(
            "cloud: download and hash, processor per GiB",
            middle["cpu"] / gib,
            "s",
            _CPU_SECONDS,
            f"{middle['fetch_cpu'] / gib:.2f} s of it until the file is there",
        ),
        Figure("cloud: download and hash, peak memory", middle["peak"], "MiB"),
    ]
    for name, spent in peers.items():
        wall, cpu = median([one.wall for one in spent]), median([one.cpu for one in spent])
        figures += [
            Figure(
                f"cloud: {name}", size / MIB / wall, "MiB/s", note=f"{cpu / gib:.2f} s CPU per GiB"
            ),
            Figure(f"cloud: download and hash ÷ ({name})", middle["wall"] / wall, "×"),
            Figure(f"cloud: processor of it ÷ ({name})", middle["cpu"] / cpu, "×"),
        ]
    return figures


def _has_openssl() -> bool:
    return shutil.which("openssl") is not None


def _shell(command: str, zoom: _Zoom, target: Path) -> None:
    token, url = zoom.where["grant"]["access_token"], zoom.where["download_url"]
    subprocess.run(["sh", "-c", command, "sh", token, url, str(target)], check=True)


def _fetched(home: Path, zoom: _Zoom) -> dict[str, float]:
    """Bring the recording home in a process of its own, and return what it says."""
    found = ended(started(_FETCH, _told(zoom, home)))
    shutil.rmtree(home)
    return found


def _memory(place: Path, sizes: list[int]) -> Figure:
    """Return how much more memory the largest recording takes than the smallest."""
    peaks = []
    for size in sizes:
        with _zoom(size=size) as zoom:
            peaks.append(_fetched(place / "home", zoom)["peak"])
    told = ", ".join(
        f"{size // MIB:,} MiB: {peak:.1f} MiB" for size, peak in zip(sizes, peaks, strict=True)
    )
    more = max(peaks) - peaks[0]
    return Figure("cloud: more memory with the largest", more, "MiB", MORE_MIB, told)
