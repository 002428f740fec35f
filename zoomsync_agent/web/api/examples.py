"""Examples for the document of the API: one meeting, told in every answer."""

from typing import Any, Final

ID: Final = "5b1c2f0e-8f0c-5c55-9d0f-3f6c1f2f9a77"
_KEY: Final = "2026/2026-11-24 09.00.03 Weekly sync/video1399019170-0a1b2c3d.mp4"

ROW: Final[dict[str, Any]] = {
    "recording_id": ID,
    "user_id": "ada",
    "file_url": f"file:///srv/recordings/{_KEY.replace(' ', '%20')}",
    "meeting_title": "Weekly sync",
    "file_name": "video1399019170.mp4",
    "file_size": 734003200,
    "created_at": "2026-11-24T10:04:11+00:00",
    "updated_at": "2026-11-24T10:05:42+00:00",
    "processing_status": "completed",
    "summary": "The budget of the second quarter was agreed.",
    "action_items": ["Ada sends the figures"],
    "sha256": "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "started_at": "2026-11-24T09:00:03+00:00",
    "duration_seconds": 3605.2,
    "kind": "video",
    "part": 1,
    "participant": None,
    "source": "local",
    "meeting_key": "2026-11-24 09.00.03 Weekly sync",
    "destination": "folder",
    "object_key": _KEY,
    "device": "ada-laptop",
}
RECORDINGS: Final[dict[str, Any]] = {
    "recordings": [{**ROW, "hit": "about the «quarter» «budget»", "at": 312.4}],
    "next": "eyJ2IjoxNzY0",
    "total": 128,
}
RECORDING: Final[dict[str, Any]] = {
    **ROW,
    "transcription_text": "Ada: Let us talk about the quarter budget.",
    "variants": [],
    "why_not": None,
    "link": "https://archive.example/recordings/video1399019170.mp4?X-Amz-Expires=3600",
}
EVENT: Final[dict[str, Any]] = {
    "id": 813,
    "at": "2026-11-24T10:05:42+00:00",
    "happening": "safe",
    "sentence": "“Weekly sync” is safe (700 MB).",
    "title": "Weekly sync",
    "file_name": "video1399019170.mp4",
    "detail": "",
    "job_id": 41,
    "recording_id": ID,
}
ACCOUNT: Final[dict[str, Any]] = {
    "state": "signed_in",
    "user_id": "KdYKjnimT4KPd8KKdQt9FQ",
    "who": "ada@example.com",
    "detail": "",
}
STATUS: Final[dict[str, Any]] = {
    "state": "working",
    "sentence": "Working: 1 file to go (700 MB), 128 files safe (90 GB).",
    "recordings_path": "/home/ada/Documents/Zoom",
    "root_problem": "",
    "destination": "folder",
    "archive": "/srv/recordings",
    "synced": {"files": 128, "size": 96636764160},
    "queued": {"files": 1, "size": 734003200},
    "history": {"files": 0, "size": 0},
    "active": [
        {
            "job_id": 41,
            "file_name": "video1399019170.mp4",
            "meeting_title": "Weekly sync",
            "step": "transfer",
            "size": 734003200,
            "sent": 201326592,
            "label": "Uploading",
        }
    ],
    "waiting": [],
    "pid": 4242,
    "url": "http://127.0.0.1:47823/",
    "paused_until": None,
    "is_paused": False,
    "is_watching": True,
    "held": "",
    "slowed": "",
    "unready": 0,
    "unconverted": 0,
    "snoozed_until": None,
    "account": None,
    "problem": None,
    "zoom_account": "ada@example.com",
    "cloud": None,
    "rows": {"waiting": 0, "refused": 0, "problem": None},
    "counts": {"ready": 0, "running": 1, "blocked": 0, "done": 128, "failed": 0, "cancelled": 0},
    "update": None,
    "speed": 41943040,
}
JOB: Final[dict[str, Any]] = {
    "job_id": 17,
    "file_name": "talk.mp4",
    "meeting_title": "A talk",
    "size": 734003200,
    "sent": 220200960,
    "step": "transfer",
    "state": "running",
    "sentence": "It is being brought into the archive.",
    "recording_id": None,
}
RECEIVED: Final[dict[str, Any]] = {
    "file_name": "weekly-sync.mp4",
    "meeting_title": "Weekly sync",
    "size": 734003200,
    "kind": "video",
    "job_id": 42,
}
AUTHORIZE: Final[dict[str, Any]] = {
    "authorize_url": "https://zoom.us/oauth/authorize?response_type=code&client_id=Xk3&state=b1Xw4m0fK2"
}
ZOOM: Final[dict[str, Any]] = {
    "is_configured": True,
    "account": ACCOUNT,
    "missing_scopes": [],
    "is_waiting": False,
    "problem": "",
}
HEALTH: Final[dict[str, Any]] = {
    "status": "ok",
    "version": "1.0.0",
    "details": {
        "state": "idle",
        "sentence": "All finished recordings are safe: 128 files (90 GB).",
        "findings": [
            {
                "name": "keyring",
                "level": "ok",
                "sentence": "The keyring can be read.",
                "mend": "",
                "sql": "",
            }
        ],
    },
}
REFUSAL: Final[dict[str, Any]] = {
    "error": {
        "code": "not_found",
        "title": "There is no such recording",
        "detail": "no recording has an id that begins with “5b1c”",
        "hint": "",
    }
}

SEEN: Final = "9b1f3c5d7e9a0b2c4d6e8f0a1b3c5d7e9f0a2b4c6d8e0f1a3b5c7d9e0f2a4b6c"
SPACE: Final[dict[str, Any]] = {
    "days": 30,
    "seen": SEEN,
    "movable": {"files": 1, "size": 734003200},
    "originals": [
        {
            "path": "/home/ada/Documents/Zoom/2026-10-20 09.00.03 Weekly sync/video1399019170.mp4",
            "meeting_title": "Weekly sync",
            "size": 734003200,
        }
    ],
    "kept": [
        {
            "why": "young",
            "sentence": "It is more recent than the days that were chosen.",
            "files": 12,
        }
    ],
    "problem": "",
    "is_freeing": False,
    "freed": None,
}
