"""Photos: how they are told, served, changed and refused."""

import base64
import struct

import pytest

FIELDS = "photos,metadata"


def person(emulator, name):
    return emulator.api("GET", name, {"personFields": FIELDS}).json()


def url(emulator, name="people/c1001", options=None):
    told = person(emulator, name)["photos"][0]["url"]
    return told if options is None else told.rpartition("=")[0] + options


def update(emulator, name, picture, fields=FIELDS, encode=base64.b64encode, **more):
    body = {"photoBytes": encode(picture).decode(), **({"personFields": fields} if fields else {}), **more}
    return emulator.api("PATCH", f"{name}:updateContactPhoto", body=body)


def delete(emulator, name, **query):
    return emulator.api("DELETE", f"{name}:deleteContactPhoto", query)


def size(picture):
    """(format, width, height)"""
    if picture[:8] == b"\x89PNG\r\n\x1a\n":
        return ("png", *struct.unpack(">II", picture[16:24]))
    assert picture[:2] == b"\xff\xd8"
    at = 2
    while picture[at + 1] not in (0xC0, 0xC2):
        at += 2 + struct.unpack(">H", picture[at + 2:at + 4])[0]
    return ("jpeg", *struct.unpack(">HH", picture[at + 5:at + 9])[::-1])


def another_face(emulator):
    """A JPEG that is nobody's."""
    emulator.set_photo("people/c1020", "another face")
    return emulator.photo_bytes("people/c1020")


def png(emulator):
    return emulator.photo(url(emulator, "people/c1009", "=s200")).body


# ---- reading ----

def test_a_photo_url_asks_for_100_pixels(emulator):
    photo = person(emulator, "people/c1001")["photos"][0]
    assert photo["url"].startswith(emulator.photo_url + "/contacts/") and photo["url"].endswith("=s100")
    assert "default" not in photo and photo["metadata"] == {"primary": True, "sourcePrimary": True, "source": {"type": "CONTACT", "id": "3e9"}}
    assert size(emulator.photo(photo["url"]).body) == ("jpeg", 100, 100)


def test_somebody_without_a_photo_has_a_monogram(emulator):
    photos = person(emulator, "people/c1009")["photos"]
    assert len(photos) == 1 and photos[0]["default"] is True
    answer = emulator.photo(photos[0]["url"])
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/png"
    assert size(answer.body) == ("png", 100, 100)


def test_a_linked_profile_gives_a_second_entry(emulator):
    contact, profile = person(emulator, "people/c1005")["photos"]
    assert contact["metadata"]["source"]["type"] == "CONTACT" and contact["metadata"]["primary"] is True
    assert profile["metadata"]["source"]["type"] == "PROFILE" and "primary" not in profile["metadata"]
    assert contact["url"] != profile["url"]
    pictures = {emulator.photo(photo["url"]).body for photo in (contact, profile)}
    assert len(pictures) == 2
    [only] = person(emulator, "people/c1008")["photos"]
    assert only["metadata"]["source"]["type"] == "PROFILE" and only["metadata"]["primary"] is True
    types = [source["type"] for source in person(emulator, "people/c1008")["metadata"]["sources"]]
    assert types == ["CONTACT", "PROFILE"]


def test_domain_shared_contacts(emulator):
    emulator.person("domain-contact", "people/c1001")
    told = person(emulator, "people/c1001")
    assert told["photos"][0]["metadata"]["source"]["type"] == "DOMAIN_CONTACT"
    assert told["metadata"]["sources"][0]["type"] == "DOMAIN_CONTACT"


@pytest.mark.parametrize("options, expected", [
    ("=s64", (64, 64)), ("=s64-c", (64, 64)), ("=s1", (1, 1)), ("=w100-h50", (50, 50)), ("=w100-h50-c", (100, 50)),
    ("=w90", (90, 90)), ("=h80", (80, 80)), ("=s2048", (720, 720)), ("=s0", (720, 720)), ("=s64-c-no", (64, 64)),
    ("", (512, 512)), ("?sz=64", (512, 512)), ("=s0?sz=64", (720, 720)), ("=s100?sz=64", (100, 100))])
def test_the_suffix_decides_the_size(emulator, options, expected):
    answer = emulator.photo(url(emulator, options=options))
    assert answer.status == 200 and answer.headers["Content-Type"] == "image/jpeg"
    assert size(answer.body) == ("jpeg", *expected)


def test_an_oblong_photo(emulator):
    emulator.set_photo("people/c1001", emulator.photo(url(emulator, options="=w300-h200-c")).body)
    assert size(emulator.photo(url(emulator, options="=s150")).body) == ("jpeg", 150, 100)
    assert size(emulator.photo(url(emulator, options="=s150-c")).body) == ("jpeg", 150, 150)


@pytest.mark.parametrize("path", ["/contacts/none=s100", "/contacts/=s100", "/", "/cm/none=s100", "/a-/none", "/x/y=s0"])
def test_unknown_photos_are_404_in_html(emulator, path):
    answer = emulator.photo(emulator.photo_url + path)
    assert answer.status == 404 and answer.headers.get_content_type() == "text/html"


def test_nonsense_options(emulator):
    for options in ("=x1", "=s-1", "=sbig", "=s99999"):
        assert emulator.photo(url(emulator, options=options)).status == 400


def test_a_key_is_good_for_its_own_folder_only(emulator):
    assert emulator.photo(url(emulator).replace("/contacts/", "/a-/")).status == 404


def test_the_photo_host_refuses_and_counts_tokens(emulator):
    assert emulator.photo(url(emulator)).status == 200
    assert emulator.log()["photo_authorizations"] == 0
    answer = emulator.photo(url(emulator), headers={"Authorization": "Bearer whatever"})
    assert answer.status == 403
    assert emulator.log()["photo_authorizations"] == 1


def test_faces_are_the_same_every_time(start):
    first, second = start("--people", "3"), start("--people", "3")
    pictures = [first.photo_bytes(each["resourceName"]) for each in first.people()]
    assert pictures == [second.photo_bytes(each["resourceName"]) for each in second.people()]
    assert len(set(pictures)) == 3
    assert [each["url"].rpartition("/")[2] for each in person(first, "people/c100001")["photos"]] \
        == [each["url"].rpartition("/")[2] for each in person(second, "people/c100001")["photos"]]


# ---- writing ----

@pytest.mark.options("--keep-bytes")
def test_an_upload_is_kept_byte_for_byte(emulator):
    for picture in (another_face(emulator), png(emulator)):
        answer = update(emulator, "people/c1001", picture)
        assert answer.status == 200
        told = answer.json()["person"]
        assert set(told) == {"resourceName", "etag", "metadata", "photos"}
        served = emulator.photo(told["photos"][0]["url"].rpartition("=")[0] + "=s0")
        assert served.body == picture == emulator.photo_bytes("people/c1001")
        assert served.headers["Content-Type"] == ("image/png" if picture[:1] == b"\x89" else "image/jpeg")


def served_after(emulator, picture):
    told = update(emulator, "people/c1001", picture).json()["person"]
    return emulator.photo(told["photos"][0]["url"].rpartition("=")[0] + "=s0").body


def test_an_upload_comes_back_encoded_anew(emulator):
    picture = another_face(emulator)
    served = served_after(emulator, picture)
    assert served != picture and size(served) == size(picture)
    assert emulator.photo_bytes("people/c1001") == picture
    assert emulator.photo_bytes("people/c1001", served=True) == served


def test_an_upload_comes_back_smaller(emulator, start):
    picture = start("--face-size", "1600", "--keep-bytes").photo_bytes("people/c1001")
    assert size(picture) == ("jpeg", 1600, 1600)
    assert size(served_after(emulator, picture)) == ("jpeg", 720, 720)


def test_the_same_bytes_move_the_url(emulator):
    picture = another_face(emulator)
    first = update(emulator, "people/c1001", picture).json()["person"]["photos"][0]["url"]
    assert update(emulator, "people/c1001", picture).json()["person"]["photos"][0]["url"] != first
    assert emulator.photo(first).status == 404


def test_person_fields_in_the_query_are_refused(emulator):
    answer = emulator.api("PATCH", "people/c1001:updateContactPhoto", {"personFields": "photos"},
                          {"photoBytes": base64.b64encode(another_face(emulator)).decode()})
    assert answer.status == 400 and "personFields" in answer.json()["error"]["message"]


def test_without_person_fields_the_answer_is_empty(emulator):
    assert update(emulator, "people/c1001", another_face(emulator), fields=None).json() == {}
    assert delete(emulator, "people/c1001").json() == {}


@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode,
                                    lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")])
def test_both_alphabets_of_base64_work(emulator, encode):
    picture = another_face(emulator)
    assert update(emulator, "people/c1001", picture, encode=encode).status == 200
    assert emulator.photo_bytes("people/c1001") == picture


def test_a_change_moves_the_url_the_etags_and_the_time(emulator):
    before = person(emulator, "people/c1001")
    after = update(emulator, "people/c1001", another_face(emulator)).json()["person"]
    again = update(emulator, "people/c1001", another_face(emulator)).json()["person"]
    assert len({each["photos"][0]["url"] for each in (before, after, again)}) == 3
    assert len({each["etag"] for each in (before, after, again)}) == 3
    assert len({each["metadata"]["sources"][0]["etag"] for each in (before, after, again)}) == 3
    times = [each["metadata"]["sources"][0]["updateTime"] for each in (before, after, again)]
    assert times == sorted(set(times))
    emulator.rename_person("people/c1001", "Same", "Face")
    renamed = person(emulator, "people/c1001")
    assert renamed["photos"] == again["photos"], "the URL moves only when the photo does"
    assert renamed["etag"] != again["etag"]


def test_old_urls_end_at_once(emulator):
    old = url(emulator)
    update(emulator, "people/c1001", another_face(emulator))
    assert emulator.photo(old).status == 404
    last = url(emulator)
    delete(emulator, "people/c1001")
    assert emulator.photo(last).status == 404


@pytest.mark.options("--old-photo-grace", "60")
def test_old_urls_may_last_a_while(emulator):
    old = url(emulator)
    update(emulator, "people/c1001", another_face(emulator))
    emulator.advance(59)
    assert emulator.photo(old).status == 200
    emulator.advance(2)
    assert emulator.photo(old).status == 404


def test_deleting(emulator):
    answer = delete(emulator, "people/c1005", personFields=FIELDS)
    assert answer.status == 200
    [left] = answer.json()["person"]["photos"]
    assert left["metadata"]["source"]["type"] == "PROFILE"
    again = delete(emulator, "people/c1005", personFields=FIELDS)
    assert again.status == 404 and again.json()["error"]["status"] == "NOT_FOUND"
    assert emulator.api("GET", "people/c1005", {"personFields": "names"}).status == 200
    assert delete(emulator, "people/c1001", personFields=FIELDS).json()["person"]["photos"][0]["default"] is True
    assert delete(emulator, "people/c404").status == 404


# ---- refusals ----

def refused(answer, words):
    assert answer.status == 400, answer.body
    error = answer.json()["error"]
    assert error["status"] == "INVALID_ARGUMENT" and words in error["message"]
    return True


def test_only_whole_jpeg_and_png_are_photos(emulator):
    jpeg, whole_png = another_face(emulator), png(emulator)
    before = emulator.photo_bytes("people/c1001")
    for bad in (b"", b"hello", b"GIF89a\x01\x00\x01\x00\x00\xff\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;",
                jpeg[:len(jpeg) // 2], jpeg[:20], jpeg[:-400], whole_png[:len(whole_png) // 2], whole_png[:40],
                b"\xff\xd8\xff\xe0" + b"\0" * 500, b"RIFF\x10\0\0\0WEBPVP8 ", b"<svg xmlns='http://www.w3.org/2000/svg'/>"):
        assert refused(update(emulator, "people/c1001", bad), "Invalid photo format"), bad[:20]
    assert emulator.photo_bytes("people/c1001") == before


@pytest.mark.parametrize("body, words", [
    ({"photoBytes": "&&&&"}, "Base64 decoding failed"), ({"photoBytes": "abcde"}, "Base64 decoding failed"),
    ({"photoBytes": 7}, "photoBytes"), ({}, "Invalid photo format"), ({"photo": "abcd"}, 'Unknown name "photo"'),
    ({"photoBytes": "abcd", "personFields": "shoes"}, "Invalid personFields mask path"),
    ({"photoBytes": "abcd", "sources": ["NONSENSE"]}, "Invalid value at 'sources'"), (b"{", "Invalid JSON payload"),
    ([], "Invalid JSON payload")])
def test_bodies_are_checked(emulator, body, words):
    assert refused(emulator.api("PATCH", "people/c1001:updateContactPhoto", body=body), words)


def test_some_people_are_no_contacts(emulator):
    emulator.person("domain-contact", "people/c1002")
    picture = another_face(emulator)
    for name in ("people/me", "people/c1002"):
        words = f'Resource name "{name}" is not a valid contact person resource.'
        assert refused(update(emulator, name, picture), words)
        assert refused(delete(emulator, name), words)
    assert update(emulator, "people/c404", picture).status == 404


def test_too_much_is_refused_by_the_front_end(emulator):
    answer = emulator.api("PATCH", "people/c1001:updateContactPhoto", body=b" " * (20 * 1024 * 1024 + 1))
    assert answer.status == 413 and answer.headers.get_content_type() == "text/html"
