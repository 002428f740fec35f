"""How a store says no.

Source: Amazon S3 API reference, "Error responses".
"""

from collections.abc import Mapping


class S3Error(Exception):
    """A refusal, as S3 words it.

    Args:
        status: of the answer.
        code: what programs read.
        message: what people read.
        elements: what else the document says, by the names of its elements.
        headers: what else the answer carries.
        early: whether the answer does not wait for the body.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        elements: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        early: bool = False,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.elements = dict(elements or {})
        self.headers = dict(headers or {})
        self.early = early


def access_denied(message: str = "Access Denied", **elements: str) -> S3Error:
    """Permissions are against it."""
    return S3Error(403, "AccessDenied", message, elements)


def not_implemented(header: str) -> S3Error:
    """A header asks for what this store cannot do."""
    message = "A header you provided implies functionality that is not implemented"
    return S3Error(501, "NotImplemented", message, {"Header": header})


def no_such_key(key: str, headers: Mapping[str, str] | None = None) -> S3Error:
    """There is no such object."""
    return S3Error(404, "NoSuchKey", "The specified key does not exist.", {"Key": key}, headers)


def no_such_upload(upload_id: str) -> S3Error:
    """There is no such upload, or no longer."""
    message = (
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
        "been aborted or completed."
    )
    return S3Error(404, "NoSuchUpload", message, {"UploadId": upload_id})


def invalid(code: str, message: str, **elements: str) -> S3Error:
    """Something about the request is wrong."""
    return S3Error(400, code, message, elements)


def invalid_argument(message: str, name: str, value: str) -> S3Error:
    """A parameter has a value that it cannot have."""
    return invalid("InvalidArgument", message, ArgumentName=name, ArgumentValue=value)


def precondition_failed(header: str) -> S3Error:
    """What a conditional request wished for is not so."""
    message = "At least one of the pre-conditions you specified did not hold"
    return S3Error(412, "PreconditionFailed", message, {"Condition": header})
