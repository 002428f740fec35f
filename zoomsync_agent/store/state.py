"""What the agent learned or was told, by name."""

from zoomsync_agent.sqlite import Database


class SqliteStateStore:
    """`StateStore` over the queue's database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, name: str) -> str | None:
        """Return the value, or None."""
        rows = self._db.query("SELECT value FROM state WHERE name = ?", (name,))
        return rows[0]["value"] if rows else None

    def set(self, name: str, value: str | None) -> None:
        """Store the value; None forgets it."""
        with self._db.write() as conn:
            if value is None:
                conn.execute("DELETE FROM state WHERE name = ?", (name,))
            else:
                conn.execute(
                    "INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET value = ?",
                    (name, value, value),
                )

    def forget_all(self, prefix: str) -> None:
        """Forget every value whose name begins with *prefix*."""
        with self._db.write() as conn:
            conn.execute("DELETE FROM state WHERE substr(name, 1, ?) = ?", (len(prefix), prefix))

    def stamp(self, now: float) -> float:
        """Return a time that is later than every one returned before, even if the clock jumps."""
        with self._db.write() as conn:
            row = conn.execute("SELECT value FROM state WHERE name = 'stamp'").fetchone()
            # Six digits, because that is what a timestamp column of Postgres keeps.
            stamp = round(max(now, float(row["value"]) + 1e-6 if row else 0.0), 6)
            conn.execute(
                "INSERT INTO state VALUES ('stamp', ?) ON CONFLICT DO UPDATE SET value = ?",
                (repr(stamp), repr(stamp)),
            )
        return stamp
