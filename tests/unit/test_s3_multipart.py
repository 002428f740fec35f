"""Uploads in parts and listings: how files are cut, and what stores' documents say."""

import contextlib
import hashlib
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoomsync_agent.s3.answers import Answer, answer_of
from zoomsync_agent.s3.bucket import Bucket
from zoomsync_agent.s3.multipart import Multipart, NoSuchUpload, Part, etag_of_parts, part_bytes
from zoomsync_agent.s3.objects import ObjectFacts, Objects
from zoomsync_agent.s3.requests import Refused

MIB = 1 << 20
LARGEST = 5 << 40
NAMESPACE = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
DIGESTS = st.binary(min_size=16, max_size=16)


class Scripted:
    """Requests to a bucket that are answered in turn; what was asked is kept."""

    def __init__(self, *answers, prefix=""):
        self.bucket = Bucket("recordings", prefix=prefix)
        self.answers = list(answers)
        self.asked = []

    def send(self, method, key=None, **more):
        """Return the next answer, or raise what it refuses."""
        self.asked.append((method, key, more))
        response = self.answers.pop(0)
        if response.status_code >= 300:
            raise Refused(answer_of(response), more["action"])
        return response

    @contextlib.contextmanager
    def reading(self, key, **more):
        """Give the next answer before its body is read."""
        yield self.send("GET", key, **more)


def document(text, **headers):
    """Return an answer with a document."""
    return httpx.Response(200, text=text, headers=headers)


def refusal(status, code=""):
    """Return a refusal."""
    text = f"<Error><Code>{code}</Code></Error>" if code else ""
    return httpx.Response(status, text=text)


# --- how files are cut -------------------------------------------------------------------------


@given(st.integers(0, LARGEST), st.integers(5 * MIB, 512 * MIB))
@example(LARGEST, 5 * MIB)
@example(10_000 * 5 * MIB, 5 * MIB)
@example(10_000 * 5 * MIB + 1, 5 * MIB)
def test_every_file_has_parts_that_a_store_takes(size, wanted):
    """Never more than 10,000, never smaller than wanted, never larger than 5 GiB, whole MiB."""
    found = part_bytes(size, wanted)
    assert -(-size // found) <= 10_000
    assert wanted <= found <= 5 << 30
    assert found == wanted or found % MIB == 0
    assert found == wanted or -(-size // (found - MIB)) > 10_000  # no larger than need be


def test_usual_files_have_the_parts_that_were_asked_for():
    """Up to 78 GiB in parts of 8 MiB."""
    assert part_bytes(10_000 * 8 * MIB, 8 * MIB) == 8 * MIB
    assert part_bytes(10_000 * 8 * MIB + 1, 8 * MIB) == 9 * MIB
    assert part_bytes(LARGEST, 8 * MIB) == 525 * MIB


@given(st.lists(DIGESTS, min_size=1, max_size=20))
def test_the_name_of_what_was_put_together(digests):
    """The MD5 of the parts' MD5s, and how many they were."""
    whole = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
    assert etag_of_parts([one.hex() for one in digests]) == f"{whole}-{len(digests)}"


@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
@example([""])
@example(["A" * 32])
@example(["0" * 32 + "\n"])
def test_names_of_another_kind_tell_nothing_of_the_whole(etags):
    """As a store that encrypts gives them."""
    assert etag_of_parts(etags) == ""


# --- parts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", ["", NAMESPACE])
def test_the_parts_of_an_upload(namespace):
    """With quotes or without, with checksums or without, on several pages."""
    first = document(
        f"<ListPartsResult{namespace}><NextPartNumberMarker>2</NextPartNumberMarker>"
        "<IsTruncated>true</IsTruncated><ChecksumAlgorithm>SHA256</ChecksumAlgorithm>"
        '<Part><PartNumber>1</PartNumber><ETag>"aa"</ETag><Size>5</Size>'
        "<ChecksumSHA256>cc</ChecksumSHA256></Part>"
        "<Part><PartNumber>2</PartNumber><ETag>bb</ETag>"
        "<LastModified>2026-03-14T10:00:05</LastModified></Part>"
        "<Part><PartNumber>²</PartNumber><ETag>bad</ETag></Part></ListPartsResult>"
    )
    last = document(
        f"<ListPartsResult{namespace}><IsTruncated>false</IsTruncated>"
        "<ChecksumAlgorithm>SHA256</ChecksumAlgorithm>"
        "<Part><PartNumber>3</PartNumber><ETag>&quot;dd&quot;</ETag><Size>x</Size></Part>"
        "</ListPartsResult>"
    )
    requests = Scripted(first, last)
    found = Multipart(requests).parts("k", "id")
    assert found.algorithm == "SHA256"
    assert found.parts == {
        1: Part(1, "aa", 5, "cc"),
        2: Part(2, "bb", modified=1_773_482_405.0),
        3: Part(3, "dd"),
    }
    markers = [more["query"]["part-number-marker"] for _, _, more in requests.asked]
    assert markers == ["0", "2"]


@pytest.mark.parametrize("marker", ["", "0", "7"])
def test_pages_that_lead_nowhere_end(marker):
    """A store that says that there is more and does not move on is not asked for ever."""
    page = document(
        "<ListPartsResult><IsTruncated>true</IsTruncated>"
        f"<NextPartNumberMarker>{marker}</NextPartNumberMarker></ListPartsResult>"
    )
    requests = Scripted(page, page)
    Multipart(requests).parts("k", "id")
    assert len(requests.asked) <= 2


@pytest.mark.parametrize(
    ("answer", "is_gone"),
    [
        (refusal(404, "NoSuchUpload"), True),
        (refusal(400, "NoSuchUpload"), True),
        (refusal(404, "NoSuchKey"), True),
        (refusal(404), True),
        (refusal(404, "NoSuchBucket"), False),
        (refusal(403, "AccessDenied"), False),
        (httpx.Response(404, text="<html><body>no route</body></html>"), False),
        (httpx.Response(404, text="<html><body>no route"), False),
    ],
)
def test_an_upload_that_is_not_known_is_told_from_other_refusals(answer, is_gone):
    """Stores word it in several ways; a proxy without its store does not count."""
    asks = [
        lambda multipart: multipart.parts("k", "id"),
        lambda multipart: multipart.send("k", "id", 1, lambda: iter([b""]), 0, "", {}),
        lambda multipart: multipart.complete("k", "id", [], {}),
    ]
    for ask in asks:
        with pytest.raises(NoSuchUpload if is_gone else Refused):
            ask(Multipart(Scripted(answer)))


def test_a_part_that_arrived_is_what_the_store_calls_it():
    """Its name, its checksum, and whether the name can be an MD5."""
    headers = {"etag": '"aa"', "x-amz-checksum-sha256": "cc"}
    kms = {**headers, "x-amz-server-side-encryption": "aws:kms:dsse"}
    for told, is_md5 in ((headers, True), (kms, False)):
        multipart = Multipart(Scripted(httpx.Response(200, headers=told)))
        part = multipart.send("k", "id", 7, lambda: iter([b"x"]), 1, "hash", {})
        assert part == Part(7, "aa", 1, "cc", is_md5=is_md5)
    with pytest.raises(httpx.RemoteProtocolError):
        Multipart(Scripted(httpx.Response(200))).send("k", "id", 1, lambda: iter([]), 0, "", {})


# --- beginning and end -------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", ["", NAMESPACE])
def test_an_upload_has_a_name(namespace):
    """And without one it was not begun."""
    name = "InitiateMultipartUploadResult"
    told = f"<{name}{namespace}><UploadId>u/1+=</UploadId></{name}>"
    assert Multipart(Scripted(document(told))).create("k", {}) == "u/1+="
    for nothing in ("", "<html><UploadId>x</UploadId></html>", "<A/>", "no"):
        with pytest.raises(httpx.RemoteProtocolError):
            Multipart(Scripted(document(nothing))).create("k", {})


@given(
    st.lists(st.tuples(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])),
                       st.text(st.characters(codec="ascii", exclude_categories=["Cc"]))))
)  # fmt: skip
def test_the_parts_are_named_in_a_document(told):
    """Whatever the store called them, it reads what it wrote."""
    parts = [Part(n, etag, checksum=checksum) for n, (etag, checksum) in enumerate(told, 1)]
    requests = Scripted(document("<CompleteMultipartUploadResult/>"))
    assert Multipart(requests).complete("k", "id", parts, {"If-None-Match": "*"})
    ((_, _, more),) = requests.asked
    assert more["headers"]["If-None-Match"] == "*"
    assert more["payload"] == hashlib.sha256(more["content"]).hexdigest()
    space = "{http://s3.amazonaws.com/doc/2006-03-01/}"
    named = [
        (
            int(one.findtext(f"{space}PartNumber")),
            one.findtext(f"{space}ETag").removeprefix('"').removesuffix('"'),
            one.findtext(f"{space}ChecksumSHA256") or "",
        )
        for one in ET.fromstring(more["content"])  # noqa: S314  our own
    ]
    assert named == [(part.number, part.etag, part.checksum) for part in parts]


def test_an_error_after_a_good_beginning_is_an_error():
    """A 200 that took so long that its status was sent before its end was known."""
    late = document(f"\n \n<Error{NAMESPACE}><Code>InternalError</Code></Error>")
    with pytest.raises(Refused) as told:
        Multipart(Scripted(late)).complete("k", "id", [], {})
    assert told.value.answer.is_transient
    gone = document("<Error><Code>NoSuchUpload</Code></Error>")
    with pytest.raises(NoSuchUpload):
        Multipart(Scripted(gone)).complete("k", "id", [], {})


def test_an_upload_that_is_ended_already_is_ended():
    """A missing bucket is something else."""
    Multipart(Scripted(refusal(404, "NoSuchUpload"))).abort("k", "id")
    Multipart(Scripted(refusal(404))).abort("k", "id")
    for status, code in ((404, "NoSuchBucket"), (403, "AccessDenied")):
        with pytest.raises(Refused):
            Multipart(Scripted(refusal(status, code))).abort("k", "id")


# --- unfinished uploads ------------------------------------------------------------------------


@pytest.mark.parametrize("namespace", ["", NAMESPACE])
def test_unfinished_uploads(namespace):
    """Those below the prefix, without it, page by page; with times as stores write them."""
    page = (
        f"<ListMultipartUploadsResult{namespace}><IsTruncated>true</IsTruncated>"
        "<NextKeyMarker>kept/b</NextKeyMarker><NextUploadIdMarker>2</NextUploadIdMarker>"
        "<Upload><Key>kept/a</Key><UploadId>1</UploadId>"
        "<Initiated>2026-03-14T10:00:05.000Z</Initiated></Upload>"
        "<Upload><Key>other/a</Key><UploadId>9</UploadId></Upload>"
        "</ListMultipartUploadsResult>"
    )
    last = (
        f"<ListMultipartUploadsResult{namespace}><Upload><Key>kept/b</Key><UploadId>2</UploadId>"
        "<Initiated>long ago</Initiated></Upload></ListMultipartUploadsResult>"
    )
    requests = Scripted(document(page), document(last), prefix="kept/")
    found = list(Multipart(requests).unfinished(""))
    assert [(one.key, one.upload_id) for one in found] == [("a", "1"), ("b", "2")]
    assert found[0].initiated == 1_773_482_405.0
    assert found[1].initiated is None
    assert requests.asked[1][2]["query"]["key-marker"] == "kept/b"
    assert requests.asked[1][2]["query"]["upload-id-marker"] == "2"


def test_unfinished_uploads_without_an_end_end():
    """A store that leads in a circle is asked twice."""
    page = document(
        "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
        "<NextKeyMarker>k</NextKeyMarker></ListMultipartUploadsResult>"
    )
    requests = Scripted(page, page)
    assert list(Multipart(requests).unfinished("k")) == []
    assert len(requests.asked) == 2


def test_a_store_that_knows_none_has_none():
    """As rclone says it; any other refusal is one."""
    assert list(Multipart(Scripted(refusal(404, "NoSuchUpload"))).unfinished("k")) == []
    with pytest.raises(Refused):
        list(Multipart(Scripted(refusal(403, "AccessDenied"))).unfinished("k"))


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
@example(b"<A><Part><PartNumber>\xc2\xb2</PartNumber></Part></A>")
@example(b"<A><Upload><Key>k</Key><Initiated>0001-01-01T00:00:00</Initiated></Upload></A>")
@example(b"<A><Upload><Key>k</Key><Initiated>9999-12-31T23:59:59-23:59</Initiated></Upload></A>")
@example(b"<A><Contents><Key>k</Key><Size>" + b"9" * 5_000 + b"</Size></Contents></A>")
@example(b"<ListBucketResult><Contents><Key>%</Key><Size>1</Size></Contents></ListBucketResult>")
def test_any_document_is_read_or_refused(content):
    """Nothing but what callers know comes of it."""
    asks = [
        lambda requests: Multipart(requests).create("k", {}),
        lambda requests: Multipart(requests).parts("k", "id"),
        lambda requests: Multipart(requests).complete("k", "id", [], {}),
        lambda requests: list(Multipart(requests).unfinished("")),
        lambda requests: list(Objects(requests).sizes()),
        lambda requests: Objects(requests).facts("k"),
    ]
    for ask in asks:
        with contextlib.suppress(httpx.HTTPError, Refused, NoSuchUpload):
            ask(Scripted(httpx.Response(200, content=content)))


# --- objects -----------------------------------------------------------------------------------


def test_what_is_known_of_an_object():
    """Size, name, what its sender said and what the store found."""
    told = httpx.Response(
        200,
        headers={
            "content-length": "5",
            "etag": '"aa-2"',
            "x-amz-meta-sha256": "s",
            "x-amz-checksum-sha256": "c",
        },
    )
    assert Objects(Scripted(told)).facts("k") == ObjectFacts(5, "aa-2", "s", "c")
    assert Objects(Scripted(refusal(404))).facts("k") is None


@pytest.mark.parametrize("headers", [{}, {"etag": '"a"'}, {"content-length": "9"},
                                     {"etag": '"a"', "content-length": b"\xb2"}])  # fmt: skip
def test_an_answer_that_tells_of_no_object_is_none(headers):
    """A page with 200 is not taken for a recording of its length."""
    response = httpx.Response(200, headers=headers)
    if "content-length" not in headers:
        response.headers.pop("content-length", None)
    with pytest.raises(httpx.RemoteProtocolError):
        Objects(Scripted(response)).facts("k")


@pytest.mark.parametrize("reason", [refusal(403, "AccessDenied"), refusal(400, "ExpiredToken")])
def test_a_look_that_is_refused_without_a_word_asks_for_the_reason(reason):
    """In a way that has an answer with a body."""
    requests = Scripted(refusal(reason.status_code), reason)
    with pytest.raises(Refused) as told:
        Objects(requests).facts("k")
    assert told.value.answer == Answer(reason.status_code, answer_of(reason).code)
    assert [method for method, _, _ in requests.asked] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    "reason", [httpx.Response(206), refusal(404, "NoSuchKey"), refusal(416, "InvalidRange")]
)
def test_a_look_that_only_its_reason_was_needed_for_is_repeated(reason):
    """The keys were renewed with it, or the clock was set: the object is there, empty, or not."""
    found = httpx.Response(200, headers={"content-length": "0", "etag": "e"})
    assert Objects(Scripted(refusal(403), reason, found)).facts("k") == ObjectFacts(0, "e", "")
    assert Objects(Scripted(refusal(403), reason, refusal(404))).facts("k") is None
    with pytest.raises(Refused):
        Objects(Scripted(refusal(403), reason, refusal(403))).facts("k")


def test_a_look_at_a_store_that_stumbles_is_not_doubled():
    """It asked for fewer requests."""
    requests = Scripted(refusal(503))
    with pytest.raises(Refused):
        Objects(requests).facts("k")
    assert len(requests.asked) == 1


@pytest.mark.parametrize("encoding", ["<EncodingType>url</EncodingType>", ""])
def test_a_listing_is_read_page_by_page(encoding):
    """Names come as they are, whether the store escapes them or not."""
    name = "kept/a+b%20c" if encoding else "kept/a b c"
    first = (
        f"<ListBucketResult{NAMESPACE}>{encoding}<IsTruncated>true</IsTruncated>"
        "<NextContinuationToken>t=</NextContinuationToken>"
        f"<Contents><Key>{name}</Key><Size>7</Size></Contents>"
        "<Contents><Key>kept/x</Key><Size>no</Size></Contents></ListBucketResult>"
    )
    entry = "<Contents><Key>kept/z</Key><Size>1</Size></Contents>"
    last = f"<ListBucketResult>{entry}</ListBucketResult>"
    requests = Scripted(document(first), document(last), prefix="kept/")
    assert list(Objects(requests).sizes()) == [("a b c", 7), ("z", 1)]
    assert requests.asked[1][2]["query"]["continuation-token"] == "t="
