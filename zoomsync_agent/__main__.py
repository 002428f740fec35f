"""The command `zoomsync`, and `python -m zoomsync_agent`."""

import io
import sys


def main() -> None:
    """Run the command line; `--version` answers before anything is loaded."""
    if sys.argv[1:] == ["--version"]:
        from zoomsync_agent import __version__  # noqa: PLC0415  start-up time

        sys.stdout.write(f"zoomsync {__version__}\n")
        return
    from zoomsync_agent.cli import zoomsync  # noqa: PLC0415  start-up time

    for stream in (sys.stdout, sys.stderr):
        # A title that the terminal or a pipe cannot show is shown escaped, not as a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    zoomsync(prog_name="zoomsync")


if __name__ == "__main__":
    main()
