"""What passes by itself."""

from zoomsync_agent.core.errors.base import TransientError


class NetworkUnavailable(TransientError):
    """No connection to the remote side."""

    code = "network_unavailable"
    title = "There is no connection"
    hint = "Everything goes on by itself when the network is back."


class RemoteUnavailable(TransientError):
    """The remote side answers, but not now."""

    code = "remote_unavailable"
    title = "The server does not answer properly at the moment"
    hint = "It is tried again by itself."


class SourceBusy(TransientError):
    """Another program holds the file."""

    code = "source_busy"
    title = "Another program is using the file"
    hint = "It is uploaded as soon as that program lets go of it."


class SourceChanged(TransientError):
    """The file is no longer the one that was found."""

    code = "source_changed"
    title = "The file changed while it was being uploaded"
    hint = "It is uploaded again from the start once it stands still."


class SourceUnavailable(TransientError):
    """The whole recordings folder is away."""

    code = "source_unavailable"
    title = "The recordings folder is not there"
    hint = "The upload goes on by itself when the folder or its drive is back."


class DestinationUnavailable(TransientError):
    """The place where recordings are kept cannot be reached."""

    code = "destination_unavailable"
    title = "The archive cannot be reached"
    hint = "Connect its drive or network share; the upload then goes on by itself."


class VerificationFailed(TransientError):
    """What arrived is not what was sent."""

    code = "verification_failed"
    title = "The copy did not match the original and was thrown away"
    hint = "It is made again by itself. If this repeats, check the disk of the archive."
    max_attempts = 5


class DownloadDamaged(TransientError):
    """What came from Zoom is not the recording that it lists."""

    code = "download_damaged"
    title = "What Zoom sent was not the recording, and was thrown away"
    hint = "It is fetched again by itself."


class DownloadRefused(TransientError):
    """Zoom lists a recording but does not hand it out."""

    code = "download_refused"
    title = "Zoom does not hand this recording out"
    hint = (
        "It is tried again by itself. Your Zoom account may forbid downloads, or allow them only "
        "in certain networks: ask its administrator."
    )


class SpoolFull(TransientError):
    """So much has been downloaded and not uploaded that nothing more is downloaded."""

    code = "spool_full"
    title = "Downloads wait until what is here has been uploaded"
    hint = "They go on by themselves; spool_size says how much may wait here."


class ZoomParked(TransientError):
    """Zoom answers nothing more until a given time."""

    code = "zoom_parked"
    title = "Zoom's limit for today is used up"
    hint = "Everything goes on by itself when it is over."
