"""`zoomsync schema` and `zoomsync doctor` as they are called."""

import json

import pytest
from click.testing import CliRunner

from tests.fakes import postgres
from tests.fakes.project import FakeProject
from zoomsync_agent.catalog import schema as files
from zoomsync_agent.cli.doctor import doctor
from zoomsync_agent.cli.schema import schema


@pytest.fixture
def empty(request):
    """A project that nobody has set up."""
    return postgres.cluster(request.config).database()


def _run(command, *arguments):
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


def test_the_sql_is_printed_as_it_is(empty):
    """What comes out can be run at once."""
    done = _run(schema)
    assert done.exit_code == 0
    assert done.stdout == files.whole("recordings")
    empty.run(done.stdout)
    assert json.loads(_run(schema, "--json").stdout)["sql"] == done.stdout


def test_the_sql_is_for_the_chosen_bucket(monkeypatch):
    """And for no other."""
    monkeypatch.setenv("ZOOMSYNC_SUPABASE_BUCKET", "meetings")
    said = _run(schema).stdout
    assert "'meetings'" in said
    assert "'recordings'," not in said


def test_it_is_applied_and_said_where(empty, monkeypatch):
    """Which database, and who named it, before it begins; a second time there is nothing to do."""
    monkeypatch.setenv("DATABASE_URL", empty.url)
    done = _run(schema, "--apply")
    assert done.exit_code == 0
    first, *_, last = done.stdout.splitlines()
    assert empty.name in first
    assert "127.0.0.1" in first
    assert "the environment" in first
    assert last == "The project is set up."
    again = _run(schema, "--apply", "--json")
    assert json.loads(again.stdout)["applied"] == []
    for said in (done.output, again.output):
        assert "p%40ss" not in said
        assert postgres.OWNER_PASSWORD not in said


def test_without_a_database_nothing_is_applied():
    """And it is said where its address is to be found."""
    done = _run(schema, "--apply")
    assert done.exit_code == 2
    assert "DATABASE_URL is set neither" in done.stderr


@pytest.fixture
def project(request, monkeypatch):
    """A project in service mode, as the environment names it."""
    database = postgres.cluster(request.config).project()
    with database.rest() as address, FakeProject(database, address) as found:
        monkeypatch.setenv("SUPABASE_URL", found.project.url)
        monkeypatch.setenv("SUPABASE_SERVICE_KEY", found.server.secret_key)
        monkeypatch.setenv("ZOOMSYNC_USER_ID", found.user_id)
        yield found


def test_the_doctor_says_what_is_well(project):
    """With exit code 0; a warning is no problem."""
    done = _run(doctor, "supabase")
    assert done.exit_code == 0
    marks = {line[0] for line in done.stdout.splitlines() if line and line[0] != " "}
    assert marks == {"✓", "!"}
    assert project.server.secret_key not in done.output


def test_the_doctor_shows_the_sql_that_mends(project):
    """With exit code 3, and the SQL ready to be copied."""
    mend = files.section("recordings policies", "recordings")
    project.database.run('drop policy "zoomsync select" on public.recordings')
    project.database.run("update storage.buckets set public = true")
    done = _run(doctor)
    assert done.exit_code == 3
    assert mend in done.stdout
    assert "✗ The bucket “recordings” is public" in done.stdout
    told = {one["name"]: one for one in json.loads(_run(doctor, "--json").stdout)["findings"]}
    assert told["policies of recordings"]["sql"] == mend
    assert told["policies of recordings"]["level"] == "warning"
    assert told["bucket"]["level"] == "problem"


def test_settings_that_name_no_project_are_a_finding(monkeypatch):
    """With the variable to set; who has named nothing at all has asked for a folder."""
    assert "is made with the first recording" in _run(doctor).stdout
    done = _run(doctor, "supabase")
    assert done.exit_code == 3
    assert "✗ supabase_url (SUPABASE_URL) is not set" in done.stdout
    monkeypatch.setenv("SUPABASE_URL", "https://abcdefghijklmnopqrst.supabase.co")
    monkeypatch.setenv("SUPABASE_ANON_KEY", "sb_secret_x")
    assert "holds a secret key" in _run(doctor).stdout
