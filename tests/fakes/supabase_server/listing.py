"""Listing objects: by folder with pages of numbers, and flat or by folder with a cursor."""

import base64
from typing import Any

from tests.fakes.http_server.messages import Answer, json_answer
from tests.fakes.supabase_server.faults import Exchange
from tests.fakes.supabase_server.state import Caller, StoredObject, iso

_PAGE = 100
_MOST = 1_000


def _visible(exchange: Exchange, caller: Caller, bucket: str) -> dict[str, StoredObject]:
    state = exchange.state
    if bucket not in state.buckets:
        return {}
    with state.guard:
        return {
            key: stored
            for key, stored in sorted(state.shelf(bucket).items())
            if state.may(caller, bucket, key, "select")
        }


def _metadata(stored: StoredObject) -> dict[str, Any]:
    return {
        "eTag": stored.etag,
        "size": stored.size,
        "mimetype": stored.content_type,
        "cacheControl": stored.cache_control,
        "lastModified": iso(stored.updated_at),
        "contentLength": stored.size,
        "httpStatusCode": 200,
    }


def _entry(name: str, stored: StoredObject | None) -> dict[str, Any]:
    if stored is None:
        times = dict.fromkeys(("id", "updated_at", "created_at", "last_accessed_at", "metadata"))
        return {"name": name} | times
    return {
        "name": name,
        "id": stored.id,
        "updated_at": iso(stored.updated_at),
        "created_at": iso(stored.created_at),
        "last_accessed_at": iso(stored.created_at),
        "metadata": _metadata(stored),
    }


def _count(value: Any, usual: int) -> int:
    return min(value, _MOST) if isinstance(value, int) and value >= 0 else usual


def entries(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return what is in a folder, one level deep; a folder in it has no id.

    Raises:
        Vanished: the client went away.
    """
    body = exchange.request.json()
    folder = str(body.get("prefix") or "").strip("/")
    prefix = f"{folder}/" if folder else ""
    search = str(body.get("search") or "")
    found: dict[str, StoredObject | None] = {}
    for path, stored in _visible(exchange, caller, bucket).items():
        if path.startswith(prefix) and search.lower() in path.removeprefix(prefix).lower():
            name, slash, _ = path.removeprefix(prefix).partition("/")
            found[name] = None if slash else stored
    sort = body.get("sortBy") or {}
    column, order = sort.get("column", "name"), sort.get("order", "asc")
    told = [_entry(name, stored) for name, stored in found.items()]
    told.sort(key=lambda one: str(one.get(column) or ""), reverse=order == "desc")
    start, count = body.get("offset") or 0, _count(body.get("limit"), _PAGE)
    return json_answer(told[start : start + count])


def pages(exchange: Exchange, caller: Caller, bucket: str, key: str) -> Answer:
    """Return a page of names that begin with a prefix, and where the next one begins.

    Raises:
        Vanished: the client went away.
    """
    body = exchange.request.json()
    prefix, folded = str(body.get("prefix") or ""), bool(body.get("with_delimiter"))
    after = base64.b64decode(str(body.get("cursor") or "")).decode()
    found: dict[str, StoredObject | None] = {}
    for path, stored in _visible(exchange, caller, bucket).items():
        if path.startswith(prefix):
            name, slash, _ = path[len(prefix) :].partition("/")
            is_folder = folded and bool(slash)
            found[f"{prefix}{name}/" if is_folder else path] = None if is_folder else stored
    names = sorted(name for name in found if name > after)
    count = _count(body.get("limit"), _MOST)
    shown = names[:count]
    told: dict[str, Any] = {"hasNext": len(names) > count, "folders": [], "objects": []}
    for name in shown:
        stored_or_folder = found[name]
        if stored_or_folder is None:
            told["folders"].append({"name": name, "key": name})
        else:
            extra = {"key": name} if folded else {}
            told["objects"].append(_entry(name, stored_or_folder) | extra)
    if told["hasNext"]:
        told["nextCursor"] = base64.b64encode(shown[-1].encode()).decode()
        told["nextCursorKey"] = shown[-1]
    return json_answer(told)
