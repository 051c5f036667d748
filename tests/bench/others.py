"""The same cold cat through file systems that others wrote, for what is comparable: files that lie behind a network.

They get the best case: one flat folder on a plain server, listed before the clock starts, and a program that reads it
in order. What is left is what each does about the round trip."""

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

from reading import scan
from report import heading, timed
from rig import Relay, Service, alternate, eventually, free_port, seconds

PHOTOS = 100  # the others take a round trip or more for each
SFTP_SERVER = Path("/usr/lib/openssh/sftp-server")
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


# ---- servers ----

class Rclone:
    """rclone serve: webdav over TLS, or an index over plain http."""

    def __init__(self, service, photos, protocol):
        self.port = free_port()
        tls = ["--cert", service.certificate, "--key", service.key] if protocol == "webdav" else []
        self.process = subprocess.Popen(
            ["rclone", "serve", protocol, photos, "--addr", f"127.0.0.1:{self.port}", "--config", "", *tls],
            env=service.programs.env, **QUIET)
        eventually(self._listens, why=f"rclone serve {protocol} did not listen")

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def close(self):
        self.process.terminate()
        self.process.wait()


class Sftp:
    """OpenSSH's sftp-server on a port of its own, without ssh around it."""

    def __init__(self, *_):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:  # closed
                return
            with connection:
                subprocess.run([SFTP_SERVER], stdin=connection, stdout=connection, stderr=subprocess.DEVNULL, check=False)

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


# ---- mounts: the command, whose last word is the mount point ----

def rclone(service, photos, port, place):
    return ["rclone", "mount", ":webdav:", "--webdav-url", f"https://127.0.0.1:{port}/", "--webdav-vendor", "other", "--config", "",
            "--ca-cert", service.certificate, "--read-only", "--vfs-cache-mode", "full", "--cache-dir", place / "cache", place / "mnt"]


def sshfs(service, photos, port, place):
    return ["sshfs", "-f", "-o", f"directport={port},ro", f"127.0.0.1:{photos}", place / "mnt"]


def httpdirfs(service, photos, port, place):
    """Its --cache makes no difference to a first read."""
    return ["httpdirfs", "-f", "--max-conns", "64", f"http://127.0.0.1:{port}/", place / "mnt"]


# program: what it is called in print, what it needs, how it is served, how it is mounted
PEERS = {
    "rclone": ("rclone mount --vfs-cache-mode full, webdav over TLS", "rclone",
               lambda service, photos: Rclone(service, photos, "webdav"), rclone),
    "sshfs": ("sshfs, without ssh around it", str(SFTP_SERVER), Sftp, sshfs),
    "httpdirfs": ("httpdirfs, over plain http", "rclone", lambda service, photos: Rclone(service, photos, "http"), httpdirfs),
}


def compare(folder, rtt, rounds, results):
    work = f"cold cat, {PHOTOS} files, {rtt} ms"
    heading(f"cat of {PHOTOS} cold files through others, {rtt} ms of round trip")
    there = {}
    for name, (title, needed, *how) in PEERS.items():
        absent = [program for program in dict.fromkeys((name, needed)) if shutil.which(program) is None]
        if absent:
            results.skip(f"{work}: {title}", f"{' and '.join(absent)} is not installed")
        else:
            there[title] = how
    if not there:
        return
    with Service(folder, "--people", str(PHOTOS), rtt=0) as service:
        photos, size = flat_copy(service, folder)
        service.relay.set_rtt(rtt)
        servers, scans = [], []
        try:
            for number, (serve, mount) in enumerate(there.values()):
                server = serve(service, photos)
                servers.append(server)
                relay = Relay(1)
                servers.append(relay)
                relay.set_targets(server.port)
                relay.set_rtt(rtt)
                scans.append(FlatScan(service, mount, photos, relay.ports[0], folder / f"peer{number}", size))
            ours, *theirs = alternate(rounds, lambda: our_scan(service, size), *scans)
        finally:
            for server in reversed(servers):
                server.close()
    timed("contactfs", ours)
    for title, times in zip(there, theirs):
        timed(title, times, ours)
        results.compare(work, title, ours, times)


class FlatScan:
    """Seconds of cat * in a fresh mount with nothing cached."""

    def __init__(self, service, mount, photos, port, folder, size):
        self.service, self.mount, self.photos, self.port, self.folder, self.size = service, mount, photos, port, folder, size
        folder.mkdir()
        self.rounds = 0

    def __call__(self):
        self.rounds += 1
        place = self.folder / str(self.rounds)
        path = place / "mnt"
        path.mkdir(parents=True)
        command = self.mount(self.service, self.photos, self.port, place)
        process = subprocess.Popen(command, env=self.service.programs.env, **QUIET)
        try:
            eventually(lambda: os.path.ismount(path), timeout=60, why=f"{command[0]} did not mount")
            assert len(os.listdir(path)) == PHOTOS
            taken, result = seconds(lambda: self.service.programs.shell("cat *.jpg | wc -c", cwd=path))
            assert int(result.out) == self.size, (command[0], result.out, self.size)
        finally:
            subprocess.run(["fusermount3", "-u", "-q", path], check=False)
            process.wait()
        return taken


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
