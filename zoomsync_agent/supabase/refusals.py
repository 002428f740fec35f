"""Why the project's sign-in service says no, in plain words.

The codes are those of Supabase, "Error codes" of Auth; older servers tell some of them as errors
of OAuth (RFC 6749, 5.2).
"""

from dataclasses import dataclass
from typing import Final

from zoomsync_agent.core.errors import AgentError, SetupIncomplete, SignInFailed

_ENDED: Final = {
    "refresh_token_not_found": "The project does not know this sign-in any more.",
    "refresh_token_already_used": "This sign-in was renewed somewhere else and ended.",
    "session_not_found": "This sign-in was ended in the project, or somewhere else.",
    "session_expired": "This sign-in has expired.",
    "user_banned": "The project has locked this account.",
    "user_not_found": "The project does not have this account any more.",
    "bad_jwt": "The project does not accept this sign-in any more.",
    "invalid_grant": "The project does not accept this sign-in any more.",
    "validation_failed": "The project does not accept this sign-in any more.",
}
_REFUSED: Final = {
    "invalid_credentials": "The e-mail address or the password is wrong.",
    "email_not_confirmed": "This e-mail address is not confirmed yet: open the link in the mail "
    "that the project sent.",
    "email_address_invalid": "The project does not accept this e-mail address.",
    "email_address_not_authorized": "The project may not send mail to this address; its owner "
    "must set up a mail server of their own.",
    "otp_expired": "The code is wrong, or it has expired. Ask for a new one.",
    "otp_disabled": "There is no account with this e-mail address in the project.",
    "signup_disabled": "There is no account with this address in the project, and it takes no "
    "new ones.",
    "user_not_found": "There is no account with this e-mail address in the project.",
    "flow_state_expired": "It took more than five minutes. Begin again.",
    "flow_state_not_found": "The project does not know this sign-in. Begin again.",
    "bad_code_verifier": "The answer belongs to another sign-in. Begin again.",
    "bad_oauth_state": "The answer belongs to another sign-in. Begin again.",
    "access_denied": "It was refused in the browser.",
    "provider_email_needs_verification": "The provider has not verified the e-mail address of "
    "this account yet.",
    "captcha_failed": "The project asks for a captcha, which only a browser can show. Sign in "
    "with the browser.",
    "mfa_verification_failed": "The second factor was not accepted.",
    "user_banned": "The project has locked this account.",
    "weak_password": "The project does not accept this password any more. Change it first.",
}
_UNPREPARED: Final = {
    "provider_disabled": "This way to sign in is not enabled in the project.",
    "oauth_provider_not_supported": "This provider is not enabled in the project.",
    "email_provider_disabled": "Signing in by e-mail is not enabled in the project.",
}
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that says no for good: asking again would not help.

    `code` is the service's own word, `message` what it said.
    """

    code: str
    message: str

    @property
    def ends_session(self) -> bool:
        """Whether a session that is refused so can never be renewed again."""
        return self.code in _ENDED or "invalid refresh token" in self.message.lower()

    @property
    def why_ended(self) -> str:
        """Why the session is over, in a sentence."""
        return _ENDED.get(self.code, _ENDED["refresh_token_not_found"])

    def error(self) -> AgentError:
        """Return what a sign-in that is refused so raises."""
        if self.code in _UNPREPARED:
            return SetupIncomplete(_UNPREPARED[self.code])
        if "not enabled" in self.message.lower() or "unsupported provider" in self.message.lower():
            return SetupIncomplete(_UNPREPARED["provider_disabled"])
        known = _REFUSED.get(self.code)
        return SignInFailed(known or f"The project refused: {readable(self.message)}")


def readable(text: str) -> str:
    """Return a text of somebody else in one line of bounded length, without control characters."""
    return "".join(c if c.isprintable() else " " for c in text).strip()[:_SHOWN]
