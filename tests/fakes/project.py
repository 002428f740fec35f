"""A whole project for tests: a real database behind the stand-in for the rest of the platform."""

from typing import Self

from tests.fakes import postgres
from tests.fakes.access import FixedAccess
from tests.fakes.postgres import Database
from tests.fakes.supabase_server import SupabaseServer
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.tables import Tables


class FakeProject:
    """A project, as a context manager, and somebody who is signed in to it.

    Args:
        database: the database behind it.
        rest_url: address of the PostgREST in front of the database.
        user_id: who is signed in; somebody new if None.
    """

    def __init__(self, database: Database, rest_url: str, *, user_id: str | None = None) -> None:
        self.database = database
        self.user_id = database.user() if user_id is None else user_id
        self.server = SupabaseServer(rest_url=rest_url, jwt_secret=postgres.JWT_SECRET)
        self.server.accounts.others.add(self.user_id)
        self.project = Project(self.server.url, "recordings")
        self.access = FixedAccess(
            self.server.publishable_key,
            self.user_id,
            postgres.token(self.user_id),
            renewing=lambda: postgres.token(self.user_id, jti=str(len(self.access.renewals))),
        )
        self.tables = Tables(self.project, self.access)

    def __enter__(self) -> Self:
        self.server.__enter__()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.project.close()
        self.server.close()

    def as_user(self, user_id: str) -> Tables:
        """Return the tables as somebody else sees them."""
        token = postgres.token(user_id)
        return Tables(self.project, FixedAccess(self.server.publishable_key, user_id, token))
