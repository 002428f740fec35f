"""Whether the project says that we see our objects, asked of a real database."""

import pytest

from tests.fakes import postgres
from tests.fakes.project import FakeProject
from zoomsync_agent.app.remote import _allows_sight

OURS = "recordings"


@pytest.fixture
def project(request):
    """Give a project of its own, with the schema."""
    database = postgres.cluster(request.config).project()
    with database.rest() as address, FakeProject(database, address) as found:
        yield found


def _asked(project, *, is_service=False):
    return _allows_sight(project.tables, OURS, is_service=is_service)


def test_the_policies_of_the_schema_allow_it(project):
    """For whoever signs in."""
    assert _asked(project) is True


@pytest.mark.parametrize(
    "other",
    [
        "for select to service_role using (bucket_id = 'recordings')",
        "for select to authenticated using (bucket_id = 'recordings' and name = 'x')",
        (
            "as restrictive for select to authenticated using (bucket_id = 'recordings' and "
            "(storage.foldername(name))[1] = auth.uid()::text)"
        ),
        "for insert to authenticated with check (bucket_id = 'recordings')",
    ],
)
def test_a_policy_of_another_kind_does_not(project, other):
    """What it lets others see, or do, says nothing of what we see."""
    policy = project.database.rows(
        "select policyname from pg_policies where tablename = 'objects' and cmd = 'SELECT'"
    )[0][0]
    project.database.execute(f'drop policy "{policy}" on storage.objects')
    project.database.execute(f"create policy other on storage.objects {other}")
    assert _asked(project) is False
    assert _asked(project, is_service=True) is True


def test_without_a_bucket_nothing_is_seen_by_anybody(project):
    """Not by the secret key either."""
    project.database.execute("delete from storage.buckets")
    assert _asked(project) is False
    assert _asked(project, is_service=True) is False


def test_a_project_that_does_not_tell_is_asked_nothing_more(project):
    """The schema may be older, or none of ours."""
    project.database.execute("drop function public.zoomsync_doctor")
    assert _asked(project) is None
