"""How Zoom's REST interface says no."""

from typing import Any

from tests.fakes.http_server import Answer, json_answer


class ApiError(Exception):
    """A refusal of api.zoom.us.

    Args:
        status: of the answer; Zoom sometimes refuses with 200.
        code: what programs read.
        message: what people read.
        errors: what is wrong with which field.
    """

    def __init__(
        self, status: int, code: int, message: str, errors: list[dict[str, str]] | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def answer(self) -> Answer:
        """Return the answer that says it."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.errors is not None:
            body["errors"] = self.errors
        return json_answer(body, self.status)


def invalid_token() -> ApiError:
    """The token is none, or was revoked."""
    return ApiError(401, 124, "Invalid access token.")


def expired_token() -> ApiError:
    """The token was good once."""
    return ApiError(401, 124, "Access token is expired.")


def missing_scopes(names: list[str]) -> ApiError:
    """The token may not do that; any one of *names* would let it."""
    text = f"Invalid access token, does not contain scopes:[{', '.join(names)}]."
    return ApiError(400, 4711, text)


def invalid_field(field: str, message: str) -> ApiError:
    """A parameter has a value that it cannot have."""
    return ApiError(400, 300, "Validation Failed.", [{"field": field, "message": message}])


def stale_page() -> ApiError:
    """The page token is too old, made up, or of another question."""
    return ApiError(400, 300, "The next page token is invalid or expired.")


def no_meeting(name: str) -> ApiError:
    """There is no such meeting; the first slash of its name is lost, as on Zoom."""
    return ApiError(404, 3001, f"Meeting does not exist: {name.removeprefix('/')}.")


def no_recording() -> ApiError:
    """The meeting was not recorded, or its recording is in the trash."""
    return ApiError(404, 3301, "This recording does not exist.")


def no_user(name: str) -> ApiError:
    """There is no such user, or the app may not know."""
    return ApiError(404, 1001, f"User does not exist: {name}.")


def no_permission(status: int = 200, message: str = "No permission.") -> ApiError:
    """Code 200 says no, and comes even with status 200."""
    return ApiError(status, 200, message)


def no_endpoint() -> ApiError:
    """There is nothing at this path."""
    return ApiError(404, 2300, "This API endpoint is not recognized.")
