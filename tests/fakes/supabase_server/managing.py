"""Buckets, and what moves or deletes objects."""

from typing import Any

from tests.fakes.http_server.messages import Answer, json_answer
from tests.fakes.supabase_server.faults import Exchange
from tests.fakes.supabase_server.refusals import (
    Refusal,
    denied,
    exists,
    no_bucket,
    no_object,
    too_large,
)
from tests.fakes.supabase_server.state import Bucket, Caller, State, iso


def _bucket_json(state: State, name: str, bucket: Bucket) -> dict[str, Any]:
    return {
        "id": name,
        "name": name,
        "owner": "",
        "public": bucket.public,
        "file_size_limit": bucket.file_size_limit,
        "allowed_mime_types": bucket.allowed_mime_types,
        "created_at": iso(state.clock()),
        "updated_at": iso(state.clock()),
    }


def buckets(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return all buckets; a user without a policy for buckets sees none."""
    state = exchange.state
    seen = state.buckets if caller.role == "service_role" else {}
    told = [
        _bucket_json(state, name, one) | {"type": "STANDARD"} for name, one in sorted(seen.items())
    ]
    return json_answer(told)


def bucket(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return one bucket.

    Raises:
        Refusal: it is missing, or the caller does not see buckets.
    """
    found = exchange.state.buckets.get(bucket)
    if found is None or caller.role != "service_role":
        raise no_bucket()
    return json_answer(_bucket_json(exchange.state, bucket, found))


def new_bucket(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Make a bucket.

    Raises:
        Refusal: the caller may not, it exists, or it would be larger than the project allows.
        Vanished: the client went away.
    """
    state, body = exchange.state, exchange.request.json()
    name = str(body.get("name") or body.get("id") or "")
    if caller.role != "service_role":
        raise denied()
    limit = body.get("file_size_limit")
    if limit is not None and int(limit) > state.max_size:
        raise too_large()
    with state.guard:
        if name in state.buckets:
            message = "The resource already exists"
            raise Refusal(409, "Duplicate", "BucketAlreadyExists", message)
        state.buckets[name] = Bucket(
            bool(body.get("public")),
            None if limit is None else int(limit),
            body.get("allowed_mime_types"),
        )
    return json_answer({"name": name})


def _relocate(exchange: Exchange, caller: Caller, *, keep: bool) -> tuple[str, str]:
    state, body = exchange.state, exchange.request.json()
    name, source, target = (
        str(body.get(field) or "") for field in ("bucketId", "sourceKey", "destinationKey")
    )
    to = str(body.get("destinationBucket") or name)
    with state.guard:
        stored = state.visible(caller, name, source)
        state.expect_writable(caller, to, target, upsert=False)
        if not keep and not state.may(caller, name, source, "update"):
            raise denied()
        if target in state.shelf(to):
            raise exists()
        state.shelf(to)[target] = stored
        if not keep:
            del state.shelf(name)[source]
    return f"{to}/{target}", stored.id


def move(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Give an object another name.

    Raises:
        Refusal: it is missing, the new name is taken, or the caller may not.
        Vanished: the client went away.
    """
    _relocate(exchange, caller, keep=False)
    return json_answer({"message": "Successfully moved"})


def copy(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Store an object under a second name; raises as `move`."""
    path, object_id = _relocate(exchange, caller, keep=True)
    return json_answer({"Key": path, "Id": object_id})


def delete(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Delete one object.

    Raises:
        Refusal: it is missing, or not to be deleted by the caller.
    """
    if not _remove(exchange.state, caller, bucket, key):
        raise no_object()
    return json_answer({"message": "Successfully deleted"})


def delete_many(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Delete objects and return those that were there and could be.

    Raises:
        Vanished: the client went away.
    """
    state = exchange.state
    names = [str(name) for name in exchange.request.json().get("prefixes", [])]
    gone = [name for name in names if _remove(state, caller, bucket, name)]
    return json_answer([{"name": name, "bucket_id": bucket} for name in gone])


def _remove(state: State, caller: Caller, bucket: str, key: str) -> bool:
    with state.guard:
        if key not in state.shelf(bucket) or bucket not in state.buckets:
            return False
        if not state.may(caller, bucket, key, "select", "delete"):
            return False
        del state.shelf(bucket)[key]
        return True
