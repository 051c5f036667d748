"""The same cold cat through file systems that others wrote, for what is comparable: files that lie behind HTTP.

They get the best case: one flat folder on a plain server, listed before the clock starts, and a program that reads it
in order. What is left is what each does about the round trip."""

import os
import shutil
import socket
import subprocess

from reading import PEOPLE, scan
from report import heading, line, timed
from rig import Relay, Service, alternate, eventually, free_port, seconds


class FlatServer:
    """The photos as 1.jpg, 2.jpg … behind a relay, by rclone serve: webdav over TLS, or an index over plain http."""

    def __init__(self, service, photos, protocol, rtt):
        self.port = free_port()
        tls = ["--cert", service.certificate, "--key", service.key] if protocol == "webdav" else []
        self.process = subprocess.Popen(
            ["rclone", "serve", protocol, photos, "--addr", f"127.0.0.1:{self.port}", "--config", "", *tls],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=service.programs.env)
        eventually(self._listens, why=f"rclone serve {protocol} did not listen")
        self.relay = Relay(1)
        self.relay.set_targets(self.port)
        self.relay.set_rtt(rtt)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.relay.ports[0]}/"

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        self.relay.close()
        self.process.terminate()
        self.process.wait()


def read_flat(service, command, size):
    """Seconds of cat * in a fresh mount by command (its last word is the mount point)."""
    path = command[-1]
    path.mkdir()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env=service.programs.env)
    try:
        eventually(lambda: os.path.ismount(path), timeout=60, why=f"{command[0]} did not mount")
        assert len(os.listdir(path)) == PEOPLE
        taken, result = seconds(lambda: service.programs.shell("cat *.jpg | wc -c", cwd=path))
        assert int(result.out) == size, (command[0], result.out, size)
    finally:
        subprocess.run(["fusermount3", "-u", "-q", path], check=False)
        process.wait()
        path.rmdir()
    return taken


def rclone(service, server, folder):
    return ["rclone", "mount", ":webdav:", "--webdav-url", server.url, "--webdav-vendor", "other", "--config", "",
            "--ca-cert", service.certificate, "--read-only", "--cache-dir", folder / "rclone-cache", folder / "mnt-rclone"]


def httpdirfs(service, server, folder):
    """Its --cache makes no difference to a first read."""
    return ["httpdirfs", "-f", "--max-conns", "64", server.url, folder / "mnt-httpdirfs"]


# program: how it is served, how it is mounted, what it is called in print
OTHERS = {
    "rclone": ("webdav", rclone, "rclone mount, webdav over TLS"),
    "httpdirfs": ("http", httpdirfs, "httpdirfs, over plain http"),
}


def compare(folder, rtt, rounds):
    heading(f"cat of {PEOPLE} cold files through others, {rtt} ms of round trip")
    there = [name for name in OTHERS if shutil.which(name) and shutil.which("rclone")]
    for name in OTHERS:
        if name not in there:
            line(OTHERS[name][2], "skipped", f"{name} is not installed" if shutil.which("rclone") else "needs rclone")
    if not there:
        return
    with Service(folder, "--people", str(PEOPLE), rtt=0) as service:
        photos, size = flat_copy(service, folder)
        service.relay.set_rtt(rtt)
        servers = [FlatServer(service, photos, OTHERS[name][0], rtt) for name in there]
        try:
            commands = [OTHERS[name][1](service, server, folder) for name, server in zip(there, servers)]
            ours, *theirs = alternate(rounds, lambda: our_scan(service, size),
                                      *(lambda command=command: read_flat(service, command, size) for command in commands))
        finally:
            for server in servers:
                server.close()
    timed("contactfs", ours)
    for name, times in zip(there, theirs):
        timed(OTHERS[name][2], times, ours)


def flat_copy(service, folder):
    """(a folder of all photos, their bytes); the service has made them all then."""
    mount = service.new_mount().start()
    photos = folder / "photos"
    photos.mkdir()
    for number, name in enumerate(sorted(os.listdir(mount.path))):
        shutil.copyfile(mount.path / name / "photo.jpg", photos / f"{number}.jpg")
    service.end_mount(mount)
    return photos, sum(photo.stat().st_size for photo in photos.iterdir())


def our_scan(service, size):
    mount = service.new_mount().start()
    taken, got = scan(service, mount.path)
    service.end_mount(mount)
    assert got == size, (got, size)
    return taken
