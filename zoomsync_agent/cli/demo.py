"""`zoomsync demo`."""

import contextlib
import os
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from zoomsync_agent.cli.agent import PATIENCE_SECONDS, look_once, short_row
from zoomsync_agent.cli.output import ExitCode, command, json_option, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoomsync_agent.app import Agent
    from zoomsync_agent.cli.live import LiveView
    from zoomsync_agent.demo.meeting import Meeting
    from zoomsync_agent.desktop.paths import Home
    from zoomsync_agent.ports import SecretStore
    from zoomsync_agent.settings import Settings

_SHOWN_BYTES_PER_SECOND = 30_000
"""Slow enough that a person sees the samples move."""
_HINT = "Ctrl-C ends the demo"
_OLD_SECONDS = 7 * 86_400
_WEEK = timedelta(days=7)
_POLL_SECONDS = 30.0
_TWIN = "Entrevista con Zoë Núñez"
"""Topic of a meeting that was recorded here and, with `--cloud`, in Zoom's cloud."""


@click.command()
@click.option("--once", is_flag=True, help="End when everything is synced.")
@click.option("--cloud", is_flag=True, help="With a stand-in for Zoom's cloud, too.")
@click.option(
    "--keep-in",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the throw-away home is made; otherwise the system's temporary folder.",
)
@json_option
@command
def demo(once: bool, cloud: bool, keep_in: Path | None, as_json: bool) -> None:
    """Play a Zoom meeting in a throw-away home and watch it come home.

    It is the real agent on real media; your own recordings and settings are not touched.
    """
    from zoomsync_agent import app, settings
    from zoomsync_agent.cli.live import LiveView
    from zoomsync_agent.cli.recordings import table
    from zoomsync_agent.cli.status import show
    from zoomsync_agent.desktop import logs, paths

    if keep_in is not None:
        keep_in.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="zoomsync-demo-", dir=keep_in)).resolve()
    zoom = place / "Documents" / "Zoom"
    home = paths.home({"ZOOMSYNC_HOME": str(place / "home"), "HOME": str(place)}).ensure()
    overrides: dict[str, object] = {"recordings_path": zoom}
    is_live = not as_json and sys.stderr.isatty()
    if is_live:
        overrides["bandwidth_limit"] = _SHOWN_BYTES_PER_SECOND * (10 if cloud else 1)
    chosen = settings.load(home, {}, cwd=place, overrides=overrides)
    logs.configure(log_file=home.log_file, level="info", console=False, home_dir=Path.home())

    now = datetime.now().astimezone()
    played = _set_the_stage(zoom, now)
    with contextlib.ExitStack() as opened:
        secrets = None
        if cloud:
            chosen, secrets = _signed_in(opened, home, chosen, now - _WEEK)
        agent = opened.enter_context(app.running(chosen, home, zoom_secrets=secrets))
        view = opened.enter_context(LiveView(enabled=is_live, hint=_HINT))
        tell = view.say if not as_json else _keep_quiet
        if cloud:
            tell("Signed in to a stand-in for Zoom's cloud.")
        stage = threading.Thread(target=_play, args=(played, tell), name="zoom", daemon=True)
        stage.start()
        view.follow_while(agent.control, stage.is_alive)
        # What became finished last may not have been noticed yet.
        looked = look_once(agent.control, agent.check)
        view.wait_until_idle(agent.control, looked, check=agent.check, patience=PATIENCE_SECONDS)
        done = agent.control.recordings()
        seen = agent.control.snapshot()
        if as_json:
            print_json({"recordings": [short_row(row) for row in done]})
        if not once:
            _go_on(view, agent, zoom)
    if not as_json:
        show(seen)
        click.echo()
        table(done)
        for row in done[:2]:
            click.echo(f"\n{row.meeting_title} · {row.file_name}\n  {row.file_url}")
        click.echo(f"\nEverything lies in {place}; delete it when you have seen enough.")
    sys.exit(ExitCode.INCOMPLETE if LiveView.is_incomplete(seen) else ExitCode.DONE)


def _set_the_stage(zoom: Path, now: datetime) -> "Meeting":
    """Put there what was recorded earlier, and return the meeting that is to be played."""
    from zoomsync_agent.demo import meeting

    last_week = meeting.finished_earlier(zoom, f"{now - _WEEK:%Y-%m-%d %H.%M.%S} {_TWIN}")
    crashed = meeting.never_converted(
        zoom, f"{now - timedelta(days=2):%Y-%m-%d %H.%M.%S} Laptop closed too early"
    )
    for folder, age in ((last_week, _OLD_SECONDS), (crashed, _OLD_SECONDS / 4)):
        stamp = time.time() - age
        for path in folder.iterdir():
            os.utime(path, (stamp, stamp))
    return meeting.Meeting(zoom / f"{now:%Y-%m-%d %H.%M.%S} Weekly Sync", now)


def _signed_in(
    opened: contextlib.ExitStack, home: "Home", chosen: "Settings", started: datetime
) -> "tuple[Settings, SecretStore]":
    """Return settings of an agent that is signed in to a cloud of the demo's own."""
    import httpx

    from zoomsync_agent.app.zoom import zoom_keeper
    from zoomsync_agent.demo.cloud import ForgetfulSecrets, played_cloud
    from zoomsync_agent.zoom.sign_in import ZoomSignIn

    played = opened.enter_context(played_cloud(_TWIN, started.timestamp()))
    update = {
        "zoom_client_id": played.client_id,
        "zoom_url": played.url,
        "zoom_poll_seconds": _POLL_SECONDS,
    }
    chosen = chosen.model_copy(update=update)
    secrets = ForgetfulSecrets()
    keeper = zoom_keeper(chosen, home, secrets=secrets)

    def as_a_browser(address: str) -> None:
        # In the real one a person presses Allow meanwhile.
        visit = threading.Thread(
            target=httpx.get, args=(address,), kwargs={"follow_redirects": True}, daemon=True
        )
        visit.start()

    ZoomSignIn(keeper).by_browser(_keep_quiet, opens=as_a_browser)
    return chosen, secrets


def _go_on(view: "LiveView", agent: "Agent", zoom: Path) -> None:
    view.say(f"All synced. Put a recording into {zoom} and watch; Ctrl-C ends the demo.")
    try:
        while True:
            view.follow_while(agent.control, lambda: False)
            agent.check()
            time.sleep(0.25)
    except KeyboardInterrupt:
        return


def _play(played: "Meeting", tell: "Callable[[str], None]") -> None:
    for text in played.play():
        tell(f"Zoom: {text}.")


def _keep_quiet(_text: str) -> None:
    """Say nothing: the output is for a program."""
