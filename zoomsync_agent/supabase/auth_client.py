"""The project's sign-in service, through the `supabase` library.

The library costs 0.3 s, so it is loaded by the first call and not before. It keeps what it is told
in memory and sends it along later, so a client serves one flow and is thrown away.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, cast

import httpx

from zoomsync_agent.core.errors import AgentError, RemoteUnavailable, SetupIncomplete
from zoomsync_agent.oauth.grants import Grant
from zoomsync_agent.supabase.answers import answer_of, general_error, network_error
from zoomsync_agent.supabase.project import Project
from zoomsync_agent.supabase.refusals import Refusal, readable

if TYPE_CHECKING:
    from supabase_auth import SyncGoTrueClient
    from supabase_auth.errors import AuthError
    from supabase_auth.types import AuthResponse, Provider

_RATE_LIMITED: Final = 429
_MAILS: Final = "over_email_send_rate_limit"
_WRONG_KEY: Final = "invalid api key"
_NO_KEY: Final = "no api key found"
_NOT_OAUTH: Final = frozenset(
    {"email", "phone", "anonymous_users", "saml", "passkeys", "web3_solana", "web3_ethereum"}
)


@dataclass(frozen=True, slots=True)
class Ways:
    """How people may sign in to a project: OAuth providers by name, and whether by e-mail."""

    providers: tuple[str, ...]
    email: bool


class _RefusedError(Exception):
    """Carries a refusal out of the library's call."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal


class AuthClient:
    """One conversation with the sign-in service; not to be shared between threads.

    Every call raises NetworkUnavailable, RemoteUnavailable, ProjectPaused or DestinationFull where
    there is no proper answer, and SetupIncomplete where the project's key is wrong. A `Refusal` is
    an answer and therefore returned.

    Args:
        project: where.
        public_key: the project's publishable (or legacy anon) key.
    """

    def __init__(self, project: Project, public_key: str) -> None:
        self._project = project
        self._key = public_key

    def refresh(self, refresh_token: str) -> Grant | Refusal:
        """Spend a refresh token for a new pair of tokens."""
        return self._granted("renew the sign-in", lambda: self._auth.refresh_session(refresh_token))

    def password(self, email: str, password: str) -> Grant | Refusal:
        """Sign in with a password."""
        return self._granted(
            "sign in",
            lambda: self._auth.sign_in_with_password({"email": email, "password": password}),
        )

    def send_code(self, email: str) -> Refusal | None:
        """Have a one-time code sent to somebody who has an account already."""
        try:
            with self._named("send the code"):
                self._auth.sign_in_with_otp(
                    {"email": email, "options": {"should_create_user": False}}
                )
        except _RefusedError as exc:
            return exc.refusal
        return None

    def verify_code(self, email: str, code: str) -> Grant | Refusal:
        """Sign in with a code that was sent by mail."""
        return self._granted(
            "check the code",
            lambda: self._auth.verify_otp({"email": email, "token": code, "type": "email"}),
        )

    def authorize_url(self, provider: str, redirect_to: str) -> str:
        """Return the address where a browser begins to sign in (PKCE, RFC 7636)."""
        with self._named("sign in"):
            begun = self._auth.sign_in_with_oauth(
                {
                    "provider": cast("Provider", provider),
                    "options": {"redirect_to": redirect_to},
                }
            )
        return begun.url

    def exchange(self, code: str) -> Grant | Refusal:
        """Spend the code with which the browser came back from `authorize_url`."""
        return self._granted(
            "finish the sign-in",
            # The client still has the verifier; an empty one means just that.
            lambda: self._auth.exchange_code_for_session(
                {"auth_code": code, "code_verifier": "", "redirect_to": ""}
            ),
        )

    def sign_out(self, access_token: str) -> Refusal | None:
        """End this session, and no other one of the same user."""
        try:
            with self._named("sign out"):
                self._auth.admin.sign_out(access_token, "local")
        except _RefusedError as exc:
            return exc.refusal
        return None

    def ways(self) -> Ways:
        """Return how people may sign in."""
        doing = "ask how to sign in"
        try:
            response = self._project.http.get(
                f"{self._project.auth}/settings", headers={"apikey": self._key}
            )
            if not response.is_success:
                raise _no(response, "", doing)
            external = response.json()["external"]
            enabled = sorted(str(name) for name, is_on in external.items() if is_on is True)
        except httpx.HTTPError as exc:
            raise network_error(exc, self._project, doing) from exc
        except _RefusedError as exc:
            raise RemoteUnavailable(f"{doing}: {readable(exc.refusal.message)}") from exc
        except (ValueError, KeyError, TypeError, AttributeError) as exc:
            raise RemoteUnavailable(f"{doing}: the answer is none of Supabase") from exc
        return Ways(tuple(n for n in enabled if n not in _NOT_OAUTH), "email" in enabled)

    @cached_property
    def _auth(self) -> "SyncGoTrueClient":
        from supabase import ClientOptions, create_client  # noqa: PLC0415  0.3 s
        from supabase_auth import SyncMemoryStorage  # noqa: PLC0415  the same

        options = ClientOptions(
            auto_refresh_token=False,
            persist_session=False,
            storage=SyncMemoryStorage(),
            # Without it every client makes one of its own, with timeouts of five seconds.
            httpx_client=self._project.http,
            flow_type="pkce",
        )
        return create_client(self._project.url, self._key, options).auth

    def _granted(self, doing: str, call: Any) -> Grant | Refusal:
        try:
            with self._named(doing):
                answer: AuthResponse = call()
        except _RefusedError as exc:
            return exc.refusal
        session = answer.session
        if session is None or not session.access_token or not session.refresh_token:
            raise RemoteUnavailable(f"{doing}: the answer holds no session")
        return Grant(
            session.access_token,
            session.refresh_token,
            session.expires_in,
            session.user.id,
            session.user.email or "",
        )

    @contextlib.contextmanager
    def _named(self, doing: str) -> Iterator[None]:
        """Name what went wrong; nothing of the library, and nothing that was sent, gets out."""
        from pydantic import ValidationError  # noqa: PLC0415  only with the library
        from supabase import SupabaseException  # noqa: PLC0415  0.3 s
        from supabase_auth.errors import AuthError  # noqa: PLC0415  the same

        try:
            yield
        except AuthError as exc:
            raise self._error(exc, doing) from None
        except httpx.HTTPError as exc:
            raise network_error(exc, self._project, doing) from None
        except ValidationError:
            # Its text quotes the answer, and with it tokens.
            raise RemoteUnavailable(f"{doing}: the answer is none of Supabase") from None
        except (SupabaseException, httpx.InvalidURL, UnicodeError, ValueError) as exc:
            raise SetupIncomplete(
                f"{doing}: the project's address or key cannot be used ({type(exc).__name__})"
            ) from None

    def _error(self, exc: "AuthError", doing: str) -> Exception:
        cause = exc.__cause__
        if isinstance(cause, httpx.HTTPStatusError):
            return _no(cause.response, exc.code or "", doing)
        if isinstance(cause, httpx.HTTPError):
            return network_error(cause, self._project, doing)
        return RemoteUnavailable(f"{doing}: {type(exc).__name__}")


def _no(response: httpx.Response, code: str, doing: str) -> "AgentError | _RefusedError":
    """Return what a failed *response* means; `_RefusedError` only if the service itself says no."""
    answer = answer_of(response)
    code = code or response.headers.get("x-sb-error-code", "") or answer.code
    if code == _MAILS:
        return RemoteUnavailable(
            f"{doing}: the project may send only a few mails an hour. Try again later, or sign in "
            "with a password or a provider."
        )
    if answer.status == _RATE_LIMITED:
        wait = f" in {answer.retry_after:.0f} s" if answer.retry_after else " in a few minutes"
        return RemoteUnavailable(f"{doing}: too many attempts; it works again{wait}")
    if general := general_error(answer, doing):
        return general
    said = answer.message.lower()
    if _WRONG_KEY in said or _NO_KEY in said:
        return SetupIncomplete(
            f"{doing}: the project does not accept SUPABASE_ANON_KEY. Copy its publishable key "
            "from the dashboard (Settings, API Keys)."
        )
    if not _is_of_the_service(response):
        return RemoteUnavailable(f"{doing}: HTTP {answer.status} {readable(answer.message)}")
    return _RefusedError(Refusal(code, answer.message))


def _is_of_the_service(response: httpx.Response) -> bool:
    """Return whether the service itself says no, and not something on the way to it."""
    if not response.is_client_error:
        return False
    try:
        body = response.json()
    except ValueError:
        return False
    return isinstance(body, dict) and bool(
        {"error_code", "error", "msg"} & body.keys() or isinstance(body.get("code"), str)
    )
