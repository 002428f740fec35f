"""How Storage says no: the true status, and the words for it."""


class Refusal(Exception):
    """Storage says no.

    REST puts *status* into the body of a 400; resumable uploads answer with it.
    """

    def __init__(self, status: int, error: str, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.code = code
        self.message = message


def exists() -> Refusal:
    """The name is taken and nobody asked to replace it."""
    return Refusal(409, "Duplicate", "KeyAlreadyExists", "The resource already exists")


def denied() -> Refusal:
    """A policy refuses it, or there is none that allows it."""
    message = "new row violates row-level security policy"
    return Refusal(403, "Unauthorized", "AccessDenied", message)


def no_bucket() -> Refusal:
    """The bucket is missing, or not to be seen."""
    return Refusal(404, "Bucket not found", "NoSuchBucket", "Bucket not found")


def no_object() -> Refusal:
    """The object is missing, or not to be seen."""
    return Refusal(404, "not_found", "NoSuchKey", "Object not found")


def too_large() -> Refusal:
    """More bytes than the bucket or the project takes."""
    message = "The object exceeded the maximum allowed size"
    return Refusal(413, "Payload too large", "EntityTooLarge", message)
