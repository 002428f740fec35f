"""Large files go through a project's S3 endpoint where that is there, and get there where not."""

import pytest

from tests.fakes.supabase_server import answer, lose_answer
from tests.fakes.uploading import TUS, UploadBench, recorded
from zoomsync_agent.core.errors import RemoteUnavailable
from zoomsync_agent.core.recording import Progress
from zoomsync_agent.destinations.supabase.fast import FastPath, SessionKeys
from zoomsync_agent.s3.credentials import FixedKeys, Keys
from zoomsync_agent.supabase.project import Project

PART = 1 << 16
S3 = "/storage/v1/s3/"


def _xml(status, code, message=""):
    """Refuse as Storage's S3 endpoint does."""
    return answer(
        status,
        '<Error xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Resource>recordings</Resource>'
        f"<Code>{code}</Code><Message>{message}</Message></Error>",
        {"content-type": "application/xml"},
    )


class FastBench(UploadBench):
    """An upload bench whose destination has the fast way."""

    def __init__(self, folder, *, plain_keys=False, parallel=3, legacy=False, **options):
        self.plain_keys = plain_keys
        self.parallel = parallel
        self.legacy = legacy
        self.paths = []
        super().__init__(folder, **options)
        self.server.s3_smallest_part = 1

    def new_destination(self, **options):
        """Return the destination as a new start of the agent makes it."""
        return super().new_destination(**{"fast": self.new_path(), **options})

    def new_path(self):
        """Return the fast way."""
        project = Project(self.server.url, self.server.bucket)
        if self.plain_keys:
            credentials = FixedKeys(Keys(self.server.s3_access_key, self.server.s3_secret_key))
        else:
            key = self.server.anon_key if self.legacy else self.server.publishable_key
            credentials = SessionKeys(self.access, project.tenant, [project.tenant, key])
        path = FastPath(
            project,
            credentials,
            lists_parts=self.plain_keys,
            part_bytes=PART,
            parallel=self.parallel,
            monotonic=self.clock.monotonic,
        )
        self.paths.append(path)
        return path

    def __exit__(self, *raised):
        for path in self.paths:
            path.close()
        super().__exit__(*raised)

    def parts(self):
        """Return the numbers of the parts that arrived, in order."""
        found = self.server.seen("PUT", S3)
        return [int(one.query["partNumber"]) for one in found if one.status == 200]


@pytest.fixture
def bench(tmp_path):
    """Give somebody who is signed in."""
    with FastBench(tmp_path) as found:
        yield found


def test_a_session_sends_parts_and_policies_hold(bench):
    """The object is whole, says its hash, and no resumable upload was begun."""
    outgoing = bench.outgoing()
    assert bench.send(outgoing)
    assert bench.holds(outgoing)
    assert bench.stored(outgoing).metadata["sha256"] == outgoing.sha256
    assert sorted(bench.parts()) == [1, 2, 3, 4, 5, 6]
    assert bench.count("POST") == 0
    tokens = {one.headers.get("x-amz-security-token") for one in bench.server.seen("PUT", S3)}
    assert tokens == {bench.access.token()}


def test_plain_keys_need_no_session(tmp_path):
    """They pass every policy, and list what is there."""
    with FastBench(tmp_path, plain_keys=True) as bench:
        outgoing = bench.outgoing()
        assert bench.send(outgoing)
        assert bench.holds(outgoing)
        assert bench.count("POST") == 0


@pytest.mark.parametrize("accepted", [{"tenant"}, {"anon"}])
def test_newer_and_older_servers_know_other_secrets(tmp_path, accepted):
    """The one that is taken is found out once."""
    with FastBench(tmp_path, legacy=True) as bench:
        bench.server.s3_secrets_accepted = accepted
        for name in ("first.mp4", "second.mp4"):
            assert bench.send(bench.outgoing(recorded(3 * PART), name))
        refused = [one for one in bench.server.requests if one.status == 403]
        assert len(refused) == (1 if accepted == {"anon"} else 0)
        assert bench.count("POST") == 0


def test_where_no_secret_is_taken_resumable_upload_is(bench):
    """A publishable key opens nothing at an older server; for a while nobody asks again."""
    bench.server.s3_secrets_accepted = {"anon"}
    first = bench.outgoing(recorded(3 * PART), "first.mp4")
    assert bench.send(first)
    assert bench.holds(first)
    asked = len(bench.server.seen("POST", S3))
    assert asked
    assert bench.send(bench.outgoing(recorded(2 * PART), "second.mp4"))
    assert len(bench.server.seen("POST", S3)) == asked
    assert bench.count("POST") == 2

    bench.server.s3_secrets_accepted = {"tenant"}
    bench.clock.advance(601)
    assert bench.send(bench.outgoing(recorded(2 * PART + 1), "third.mp4"))
    assert bench.count("POST") == 2


@pytest.mark.parametrize(
    "action",
    [
        answer(404, {"message": "Route not found", "statusCode": 404}),
        _xml(403, "AccessDenied", "Missing S3 Protocol Access Key ID"),
        _xml(501, "NotImplemented"),
        _xml(503, "ServiceUnavailable"),
        answer(502, "<html>bad gateway</html>"),
    ],
)
def test_where_the_endpoint_is_off_resumable_upload_is_taken(bench, action):
    """Whatever it says to the first request."""
    fault = bench.fault(("*", S3), action, times=1000)
    outgoing = bench.outgoing()
    assert bench.send(outgoing)
    assert fault.fired
    assert bench.holds(outgoing)
    assert bench.count("PATCH") == 6


def test_switched_off_in_the_middle_it_begins_anew_the_other_way(bench):
    """The parts are of no use there; nothing is lost but their time."""
    fault = bench.fault(
        lambda seen: seen.query.get("partNumber") == "4", _xml(403, "AccessDenied"), times=1000
    )
    outgoing = bench.outgoing()
    assert bench.send(outgoing)
    assert fault.fired
    assert bench.holds(outgoing)


def test_a_server_that_stumbles_in_the_middle_is_gone_on_with(bench):
    """The parts that it named are not sent again, though it lists none of them."""
    fault = bench.fault(
        lambda seen: seen.query.get("partNumber") == "4", _xml(503, "SlowDown"), times=1000
    )
    outgoing = bench.outgoing()
    with pytest.raises(RemoteUnavailable):
        bench.send(outgoing)
    assert fault.fired
    bench.server.faults.clear()
    before = bench.parts()
    assert before
    saved = bench.reported[-1]

    assert bench.send(outgoing, resume_from=saved, destination=bench.new_destination())
    assert bench.holds(outgoing)
    again = bench.parts()[len(before) :]
    assert set(again).isdisjoint(before)
    assert bench.server.s3_uploads == {}


def test_a_resumable_upload_that_was_begun_is_ended_that_way(bench):
    """What it has is not sent again, whatever way would be faster."""
    outgoing = bench.outgoing()
    bench.send(outgoing, destination=bench.new_destination(fast=None), stop=_after(bench, 2))
    saved = bench.reported[-1]
    assert 0 < saved.offset < outgoing.size
    assert bench.send(outgoing, resume_from=saved)
    assert bench.holds(outgoing)
    assert bench.server.seen("POST", S3) == []
    assert bench.sent_bytes() == outgoing.size


def _after(bench, pieces):
    begun = len(bench.paced)
    return lambda: len(bench.paced) - begun >= pieces


def test_without_the_fast_way_its_notes_are_forgotten(bench):
    """Whoever switches it off gets the file all the same."""
    outgoing = bench.outgoing()
    notes = Progress(PART, '{"upload":"nobody knows this","size":65536,"parts":{"1":"x"}}')
    destination = bench.new_destination(fast=None)
    assert bench.send(outgoing, resume_from=notes, destination=destination)
    assert bench.holds(outgoing)


def test_an_ended_session_is_renewed(bench):
    """In the middle of everything, once."""
    fault = bench.fault(
        lambda seen: seen.query.get("partNumber") == "2",
        _xml(403, "AccessDenied", '"exp" claim timestamp check failed'),
    )
    outgoing = bench.outgoing()
    assert bench.send(outgoing)
    assert fault.fired
    assert len(bench.access.renewals) == 1
    assert bench.holds(outgoing)
    assert bench.count("POST") == 0


def test_a_lost_answer_to_the_completion_is_looked_for(bench):
    """The object is there, and is proven; nothing is sent again."""
    fault = bench.fault(
        lambda seen: seen.method == "POST" and "uploadId" in seen.query, lose_answer()
    )
    outgoing = bench.outgoing()
    assert bench.send(outgoing)
    assert fault.fired
    assert bench.holds(outgoing)
    assert len(bench.parts()) == 6


def test_a_part_that_arrives_as_something_else_is_sent_again(bench):
    """Storage does not look at hashes; its name of the part tells."""
    spoilt = []

    def act(exchange, work):
        done = work()
        done.headers["etag"] = '"00000000000000000000000000000000"'
        spoilt.append(exchange)
        return done

    fault = bench.fault(lambda seen: seen.query.get("partNumber") == "3", act)
    outgoing = bench.outgoing()
    assert bench.send(outgoing)
    assert fault.fired == len(spoilt) == 1
    assert bench.parts().count(3) == 2
    assert bench.holds(outgoing)


def test_what_is_there_is_never_replaced(bench):
    """The endpoint would; so it is looked before, and at the end once more."""
    outgoing = bench.outgoing()
    assert bench.send(outgoing)
    before = len(bench.parts())
    assert bench.send(outgoing, destination=bench.new_destination())
    assert len(bench.parts()) == before


def test_a_cancelled_upload_is_ended(bench):
    """It holds no room on the server."""
    outgoing = bench.outgoing()
    bench.send(outgoing, stop=_after(bench, 1))
    assert len(bench.server.s3_uploads) == 1
    bench.destination.abandon(outgoing.key, bench.reported[-1])
    assert bench.server.s3_uploads == {}


def test_a_server_without_metadata_is_survived(bench):
    """The name of the whole proves it."""
    bench.server.s3_keeps_metadata = False
    outgoing = bench.outgoing()
    assert bench.send(outgoing)
    assert bench.holds(outgoing)
    assert bench.destination.check(bench.send(outgoing))


# --- from one way to the other -----------------------------------------------------------------


def _is_s3(seen):
    return seen.path.startswith(S3)


def _is_completion(seen):
    return seen.method == "POST" and "uploadId" in seen.query


def _on_part(number):
    return lambda seen: _is_s3(seen) and seen.query.get("partNumber") == str(number)


def _interrupted(bench, outgoing, pieces=5):
    """Send so many parts and be told to stop; return what was noted."""
    assert bench.send(outgoing, stop=_after(bench, pieces)) is None
    assert bench.reported[-1].offset == pieces * PART
    return bench.reported[-1]


@pytest.fixture
def narrow(tmp_path):
    """Give somebody who sends one part at a time."""
    with FastBench(tmp_path, parallel=1) as found:
        yield found


@pytest.mark.parametrize("action", [_xml(503, "SlowDown"), answer(502, "<html>bad</html>")])
def test_what_was_noted_waits_for_a_server_that_stumbles(narrow, action):
    """Nearly all is there: it is not sent once more the other way."""
    outgoing = narrow.outgoing()
    saved = _interrupted(narrow, outgoing)
    fault = narrow.fault(_is_s3, action, 5)
    moved, again = len(narrow.paced), narrow.new_destination()
    with pytest.raises(RemoteUnavailable):
        narrow.send(outgoing, resume_from=saved, destination=again)
    assert fault.fired == 5
    assert narrow.send(outgoing, resume_from=saved, destination=again)
    assert narrow.holds(outgoing)
    assert sum(narrow.paced[moved:]) == outgoing.size - saved.offset
    assert narrow.count("POST") == 0
    assert narrow.server.s3_uploads == {}


def test_what_was_noted_goes_on_while_the_way_is_left_alone(narrow):
    """It was good for this file, whatever it is for another one."""
    outgoing = narrow.outgoing()
    saved = _interrupted(narrow, outgoing)
    off = narrow.fault(_is_s3, _xml(403, "AccessDenied"), 1000)
    assert narrow.send(narrow.outgoing(recorded(2 * PART), "other.mp4"))
    assert off.fired
    assert narrow.count("POST") == 1
    narrow.server.faults.clear()
    assert narrow.send(outgoing, resume_from=saved)
    assert narrow.count("POST") == 1
    assert len(narrow.parts()) == 6


def test_an_upload_without_parts_is_ended_while_the_way_is_left_alone(narrow):
    """Nothing is lost with it, and it holds nothing for nobody."""
    outgoing = narrow.outgoing()
    assert narrow.send(outgoing, stop=lambda: bool(narrow.reported)) is None
    (saved,) = narrow.reported
    assert len(narrow.server.s3_uploads) == 1
    off = narrow.fault(_is_s3, _xml(403, "AccessDenied"), 1000)
    assert narrow.send(narrow.outgoing(recorded(2 * PART), "other.mp4"))
    assert off.fired
    narrow.server.faults.clear()
    assert narrow.send(outgoing, resume_from=saved)
    assert narrow.holds(outgoing)
    assert narrow.count("POST") == 2
    assert narrow.server.s3_uploads == {}


@pytest.mark.parametrize("resumed", [False, True])
def test_whatever_goes_the_other_way_leaves_no_upload_behind(narrow, resumed):
    """It is refused in the middle of this attempt, or at the beginning of the next one."""
    outgoing = narrow.outgoing()
    saved = _interrupted(narrow, outgoing, 3) if resumed else None
    fault = narrow.fault(_on_part(4), _xml(403, "AccessDenied"), 1000)
    assert narrow.send(outgoing, resume_from=saved)
    assert fault.fired == 1
    assert narrow.holds(outgoing)
    assert narrow.count("POST") == 1
    assert narrow.server.s3_uploads == {}


def test_notes_of_what_was_given_up_are_forgotten(narrow):
    """Should the other way fail at its beginning, it is not given up once more."""
    outgoing = narrow.outgoing()
    refused = narrow.fault(_on_part(4), _xml(403, "AccessDenied"), 1000)
    failing = narrow.fault(("POST", TUS), answer(500, "no"), 1000)
    with pytest.raises(RemoteUnavailable):
        narrow.send(outgoing)
    assert refused.fired == 1
    assert failing.fired
    assert narrow.reported[-1] == Progress(0, "")


def test_an_endpoint_that_never_comes_back_is_not_waited_for_for_ever(narrow):
    """The rest of Storage answers each time; so a dozen attempts do."""
    outgoing = narrow.outgoing()
    saved = _interrupted(narrow, outgoing)
    fault = narrow.fault(lambda seen: _is_s3(seen) and seen.method != "DELETE", _xml(503, "x"), 999)
    again, attempts = narrow.new_destination(), 0
    while attempts < 50:
        attempts += 1
        try:
            receipt = narrow.send(outgoing, resume_from=saved, destination=again)
        except RemoteUnavailable:
            continue
        assert receipt
        break
    assert attempts == 12
    assert fault.fired == 12 * 5
    assert narrow.holds(outgoing)
    assert narrow.server.s3_uploads == {}


def test_an_endpoint_that_brings_it_further_each_time_is_waited_for(narrow):
    """However many attempts that takes."""
    outgoing = narrow.outgoing(recorded(20 * PART))
    saved, attempts = None, 0
    while attempts < 50:
        attempts += 1
        fault = narrow.fault(_on_part(attempts + 1), _xml(503, "x"), 5)
        try:
            assert narrow.send(outgoing, resume_from=saved)
        except RemoteUnavailable:
            assert fault.fired == 5
            saved = narrow.reported[-1]
        else:
            break
    assert attempts == 20
    assert narrow.count("POST") == 0
    assert len(narrow.parts()) == 20


def test_parts_that_the_store_lost_are_all_sent_anew(narrow):
    """It does not list those that it has; so the notes are dropped with the upload, once."""
    outgoing = narrow.outgoing()
    saved = _interrupted(narrow, outgoing)
    (upload,) = narrow.server.s3_uploads.values()
    del upload.parts[3]
    lost = _xml(400, "InvalidPart", "One or more of the specified parts could not be found")
    fault = narrow.fault(_is_completion, lost)
    assert narrow.send(outgoing, resume_from=saved)
    assert fault.fired == 1
    assert narrow.holds(outgoing)
    assert narrow.parts() == [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6]
    assert narrow.count("POST") == 0
    assert narrow.server.s3_uploads == {}


def test_a_store_that_never_has_all_parts_gets_it_the_other_way(narrow):
    """Twice in an attempt is enough."""
    outgoing = narrow.outgoing()
    fault = narrow.fault(_is_completion, _xml(400, "InvalidPart", "could not be found"), 1000)
    assert narrow.send(outgoing)
    assert fault.fired == 2
    assert narrow.holds(outgoing)
    assert len(narrow.parts()) == 12
    assert narrow.server.s3_uploads == {}


def test_a_store_that_forgets_each_upload_gets_it_the_other_way(narrow):
    """Parts that are sent again and again are no progress."""
    outgoing, saved = narrow.outgoing(), None
    fault = narrow.fault(_on_part(3), _xml(404, "NoSuchUpload", "Upload not found"), 1000)
    attempts = 0
    while attempts < 50:
        attempts += 1
        try:
            assert narrow.send(outgoing, resume_from=saved)
        except RemoteUnavailable:
            saved = narrow.reported[-1]
        else:
            break
    assert fault.fired
    assert attempts == 13
    assert narrow.holds(outgoing)


def test_what_somebody_else_brought_ends_what_was_begun(narrow):
    """Looked at before anything is sent."""
    outgoing = narrow.outgoing()
    saved = _interrupted(narrow, outgoing)
    assert narrow.send(outgoing, destination=narrow.new_destination(fast=None))
    assert narrow.send(outgoing, resume_from=saved)
    assert narrow.server.s3_uploads == {}
    assert len(narrow.parts()) == 5
