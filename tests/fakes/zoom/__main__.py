"""The stand-in as a process of its own: prints where it is, ends with its stdin."""

import argparse
import json
import sys

from tests.fakes.zoom.generating import generate
from tests.fakes.zoom.server import ZoomServer

_LATE_SECONDS = 120.0


def main() -> None:
    """Serve until stdin is closed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.zoom")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--meetings", type=int, default=10, help="how many more there are")
    parser.add_argument("--seed", type=int, default=1, help="which ones")
    parser.add_argument("--largest", type=int, default=2_000_000, help="bytes of a video")
    parser.add_argument("--plan", choices=["free", "pro", "business"], help="enforce its limits")
    parser.add_argument(
        "--late", type=float, default=_LATE_SECONDS, help="seconds until what comes late is there"
    )
    parser.add_argument(
        "--also",
        nargs=2,
        metavar=("TOPIC", "START"),
        help="one more, begun at START (epoch seconds)",
    )
    parser.add_argument("--auto-consent", action="store_true", help="press Allow without asking")
    told = parser.parse_args()
    with ZoomServer(port=told.port, plan=told.plan) as server:
        server.auto_consent = told.auto_consent
        furnish(server, late_seconds=told.late)
        if told.also:
            server.add_meeting(
                told.also[0], float(told.also[1]), 1, ("video", "audio", "transcript")
            )
        generate(server, told.seed, told.meetings, sizes=(20_000, told.largest))
        where = {
            "zoom_url": server.zoom_url,
            "api_url": server.api_url,
            "client_id": server.client_id,
            "client_secret": server.client_secret,
            "public_client_id": server.public_client_id,
            "user": server.first_user.email,
            "meetings": len(server.meetings),
        }
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


def furnish(server: ZoomServer, *, late_seconds: float = _LATE_SECONDS) -> None:
    """Put one meeting of each kind there."""
    now = server.clock()
    usual = ("video", "audio", "chat", "timeline")
    whole = server.add_meeting("Weekly Sync", now - 90_000, 45, (*usual, "transcript", "summary"))
    server.add_summary(whole)
    late = server.add_meeting("Late transcript", now - 7_200, 30, usual)
    server.add_file(late, "transcript", appears_at=now + late_seconds)
    server.add_summary(late, appears_at=now + late_seconds)
    twice = server.add_meeting("Stopped and started", now - 180_000, 20)
    server.add_file(twice, "video", start=twice.start + 600)
    server.add_meeting("Too short", now - 10_000, 0, None)
    server.start_recording("Going on right now")


if __name__ == "__main__":
    main()
