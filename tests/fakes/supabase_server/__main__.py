"""The stand-in as a process of its own, for benchmarks: prints where it is, ends with its stdin."""

import argparse
import json
import sys

from tests.fakes.supabase_server.server import SupabaseServer


def main() -> None:
    """Serve until stdin is closed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.supabase_server")
    parser.add_argument("--sink", action="store_true", help="count the bytes and forget them")
    parser.add_argument("--no-hash", action="store_true", help="leave the ETags out")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    told = parser.parse_args()
    with SupabaseServer(keep_bytes=not told.sink, hash=not told.no_hash, port=told.port) as server:
        user = server.add_user("somebody@example.com", "password")
        where = {
            "url": server.url,
            "anon_key": server.anon_key,
            "service_key": server.service_key,
            "user_id": user.id,
            "session": server.session_for(user, 86_400),
        }
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
