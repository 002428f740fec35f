"""The agent is killed again and again, at any moment, and nothing is lost, doubled or half."""

import os
import random
import shutil
import sqlite3
import time

import pytest

from tests.fakes.process import Zoomsync, wait_for
from tests.fakes.tree import ArchiveView, ZoomTree

KILLS = int(os.environ.get("ZOOMSYNC_TESTS_KILLS", "50"))
SEED = int(os.environ.get("ZOOMSYNC_TESTS_SEED", "20240310"))
MEGABYTE = 1_000_000


def _running_jobs(zoomsync, place):
    """Count the jobs that were being worked on, in a copy: opening the database would mend it."""
    copy = place / "looked-at"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for part in (zoomsync.home / "data").glob("agent.db*"):
        shutil.copy(part, copy)
    if not (copy / "agent.db").exists():
        return 0
    found = sqlite3.connect(copy / "agent.db")
    try:
        return found.execute("SELECT count(*) FROM jobs WHERE state = 'running'").fetchone()[0]
    except sqlite3.OperationalError:
        return 0  # killed before the schema was there
    finally:
        found.close()


def _fill(tree):
    """Make the folder of a person who has recorded for a while."""
    for number in range(9):
        tree.meeting(f"Weekly {number}", size=60_000 * (number + 1), chat=f"chat {number}")
    tree.meeting("All Hands", size=40 * MEGABYTE, captions="all hands were here")
    tree.meeting("Board", size=40 * MEGABYTE)
    # More than one durable chunk, so that an upload is resumed in its middle.
    tree.meeting("Workshop", size=80 * MEGABYTE, chat="long")


def _disturb(tree, number, dice):
    """Do what people and Zoom do while the agent lies dead."""
    tree.meeting(
        f"Arrival {number}", size=dice.choice((30_000, 3 * MEGABYTE, 6 * MEGABYTE)), chat="hi"
    )
    if number % 3 == 0:
        folder = dice.choice(sorted(p for p in tree.root.iterdir() if p.is_dir()))
        folder.rename(folder.with_name(f"{folder.name[:30]} renamed {number}"))
    if number % 4 == 0:
        folder = dice.choice(sorted(p for p in tree.root.iterdir() if p.is_dir()))
        said = f"09:00:0{number % 10}\t From Bo to Everyone: late words {number}\n"
        (folder / "meeting_saved_chat.txt").write_text(said, "utf-8")


@pytest.mark.slow
@pytest.mark.timeout(120 + 4 * KILLS)
def test_kills_at_any_moment_lose_double_and_halve_nothing(tmp_path):
    """However often it is killed, every recording ends in the archive and the catalog once."""
    dice = random.Random(SEED)  # noqa: S311  spreads the moments, guards nothing
    with Zoomsync(tmp_path) as zoomsync:
        tree, archive = ZoomTree(zoomsync.recordings), ArchiveView(zoomsync.archive)
        _fill(tree)
        hits = halves = 0
        for number in range(KILLS):
            # A limit makes copies long enough to be hit; without one they are whole operations.
            zoomsync.settings = {"ZOOMSYNC_BANDWIDTH_LIMIT": dice.choice(("0", "15M", "15M"))}
            starts = zoomsync.log.count("agent started")
            running = zoomsync.start("run", "--headless")
            if number % 3:
                wait_for(
                    "the agent works",
                    lambda starts=starts: zoomsync.log.count("agent started") > starts,
                )
                time.sleep(dice.uniform(0.0, 0.5))  # the moment of a power cut is not awaited
            else:
                time.sleep(dice.uniform(0.0, 1.0))
            running.kill()
            hits += _running_jobs(zoomsync, tmp_path) > 0
            halves += bool(archive.leftovers())
            for path, sha256 in archive.media().items():
                assert sha256 in tree.finished, f"{path} is visible and not whole"
            archive.sidecars()
            _disturb(tree, number, dice)

        zoomsync.settings = {}
        assert zoomsync.run("sync", "--json").code in (0, 3)
        # What the agent died over a dozen times without coming further waits for its user.
        failed = [one for one in zoomsync.waiting().values() if one["state"] == "failed"]
        assert {one["code"] for one in failed} <= {"too_many_deaths"}
        assert len(failed) <= KILLS // 50
        if failed:
            assert zoomsync.json("retry")["retried"] >= len(failed)
        zoomsync.json("sync")

        rows = zoomsync.rows()
        assert sorted(row["sha256"] for row in rows) == sorted(tree.finished)
        assert {row["processing_status"] for row in rows} == {"completed"}
        assert sorted(archive.media().values()) == sorted(tree.finished)
        assert {row["file_url"] for row in rows} == {p.as_uri() for p in archive.media()}
        assert not archive.leftovers()
        told = {s["recording_id"]: s for s in archive.sidecars().values() if "recording_id" in s}
        assert told == {row["recording_id"]: row for row in rows}
    assert hits >= KILLS // 4, "the kills did not hit work"
    assert halves >= KILLS // 10, "the kills did not hit copies"
    print(f"{KILLS} kills: {hits} hit a running job, {halves} left a half-written copy behind")
