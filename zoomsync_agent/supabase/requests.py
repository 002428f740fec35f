"""Sends requests to the project as who we are."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import httpx

from zoomsync_agent.core.account import AccountState
from zoomsync_agent.core.errors import (
    AgentError,
    DestinationDenied,
    RemoteUnavailable,
    SetupIncomplete,
    SignInRequired,
)
from zoomsync_agent.supabase.access import Access
from zoomsync_agent.supabase.answers import Answer, answer_of, general_error, network_error
from zoomsync_agent.supabase.project import Project

Body = Callable[[], Iterator[bytes]]
"""Gives the body anew: a request whose token was too old is made twice."""

_REFUSED: Final = 400
_MAY_NOT: Final = (401, 403)
_NO_TOKEN: Final = ("Invalid Compact JWS", "signature verification failed", "Invalid JWT")


class Refused(Exception):
    """The project answered, and not what was hoped for."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"HTTP {answer.status} {answer.message}")
        self.answer = answer


class Requests:
    """One request at a time to a project, with a fresh token.

    Args:
        project: to which requests go; a token is never sent to another host.
        access: who we are.
    """

    def __init__(self, project: Project, access: Access) -> None:
        self.project = project
        self.access = access

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        body: Body | None = None,
        timeout: httpx.Timeout | None = None,
        is_blank_expiry: bool = False,
    ) -> httpx.Response:
        """Return the answer to a request, made once more where its token had expired.

        Args:
            method: of HTTP.
            url: below the project's addresses.
            headers: beside those that let us in.
            json: the body, as a value.
            body: the body, in pieces; its length stands in *headers*.
            timeout: another one than the client's.
            is_blank_expiry: a refusal without a word may mean an expired token: HEAD has no body.

        Raises:
            Refused: the answer is none of success.
            httpx.HTTPError: there was no answer.
            SignInRequired, SecretsUnavailable, NetworkUnavailable, RemoteUnavailable: there is no
                token to be had.
        """
        token = self.access.token()
        try:
            return self._once(method, url, token, headers, json, body, timeout)
        except Refused as exc:
            is_blank = is_blank_expiry and exc.answer.status == _REFUSED and not exc.answer.message
            if not exc.answer.is_expired_token and not is_blank:
                raise
            renewed = self.access.renew(token)
        return self._once(method, url, renewed, headers, json, body, timeout)

    def _once(
        self,
        method: str,
        url: str,
        token: str,
        headers: Mapping[str, str] | None,
        json: Any,
        body: Body | None,
        timeout: httpx.Timeout | None,
    ) -> httpx.Response:
        response = self.project.http.request(
            method,
            url,
            headers={
                **(headers or {}),
                "apikey": self.access.api_key,
                "Authorization": f"Bearer {token}",
            },
            json=json,
            content=None if body is None else body(),
            timeout=httpx.USE_CLIENT_DEFAULT if timeout is None else timeout,
        )
        if response.status_code >= _REFUSED:
            raise Refused(answer_of(response))
        if not response.is_success:
            # A redirect is never followed: the token must not go where somebody points.
            raise Refused(Answer(502, "", f"unexpected HTTP {response.status_code}"))
        return response

    @contextlib.contextmanager
    def told(self, doing: str) -> Iterator[None]:
        """Turn what a request raises into an error of the agent.

        Args:
            doing: what is being done; begins the detail.

        Raises:
            AgentError: what it means wherever it happens.
        """
        try:
            yield
        except (Refused, httpx.HTTPError) as exc:
            raise self.error(exc, doing) from exc

    def error(  # noqa: PLR0911  one return a meaning reads as the table it is
        self, exc: Refused | httpx.HTTPError, doing: str
    ) -> AgentError:
        """Return what a failure means wherever it happens, for lack of a closer meaning.

        Args:
            exc: what `send` raised.
            doing: what was being done; begins the detail.
        """
        if isinstance(exc, httpx.HTTPError):
            return network_error(exc, self.project, doing)
        answer = exc.answer
        if answer.is_expired_token or any(sign in answer.message for sign in _NO_TOKEN):
            if self.access.account().state is AccountState.SERVICE:
                return SetupIncomplete(f"{doing}: the project does not take the service key")
            return SignInRequired(f"{doing}: {self.project.host} does not take the session")
        if "API key" in answer.message:
            return SetupIncomplete(f"{doing}: {self.project.host} does not know the key")
        if answer.message == "Bucket not found":
            return SetupIncomplete(f"there is no bucket “{self.project.bucket}”")
        told = general_error(answer, doing)
        if told is None and answer.status in _MAY_NOT and not answer.is_page:
            return DestinationDenied(f"{doing}: HTTP {answer.status} {answer.message}")
        return told or RemoteUnavailable(f"{doing}: HTTP {answer.status} {answer.message}")
