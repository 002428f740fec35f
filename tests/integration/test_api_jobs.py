"""One file on its way, by the number of its job."""

import pytest

from tests.fakes.api_client import ApiClient
from tests.fakes.page_world import VIDEO, PageWorld


@pytest.fixture
def world(home, tmp_path):
    """Give an agent to which a recording is handed in."""
    with PageWorld(home, tmp_path) as found:
        found.recordings.mkdir()
        yield found


@pytest.fixture
def api(world):
    """Give a program with the token."""
    return ApiClient(world.site, world.token)


@pytest.fixture
def job(api):
    """Give the address of the job that was told."""
    answer = api.post(
        "/upload/recording", query_string={"file_name": "talk.mp4"}, data=VIDEO.read_bytes()
    )
    return f"/jobs/{answer.json['job_id']}"


def test_what_was_handed_in_can_be_followed_home(api, world, job):
    """From the queue to its row."""
    told = api.told(job)
    assert (told["state"], told["sent"], told["recording_id"]) == ("ready", 0, None)
    assert (told["file_name"], told["size"]) == ("talk.mp4", VIDEO.stat().st_size)
    assert told["sentence"]
    world.sync()
    told = api.told(job)
    assert (told["state"], told["sent"], told["sentence"]) == ("done", told["size"], "")
    row = api.told(f"/recordings/{told['recording_id']}")
    assert row["processing_status"] == "completed"


def test_it_can_be_cancelled_and_taken_up_again(api, world, job):
    """And what is done cannot be cancelled."""
    assert api.post(f"{job}/cancel").json == {"jobs": 1}
    assert api.told(job)["state"] == "cancelled"
    world.sync()
    assert world.control.recordings() == []
    assert api.post(f"{job}/retry").json == {"jobs": 1}
    world.sync()
    assert api.told(job)["state"] == "done"
    assert api.post(f"{job}/cancel").status_code == 409


@pytest.mark.parametrize("number", ["0", "4711", "99999999999999999999", "x"])
def test_a_number_of_no_job_is_said_so(api, number):
    """Whatever it is."""
    assert api.get(f"/jobs/{number}").status_code in (404, 422)
    assert api.post(f"/jobs/{number}/cancel").status_code in (404, 422)
