"""The remote catalog: the rows in the project's database, as a dashboard reads them."""

import json
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from zoomsync_agent.core import rows
from zoomsync_agent.core.errors import AgentError, RowRefused, RowsDenied, Unexpected
from zoomsync_agent.core.recording import ProcessingStatus, RecordingId, RecordingRow
from zoomsync_agent.supabase.tables import Tables

_log = logging.getLogger(__name__)

_TABLE: Final = "recordings"
_COLUMNS: Final = ",".join(field.name for field in fields(RecordingRow))
_MOST_ROWS: Final = 100
_MOST_BYTES: Final = 2_000_000
"""So much is sent at once: gateways refuse large requests, and a lost one is sent again whole."""


class SupabaseCatalog:
    """`Catalog` in the project's table `recordings`.

    That an older row never replaces a newer one is the business of the table's trigger: whoever
    asked first and wrote then could be overtaken in between.
    """

    name = "supabase"

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def publish(self, row: RecordingRow) -> None:
        """Insert or update the row; an older row never replaces a newer one.

        Raises:
            As `Tables.run`.
        """
        self._write(_columns_of(row), f"write the row of {row.file_name}")

    def publish_all(self, rows: Sequence[RecordingRow]) -> list[tuple[RecordingRow, AgentError]]:
        """Insert or update many rows with few requests; return those that were refused, and why.

        One row that the database cannot hold does not keep the others out.

        Raises:
            As `Tables.run`, but for `RowRefused`; what was written until then stays.
        """
        refused: list[tuple[RecordingRow, AgentError]] = []
        ready: list[tuple[RecordingRow, dict[str, Any]]] = []
        for row in rows:
            try:
                ready.append((row, _columns_of(row)))
            except RowRefused as exc:
                refused.append((row, exc))
        for chunk in _chunks(ready):
            try:
                self._write([columns for _row, columns in chunk], _doing(chunk))
            except (RowRefused, RowsDenied, Unexpected) as exc:
                if len(chunk) > 1:
                    refused += self._one_by_one(chunk)
                elif isinstance(exc, RowRefused):
                    refused.append((chunk[0][0], exc))
                else:
                    raise
        return refused

    def get(self, recording_id: RecordingId) -> RecordingRow | None:
        """Return one row of the current user.

        Raises:
            RowRefused: the row holds what no row of the agent can; otherwise as `Tables.run`.
        """
        try:
            known = str(uuid.UUID(recording_id))
        except ValueError:
            return None  # no key of the table
        found = self._tables.run(
            lambda client: (
                client.table(_TABLE)
                .select(_COLUMNS)
                .eq("recording_id", known)
                .eq("user_id", self._tables.user_id)
            ),
            "read a row",
        )
        return _row_of(found[0]) if found else None

    def completed(self, destination: str) -> Iterator[RecordingRow]:
        """Yield the current user's rows of what is safe in *destination*, by id.

        A row that somebody has filled with what no row of the agent can hold is left out. Rows
        that are written meanwhile may be among them or not.

        Raises:
            As `Tables.run`.
        """
        last = str(uuid.UUID(int=0))
        while True:
            # By key and not by offset, so that no row is left out when others come or go; and
            # until a page is empty, because the server may give less than it is asked for.
            page = self._page(destination, after=last)
            if not page:
                return
            last = str(page[-1]["recording_id"])
            for columns in page:
                try:
                    yield _row_of(columns)
                except RowRefused as exc:
                    _log.warning(
                        "remote row left out",
                        extra={"recording": str(columns["recording_id"]), "reason": exc.detail},
                    )

    def _page(self, destination: str, *, after: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._tables.run(
            lambda client: (
                client.table(_TABLE)
                .select(_COLUMNS)
                .eq("user_id", self._tables.user_id)
                .eq("processing_status", str(ProcessingStatus.COMPLETED))
                .eq("destination", destination)
                .gt("recording_id", after)
                .order("recording_id")
                .limit(_MOST_ROWS)
            ),
            "read the rows",
        )
        return found

    def _one_by_one(
        self, chunk: Sequence[tuple[RecordingRow, dict[str, Any]]]
    ) -> list[tuple[RecordingRow, AgentError]]:
        """Write row by row; what stands in the way of all of them is no matter of any."""
        refused: list[tuple[RecordingRow, AgentError]] = []
        denied: AgentError | None = None
        for row, columns in chunk:
            try:
                self._write(columns, f"write the row of {row.file_name}")
            except (RowRefused, RowsDenied, Unexpected) as exc:
                refused.append((row, exc))
                denied = denied if isinstance(exc, RowRefused) else exc
        if denied is not None and len(refused) == len(chunk):
            raise denied
        return refused

    def _write(self, columns: dict[str, Any] | list[dict[str, Any]], doing: str) -> None:
        from postgrest.types import ReturnMethod  # noqa: PLC0415  the library takes 0.3 s

        self._tables.run(
            lambda client: client.table(_TABLE).upsert(
                columns,
                returning=ReturnMethod.minimal,
                on_conflict="recording_id",
            ),
            doing,
        )


def _columns_of(row: RecordingRow) -> dict[str, Any]:
    try:
        return {name: _storable(value) for name, value in rows.as_dict(row).items()}
    except (ArithmeticError, ValueError, OSError) as exc:
        raise RowRefused(f"the row of {row.file_name} has a time that no calendar has") from exc


def _storable(value: Any) -> Any:
    """Return *value* without what no text of Postgres can hold: NUL and half characters."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "ignore").decode()
    if isinstance(value, list):
        return [_storable(one) for one in value]
    return value


def _chunks(
    ready: Sequence[tuple[RecordingRow, dict[str, Any]]],
) -> Iterator[list[tuple[RecordingRow, dict[str, Any]]]]:
    """Yield rows in their order, few enough for a request, and each id once in it."""
    chunk: list[tuple[RecordingRow, dict[str, Any]]] = []
    ids: set[str] = set()
    size = 0
    for row, columns in ready:
        weight = len(json.dumps(columns, ensure_ascii=False).encode())
        is_full = len(chunk) == _MOST_ROWS or size + weight > _MOST_BYTES
        if chunk and (is_full or columns["recording_id"] in ids):
            yield chunk
            chunk, ids, size = [], set(), 0
        chunk.append((row, columns))
        ids.add(columns["recording_id"])
        size += weight
    if chunk:
        yield chunk


def _row_of(columns: Mapping[str, Any]) -> RecordingRow:
    try:
        return rows.from_dict(columns)
    except (KeyError, TypeError, ValueError, ArithmeticError) as exc:
        raise RowRefused(f"a row of the database cannot be read: {exc!r}") from exc


def _doing(chunk: Sequence[object]) -> str:
    return "write a row" if len(chunk) == 1 else f"write {len(chunk)} rows"
