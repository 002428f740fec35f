"""What an `OSError` means, told apart by whose file it was."""

import errno
import os
from pathlib import Path

import pytest

from zoomsync_agent.core.errors import (
    ActionNeeded,
    AgentError,
    DestinationDenied,
    DestinationFull,
    DestinationUnavailable,
    NameRefused,
    SourceBusy,
    SourceDamaged,
    SourceDenied,
    SourceMissing,
    TransientError,
    Unexpected,
)
from zoomsync_agent.core.os_errors import destination_error, reading, source_error, writing

PLACE = Path("place")
EVERY_ERRNO = sorted(errno.errorcode)

SOURCE = {
    errno.ENOENT: SourceMissing,
    errno.ENOTDIR: SourceMissing,
    errno.EACCES: SourceDenied,
    errno.EPERM: SourceDenied,
    errno.ELOOP: SourceDenied,
    errno.EIO: SourceDamaged,
    errno.ESTALE: SourceBusy,
    errno.EBUSY: SourceBusy,
    errno.ETIMEDOUT: SourceBusy,
    errno.EMFILE: SourceBusy,
}
DESTINATION = {
    errno.ENOSPC: DestinationFull,
    errno.EDQUOT: DestinationFull,
    errno.EFBIG: DestinationFull,
    errno.EACCES: DestinationDenied,
    errno.EPERM: DestinationDenied,
    errno.EROFS: DestinationDenied,
    errno.ENAMETOOLONG: NameRefused,
    errno.EINVAL: NameRefused,
    errno.EILSEQ: NameRefused,
    errno.EIO: DestinationUnavailable,
    errno.ESTALE: DestinationUnavailable,
    errno.ENODEV: DestinationUnavailable,
    errno.EHOSTDOWN: DestinationUnavailable,
    errno.EMFILE: DestinationUnavailable,
}


def _error(number):
    return OSError(number, os.strerror(number), "somewhere")


@pytest.mark.parametrize(("number", "cls"), SOURCE.items())
def test_reading_blames_the_source(number, cls):
    """An error while the recording is read is named after the recording."""
    with pytest.raises(cls, match="place") as caught, reading(PLACE):
        raise _error(number)
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize(("number", "cls"), DESTINATION.items())
def test_writing_blames_the_destination(number, cls):
    """The same error while the copy is written is named after the archive."""
    with pytest.raises(cls, match="place") as caught, writing(PLACE):
        raise _error(number)
    assert isinstance(caught.value.__cause__, OSError)


@pytest.mark.parametrize("number", EVERY_ERRNO)
def test_every_errno_has_an_answer_on_both_sides(number):
    """Whatever the system says, somebody acts next, and it is never called a fault of ours."""
    for error in (source_error(_error(number), PLACE), destination_error(_error(number), PLACE)):
        assert isinstance(error, AgentError)
        assert not isinstance(error, Unexpected)
        assert "place" in error.detail


@pytest.mark.parametrize("number", [errno.ENODEV, errno.ENETDOWN, errno.EIO, errno.ETIMEDOUT])
def test_an_archive_that_is_away_is_waited_for(number):
    """A drive or share that comes back needs nobody."""
    assert isinstance(destination_error(_error(number), PLACE), TransientError)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_an_archive_that_needs_somebody_says_so(number):
    """Full and forbidden do not pass by themselves, and no attempt is used up."""
    assert isinstance(destination_error(_error(number), PLACE), ActionNeeded)


@pytest.mark.parametrize("winerror", [32, 33])
def test_a_sharing_violation_is_a_busy_file(winerror):
    """Windows says "access denied" while another program has the file; that passes."""
    exc = PermissionError(errno.EACCES, "in use")
    exc.winerror = winerror
    assert isinstance(source_error(exc, PLACE), SourceBusy)


def test_other_exceptions_pass_unchanged():
    """Only the system's errors are named; a bug stays a bug."""
    for edge in (reading, writing):
        with pytest.raises(ZeroDivisionError), edge(PLACE):
            raise ZeroDivisionError


def test_an_error_without_a_text_still_says_something():
    """What has no number of the system is told as it is."""
    for error in (source_error(OSError("odd"), PLACE), destination_error(OSError("odd"), PLACE)):
        assert "odd" in error.detail


def test_a_file_in_the_way_of_the_archive_is_no_missing_drive():
    """Nobody has to connect anything: another folder has to be chosen."""
    error = destination_error(OSError(errno.ENOTDIR, "Not a directory"), Path("/a/plain.txt/b"))
    assert isinstance(error, DestinationDenied)
    assert "a part of its path is a file" in error.detail
