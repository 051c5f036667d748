"""The photos' host has another address than the service. So the connection to it is there before the first photo is wanted."""

import os

import pytest

from conftest import PEOPLE_EMULATOR, SMALL_FACES
from emulator import Emulator
from eventually import eventually
from network import Authority


@pytest.fixture
def trusted(tmp_path):
    """(a service over TLS and HTTP/2, the environment that believes it)."""
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.certify("127.0.0.1", "localhost")
    with Emulator([*SMALL_FACES, "--people", "5", "--tls-cert", certificate, "--tls-key", key], program=PEOPLE_EMULATOR,
                  ca=str(authority.certificate)) as made:
        yield made, {"SSL_CERT_FILE": str(authority.certificate)}


def connections(mounted):
    return mounted.status()["connections"]


def test_first_photo_finds_a_connection(mount, trusted):
    emulator, env = trusted
    mounted = mount(emulator, env=env)
    eventually(lambda: connections(mounted) == 2, why="nobody connected to the photos' host")
    assert emulator.requests(origin="photo") == []
    for person in sorted(os.listdir(mounted.path))[:2]:
        (mounted.path / person / "photo.jpg").read_bytes()
    assert connections(mounted) == 2
    assert len(emulator.requests(origin="photo")) == 2


def test_listing_the_root_connects(mount, trusted):
    """After a remount there was no first listing."""
    emulator, env = trusted
    mounted = mount(emulator, env=env)
    mounted.unmount()
    mounted.start()
    os.listdir(mounted.path)
    eventually(lambda: connections(mounted) == 2, why="nobody connected to the photos' host")
    assert emulator.requests(origin="photo") == []


def test_who_has_the_photos_does_not_connect(mount, trusted):
    emulator, env = trusted
    mounted = mount(emulator, env=env)
    for person in os.listdir(mounted.path):
        (mounted.path / person / "photo.jpg").read_bytes()
    mounted.unmount()
    mounted.start()
    for person in os.listdir(mounted.path):
        (mounted.path / person / "photo.jpg").read_bytes()
    eventually(lambda: mounted.status()["last_sync"] >= mounted.status()["started"])
    assert connections(mounted) <= 1
