"""The stand-in answers at its REST interface as Storage was seen to answer."""

import base64
import hashlib

import pytest

from tests.fakes.supabase_server import (
    Bucket,
)

MIB = 1 << 20


def refusal(response):
    """Return HTTP status, true status and word of a refused REST request."""
    told = response.json()
    return response.status_code, told["statusCode"], told["code"]


def test_a_raw_upload(server, person):
    """Type and cache control are stored as they were sent, metadata decoded."""
    metadata = base64.b64encode(b'{"a":1}').decode()
    told = person.storage(
        "POST",
        f"/object/recordings/{person.key('a b.vtt')}",
        content=b"WEBVTT",
        Content_Type="text/vtt",
        Cache_Control="max-age=3600",
        x_metadata=metadata,
    )
    stored = server.objects[person.key("a b.vtt")]
    assert told.status_code == 200
    assert told.json() == {"Key": f"recordings/{person.key('a b.vtt')}", "Id": stored.id}
    assert (stored.content_type, stored.cache_control) == ("text/vtt", "max-age=3600")
    assert (stored.data, stored.metadata) == (b"WEBVTT", {"a": 1})
    digest = hashlib.md5(b"WEBVTT", usedforsecurity=False).hexdigest()
    assert stored.etag == f'"{digest}"'


def test_a_form(server, person):
    """As storage3 sends it: fields first, then the file, whatever its bytes are."""
    data = b"\r\n-- --x\r\n\r\n" + bytes(range(256)) + b"\r\n"
    told = person.http.post(
        f"{server.url}/storage/v1/object/recordings/{person.key('a')}",
        data={"cacheControl": "60", "metadata": '{"b":2}'},
        files={"file": ("a.mp4", data, "video/mp4")},
        headers=person.headers | {"Content-Type": "multipart/form-data; boundary=x"},
    )
    stored = server.objects[person.key("a")]
    assert told.status_code == 200
    assert (stored.data, stored.content_type) == (data, "video/mp4")
    assert (stored.cache_control, stored.metadata) == ("max-age=60", {"b": 2})


def test_replacing_keeps_the_id(server, person):
    """PUT, or x-upsert; without them the name is taken."""
    path = f"/object/recordings/{person.key('a')}"
    first = person.storage("POST", path, content=b"")
    assert refusal(person.storage("POST", path, content=b"2")) == (
        400,
        "409",
        "KeyAlreadyExists",
    )
    for told in (
        person.storage("POST", path, content=b"3", x_upsert="true"),
        person.storage("PUT", path, content=b"4"),
    ):
        assert told.json()["Id"] == first.json()["Id"]
    assert server.objects[person.key("a")].data == b"4"


def test_refusals_tell_the_true_status_in_the_body(server, person, clock):
    """HTTP says 400 of all of them."""

    def post(path, content=b"abc", **headers):
        return refusal(person.storage("POST", path, content=content, **headers))

    mine = f"/object/recordings/{person.key('a')}"
    assert post("/object/recordings/other/a") == (400, "403", "AccessDenied")
    assert post(f"/object/nowhere/{person.key('a')}") == (400, "404", "NoSuchBucket")
    assert post(f"/object/recordings/{person.key('%C3%A9')}") == (400, "400", "InvalidKey")
    server.buckets["recordings"] = Bucket(file_size_limit=2, allowed_mime_types=["video/mp4"])
    assert post(mine) == (400, "413", "EntityTooLarge")
    assert post(mine, b"ab", Content_Type="text/plain") == (400, "415", "InvalidMimeType")
    assert post(mine, b"ab", Authorization="Bearer x") == (400, "403", "AccessDenied")
    clock.advance(3_601)
    expired = person.storage("POST", mine, content=b"ab")
    assert expired.text == (
        '{"statusCode":"403","error":"Unauthorized",'
        '"message":"\\"exp\\" claim timestamp check failed","code":"AccessDenied"}'
    )
    nobody = person.http.post(f"{server.url}/storage/v1{mine}", content=b"ab")
    assert nobody.json()["message"] == "headers must have required property 'authorization'"
    assert server.objects == {}


def test_the_connection_survives_a_body_that_is_too_large(server, person):
    """The answer comes at once; what the client still sends is read away."""
    server.buckets["recordings"] = Bucket(file_size_limit=2)
    path = f"/object/recordings/{person.key('a')}"
    assert person.storage("POST", path, content=bytes(3 * MIB)).json()["statusCode"] == "413"
    assert person.storage("GET", "/status").status_code == 200


def test_facts_of_an_object(server, person):
    """Info for who may see it, HEAD with its size; otherwise it does not exist."""
    stored = server.put_object(person.key("a.mp4"), b"abc")
    told = person.storage("GET", f"/object/info/recordings/{person.key('a.mp4')}")
    assert told.json()["size"] == 3
    assert (told.json()["etag"], told.headers["etag"]) == (stored.etag, stored.etag)
    head = person.storage("HEAD", f"/object/recordings/{person.key('a.mp4')}")
    assert (head.status_code, head.headers["content-length"]) == (200, "3")
    missing = person.storage("GET", f"/object/info/recordings/{person.key('b')}")
    assert refusal(missing) == (400, "404", "NoSuchKey")
    assert person.storage("HEAD", "/object/recordings/b").status_code == 400
    server.policies.discard("select")
    hidden = person.storage("GET", f"/object/info/recordings/{person.key('a.mp4')}")
    assert refusal(hidden) == (400, "404", "NoSuchKey")


@pytest.mark.parametrize(
    ("asked", "status", "body"),
    [
        (None, 200, b"0123456789"),
        ("bytes=2-4", 206, b"234"),
        ("bytes=8-", 206, b"89"),
        ("bytes=-3", 206, b"789"),
        ("bytes=8-99", 206, b"89"),
    ],
)
def test_bytes_and_ranges(server, person, asked, status, body):
    """With a token, or by a link."""
    key = person.key("a.mp4")
    server.put_object(key, b"0123456789", content_type="video/mp4")
    headers = {} if asked is None else {"Range": asked}
    link = person.storage("POST", f"/object/sign/recordings/{key}", body={"expiresIn": 60})
    for told in (
        person.storage("GET", f"/object/authenticated/recordings/{key}", **headers),
        person.http.get(f"{server.url}/storage/v1{link.json()['signedURL']}", headers=headers),
    ):
        assert (told.status_code, told.content) == (status, body)
        assert told.headers["content-type"] == "video/mp4"
        assert told.headers["accept-ranges"] == "bytes"
    if asked == "bytes=2-4":
        assert told.headers["content-range"] == "bytes 2-4/10"


def test_a_range_behind_the_end(server, person):
    """Cannot be satisfied."""
    server.put_object(person.key("a"), b"abc")
    path = f"/object/authenticated/recordings/{person.key('a')}"
    assert refusal(person.storage("GET", path, Range="bytes=3-"))[1] == "416"


def test_a_link_has_its_time_and_its_object(server, person, clock):
    """After it, with another name or another signature it is refused."""
    key = person.key("a b.mp4")
    server.put_object(key, b"abc")
    server.put_object(person.key("c"), b"c")
    told = person.storage("POST", f"/object/sign/recordings/{key}", body={"expiresIn": 60})
    link = f"{server.url}/storage/v1{told.json()['signedURL']}"
    named = person.http.get(f"{link}&download=x.mp4")
    assert named.headers["content-disposition"].startswith("attachment; filename=x.mp4;")
    other = link.replace("a%20b.mp4", "c")
    assert refusal(person.http.get(other))[2] == "InvalidSignature"
    for_upload = person.storage("POST", f"/object/upload/sign/recordings/{key}", x_upsert="true")
    crossed = f"{link.partition('=')[0]}={for_upload.json()['token']}"
    assert refusal(person.http.get(crossed))[2] == "InvalidSignature"
    assert person.http.get(f"{link[:-8]}AAAAAAAA").json()["error"] == "InvalidJWT"
    clock.advance(61)
    late = person.http.get(link)
    assert late.json()["message"] == '"exp" claim timestamp check failed'
    assert refusal(late) == (400, "400", "InvalidJWT")


def test_links_for_many(server, person):
    """What cannot be seen has an error in place of a link."""
    server.put_object(person.key("a"), b"abc")
    body = {"expiresIn": 60, "paths": [person.key("a"), "other/a"]}
    one, two = person.storage("POST", "/object/sign/recordings", body=body).json()
    assert (one["error"], two["signedURL"]) == (None, None)
    assert two["error"].startswith("Either the object does not exist")


def test_a_private_bucket_has_no_public_objects(server, person):
    """And a public one has."""
    server.put_object(person.key("a"), b"abc")
    url = f"{server.url}/storage/v1/object/public/recordings/{person.key('a')}"
    assert refusal(person.http.get(url)) == (400, "404", "NoSuchBucket")
    server.buckets["recordings"].public = True
    assert person.http.get(url).content == b"abc"


def test_listing(server, person):
    """Folders have no id; order, pages and search; others' objects are not there."""
    for name in ("b.mp4", "a.mp4", "deep/c.mp4"):
        server.put_object(person.key(name), b"abc")
    server.put_object("other/2026/x", b"abc")

    def names(**body):
        told = person.storage("POST", "/object/list/recordings", body=body).json()
        return [(one["name"], one["id"] is None) for one in told]

    folder = f"{person.user.id}/2026"
    assert names(prefix="") == [(person.user.id, True)]
    assert names(prefix=folder) == [("a.mp4", False), ("b.mp4", False), ("deep", True)]
    assert names(prefix=folder, limit=1, offset=1) == [("b.mp4", False)]
    assert names(prefix=folder, search="A.M") == [("a.mp4", False)]
    backwards = {"column": "name", "order": "desc"}
    assert names(prefix=folder, sortBy=backwards)[0] == ("deep", True)
    told = person.storage("POST", "/object/list/nowhere", body={"prefix": ""})
    assert told.json() == []


def test_listing_with_a_cursor(server, person):
    """Page after page gives everything once."""
    for name in ("b", "a", "deep/c"):
        server.put_object(person.key(name), b"abc")
    body = {"prefix": f"{person.user.id}/2026/", "limit": 1, "with_delimiter": True}
    found = []
    for _ in range(3):
        told = person.storage("POST", "/object/list-v2/recordings", body=body).json()
        found += [one["name"] for one in told["folders"] + told["objects"]]
        body["cursor"] = told.get("nextCursor", "")
    assert found == [person.key(name) for name in ("a", "b", "deep/")]
    assert told["hasNext"] is False


def test_moving_and_copying(server, person):
    """The bytes keep their id when moved; a taken name refuses."""
    server.put_object(person.key("a"), b"abc")
    body = {"bucketId": "recordings", "sourceKey": person.key("a")}
    copied = person.storage("POST", "/object/copy", body=body | {"destinationKey": person.key("b")})
    assert copied.json()["Key"] == f"recordings/{person.key('b')}"
    taken = person.storage("POST", "/object/move", body=body | {"destinationKey": person.key("b")})
    assert refusal(taken)[1] == "409"
    moved = person.storage("POST", "/object/move", body=body | {"destinationKey": person.key("c")})
    assert moved.json() == {"message": "Successfully moved"}
    assert sorted(server.objects) == [person.key("b"), person.key("c")]
    gone = person.storage("POST", "/object/move", body=body | {"destinationKey": person.key("d")})
    assert refusal(gone)[1] == "404"


def test_deleting(server, person):
    """One, or many, of which only those that were there and one's own are named."""
    for name in ("a", "b"):
        server.put_object(person.key(name), b"abc")
    server.put_object("other/a", b"abc")
    path = f"/object/recordings/{person.key('a')}"
    assert person.storage("DELETE", path).json() == {"message": "Successfully deleted"}
    assert refusal(person.storage("DELETE", path)) == (400, "404", "NoSuchKey")
    body = {"prefixes": [person.key("b"), "other/a", "nothing"]}
    told = person.storage("DELETE", "/object/recordings", body=body)
    assert [one["name"] for one in told.json()] == [person.key("b")]
    assert list(server.objects) == ["other/a"]


def test_buckets_are_for_the_service(server, person):
    """A plain user neither sees nor makes one."""
    assert refusal(person.storage("GET", "/bucket/recordings")) == (400, "404", "NoSuchBucket")
    assert person.storage("GET", "/bucket").json() == []
    new = {"id": "more", "name": "more", "public": False}
    assert refusal(person.storage("POST", "/bucket", body=new))[1] == "403"
    person.headers = {"apikey": server.secret_key}
    assert person.storage("POST", "/bucket", body=new).json() == {"name": "more"}
    again = person.storage("POST", "/bucket", body=new)
    assert refusal(again) == (400, "409", "BucketAlreadyExists")
    large = {"name": "large", "file_size_limit": server.max_size + 1}
    assert refusal(person.storage("POST", "/bucket", body=large))[1] == "413"
    assert person.storage("GET", "/bucket/recordings").json()["public"] is False
    assert [one["id"] for one in person.storage("GET", "/bucket").json()] == [
        "more",
        "recordings",
    ]


def test_an_unknown_route(server, person):
    """Is 404 with the status as a number."""
    told = person.storage("GET", "/zzz")
    assert (told.status_code, told.json()["statusCode"]) == (404, 404)
