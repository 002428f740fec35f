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
from typing import IO, Any, Final

from tests.benchmarks.clients import MORE_MIB, ended, started
from tests.benchmarks.figures import Figure
from tests.benchmarks.measuring import MIB, Spent, median, spending

_TIMES: Final = 1.1
"""So many times the seconds that the rate limit wants."""
_CPU_SECONDS: Final = 1.5
_ROUNDS: Final = 3
_ANSWER_SECONDS: Final = 0.2
_A_SECOND: Final = {"lists": 20, "summaries": 30, "transcripts": 20}
"""What a Pro account may ask. Summaries are Light, the others Medium."""
_YEARS_DAYS: Final = 2 * 365
_ZOOM: Final = """
import json, sys
from tests.fakes.http_server import Fault, delay
from tests.fakes.zoom import ZoomServer, generate

told = json.loads(sys.argv[1])
with ZoomServer(plan="pro") as zoom:
    generate(zoom, 7, told["meetings"])
    file = None
    if told["bytes"]:
        file = zoom.add_file(zoom.add_meeting("Long", files=()), "video", told["bytes"])
    if told["seconds"]:
        zoom.faults.append(Fault(("*", "/v2/"), delay(told["seconds"]), times=sys.maxsize))
    user = zoom.first_user
    def asked():
        seen = zoom.seen("GET", "/v2/")
        def count(end):
            return sum(one.path.endswith(end) for one in seen)
        return {
            "lists": count("/users/me/recordings"),
            "summaries": count("/meeting_summary"),
            "transcripts": count("/transcript"),
            "refused": zoom.limits.refused,
        }
    def grant():
        tokens = zoom.sign_in(user)
        told = {name: tokens[name] for name in ("access_token", "refresh_token", "expires_in")}
        return {**told, "scope": tokens["scope"], "user_id": user.id, "place": zoom.api_url}
    print(json.dumps({
        "zoom_url": zoom.zoom_url,
        "client_id": zoom.public_client_id,
        "download_url": zoom.download_url(file) if file else "",
    }), flush=True)
    for line in sys.stdin:
        print(json.dumps({"asked": asked, "grant": grant}[line.strip()]()), flush=True)
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
from zoomsync_agent.store.files import SqliteFileStore
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
def say(before, after, **more):
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
state, store = SqliteStateStore(databases.queue), SqliteCloudStore(databases.queue, ["folder"])
def until(is_done, seconds):
    while not is_done():
        assert cloud.source.failure is None, cloud.source.failure
        time.sleep(seconds)
before = spent()
cloud.source.start()
until(lambda: state.get(f"{ZOOM_SWEPT}:{grant.user_id}"), 0.005)
listed = spent()
files = len(SqliteFileStore(databases.queue).known(None))
say(before, listed, files=files)
if told["late"]:
    sys.stdin.readline()
    before = spent()
    until(lambda: not store.due(grant.user_id, time.time(), 1), 0.1)
    say(before, spent())
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
assert Steps._hash(work, lambda: False)
say(before, spent(), fetch_cpu=fetched["cpu"] - before["cpu"])
cloud.close()
databases.close()
"""
)


def measure(place: Path, *, quick: bool) -> list[Figure]:
    """List an account, ask for what comes late, and bring home recordings of several sizes."""
    figures = _sweeps(place, 20 if quick else 5_000)
    size = (8 if quick else 1024) * MIB
    figures += _side_by_side(place, size, rounds=1 if quick else _ROUNDS)
    sizes = (4, 8) if quick else (102, 1024, 4096)
    return [*figures, _memory(place, [one * MIB for one in sizes])]


# --- the stand-in --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Zoom:
    """A stand-in in a process of its own."""

    where: dict[str, Any]
    process: "subprocess.Popen[bytes]"

    def asked(self) -> dict[str, int]:
        """Return how often it was asked for what, and how often it `refused`."""
        counts: dict[str, int] = _answer(self.process, "asked")
        return counts

    def grant(self) -> dict[str, Any]:
        """Sign in; whoever was signed in before is not any more."""
        grant: dict[str, Any] = _answer(self.process, "grant")
        return grant


@contextlib.contextmanager
def _zoom(*, meetings: int = 0, size: int = 0, seconds: float = 0.0) -> Iterator[_Zoom]:
    with _talking(_ZOOM, {"meetings": meetings, "bytes": size, "seconds": seconds}) as process:
        yield _Zoom(json.loads(_pipes(process)[1].readline()), process)


@contextlib.contextmanager
def _talking(script: str, told: Mapping[str, Any]) -> Iterator["subprocess.Popen[bytes]"]:
    """Give a process that says something, and more whenever it is asked; end its stdin."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, json.dumps(told)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process, _pipes(process)[0]:
        yield process


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise AssertionError("pipes were asked for")
    return process.stdin, process.stdout


def _answer(process: "subprocess.Popen[bytes]", question: str) -> Any:
    stdin, stdout = _pipes(process)
    stdin.write(f"{question}\n".encode())
    stdin.flush()
    return json.loads(stdout.readline())


def _told(zoom: _Zoom, home: Path, **more: Any) -> dict[str, Any]:
    return {**zoom.where, "grant": zoom.grant(), "home": str(home), "since": None, **more}


# --- listing -------------------------------------------------------------------------------


def _sweeps(place: Path, meetings: int) -> list[Figure]:
    """Sweep an account for its own two years, then for all years and for what comes late."""
    figures = []
    with _zoom(meetings=meetings, seconds=_ANSWER_SECONDS) as zoom:
        told = _told(zoom, place / "short", since=_days_ago(_YEARS_DAYS), late=False)
        with _talking(_SWEEP, told) as process:
            found = json.loads(_pipes(process)[1].readline())
            asked = zoom.asked()
        figures += _listing(f"{meetings:,} meetings of two years", found, asked)
        before = zoom.asked()
        with _talking(_SWEEP, _told(zoom, place / "long", late=True)) as process:
            listed = json.loads(_pipes(process)[1].readline())
            lists = _less(zoom.asked(), before)
            looked = _answer(process, "go on")
            asked = _less(zoom.asked(), before)
    shutil.rmtree(place / "short")
    shutil.rmtree(place / "long")
    figures += _listing("the same, asked for since 2013", listed, lists)
    both = {name: listed[name] + looked[name] for name in ("wall", "cpu")}
    return [
        *figures,
        *_against("cloud: lists since 2013 and what comes late", both, asked),
        Figure("cloud: peak memory of both", looked["peak"], "MiB"),
    ]


def _days_ago(days: int) -> str:
    return (datetime.now(UTC).date() - timedelta(days=days)).isoformat()


def _less(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {name: count - before[name] for name, count in after.items()}


def _listing(title: str, found: Mapping[str, float], asked: Mapping[str, int]) -> list[Figure]:
    return [
        # Some may have been asked for what comes late by now.
        *_against(f"cloud: {title}", found, {**asked, "summaries": 0, "transcripts": 0}),
        Figure(
            f"cloud: {title}, peak memory",
            found["peak"],
            "MiB",
            note=f"{found['files']:,.0f} files",
        ),
    ]


def _against(title: str, spent: Mapping[str, float], asked: Mapping[str, int]) -> list[Figure]:
    seconds = {name: asked[name] / count for name, count in _A_SECOND.items()}
    # What comes late is asked for after the lists, summaries and transcripts side by side.
    least = seconds["lists"] + max(seconds["summaries"], seconds["transcripts"])
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
    token, url = zoom.grant()["access_token"], zoom.where["download_url"]
    arguments = ["sh", "-c", command, "sh", token, url, str(target)]
    subprocess.run(arguments, check=True)


def _fetched(home: Path, zoom: _Zoom) -> dict[str, float]:
    """Bring the recording home in a process of its own, and return what it says."""
    found = ended(started(_FETCH, _told(zoom, home, since=_days_ago(2))))
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
