"""A file of Zoom's cloud comes home as it is or not at all, over whatever happens on the way."""

import os
import shutil
import threading
import time
from types import SimpleNamespace

import pytest

from tests.fakes import media
from tests.fakes.http_server import Answer
from tests.fakes.zoom import (
    break_after,
    fetching,
    forbidden_json,
    host_only_page,
    html,
    passcode_page,
    short_body,
    sign_in_page,
    stall_after,
    with_headers,
)
from tests.fakes.zoom.contents import all_of
from tests.fakes.zoom_world import ZoomWorld
from zoomsync_agent.core.errors import DownloadRefused
from zoomsync_agent.core.job import State, Step
from zoomsync_agent.core.recording import partial_of
from zoomsync_agent.sources.zoom_cloud import Origin
from zoomsync_agent.sources.zoom_cloud import spool as spooling
from zoomsync_agent.zoom.downloads import Downloads

SIZE = 3_000_000
DURABLE = 1 << 20


@pytest.fixture
def world(tmp_path, monkeypatch):
    """Give a world whose every end is honest: nothing strange is safe, nothing was told."""
    monkeypatch.setattr(spooling, "DURABLE_BYTES", DURABLE)
    with ZoomWorld(tmp_path) as found:
        yield found
        found.expect_honest()


@pytest.fixture
def video(world):
    """Give a video that is long enough to be broken off."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ())
    return world.zoom.add_file(meeting, "video", SIZE)


def meeting_of(world, file):
    """Return whose file it is."""
    return world.zoom.file_with(file.key)[0]


def expect_home(world, file):
    """Make sure that a file is safe, whole and once, and that nothing of it waits here."""
    assert world.has(file)
    assert not world.waiting()
    (row,) = world.rows(file)
    assert (row.processing_status, row.file_size) == ("completed", file.content.size)
    assert world.jobs_of(file)[-1].state is State.DONE


def expect_nothing(world):
    """Make sure that nothing is safe."""
    assert not world.stored()


def started(world):
    """Sweep, and work until nothing is due at this moment."""
    world.sweep()
    world.run()


# --- where the bytes are -------------------------------------------------------------------


def test_the_store_behind_zoom_never_sees_the_token(world, video):
    """It refuses whoever brings one, and the address that it is asked by is kept nowhere."""
    world.bring_home()
    expect_home(world, video)
    assert world.zoom.leaked == []
    assert len(world.zoom.cdn.requests) == 1


def test_a_store_of_zooms_own_that_wants_the_token_gets_it(world, video):
    """Only where it lies at a host of Zoom's, and only after it was refused without."""
    world.zoom.cdn_host = "127.0.0.1"
    world.zoom.cdn_refuses_bearer = False

    def wants_token(exchange, work):
        if "authorization" in exchange.request.headers:
            return work()
        return Answer(401, b"", {})

    fault = world.fault(fetching(video), wants_token, 9, at_cdn=True)
    world.bring_home()
    expect_home(world, video)
    assert fault.fired == 2
    assert len(world.zoom.leaked) == 1


def test_a_store_elsewhere_that_wants_the_token_does_not_get_it(world, video):
    """Whatever it answers."""
    fault = world.fault(fetching(video), lambda _exchange, _work: Answer(401, b"", {}), 99,
                        at_cdn=True)  # fmt: skip
    started(world)
    expect_nothing(world)
    assert fault.fired
    assert world.zoom.leaked == []


def test_without_a_redirect_it_comes_too(world, video):
    """Zoom itself may send the bytes."""
    world.zoom.redirects = False
    world.bring_home()
    expect_home(world, video)
    assert not world.zoom.cdn.requests


def test_an_address_of_somebody_else_is_told_no_token(world, video):
    """A list that names another host opens nothing there."""
    world.zoom.download_base = world.zoom.cdn_url
    started(world)
    expect_nothing(world)
    assert world.zoom.leaked == []
    assert not world.zoom.cdn.requests
    assert world.jobs_of(video)[0].error_code == DownloadRefused.code


@pytest.mark.parametrize(
    ("url", "is_zooms"),
    [
        ("https://zoom.us/rec/download/a", True),
        ("https://us06web.zoom.us/rec/download/a", True),
        ("https://example.zoom.us/rec/download/a", True),
        ("http://zoom.us/rec/download/a", False),
        ("https://zoom.us.example.org/rec", False),
        ("https://evilzoom.us/rec", False),
        ("https://zoom.us@example.org/rec", False),
        ("https://example.org/zoom.us", False),
        ("https://[::1/rec", False),
        ("", False),
    ],
)
def test_who_is_zoom(url, is_zooms):
    """Whoever lies below its host, a customer's own name too, and nobody else."""
    downloads = Downloads("https://zoom.us")
    assert downloads.is_zooms(url) is is_zooms
    downloads.close()


def test_a_signed_address_that_ended_is_asked_for_anew(world, video):
    """It lives for minutes; what was broken off goes on with another one."""
    cut = world.fault(fetching(video), break_after(2 * DURABLE + 5), at_cdn=True)

    def late(exchange, work):
        answer = work()
        world.clock.advance(1_000)
        return answer

    slow = world.fault(lambda seen: fetching(video)(seen) and bool(cut.fired), late)
    world.bring_home()
    expect_home(world, video)
    assert (cut.fired, slow.fired) == (1, 1)


def test_an_address_of_a_list_that_is_stale_is_asked_for_anew(world, video):
    """Each job asks where its file is now."""
    world.zoom.download_url_life = 120.0
    world.sweep()
    world.clock.advance(5_000)
    world.run()
    expect_home(world, video)


# --- broken off ----------------------------------------------------------------------------


def test_what_was_broken_off_goes_on_where_it_was(world, video):
    """Nothing that is here is sent again."""
    cut = world.fault(fetching(video), break_after(2 * DURABLE + 5), at_cdn=True)
    world.bring_home()
    expect_home(world, video)
    assert cut.fired == 1
    begins = [begin for _, begin, _ in world.zoom.served]
    assert begins[0] == 0
    assert 0 < begins[1] <= 2 * DURABLE + 5


def test_a_store_that_knows_no_ranges_sends_all_of_it(world, video):
    """What comes from the beginning is not put behind what is here."""
    world.zoom.honours_range = False
    cut = world.fault(fetching(video), break_after(2 * DURABLE + 5), at_cdn=True)
    world.bring_home()
    expect_home(world, video)
    assert cut.fired == 1
    assert world.served(video) == 2 * SIZE


def test_a_range_that_is_refused_begins_anew(world, video):
    """As when what is here is longer than the file."""
    cut = world.fault(fetching(video), break_after(2 * DURABLE + 5), at_cdn=True)
    no = world.fault(
        lambda seen: fetching(video)(seen) and "range" in seen.headers,
        lambda _exchange, _work: Answer(416, b"", {"content-range": f"bytes */{SIZE}"}),
        at_cdn=True,
    )
    world.bring_home()
    expect_home(world, video)
    assert (cut.fired, no.fired) == (1, 1)


def test_a_part_that_was_not_asked_for_is_not_taken(world, video):
    """The answer says where it begins."""
    cut = world.fault(fetching(video), break_after(2 * DURABLE + 5), at_cdn=True)

    def other(exchange, work):
        answer = work()
        answer.headers["content-range"] = f"bytes 7-{SIZE - 1}/{SIZE}"
        return answer

    wrong = world.fault(
        lambda seen: fetching(video)(seen) and "range" in seen.headers, other, at_cdn=True
    )
    world.bring_home()
    expect_home(world, video)
    assert (cut.fired, wrong.fired) == (1, 1)


def test_a_download_that_stalls_is_broken_off(tmp_path):
    """And goes on at once."""
    with ZoomWorld(tmp_path, stall_seconds=0.3) as world:
        meeting = world.zoom.add_meeting("Weekly", None, 30, ())
        video = world.zoom.add_file(meeting, "video", SIZE)
        stall = world.fault(fetching(video), stall_after(1_500_000), at_cdn=True)
        world.bring_home()
        expect_home(world, video)
        assert stall.fired == 1
        world.expect_honest()


def test_a_download_that_never_gets_on_is_left_for_later(world, video):
    """It is tried a few times in a row, and again after a while."""
    cut = world.fault(fetching(video), break_after(0), 4, at_cdn=True)
    started(world)
    expect_nothing(world)
    assert cut.fired == 4
    world.bring_home()
    expect_home(world, video)


def test_a_download_that_gets_on_a_little_each_time_comes_home(world, video):
    """However often it is broken off."""
    cut = world.fault(fetching(video), break_after(1_200_000), 99, at_cdn=True)
    started(world)
    expect_home(world, video)
    assert cut.fired >= 2


def test_told_to_stop_in_the_middle_it_goes_on_with_what_is_missing(world, video):
    """Only what was not durable comes again."""
    world.sweep()
    world.shop.worker._stopping.set()
    world.run(1)
    (job,) = world.jobs_of(video)
    assert (job.state, job.step, job.attempt) == (State.READY, Step.FETCH, 0)
    assert [one.suffix for one in sorted(world.waiting())] == [".etag", ".part"]
    world.shop.worker._stopping.clear()
    world.restart()
    world.bring_home()
    expect_home(world, video)


def test_after_a_stop_nothing_durable_is_sent_again(world, video):
    """Told to stop after two thirds, a third is left."""
    world.sweep()
    taken: list[int] = []
    file = world.shop.files.get(world.jobs_of(video)[0].file_id)
    assert not world.origin.fetch(file, stop=lambda: sum(taken) >= 2 * DURABLE, pace=taken.append)
    world.restart()
    world.bring_home()
    expect_home(world, video)
    (_, first, _), (_, second, left) = world.zoom.served
    assert first == 0
    assert second > 0
    assert second % DURABLE == 0
    assert second + left == SIZE


def test_a_download_that_is_cancelled_leaves_nothing_behind(world, video):
    """Neither what came nor the folders for it."""
    world.sweep()
    (job,) = world.jobs_of(video)

    def cancelled(exchange, work):
        world.shop.jobs.cancel([job.id], world.clock.now())
        return work()

    fault = world.fault(fetching(video), cancelled)
    world.run()
    assert fault.fired == 1
    assert world.jobs_of(video)[0].state is State.CANCELLED
    assert not world.waiting()
    world.settle(1)
    expect_nothing(world)
    assert not world.waiting()


def test_what_waits_is_freed_when_it_is_cancelled(world, video):
    """A download that was broken off and then given up takes no room."""
    world.fault(fetching(video), break_after(2 * DURABLE + 5), at_cdn=True)
    world.fault(fetching(video), break_after(0), 9, at_cdn=True)
    started(world)
    assert world.waiting()
    (job,) = world.jobs_of(video)
    world.shop.jobs.cancel([job.id], world.clock.now())
    world.sweep()
    assert world.waiting()
    for path in world.waiting():
        os.utime(path, (time.time() - 7_200, time.time() - 7_200))
    world.sweep()
    assert not world.waiting()


# --- what is no file -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["video", "chat", "transcript", "timeline", "poll", "thumbnail"])
@pytest.mark.parametrize(
    "action",
    [
        sign_in_page(),
        passcode_page(),
        host_only_page(),
        forbidden_json(),
        forbidden_json(401),
        forbidden_json(200, 401),
        html(200),
        html(403),
        html(503),
    ],
)
def test_no_page_and_no_refusal_becomes_a_recording(world, kind, action):
    """Whatever its status; what is really there comes afterwards."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ())
    world.zoom.gives_download_tokens = False
    file = world.zoom.add_file(meeting, kind)
    fault = world.fault(fetching(file), action, 2)
    world.bring_home()
    assert fault.fired == 2
    assert world.has(file)
    assert not world.waiting()


@pytest.mark.parametrize("text", [b"<!DOCTYPE html><p>Sign in", b'{"status":false,"errorCode":1}'])
@pytest.mark.parametrize("kind", ["video", "chat", "transcript", "timeline", "poll"])
def test_a_refusal_that_looks_like_the_file_is_none(world, kind, text):
    """Its type is said to be right, and even its size: the bytes show what it is."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ())
    file = world.zoom.add_file(meeting, kind)
    body = text.ljust(file.content.size, b" ")[: file.content.size]

    def instead(exchange, work):
        answer = work()
        answer.pieces = [body]
        return answer

    fault = world.fault(fetching(file), instead, 2, at_cdn=True)
    started(world)
    expect_nothing(world)
    world.bring_home()
    assert world.has(file)
    assert fault.fired == 2


def test_a_refusal_is_outlived_and_says_why(world, video):
    """It is visible, nothing lies in the archive, and it is asked for less and less often."""
    fault = world.fault(fetching(video), host_only_page(), 10_000)
    world.settle(3)
    expect_nothing(world)
    assert fault.fired < 400
    (job,) = world.jobs_of(video)
    assert (job.state, job.error_code) == (State.READY, DownloadRefused.code)
    world.zoom.faults.remove(fault)
    world.bring_home()
    expect_home(world, video)


def test_a_token_of_ones_own_that_is_refused_gives_way_to_the_files_token(world, video):
    """Zoom gives one with each meeting."""
    video.only_download_token = True
    world.bring_home()
    expect_home(world, video)


def test_refusals_with_status_200_give_way_too(world, video):
    """Also where they look like a success."""
    video.only_download_token = True
    world.zoom.refusals_as_200 = True
    world.bring_home()
    expect_home(world, video)


def test_a_token_that_ended_early_is_renewed(world, video):
    """Whatever our clock says."""
    world.sweep()
    world.zoom.gives_download_tokens = False
    world.zoom.expire_access_tokens()
    world.bring_home()
    expect_home(world, video)


@pytest.mark.parametrize("told", ["application/octet-stream", "text/plain", "", "video/mp4; a=b"])
def test_a_wrong_type_does_not_keep_a_video_away(world, video, told):
    """Its own bytes say what it is."""
    fault = world.fault(fetching(video), with_headers(content_type=told), 9, at_cdn=True)
    world.bring_home()
    expect_home(world, video)
    assert fault.fired == 1


def test_nothing_is_no_file(world, video):
    """Zero bytes with status 200."""
    fault = world.fault(fetching(video), short_body(0), 2, at_cdn=True)
    world.bring_home()
    expect_home(world, video)
    assert fault.fired == 2


@pytest.mark.parametrize("count", [1, 8, 300, DURABLE, SIZE // 2, SIZE - 1])
def test_a_short_body_that_says_it_is_whole_is_none(world, video, count):
    """Zoom tells how large the file is."""
    fault = world.fault(fetching(video), short_body(count), 2, at_cdn=True)
    world.bring_home()
    expect_home(world, video)
    assert fault.fired == 2


def test_a_short_body_that_ends_between_two_boxes_is_none(world):
    """What is left looks like a whole MP4, and is not the file."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ())
    whole = media.mp4(5_000, moov_first=True)
    file = world.zoom.add_file(meeting, "video", whole + media.box(b"free", bytes(900)))
    fault = world.fault(fetching(file), short_body(len(whole)), at_cdn=True)
    world.bring_home()
    assert fault.fired == 1
    assert world.has(file)
    assert len(world.stored()) == 1


# --- sizes and versions --------------------------------------------------------------------


@pytest.mark.parametrize("told", [SIZE - 1_000, SIZE + 1_000, 1, 10 * SIZE])
@pytest.mark.parametrize("kind", ["video", "audio"])
def test_a_size_that_zoom_tells_wrong_is_put_right_once(world, told, kind):
    """What proves itself to be whole is taken with its true size, and never fetched again."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ())
    file = world.zoom.add_file(meeting, kind, SIZE)
    file.told_size = told
    world.bring_home()
    expect_home(world, file)
    sent = len(world.zoom.served)
    assert sent <= 2
    world.settle(3)
    assert len(world.zoom.served) == sent
    assert world.shop.jobs.counts()[State.DONE] == 1


def test_a_text_of_another_size_than_told_is_taken_where_it_ends(world):
    """Twice at the same place; and it is not fetched again at every sweep."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ())
    file = world.zoom.add_file(meeting, "transcript")
    file.told_size = file.content.size + 10
    world.settle(2)
    assert world.has(file)
    sent = len(world.zoom.served)
    world.settle(2)
    assert len(world.zoom.served) == sent


def test_a_file_that_was_replaced_is_another_version(world, video):
    """Both are kept: the first one was a recording too."""
    world.bring_home()
    world.replace_data(video, SIZE + 5_000)
    world.bring_home()
    expect_home(world, video)
    assert len(world.stored()) == 2


def test_a_file_that_is_replaced_before_it_is_fetched_comes_once(world, video):
    """Only the version that is there can be fetched."""
    world.sweep()
    world.replace_data(video, SIZE + 5_000)
    world.bring_home()
    expect_home(world, video)
    assert len(world.stored()) == 1


def etags(world, file, names):
    """Let the store name the version that it sends, one name for each request."""
    left = list(names)

    def named(exchange, work):
        answer = work()
        answer.headers["etag"] = left.pop(0)
        return answer

    return world.fault(fetching(file), named, len(left), at_cdn=True)


def test_two_versions_do_not_become_one_file(world, video):
    """Of the same size, replaced while it was broken off."""
    first = all_of(video.content)

    def cut(exchange, work):
        answer = work()
        answer.headers["etag"] = '"one"'
        answer.pieces = [first[: 2 * DURABLE + 5]]
        world.replace_data(video, SIZE)
        return answer

    fault = world.fault(fetching(video), cut, at_cdn=True)
    named = etags(world, video, ['"two"', '"two"'])
    world.bring_home()
    expect_home(world, video)
    assert fault.fired == 1
    assert named.fired == 2
    assert len(world.stored()) == 1


def test_two_versions_do_not_become_one_file_over_a_restart(world, video):
    """What is here may be of the version before."""
    count = 0

    def stops():
        nonlocal count
        count += 1
        return count >= 3

    world.sweep()
    named = etags(world, video, ['"one"', '"two"', '"two"'])
    file = world.shop.files.get(world.jobs_of(video)[0].file_id)
    assert not world.origin.fetch(file, stop=stops, pace=lambda _count: None)
    assert world.waiting()
    world.replace_data(video, SIZE)
    world.restart()
    world.bring_home()
    expect_home(world, video)
    assert named.fired >= 2
    assert len(world.stored()) == 1


# --- gone, and back ------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["404", "page"])
@pytest.mark.parametrize("is_asked_before", [False, True])
def test_what_was_deleted_before_it_was_fetched_fails_plainly(world, video, told, is_asked_before):
    """It is said; nothing of what stands in its place is kept."""
    world.zoom.deleted_download = told
    other = world.zoom.add_file(meeting_of(world, video), "audio", 40_000)
    world.sweep()
    if is_asked_before:
        # The meeting has just been asked for its other file; its address still stands.
        file = world.shop.files.get(world.jobs_of(other)[0].file_id)
        world.origin._meeting(Origin.read(file.origin))
    world.zoom.forget(meeting_of(world, video), video)
    world.bring_home()
    (job,) = world.jobs_of(video)
    assert (job.state, job.error_code) == (State.FAILED, "recording_deleted")
    assert not world.waiting()
    assert world.has(other)


@pytest.mark.parametrize("is_whole", [True, False])
def test_what_is_in_the_trash_comes_when_it_is_taken_out(world, video, is_whole):
    """Both the whole meeting and one file of it."""
    meeting = meeting_of(world, video)
    world.sweep()
    (meeting if is_whole else video).trashed_at = world.clock.now()
    world.bring_home()
    expect_nothing(world)
    assert world.jobs_of(video)[0].error_code == "recording_deleted"
    (meeting if is_whole else video).trashed_at = None
    world.settle(1)
    expect_home(world, video)


def test_what_is_being_processed_is_waited_for(world):
    """It is not fetched before, nor failed."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ())
    video = world.zoom.add_file(meeting, "video", SIZE, completes_at=world.clock.now() + 7_000)
    world.bring_home()
    expect_nothing(world)
    assert not world.jobs_of(video)
    world.settle(1)
    expect_home(world, video)


def test_what_is_processed_again_is_waited_for(world, video):
    """Between the list and the download."""
    world.sweep()
    video.completes_at = world.clock.now() + 7_000
    world.bring_home()
    expect_nothing(world)
    world.settle(1)
    expect_home(world, video)


def test_the_recordings_of_another_account_wait_for_it(world, video):
    """Nothing is fetched as somebody else."""
    world.sweep()
    bob = world.zoom.add_user("bob@example.org")
    world.sign_in(bob)
    world.run()
    (job,) = world.jobs_of(video)
    assert (job.state, job.error_code) == (State.BLOCKED, "other_account")
    assert not world.served(video)
    world.sign_in(world.ann)
    world.bring_home()
    expect_home(world, video)


# --- room ----------------------------------------------------------------------------------


def test_a_full_disk_is_said_and_waited_for(world, video, monkeypatch):
    """A gibibyte is left to others."""
    free = (1 << 30) + SIZE - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: SimpleNamespace(free=free))
    started(world)
    (job,) = world.jobs_of(video)
    assert (job.state, job.error_code) == (State.BLOCKED, "disk_full")
    assert not world.served(video)
    free += 1
    world.bring_home()
    expect_home(world, video)


def test_the_spool_takes_no_more_than_it_may(tmp_path):
    """What waits for its upload keeps what is to come away, and then makes room."""
    with ZoomWorld(tmp_path, spool_bytes=100_000) as world:
        meeting = world.zoom.add_meeting("Weekly", None, 30, ())
        files = [world.zoom.add_file(meeting, "video", 60_000) for _ in range(4)]
        world.sweep()
        jobs = [world.jobs_of(file)[0] for file in files]
        world.origin.fetch(
            world.shop.files.get(jobs[0].file_id), stop=lambda: False, pace=lambda _count: None
        )
        assert sum(one.stat().st_size for one in world.waiting()) == 60_000
        world.shop.jobs.cancel([jobs[0].id], world.clock.now())
        world.run()
        assert {world.jobs_of(file)[0].error_code for file in files[1:]} == {"spool_full"}
        world.settle(1)
        assert all(world.has(file) for file in files[1:])
        assert not world.waiting()
        world.expect_honest()


def test_a_file_larger_than_the_spool_comes_alone(tmp_path):
    """Otherwise it would never come."""
    with ZoomWorld(tmp_path, spool_bytes=1_000) as world:
        meeting = world.zoom.add_meeting("Weekly", None, 30, ())
        files = [world.zoom.add_file(meeting, "video", 60_000) for _ in range(3)]
        world.bring_home()
        assert all(world.has(file) for file in files)
        world.expect_honest()


def test_a_spool_that_cannot_be_written_is_said(world, video):
    """And everything goes on once it can."""
    blocked = world.folder / "spool"
    blocked.write_text("no folder")
    started(world)
    (job,) = world.jobs_of(video)
    assert (job.state, job.error_code) == (State.BLOCKED, "spool_unusable")
    blocked.unlink()
    world.bring_home()
    expect_home(world, video)


def test_a_half_finished_download_is_private(world, video):
    """Neither the file nor its folder is anybody else's."""
    seen = []

    def look(exchange, work):
        answer = work()
        seen.extend(world.waiting())
        return answer

    world.fault(fetching(video), look, at_cdn=True)
    world.sweep()
    path = world.shop.files.get(world.jobs_of(video)[0].file_id).path
    world.run()
    assert seen == [partial_of(path)]
    expect_home(world, video)


def test_two_uploaders_at_one_source_take_turns(world):
    """Each file once, whoever fetches it."""
    meeting = world.zoom.add_meeting("Weekly", None, 30, ())
    files = [world.zoom.add_file(meeting, "video", 200_000) for _ in range(6)]
    world.sweep()
    other = world.shop.new_worker("uploader-2")

    def work():
        while other.work_once():
            pass
        world.shop.db.close_thread() if hasattr(world.shop.db, "close_thread") else None

    beside = threading.Thread(target=work)
    beside.start()
    world.run()
    beside.join()
    world.bring_home()
    assert all(world.has(file) for file in files)
    assert all(world.served(file) == 200_000 for file in files)


def test_a_file_that_ends_somewhere_else_each_time_is_not_taken(world, video):
    """Each time it looks whole, and none is."""
    lengths = iter(range(5_000, 900_000, 1_000))

    def ever_longer(exchange, work):
        answer = work()
        count = next(lengths)
        answer.headers.pop("etag", None)
        answer.headers["content-length"] = str(count)
        answer.pieces = [all_of(video.content)[:count]]
        return answer

    fault = world.fault(fetching(video), ever_longer, 10_000, at_cdn=True)
    world.settle(1)
    expect_nothing(world)
    assert 4 <= fault.fired <= 400
    (job,) = world.jobs_of(video)
    assert (job.state, job.error_code) == (State.READY, "download_damaged")
