"""Who asks the REST interface, what for, and whether it is let."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.http_server import Answer
from tests.fakes.zoom.errors import missing_scopes, no_meeting, no_user
from tests.fakes.zoom.faults import Exchange
from tests.fakes.zoom.grants import Grant
from tests.fakes.zoom.recordings import Meeting, User
from tests.fakes.zoom.scopes import Call
from tests.fakes.zoom.state import State
from tests.fakes.zoom.uuids import meeting_name


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: by whom, and what stands in its path in the place of names."""

    exchange: Exchange
    grant: Grant
    call: Call
    names: tuple[str, ...]
    body: dict[str, Any]

    @property
    def zoom(self) -> State:
        """The Zoom that is asked."""
        return self.exchange.zoom

    @property
    def query(self) -> dict[str, str]:
        """Parameters of the request."""
        return self.exchange.query

    def expect_let(self) -> None:
        """Check the scopes; an account by its id wants the highest level.

        Raises:
            ApiError: there are too few.
        """
        level = "master" if self.call.account_wide and self.names[0] != "me" else ""
        if not self.call.is_let(self.grant.scopes, level):
            raise missing_scopes(self.call.needed(level))

    def user(self) -> User:
        """Return whom the path names: `me`, or for an administrator somebody of the account.

        Raises:
            ApiError: nobody, or the app must not know.
        """
        name = self.names[0]
        if name == "me":
            return self.grant.user
        if self.call.reaches_account(self.grant.scopes):
            for one in self.zoom.users.values():
                if name in (one.id, one.email) and self._is_of_account(one):
                    return one
        raise no_user(name)

    def meeting(self) -> Meeting:
        """Return what the path names: an instance by its UUID, or the latest one by its number.

        Raises:
            ApiError: nothing, or it is another one's.
        """
        name, has_arrived = meeting_name(self.names[0])
        if not has_arrived:
            raise no_meeting(name)
        if name.isdigit():
            found = next(iter(self.zoom.instances(int(name))), None)
        else:
            found = self.zoom.meetings.get(name)
        if found is None or not self._may_see(found):
            raise no_meeting(name)
        return found

    def _may_see(self, meeting: Meeting) -> bool:
        if meeting.host is self.grant.user:
            return True
        return self.call.reaches_account(self.grant.scopes) and self._is_of_account(meeting.host)

    def _is_of_account(self, user: User) -> bool:
        return user.account_id == self.grant.user.account_id


Handler = Callable[[Asked], Answer]
