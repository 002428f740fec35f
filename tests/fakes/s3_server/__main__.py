"""The stand-in as a process of its own, for benchmarks: prints where it is, ends with its stdin."""

import argparse
import json
import sys

from tests.fakes.s3_server.server import S3Server


def main() -> None:
    """Serve until stdin is closed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.s3_server")
    parser.add_argument("--sink", action="store_true", help="count the bytes and forget them")
    parser.add_argument("--no-hash", action="store_true", help="compute no hash of any body")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--checksums",
        choices=["verify", "echo", "ignore", "refuse"],
        default="verify",
        help="what becomes of x-amz-checksum-…",
    )
    parser.add_argument(
        "--no-verify", action="store_true", help="take bodies that are not what was signed"
    )
    told = parser.parse_args()
    with S3Server(keep_bytes=not told.sink, hash=not told.no_hash, port=told.port) as server:
        server.checksums = told.checksums
        server.verifies_payload = not told.no_verify
        where = {
            "url": server.url,
            "bucket": server.bucket,
            "region": server.region,
            "access_key": server.access_key,
            "secret_key": server.secret_key,
        }
        sys.stdout.write(json.dumps(where) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
