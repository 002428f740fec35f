import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoomsync_agent.desktop.redact import MASK, is_secret_name, redact, redact_all

JWT = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwicm9sZSI6ImFub24ifQ."
    "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)
OPAQUE = "1//0gWk-Zy_9.abc~DEF+ghi=="

SEGMENT = st.text("abcdefghijklmnopqrstuvwxyzABCDEFXYZ0123456789-_", min_size=12, max_size=40)
JWTS = st.builds(lambda a, b, c: f"eyJ{a}.eyJ{b}.{c}", SEGMENT, SEGMENT, SEGMENT)
KEYS = st.builds(
    lambda kind, rest: f"sb_{kind}_{rest}", st.sampled_from(["secret", "publishable"]), SEGMENT
)
AWS = st.builds(
    lambda kind, rest: kind + rest,
    st.sampled_from(["AKIA", "ASIA"]),
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", min_size=16, max_size=16),
)
OPAQUES = st.text("abcdefXYZ0123456789-._~+/=", min_size=16, max_size=40).map("q0".__add__)
FRAMES = st.sampled_from(
    [
        "Bearer {}",
        "authorization: bearer {}",
        "Authorization: Basic {}",
        "?token={}",
        "?access_token={}&page=2",
        "&refresh_token={}",
        "?code={}&state=x",
        "&state={}",
        "?signature={}",
        "&X-Amz-Signature={}",
        "&X-Amz-Credential={}",
        "&X-Amz-Security-Token={}",
        "?Policy={}",
        "&Key-Pair-Id={}",
        "?password={}",
        "&pwd={}",
        "&apikey={}",
        "&client_secret={}",
        "&code_verifier={}",
        "refresh_token={}",
        "code={}&grant_type=authorization_code",
        "password = {}",
        '"refresh_token": "{}"',
        "'client_secret': '{}'",
        '\\"access_token\\":\\"{}\\"',
        "%3Faccess_token%3D{}",
        "aws_secret_access_key={}",
    ]
)
SECRETS = JWTS | KEYS | AWS
# Beginnings and ends of everything that the patterns look for.
PIECES = ["eyJ", ".", "token", "=", ":", " ", '"', "'", "\\", "\\t", "sb_secret_", "AKIA"]
PIECES += [
    "Bearer ",
    "&",
    "?",
    "://u:",
    "@",
    "/",
    "code=",
    "/home/ann",
    "~",
    MASK,
    "%",
    "\n",
    "pwd",
]
FLOOD = [*PIECES, "eyJ.", "token=", 'token="', "token ", 'token\\"', "token=\\", "x@://u:"]
FLOOD += ["secret_", "A", "%2F", "://a:", "/home"]
HOSTILE = st.lists(
    st.text(max_size=8) | SECRETS | FRAMES | st.sampled_from(PIECES),
    max_size=8,
).map("".join)
HOME = "/home/ann"


@given(before=HOSTILE, secret=SECRETS, after=HOSTILE)
@example(before="heyJude.live.", secret=JWT, after="")
@example(before='token="\\', secret=JWT, after="")
def test_a_key_never_survives(before, secret, after):
    """Whatever stands around it, a token that can be told by its form is gone."""
    assert secret not in redact(before + secret + after, HOME)


@given(before=HOSTILE, frame=FRAMES, secret=OPAQUES, after=HOSTILE)
@example(before='token="\\', frame="refresh_token={}", secret="q0" * 9, after="")
@example(before='token="\\', frame='"refresh_token": "{}"', secret="q0" * 9, after="")
@example(before='{"token": "', frame='"refresh_token": "{}"', secret="q0" * 9, after='"}')
@example(before="token: ", frame="Bearer {}", secret="q0" * 9, after="")
@example(before=JWT, frame="token: {}", secret="q0" * 9, after="")
def test_what_is_named_a_secret_never_survives(before, frame, secret, after):
    """Whatever stands in front, a value under a secret's name is gone."""
    after = after and " " + after  # glued to it, it would be part of the value
    assert secret not in redact(before + frame.replace("{}", secret) + after, HOME)


@given(HOSTILE)
@example("C:\\Users\\annC:\\Users\\ann")
@example("://a:x/home/ann@")
@example("/home/ann" + JWT)
def test_twice_is_once(text):
    """What is redacted stays as it is."""
    for home in (HOME, "C:\\Users\\ann"):
        once = redact(text, home)
        assert redact(once, home) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("uploaded video1234.mp4 to the archive", "uploaded video1234.mp4 to the archive"),
        ("state=ready code=source_missing step=transfer", None),
        ("Hey Jude: heyJude.live.mp4, KeyJournal", None),
        ("tokens: 5, a token expired", None),
        ("sb_other_thing AKIA AKIATOOSHORT", None),
        (f"key {JWT}, next", f"key {MASK}, next"),
        (f"Authorization: Bearer {OPAQUE}", f"Authorization: Bearer {MASK}"),
        (
            f"GET http://127.0.0.1:4/oauth/callback?code={OPAQUE}&state=abc HTTP/1.1",
            f"GET http://127.0.0.1:4/oauth/callback?code={MASK}&state={MASK} HTTP/1.1",
        ),
        ('{"refresh_token": "a\\"b c", "n": 1}', f'{{"refresh_token": "{MASK}", "n": 1}}'),
        ("{token: abc, n: 1}", f"{{token: {MASK}, n: 1}}"),
        ("f(token=abc)", f"f(token={MASK})"),
        ("postgresql://ann:hunter2@db/x", f"postgresql://ann:{MASK}@db/x"),
        (f"code={OPAQUE}&grant_type=x", f"code={MASK}&grant_type=x"),
        ("token=", "token="),
        ('token: ""', 'token: ""'),
    ],
)
def test_the_rest_stays_readable(text, expected):
    """Only the value is hidden, and ordinary sentences are left alone."""
    assert redact(text) == (text if expected is None else expected)


@pytest.mark.parametrize(
    ("home", "text", "expected"),
    [
        (HOME, "/home/ann/Zoom/a.mp4", "~/Zoom/a.mp4"),
        (HOME, "in /home/ann.", "in ~."),
        (HOME, "/home/annabel /home/ann-x /home/ann.smith", None),
        (HOME, "file:///home/ann/x", "file:~/x"),
        (HOME, "u=%2Fhome%2fann%2Fx", "u=~%2Fx"),
        (HOME, "/home/Ann/x", None),
        (HOME, "/srv/x", None),
        ("/home/ann/", "/home/ann/x", "~/x"),
        ("/home/jürgen b", "/home/j%C3%BCrgen%20b/x /home/j\\u00fcrgen b", "~/x ~"),
        ("/home/a\udcff", "/home/a\udcff/x /home/a%FF", "~/x ~"),
        ("C:\\Users\\Ann", "c:\\users\\ann\\x C:/Users/Ann/x", "~\\x ~/x"),
        ("C:\\Users\\Ann", "C:\\\\Users\\\\Ann\\\\x C%3A%5CUsers%5CAnn", "~\\\\x ~"),
        ("\\\\server\\ann", "\\\\server\\ann\\x", "~\\x"),
        ("/", "/usr/x", None),
        ("C:\\", "C:\\x", None),
        ("", "/home/ann", None),
    ],
)
def test_the_home_directory_becomes_a_tilde(home, text, expected):
    """However it is written; other folders keep their names."""
    assert redact(text, home) == (text if expected is None else expected)


@pytest.mark.parametrize(
    "piece",
    FLOOD,
)
@pytest.mark.timeout(30)
def test_hostile_text_takes_linear_time(piece):
    """A quarter of a million characters take under a second each; squared it would be hours."""
    text = (piece * 250_000)[:250_000]
    once = redact(text, HOME)
    assert redact(once, HOME) == once


def test_containers_are_redacted_to_the_bottom():
    """Strings, keys, errors and foreign objects alike; numbers and truth stay what they are."""

    class Broken:
        def __str__(self):
            raise ValueError("no")

    value = {
        "refresh_token": {"a": 1},
        "password": "",
        "list": [JWT, (f"Bearer {OPAQUE}",), {f"/home/ann/{JWT}"}],
        f"k {JWT}": None,
        "error": ValueError(f"bad {JWT}"),
        "n": 3,
        "ok": True,
        "broken": Broken(),
    }
    assert redact_all(value, HOME) == {
        "refresh_token": MASK,
        "password": "",
        "list": [MASK, [f"Bearer {MASK}"], [f"~/{MASK}"]],
        f"k {MASK}": None,
        "error": f"ValueError: bad {MASK}",
        "n": 3,
        "ok": True,
        "broken": "<Broken that cannot be shown: ValueError>",
    }


def test_a_container_within_itself_comes_to_an_end():
    """Depth is limited."""
    loop = []
    loop.append(loop)
    loop.append(JWT)
    assert JWT not in str(redact_all(loop))


@pytest.mark.parametrize("name", ["token", "REFRESH_TOKEN", "x-api-key", "clientSecret", "pwd"])
def test_names_of_secrets(name):
    """A field is secret by its name."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["state", "code", "error_code", "tokens", "token_count", "key"])
def test_names_of_other_things(name):
    """The agent's own words stay readable."""
    assert not is_secret_name(name)
