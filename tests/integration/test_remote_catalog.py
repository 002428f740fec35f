"""The remote catalog against a real PostgREST and PostgreSQL, and what may come in between."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes import postgres
from tests.fakes.access import FixedAccess
from tests.fakes.project import FakeProject
from tests.fakes.stores import row
from tests.fakes.supabase_server import Fault, answer, expire_token, html, lose_answer
from zoomsync_agent.catalog.supabase import SupabaseCatalog
from zoomsync_agent.core.errors import (
    DestinationFull,
    NetworkUnavailable,
    ProjectPaused,
    RemoteUnavailable,
    RowRefused,
    RowsDenied,
    SetupIncomplete,
    SignInRequired,
    Unexpected,
    leaves,
)
from zoomsync_agent.core.recording import ProcessingStatus, RecordingId
from zoomsync_agent.supabase.access import ServiceAccess
from zoomsync_agent.supabase.answers import Answer, network_error
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.tables import Tables, error_of

TABLE = "/rest/v1/recordings"


@pytest.fixture(scope="module")
def remote(request):
    """A database with the schema, and what is in front of it."""
    database = postgres.cluster(request.config).project()
    with database.rest() as address:
        yield database, address


@pytest.fixture
def project(remote) -> Iterator[FakeProject]:
    """A project that somebody new is signed in to."""
    with FakeProject(*remote) as found:
        yield found


@pytest.fixture
def catalog(project):
    """Their catalog."""
    return SupabaseCatalog(project.tables)


def _row(project, name="a", **columns):
    named = str(uuid.uuid5(uuid.UUID(project.user_id), name))
    return row(named, **({"user_id": project.user_id, "destination": "supabase"} | columns))


def _kept(project, columns="recording_id"):
    return project.database.rows(
        f"select {columns} from recordings where user_id = %s order by 1",  # noqa: S608  own text
        [project.user_id],
    )


class Forgetful(FixedAccess):
    """Gives an empty token instead of saying that there is none."""

    def token(self):
        """Return nothing."""
        return ""


def test_without_a_token_nothing_is_asked(project):
    """An anonymous request would be answered with an empty list, as if there were no rows."""
    for access in (
        FixedAccess(project.server.publishable_key, project.user_id, ""),
        FixedAccess(project.server.publishable_key, "", ""),
        Forgetful(project.server.publishable_key, project.user_id, ""),
    ):
        catalog = SupabaseCatalog(Tables(project.project, access))
        for use in (
            lambda: catalog.get(RecordingId(str(uuid.uuid4()))),  # noqa: B023  used at once
            lambda: catalog.publish(_row(project)),  # noqa: B023  likewise
            lambda: list(catalog.completed("supabase")),  # noqa: B023  likewise
        ):
            with pytest.raises(SignInRequired):
                use()
    assert project.server.requests == []


@pytest.mark.parametrize("code", ["PGRST301", "PGRST303"])
def test_an_expired_token_is_renewed_once(project, catalog, code):
    """Whatever the server's version calls it; the request is then repeated."""
    fault = Fault(("POST", TABLE), expire_token(code))
    project.server.faults.append(fault)
    first = project.access.token()
    catalog.publish(_row(project))
    assert fault.fired == 1
    assert project.access.renewals == [first]
    assert len(_kept(project)) == 1
    asked = [one.headers["authorization"] for one in project.server.seen("POST", TABLE)]
    assert asked == [f"Bearer {first}", f"Bearer {project.access.token()}"]


def test_a_token_that_has_really_expired_is_renewed(project):
    """As the real server says it."""
    access = FixedAccess(
        project.server.publishable_key,
        project.user_id,
        postgres.token(project.user_id, seconds=-3600),
        renewing=lambda: postgres.token(project.user_id),
    )
    SupabaseCatalog(Tables(project.project, access)).publish(_row(project))
    assert len(access.renewals) == 1
    assert len(_kept(project)) == 1


def test_a_session_that_is_never_taken_is_signed_out(project, catalog):
    """After one renewal, not after many."""
    fault = Fault(("POST", TABLE), expire_token(), times=9)
    project.server.faults.append(fault)
    with pytest.raises(SignInRequired):
        catalog.publish(_row(project))
    assert fault.fired == 2
    assert len(project.access.renewals) == 1


def test_a_service_key_that_is_not_taken_is_no_matter_of_signing_in(project):
    """Nobody signs in there: the key itself is wrong."""
    access = ServiceAccess(lambda: project.server.secret_key, project.user_id)
    tables = Tables(project.project, access)
    project.server.faults.append(Fault(("POST", TABLE), expire_token(), times=9))
    with pytest.raises(SetupIncomplete, match="service key"):
        SupabaseCatalog(tables).publish(_row(project))


def test_a_service_key_sees_the_rows_of_its_user_only(project):
    """Though it would pass every policy."""
    access = ServiceAccess(lambda: project.server.secret_key, project.user_id)
    catalog = SupabaseCatalog(Tables(project.project, access))
    other = project.database.user()
    foreign = replace(_row(project, "foreign"), user_id=other)
    assert catalog.publish_all([_row(project), foreign]) == []
    assert catalog.get(_row(project).recording_id) is not None
    assert catalog.get(foreign.recording_id) is None
    assert len(list(catalog.completed("supabase"))) == 1


def test_a_row_whose_answer_was_lost_is_repeated_without_harm(project, catalog):
    """It had arrived; a second time it changes nothing."""
    fault = Fault(("POST", TABLE), lose_answer(), times=2)
    project.server.faults.append(fault)
    with pytest.raises(RemoteUnavailable):
        catalog.publish(_row(project))
    assert fault.fired == 2
    version = _kept(project, "xmin::text, recording_id")
    assert len(version) == 1
    catalog.publish(_row(project))
    assert _kept(project, "xmin::text, recording_id") == version


def test_a_connection_that_had_gone_stale_is_made_anew(project, catalog):
    """Once, and at once: nobody waits for what is no fault of the project."""
    catalog.publish(_row(project))
    fault = Fault(("POST", TABLE), lose_answer())
    project.server.faults.append(fault)
    catalog.publish(_row(project, "b"))
    assert fault.fired == 1
    assert len(_kept(project)) == 2


def test_nobody_publishes_for_somebody_else(project, catalog):
    """The policy refuses it, and says so."""
    other = project.database.user()
    with pytest.raises(RowsDenied):
        catalog.publish(_row(project, user_id=other))
    catalog.publish(_row(project))
    taken = SupabaseCatalog(project.as_user(other))
    with pytest.raises(RowsDenied):
        taken.publish(_row(project, user_id=other, updated_at=9e9))
    assert taken.get(_row(project).recording_id) is None
    assert _kept(project, "meeting_title") == [("Weekly Sync",)]


def test_a_user_who_is_gone_is_named(project, catalog):
    """The token still holds, but there is nobody to own the row."""
    project.database.execute("delete from auth.users where id = %s", [project.user_id])
    with pytest.raises(SetupIncomplete, match="no user of this id"):
        catalog.publish(_row(project))


@pytest.mark.parametrize(
    "columns",
    [
        {"user_id": "local"},
        {"file_url": ""},
        {"recording_id": RecordingId("r1")},
        {"file_size": 10**30},
        {"part": 1 << 40},
        {"started_at": 1e30},
        {"started_at": float("nan")},
        {"duration_seconds": float("nan")},
        {"processing_status": "odd"},
    ],
)
def test_a_row_that_cannot_be_kept_is_refused(project, catalog, columns):
    """For good, and the others get in."""
    poison = replace(_row(project), **columns)
    with pytest.raises(RowRefused):
        catalog.publish(poison)
    others = [_row(project, name) for name in "bcd"]
    refused = catalog.publish_all([others[0], poison, *others[1:]])
    assert [(one, type(error)) for one, error in refused] == [(poison, RowRefused)]
    assert len(_kept(project)) == 3


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(max_size=40)
    | st.text(alphabet='\0\ud800\udfff"\\\n,(){}😀%&', max_size=12)
    | st.just("NULL")
)
def test_any_text_is_kept_but_for_what_no_text_can_hold(project, catalog, text):
    """NUL and half characters are left out, everything else comes back."""
    wanted = "".join(c for c in text if c != "\0" and not "\ud800" <= c <= "\udfff")
    for write in (catalog.publish, lambda one: catalog.publish_all([one])):
        before = _row(project, repr(text), meeting_title=text, participant=text,
                      transcription_text=text, action_items=(text, "b"))  # fmt: skip
        assert not write(before)
        found = catalog.get(before.recording_id)
        assert (found.meeting_title, found.participant) == (wanted, wanted)
        assert (found.transcription_text, found.action_items) == (wanted, (wanted, "b"))


def test_many_rows_need_few_requests(project, catalog):
    """A hundred at a time, all of them arrive."""
    assert catalog.publish_all([_row(project, str(n)) for n in range(230)]) == []
    assert len(project.server.seen("POST", TABLE)) == 3
    assert len(_kept(project)) == 230
    assert catalog.publish_all([]) == []


def test_rows_with_much_text_are_sent_in_smaller_parts(project, catalog):
    """About two megabytes at a time, and one that is larger alone."""
    texts = ["é" * 400_000] * 5 + ["x" * 3_000_000]
    rows = [_row(project, str(n), transcription_text=text) for n, text in enumerate(texts)]
    assert catalog.publish_all(rows) == []
    assert len(_kept(project)) == 6
    sizes = [int(one.headers["content-length"]) for one in project.server.seen("POST", TABLE)]
    assert [size > 2_200_000 for size in sizes] == [False, False, False, True]


def test_the_same_recording_twice_in_one_call_ends_as_the_last(project, catalog):
    """One statement may not write a row twice."""
    rows = [_row(project, updated_at=float(n), meeting_title=str(n)) for n in (1, 3, 2)]
    assert catalog.publish_all([rows[0], _row(project, "b"), *rows[1:]]) == []
    assert _kept(project, "meeting_title") == [("3",), ("Weekly Sync",)]
    assert len(project.server.seen("POST", TABLE)) == 3


def test_what_stands_in_the_way_of_all_rows_is_raised(project, catalog):
    """A closed door is no fault of any row."""
    project.server.faults.append(Fault(("POST", TABLE), html(502)))
    with pytest.raises(RemoteUnavailable, match="HTML"):
        catalog.publish_all([_row(project, str(n)) for n in range(3)])


def test_completed_yields_each_row_once(project, catalog):
    """Over several pages, and nothing that is not safe, elsewhere, or somebody else's."""
    rows = [_row(project, str(n)) for n in range(205)]
    catalog.publish_all(rows)
    unsafe = _row(project, "u", processing_status=ProcessingStatus.UPLOADING, file_url="")
    catalog.publish_all([unsafe, _row(project, "f", destination="folder")])
    other = project.database.user()
    SupabaseCatalog(project.as_user(other)).publish(_row(project, "o", user_id=other))
    found = list(catalog.completed("supabase"))
    assert found == sorted(rows, key=lambda one: one.recording_id)


def test_a_row_that_somebody_spoilt_does_not_hide_the_others(project, catalog):
    """A dashboard may write what no agent would."""
    catalog.publish_all([_row(project, name) for name in "abc"])
    for change in ("kind = 'odd'", "updated_at = 'infinity'", "action_items = '7'"):
        project.database.execute(
            f"update recordings set {change} where recording_id = %s",  # noqa: S608  own text
            [_row(project, "b").recording_id],
        )
        assert len(list(catalog.completed("supabase"))) == 2
        with pytest.raises(RowRefused):
            catalog.get(_row(project, "b").recording_id)


@pytest.mark.parametrize("name", ["", "r1", "'; drop table recordings; --", "\0", "\udcff"])
def test_what_is_no_id_finds_nothing(project, catalog, name):
    """And nothing is asked for it."""
    assert catalog.get(RecordingId(name)) is None
    assert project.server.requests == []


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (html(502), RemoteUnavailable),
        (html(200), RemoteUnavailable),
        (html(302), RemoteUnavailable),
        (html(404), SetupIncomplete),
        (answer(540, {"message": "Project paused"}), ProjectPaused),
        (answer(540), ProjectPaused),
        (answer(402, {"message": "exceed_egress_quota"}), DestinationFull),
        (answer(413, "too large"), RowRefused),
        (answer(429, {"message": "slow"}), RemoteUnavailable),
        (answer(401, {"message": "Invalid API key"}), SetupIncomplete),
        (answer(403, "no"), RowsDenied),
        (answer(418, "teapot"), Unexpected),
        (answer(500, {"code": "54000", "message": "index row size"}), RowRefused),
        (answer(503, {"code": "PGRST002", "message": "no schema cache"}), RemoteUnavailable),
        (answer(405, {"code": "25006", "message": "read-only transaction"}), DestinationFull),
    ],
)
def test_what_may_come_in_between_has_a_name(project, catalog, act, kind):
    """The status counts where the library's own error does not keep it."""
    fault = Fault(("*", TABLE), act)
    project.server.faults.append(fault)
    with pytest.raises(kind) as caught:
        catalog.publish(_row(project))
    assert type(caught.value) is kind
    assert fault.fired == 1
    assert project.access.token() not in str(caught.value)


def test_a_project_that_is_not_there_is_a_matter_of_the_network(project):
    """Nothing listens."""
    nowhere = Project(f"http://127.0.0.1:{postgres.free_port()}", "recordings")
    catalog = SupabaseCatalog(Tables(nowhere, project.access))
    with pytest.raises(NetworkUnavailable):
        catalog.publish(_row(project))
    nowhere.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("drop table public.recordings", "recordings"),
        ("alter table public.recordings drop column device", "device"),
        ("alter table public.recordings drop constraint recordings_pkey", "ON CONFLICT"),
        ("drop table public.recordings; notify pgrst, 'reload schema'", "recordings"),
    ],
)
def test_what_is_missing_is_named(request, change, said):
    """Table, column or key, as the real server says it."""
    database = postgres.cluster(request.config).project()
    with database.rest() as address, FakeProject(database, address) as project:
        catalog = SupabaseCatalog(project.tables)
        catalog.publish(_row(project))
        database.run(change)
        with pytest.raises(SetupIncomplete, match=said):
            catalog.publish(_row(project))


def test_a_missing_grant_is_said(request):
    """It is a matter of the project's owner."""
    database = postgres.cluster(request.config).project()
    database.run("revoke insert on public.recordings from authenticated")
    with (
        database.rest() as address,
        FakeProject(database, address) as project,
        pytest.raises(RowsDenied, match="permission denied for table recordings"),
    ):
        SupabaseCatalog(project.tables).publish(_row(project))


CODES = [
    "PGRST000", "PGRST100", "PGRST102", "PGRST116", "PGRST202", "PGRST301", "42501", "42P01",
    "23503", "23505", "22P02", "22P05", "57014", "53300", "XX000", "", "540", "\0", "P0001",
]  # fmt: skip


@given(
    status=st.integers(0, 999),
    code=st.sampled_from(CODES) | st.text(max_size=8),
    message=st.text(max_size=30),
)
def test_every_answer_has_an_error_of_the_agent(status, code, message):
    """Whatever a proxy or another version makes up."""
    error = error_of(Answer(status, code, message), "write")
    assert type(error) in set(leaves())
    assert error.detail.startswith("write: ")


def test_the_library_is_loaded_only_when_it_is_used():
    """It takes 0.3 s and 30 MB, which `zoomsync status` does not need."""
    code = (
        "import sys, zoomsync_agent.catalog.supabase, zoomsync_agent.supabase.tables; "
        "sys.exit('supabase' in sys.modules or 'postgrest' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=dict(os.environ))


def test_what_others_have_filled_in_is_not_emptied(project, catalog):
    """An agent that knows of no summary leaves the one that another program has written."""
    first = _row(project, transcription_text="said", updated_at=1_000.0)
    catalog.publish(first)
    project.database.execute(
        "update public.recordings set summary = 'theirs', action_items = '[\"a\"]' "
        "where recording_id = %s",
        [first.recording_id],
    )
    catalog.publish(replace(first, transcription_text="", updated_at=9_000_000_000.0))
    kept = catalog.get(first.recording_id)
    assert (kept.summary, kept.action_items, kept.transcription_text) == ("theirs", ("a",), "said")
    catalog.publish(replace(first, summary="ours", updated_at=9_000_000_001.0))
    assert catalog.get(first.recording_id).summary == "ours"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://no-such-host.invalid", "no address is known of no-such-host.invalid"),
        ("http://127.0.0.1:9", "127.0.0.1 takes no connections"),
    ],
)
def test_why_there_is_no_connection(address, said):
    """A name that nobody knows may be a typing error, and no time mends that."""
    project = Project(address, "recordings")
    with pytest.raises(httpx.ConnectError) as failed:
        project.http.get(address)
    project.close()
    error = network_error(failed.value, project, "look")
    assert isinstance(error, NetworkUnavailable)
    assert said in error.detail
