"""One suite over every `SecretStore`, and what only the real keyrings do."""

import contextlib
import gc
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import keyring
import keyring.backend
import keyring.core
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from keyring.backends import chainer, fail, null
from keyring.compat import properties

from tests.fakes.secrets import MemorySecrets
from zoomsync_agent.core.errors import SecretsUnavailable
from zoomsync_agent.desktop.secret_files import FileSecrets
from zoomsync_agent.desktop.secrets import WINDOWS_LIMIT, KeyringSecrets, split

INSIDE = "ZOOMSYNC_TESTS_SECRET_SERVICE"
WINDOWS_BYTES = 2560
ROCKET = "\N{ROCKET}"
UNLOCK = """
set -eu
printf throw-away | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
exec "$@"
"""


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory; `fault` is called before everything it does."""

    @properties.classproperty
    def viable(cls):  # noqa: N805  a property of the class
        """Say that nobody but these tests is to find it."""
        return False

    priority = 5.0

    def __init__(self, most_bytes=None):
        super().__init__()
        self.entries = {}
        self.most_bytes = most_bytes
        self.fault = lambda what, name: None

    def get_password(self, service, username):
        """Read an entry."""
        self.fault("get", username)
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        """Write an entry, as Windows does: a name holds so many bytes of UTF-16 and no more."""
        self.fault("set", username)
        if self.most_bytes and len(password.encode("utf-16-le")) > self.most_bytes:
            raise OSError(1783, "CredWrite", "The stub received bad data")
        assert service not in {one for one, name in self.entries if name != username}
        self.entries[service, username] = password

    def delete_password(self, service, username):
        """Delete an entry."""
        self.fault("delete", username)
        if self.entries.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError("none")


class Striking:
    """Lets the call after *spared* ones fail, once; `fired` says whether it did."""

    def __init__(self, what, error, spared=0):
        self.what = what
        self.error = error
        self.spared = spared
        self.fired = False

    def __call__(self, what, name):
        """Fail if it is time."""
        if what == self.what and not self.fired:
            if self.spared == 0:
                self.fired = True
                raise self.error
            self.spared -= 1


@contextlib.contextmanager
def using(ring):
    """Let the keyring library have chosen *ring*."""
    before = keyring.core._keyring_backend
    keyring.set_keyring(ring)
    try:
        yield ring
    finally:
        keyring.core._keyring_backend = before


@pytest.fixture
def ring():
    """A keyring without a limit."""
    with using(Ring()) as ring:
        yield ring


@pytest.fixture
def windows():
    """A keyring that holds what Windows holds."""
    with using(Ring(WINDOWS_BYTES)) as ring:
        yield ring


def _memory():
    return contextlib.nullcontext(MemorySecrets())


@contextlib.contextmanager
def _files():
    with tempfile.TemporaryDirectory() as folder:
        yield FileSecrets(Path(folder), "zoomsync-test")


@contextlib.contextmanager
def _over(ring, limit):
    with using(ring):
        yield KeyringSecrets("zoomsync-test", limit=limit)


@contextlib.contextmanager
def _real():
    store = KeyringSecrets("zoomsync-test", limit=None, timeout=20)
    yield store
    for name in ("session", "other"):
        store.delete(name)


@contextlib.contextmanager
def _real_in_parts():
    store = KeyringSecrets("zoomsync-test-parts", limit=WINDOWS_LIMIT, timeout=20)
    yield store
    for name in ("session", "other"):
        store.delete(name)


KINDS = {
    "memory": _memory,
    "keyring": lambda: _over(Ring(), None),
    "windows": lambda: _over(Ring(WINDOWS_BYTES), WINDOWS_LIMIT),
    "tiny": lambda: _over(Ring(160), 80),
    "files": _files,
}
if os.environ.get(INSIDE):
    KINDS = {"secret-service": _real, "secret-service-in-parts": _real_in_parts}


@pytest.fixture(params=KINDS)
def secrets(request):
    """Every store in turn, empty."""
    with KINDS[request.param]() as store:
        yield store


VALUES = {
    "short": "x",
    "a session": "e" * 4096,
    "of two units": ROCKET * 1500,
    "any": "ключ\n\t\"'\\ key =&%$" * 200,
    "looks like a header": "zoomsync-parts:1:0123456789abcdef:2",
    "as long as an entry": "y" * WINDOWS_LIMIT,
    "one more": "z" * (WINDOWS_LIMIT + 1),
}


class TestEveryStore:
    """What the port promises."""

    def test_nothing_is_none(self, secrets):
        """What was never kept is None, and can be deleted."""
        assert secrets.get("session") is None
        secrets.delete("session")
        assert secrets.get("session") is None

    @pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
    def test_gives_back_what_it_got(self, secrets, value):
        """A secret of any length and kind comes back unchanged."""
        secrets.set("session", value)
        assert secrets.get("session") == value

    def test_the_last_one_counts(self, secrets):
        """A longer or shorter secret takes the place of the one before."""
        for value in VALUES.values():
            secrets.set("session", value)
            assert secrets.get("session") == value

    def test_names_are_apart(self, secrets):
        """One secret does not touch another one."""
        secrets.set("session", VALUES["a session"])
        secrets.set("other", VALUES["any"])
        secrets.delete("session")
        assert secrets.get("session") is None
        assert secrets.get("other") == VALUES["any"]

    def test_deleted_is_gone(self, secrets):
        """Deleting works once and does no harm twice."""
        secrets.set("session", VALUES["a session"])
        secrets.delete("session")
        secrets.delete("session")
        assert secrets.get("session") is None


def _lock_everything():
    import secretstorage

    with contextlib.closing(secretstorage.dbus_init()) as bus:
        collection = secretstorage.get_default_collection(bus)
        collection.lock()
        assert collection.is_locked()


if os.environ.get(INSIDE):
    # The library does not close its connection when the keyring stays locked.
    @pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
    def test_a_locked_secret_service_is_locked_and_not_empty():
        """A locked keyring is told from one without the secret, and nothing is lost."""
        store = KeyringSecrets("zoomsync-locked", limit=None, timeout=20)
        store.set("session", "value-1")
        _lock_everything()
        for call in (
            lambda: store.get("session"),
            lambda: store.set("session", "value-2"),
            lambda: store.delete("session"),
        ):
            with pytest.raises(SecretsUnavailable, match="locked") as caught:
                call()
            assert "value" not in f"{caught.value!r}"
        gc.collect()  # so that the connections go here, where they may

else:

    def test_the_real_secret_service(tmp_path):
        """The suite holds for GNOME Keyring, in a session and with a login keyring of its own."""
        for program in ("dbus-run-session", "gnome-keyring-daemon"):
            if shutil.which(program) is None:
                pytest.skip(f"{program} is not installed")
        places = {"XDG_DATA_HOME": "data", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache"}
        env = os.environ | {name: str(tmp_path / place) for name, place in places.items()}
        runtime = tmp_path / "run"
        runtime.mkdir(mode=0o700)
        env |= {"XDG_RUNTIME_DIR": str(runtime), "HOME": str(tmp_path), INSIDE: "1"}
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "PYTHON_KEYRING_BACKEND"):
            env.pop(name, None)
        done = subprocess.run(
            # The programs are those that were found above.
            ["dbus-run-session", "--", "sh", "-c", UNLOCK, "sh", sys.executable, "-m", "pytest",  # noqa: S607
             "-n", "0", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", __file__,
             "-k", "TestEveryStore or locked_secret_service"],
            cwd=Path(__file__).parents[2], env=env, capture_output=True, text=True, timeout=100,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert f"{len(VALUES) * 2 + 9} passed" in done.stdout


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.integers(2, 40))
def test_splitting_keeps_everything_and_the_limit(value, limit):
    """The parts are the value, none is longer than allowed, and each can stand as UTF-16."""
    parts = list(split(value, limit))
    assert "".join(parts) == value
    for part in parts:
        assert len(part.encode("utf-16-le")) <= 2 * limit
    assert sum(len(part.encode("utf-16-le")) for part in parts) == len(value.encode("utf-16-le"))


def test_no_part_stays_behind(windows):
    """Old parts go when a secret is replaced or deleted; each entry has a service of its own."""
    store = KeyringSecrets("zoomsync-test", limit=WINDOWS_LIMIT)
    store.set("session", VALUES["a session"])
    assert len(windows.entries) == 5
    store.set("session", VALUES["of two units"])
    assert len(windows.entries) == 4
    store.set("session", "short")
    assert list(windows.entries.values()) == ["short"]
    store.set("session", VALUES["a session"])
    store.delete("session")
    assert windows.entries == {}


def test_a_missing_part_is_no_secret(windows):
    """Half a secret is none, and the next one takes its place."""
    store = KeyringSecrets("zoomsync-test", limit=WINDOWS_LIMIT)
    store.set("session", VALUES["a session"])
    part = next(key for key in windows.entries if key[1].endswith(".1"))
    del windows.entries[part]
    assert store.get("session") is None
    store.set("session", "short")
    assert store.get("session") == "short"
    assert len(windows.entries) == 1


def test_a_reader_in_between_finds_the_new_secret(windows):
    """Who has read the old header when a new secret is written gets the new one, not nothing."""
    store = KeyringSecrets("zoomsync-test", limit=WINDOWS_LIMIT)
    store.set("session", VALUES["a session"])
    other = Ring(WINDOWS_BYTES)
    other.entries = windows.entries
    strikes = []

    def overtake(what, name):
        if name.endswith(".2") and not strikes:
            strikes.append(name)
            windows.fault = lambda what, name: None
            KeyringSecrets("zoomsync-test", limit=WINDOWS_LIMIT)._set(
                other, "session", VALUES["one more"], _Wanted()
            )

    windows.fault = overtake
    assert store.get("session") == VALUES["one more"]
    assert strikes


class _Wanted:
    def expect_wanted(self):
        """Somebody waits."""


class Parts(RuleBasedStateMachine):
    """Whatever fails in between, a reader finds what was kept last, whole, and no rubbish grows."""

    @initialize()
    def begin(self):
        """Start with an empty keyring."""
        self.ring = Ring(80)
        self.store = KeyringSecrets("zoomsync-test", limit=8)
        self.value = None
        self.is_clean = True

    @rule(value=st.text(alphabet=st.sampled_from(["a", ROCKET, "é"]), max_size=40))
    def keep(self, value):
        """Keep a secret."""
        with using(self.ring):
            self.store.set("name", value)
        self.value = value

    @rule()
    def forget(self):
        """Delete it."""
        with using(self.ring):
            self.store.delete("name")
        self.value = None

    @rule(
        value=st.text(alphabet=st.sampled_from(["a", ROCKET]), min_size=1, max_size=40),
        spared=st.integers(0, 12),
    )
    def fail_to_keep(self, value, spared):
        """Let a write fail; either all of the new secret is there or all of the old one."""
        self.ring.fault = Striking("set", OSError(1783, "CredWrite", "bad"), spared)
        try:
            with using(self.ring):
                self.store.set("name", value)
            self.value = value
        except SecretsUnavailable:
            assert self.ring.fault.fired
        finally:
            self.ring.fault = lambda what, name: None

    @precondition(lambda self: self.value is not None)
    @rule(spared=st.integers(0, 12))
    def fail_to_forget(self, spared):
        """Let a deletion fail; it can be made good, and what is left reads as no secret or all."""
        self.ring.fault = Striking("delete", OSError(5, "CredDelete", "bad"), spared)
        try:
            with using(self.ring):
                self.store.delete("name")
            self.value = None
        except SecretsUnavailable:
            assert self.ring.fault.fired
            self.ring.fault = lambda what, name: None
            with using(self.ring):
                assert self.store.get("name") in (None, self.value)
                self.store.delete("name")
            self.value = None
        finally:
            self.ring.fault = lambda what, name: None

    @invariant()
    def holds(self):
        """The secret reads as it was kept, and nothing else lies in the keyring."""
        if not hasattr(self, "ring"):
            return
        with using(self.ring):
            assert self.store.get("name") == self.value
        kept = "".join(one for (_, name), one in self.ring.entries.items() if name != "name")
        assert sorted(kept) in ([], sorted(self.value or ""))


TestParts = Parts.TestCase


def _is_named(sentence, *words):
    return all(word in sentence for word in words)


def test_no_keyring_is_said_with_the_remedy(monkeypatch):
    """Without a keyring the sentence names what to install."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    with using(fail.Keyring()), pytest.raises(SecretsUnavailable) as caught:
        KeyringSecrets("zoomsync-test").get("session")
    assert _is_named(caught.value.detail, "GNOME Keyring", "KWallet", "KeePassXC")


class PlaintextKeyring(Ring):
    """As in keyrings.alt: a file that everybody can read."""

    priority = 0.5


class PlainButProud(Ring):
    """One that claims more than it does."""

    priority = 9.0


def test_a_keyring_that_protects_nothing_is_refused(monkeypatch):
    """No secret goes into a null keyring or into plain text, and the sentence says how to mend."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for poor in (null.Keyring(), PlaintextKeyring(), PlainButProud()):
        with using(poor), pytest.raises(SecretsUnavailable) as caught:
            KeyringSecrets("zoomsync-test").set("session", "value-1")
        assert _is_named(caught.value.detail, "PYTHON_KEYRING_BACKEND", "keyrings.alt")
        assert getattr(poor, "entries", {}) == {}


def test_a_setting_that_names_no_keyring_is_said(monkeypatch):
    """A back end that does not exist is an error of the agent, not of Python."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "there.is.none")
    before = keyring.core._keyring_backend
    keyring.core._keyring_backend = None
    try:
        with pytest.raises(SecretsUnavailable, match="ModuleNotFoundError"):
            KeyringSecrets("zoomsync-test").get("session")
    finally:
        keyring.core._keyring_backend = before


def test_the_first_good_one_of_a_chain_is_used(monkeypatch):
    """In a chain with plain text the secret goes only to the keyring that protects it."""
    good, poor = Ring(), PlaintextKeyring()
    monkeypatch.setattr(chainer.ChainerBackend, "backends", [poor, good])
    with using(chainer.ChainerBackend()):
        KeyringSecrets("zoomsync-test").set("session", "value-1")
    assert list(good.entries.values()) == ["value-1"]
    assert poor.entries == {}


def test_a_keyring_that_comes_later_is_found(monkeypatch):
    """An agent that starts before the keyring uses it once it is there, without a new start."""
    store = KeyringSecrets("zoomsync-test")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    with using(fail.Keyring()):
        with pytest.raises(SecretsUnavailable):
            store.get("session")
        late = Ring()
        monkeypatch.setattr(keyring.core, "init_backend", lambda: keyring.set_keyring(late))
        store.set("session", "value-1")
    assert list(late.entries.values()) == ["value-1"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (keyring.errors.KeyringLocked("Can't get password: (-128, 'cancelled')"), ["locked"]),
        (
            keyring.errors.InitError("Failed to create the collection: Prompt dismissed."),
            ["locked"],
        ),
        (keyring.errors.NoKeyringError("none"), ["GNOME Keyring"]),
        (keyring.errors.PasswordSetError("no room"), ["no room"]),
        (OSError(1783, "CredWrite", "bad"), ["failed", "1783"]),
        (ValueError("value-1"), ["ValueError"]),
    ],
)
@pytest.mark.parametrize("what", ["get", "set", "delete"])
def test_every_error_becomes_a_sentence_without_the_secret(ring, what, error, words):
    """What a keyring raises is told in words, and never quotes a secret."""
    store = KeyringSecrets("zoomsync-test")
    store.set("session", "value-1")
    fault = ring.fault = Striking(what, error)
    calls = {
        "get": lambda: store.get("session"),
        "set": lambda: store.set("session", "value-1"),
        "delete": lambda: store.delete("session"),
    }
    with pytest.raises(SecretsUnavailable) as caught:
        calls[what]()
    assert fault.fired
    assert _is_named(caught.value.detail, *words)
    told = f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"
    assert "value-1" not in told


def test_a_value_that_is_no_text_is_not_quoted(ring):
    """An encoding error holds the whole value; none of it gets out."""
    ring.most_bytes = WINDOWS_BYTES
    with pytest.raises(SecretsUnavailable) as caught:
        KeyringSecrets("zoomsync-test", limit=None).set("session", "value-1\udcff")
    assert (
        "value-1" not in f"{caught.value!r}{caught.value.__cause__!r}{caught.value.__context__!r}"
    )


class Dialog:
    """A keyring that waits for its user."""

    def __init__(self):
        self.is_open = threading.Event()
        self.is_answered = threading.Event()
        self.opened = 0

    def __call__(self, what, name):
        """Wait as a dialog does, the first time."""
        if not self.is_answered.is_set():
            self.opened += 1
            self.is_open.set()
            assert self.is_answered.wait(30)


def test_a_dialog_does_not_hold_the_caller(ring):
    """A call ends at its time limit, others end at once, and all is well once it is answered."""
    store = KeyringSecrets("zoomsync-test", timeout=0.05)
    store_with_patience = KeyringSecrets("zoomsync-test")
    store.set("session", "value-1")
    dialog = ring.fault = Dialog()
    with pytest.raises(SecretsUnavailable, match="waiting for you to unlock it"):
        store.set("session", "value-2")
    store._timeout = 30.0
    with pytest.raises(SecretsUnavailable, match="waiting for you to unlock it"):
        store.get("session")
    assert dialog.opened == 1
    stuck = store._stuck
    dialog.is_answered.set()
    assert stuck.over.wait(30)
    # Whoever was told that it could not be kept is not surprised later.
    assert store.get("session") == "value-1"
    assert store_with_patience.get("session") == "value-1"


def test_others_wait_for_their_turn(ring):
    """While a call that is in time waits for its dialog, another one waits behind it."""
    store = KeyringSecrets("zoomsync-test")
    store.set("session", "value-1")
    dialog = ring.fault = Dialog()
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(store.get("session"))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    assert dialog.is_open.wait(30)
    dialog.is_answered.set()
    for thread in threads:
        thread.join()
    assert found == ["value-1"] * 3
    assert dialog.opened == 1
