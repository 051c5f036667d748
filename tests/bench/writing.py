"""cp against curl sending the same PATCHes."""

import base64
import json
import os
import struct
import urllib.parse

from report import heading, line, timed
from rig import Service, alternate, seconds

CONTACTS = 100
GOAL = 1.1


class Pictures:
    """As many different photos as asked for: one face, with another comment in each."""

    def __init__(self, folder, face):
        self.folder = folder
        self.face = face
        self.made = 0

    def batch(self):
        """A folder of CONTACTS new files 0.jpg, 1.jpg …"""
        self.made += 1
        batch = self.folder / f"batch{self.made}"
        batch.mkdir()
        for number in range(CONTACTS):
            comment = f"{self.made} {number}".encode()
            (batch / f"{number}.jpg").write_bytes(
                self.face[:2] + b"\xff\xfe" + struct.pack(">H", len(comment) + 2) + comment + self.face[2:])
        return batch


def copy_photos(folder, rtt, rounds, results):
    heading(f"{CONTACTS} × cp one after the other, {rtt} ms of round trip, against one keep-alive curl sending the same PATCHes")
    with Service(folder, "--people", str(CONTACTS), rtt=rtt) as service:
        people = service.emulator.people()
        names = {person["resourceName"]: person["displayName"] for person in people}
        face = service.emulator.photo_bytes(people[0]["resourceName"])
        pictures = Pictures(folder, face)
        fields = person_fields(service)

        def ours(with_photos, cached):
            return lambda: cp(service, names, pictures.batch(), with_photos, cached)

        kept, fetched, curl_times, none = alternate(
            rounds, ours(True, True), ours(True, False),
            lambda: curl(service, list(names), pictures.batch(), fields), ours(False, False))
        line("each photo", f"{len(face) / 1e3:.0f} kB")
        timed("curl, without its TLS handshake", curl_times)
        for what, times in (("contacts without a photo", none), ("the old photo cached, kept in .previous", kept),
                            ("the old photo not cached, fetched for .previous", fetched)):
            timed(f"contactfs: {what}", times, theirs=curl_times)
            results.compare(f"{CONTACTS} × cp: {what}", "one keep-alive curl", times, curl_times, GOAL)


def person_fields(service):
    """What contactfs asks for in return; curl asks for the same."""
    mount = service.new_mount().start()
    service.end_mount(mount)
    query = service.requests(path="/v1/people/me/connections")[0]["query"]
    return dict(urllib.parse.parse_qsl(query))["personFields"]


def prepare(service, names, with_photos):
    for resource in names:
        if with_photos:
            service.emulator.set_photo(resource, f"before {resource}")
        else:
            service.emulator.remove_photo(resource)


def cp(service, names, batch, with_photos, cached):
    service.relay.set_rtt(0)
    prepare(service, names, with_photos)
    mount = service.new_mount().start()
    if cached:
        service.programs.shell("cat */photo.jpg >/dev/null", cwd=mount.path)
    else:
        draw_all(service)
    service.relay.set_rtt(service.rtt)
    targets = sorted(names.values())
    script = "\n".join(f"cp '{batch}/{number}.jpg' '{name}/photo.jpg'" for number, name in enumerate(targets))
    service.emulator.reset_requests()
    taken, _ = seconds(lambda: service.programs.shell(f"set -e\n{script}", cwd=mount.path))
    check(service, mount, targets, with_photos)
    service.end_mount(mount)
    return taken


def draw_all(service):
    """The service draws faces when they are asked for first; that is none of ours."""
    for person in service.emulator.people():
        if person["photo"]:
            service.emulator.photo_bytes(person["resourceName"])


def check(service, mount, targets, with_photos):
    patches = service.requests(method="PATCH")
    assert len(patches) == CONTACTS and {request["status"] for request in patches} == {200}, patches
    for name in targets:
        kept = mount.path / name / ".previous"
        assert not with_photos or len(os.listdir(kept)) == 1, f"{kept} does not hold the old photo"


def curl(service, resources, batch, fields):
    sections = []
    for number, resource in enumerate(resources):
        photo = (batch / f"{number}.jpg").read_bytes()
        body = batch / f"{number}.json"
        body.write_text(json.dumps({"photoBytes": base64.b64encode(photo).decode(), "personFields": fields}))
        sections.append([
            ("url", f"{service.api_base}/v1/{resource}:updateContactPhoto"), ("request", "PATCH"),
            ("data-binary", f"@{body}"), ("header", f"Authorization: Bearer {service.emulator.token}"),
            ("header", "Content-Type: application/json"), ("header", "Expect:")])
    config = service.curl_config("patches", sections, "%{http_code} %{size_download} %{time_pretransfer}\\n")
    taken, answers = seconds(lambda: service.curl(config))
    assert len(answers) == CONTACTS and {answer[0] for answer in answers} == {200}, answers
    return taken - answers[0][2]
