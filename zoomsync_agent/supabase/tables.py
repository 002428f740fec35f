"""The project's tables and functions, through the vendor's library and PostgREST.

Every request is made with a token that holds; without one none is made, because the project
answers an anonymous request with an empty list instead of an error. Requests may be repeated: an
upsert, a query and a stable function do no more the second time.

Sources: PostgREST, "Errors"; PostgreSQL, appendix A "Error Codes"; Supabase, "Error Codes".
"""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import httpx

from zoomsync_agent.core.account import AccountState
from zoomsync_agent.core.errors import (
    AgentError,
    DestinationFull,
    RemoteUnavailable,
    RowRefused,
    RowsDenied,
    SetupIncomplete,
    SignInRequired,
    Unexpected,
)
from zoomsync_agent.supabase.access import Access
from zoomsync_agent.supabase.answers import Answer, answer_of, general_error, network_error
from zoomsync_agent.supabase.project import Project

if TYPE_CHECKING:
    from postgrest.exceptions import APIError
    from supabase import Client

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_TOO_LARGE: Final = 413
_MISSING: Final = frozenset(
    {"42P01", "42703", "42P10", "42883", "3F000", "PGRST106", "PGRST200", "PGRST202", "PGRST204",
     "PGRST205"}
)  # fmt: skip
_LATER: Final = frozenset(
    {"PGRST000", "PGRST001", "PGRST002", "PGRST003", "53300", "57014", "57P01", "57P02", "57P03",
     "55P03", "40001", "40P01", "08000", "08003", "08006"}
)  # fmt: skip
_FULL: Final = frozenset({"25006", "53100"})
_REFUSED: Final = re.compile(r"22...|23...|54...|21000|P0001|PGRST1\d\d")
"""Classes of data errors, integrity and limits of a row; what a body may not be."""
_OF_USER: Final = "user_id"
_STALE: Final = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
"""What an idle connection that the other side has closed meanwhile looks like."""


class Request(Protocol):
    """What the vendor's builders end in."""

    def execute(self) -> Any:
        """Send it."""
        ...


class Tables:
    """Runs requests against one project. Thread-safe.

    Args:
        project: where.
        access: as whom.
    """

    def __init__(self, project: Project, access: Access) -> None:
        self._project = project
        self._access = access
        self._lock = threading.Lock()
        self._client: tuple[str, Client] | None = None
        self._heard = threading.local()

    @property
    def user_id(self) -> str:
        """Whose rows these are.

        Raises:
            SignInRequired: nobody has signed in.
            SecretsUnavailable: it cannot be read who has.
        """
        return self._access.user_id

    def run(self, build: "Callable[[Client], Request]", doing: str) -> Any:
        """Send the request that *build* makes with a client, and return its data.

        A token that the project no longer takes is renewed once, and a connection that had gone
        stale is made anew once; so *build* may be called more than once.

        Args:
            build: makes the request, as in ``client.table("recordings").select("*")``.
            doing: what is being done; begins the detail of an error.

        Raises:
            SignInRequired, SecretsUnavailable: there is no token; nothing was sent.
            SetupIncomplete: a table, column or function is missing, or the user.
            RowsDenied: a policy or a missing grant refuses it.
            RowRefused: what was sent cannot be kept as it is.
            DestinationFull, ProjectPaused: of the whole project.
            NetworkUnavailable, RemoteUnavailable: no answer, or not now.
        """
        token = self._access.token()
        try:
            return self._send(build, token, doing)
        except _TokenRefusedError:
            renewed = self._access.renew(token)
        try:
            return self._send(build, renewed, doing)
        except _TokenRefusedError as exc:
            raise self._shut_out(exc, doing) from exc

    def _send(self, build: "Callable[[Client], Request]", token: str, doing: str) -> Any:
        from postgrest.exceptions import APIError  # noqa: PLC0415  the library takes 0.3 s

        client = self._client_with(token)
        self._heard.response = None
        with _naming_what_is_unreadable(doing):
            try:
                try:
                    data = build(client).execute().data
                except _STALE:
                    data = build(client).execute().data
            except httpx.HTTPError as exc:
                raise network_error(exc, self._project, doing) from exc
            except APIError as exc:
                answer = self._answer(exc)
                if _refuses_token(answer):
                    raise _TokenRefusedError(answer.message) from exc
                raise error_of(answer, doing) from exc
        if isinstance(data, str):
            # A page of a network that wants a sign-in of its own, with status 200.
            raise RemoteUnavailable(f"{doing}: the answer is not from the database")
        return data

    def _client_with(self, token: str) -> "Client":
        if not token:
            raise SignInRequired("there is no token")
        with self._lock:
            if self._client is None or self._client[0] != token:
                self._client = (token, self._new_client(token))
            return self._client[1]

    def _new_client(self, token: str) -> "Client":
        from supabase import (  # noqa: PLC0415  the library takes 0.3 s and 30 MB
            ClientOptions,
            SupabaseException,
            create_client,
        )

        try:
            return create_client(
                self._project.url,
                self._access.api_key,
                ClientOptions(
                    headers={"Authorization": f"Bearer {token}"},
                    httpx_client=cast("httpx.Client", _Listening(self._project, self._heard)),
                    auto_refresh_token=False,
                    persist_session=False,
                    postgrest_client_retry=False,
                ),
            )
        except SupabaseException as exc:
            raise SetupIncomplete("the address or the key of the project is not set") from exc

    def _answer(self, exc: "APIError") -> Answer:
        """Return what the project answered: the library's error does not keep its status."""
        response = self._heard.response
        if response is not None:
            return answer_of(response)
        code = exc.code or ""
        status = int(code) if code.isascii() and code.isdigit() and len(code) == 3 else 0  # noqa: PLR2004  a status of HTTP
        return Answer(status, code, exc.message or "")

    def _shut_out(self, exc: Exception, doing: str) -> AgentError:
        if self._access.account().state is AccountState.SERVICE:
            return SetupIncomplete(f"{doing}: the project does not take the service key: {exc}")
        return SignInRequired(f"{doing}: the project does not take the session: {exc}")


def error_of(answer: Answer, doing: str) -> AgentError:
    """Return the error that a failed *answer* of the REST interface means.

    Args:
        answer: what it said.
        doing: what was being done; begins the detail.
    """
    told = f"{doing}: {answer.message or f'HTTP {answer.status}'}"
    return _by_code(answer, told) or general_error(answer, doing) or _by_status(answer, told)


def _by_code(answer: Answer, told: str) -> AgentError | None:
    code = answer.code
    if code in _MISSING:
        return SetupIncomplete(told)
    if code == "23503" and _OF_USER in answer.message:
        return SetupIncomplete(f"{told} (the project has no user of this id)")
    if code in _FULL:
        return DestinationFull(f"{told} (a project whose disk is full is read-only)")
    if code in _LATER:
        return RemoteUnavailable(told)
    if _REFUSED.fullmatch(code) or answer.status == _TOO_LARGE:
        return RowRefused(told)
    return RowsDenied(told) if answer.is_refused_by_policy else None


def _by_status(answer: Answer, told: str) -> AgentError:
    if answer.status == _UNAUTHORIZED:
        return SetupIncomplete(f"{told} (the key is not one of this project)")
    if answer.status == _FORBIDDEN:
        return RowsDenied(told)
    if answer.status == _NOT_FOUND:
        return SetupIncomplete(f"{told} (there is no database at this address)")
    if answer.status < 400:  # noqa: PLR2004  a redirection leads away from the project
        return RemoteUnavailable(told)
    return Unexpected(f"{told} (HTTP {answer.status}, code {answer.code or 'none'})")


def _refuses_token(answer: Answer) -> bool:
    if answer.is_expired_token:
        return True
    about_key = "api key" in answer.message.lower()
    return answer.status == _UNAUTHORIZED and answer.code != "42501" and not about_key


class _TokenRefusedError(Exception):
    """The project does not take the token; never leaves this module."""


class _Listening:
    """The project's HTTP client, whose last answer is kept for the thread that asked."""

    def __init__(self, project: Project, heard: threading.local) -> None:
        self._http = project.http
        self._heard = heard

    def request(self, *args: Any, **kwargs: Any) -> httpx.Response:
        """Send a request."""
        self._heard.response = None
        self._heard.response = self._http.request(*args, **kwargs)
        response: httpx.Response = self._heard.response
        return response

    def __getattr__(self, name: str) -> Any:
        return getattr(self._http, name)


@contextlib.contextmanager
def _naming_what_is_unreadable(doing: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, RecursionError, httpx.InvalidURL) as exc:
        raise RowRefused(f"{doing}: it cannot be written as JSON: {type(exc).__name__}") from exc
