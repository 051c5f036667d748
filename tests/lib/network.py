"""A network of a test's own: names, addresses and certificates that the program under test believes (tests/preload/network.c)."""

import subprocess
from pathlib import Path

from conftest import BUILD

PRELOAD = BUILD / "tests/preload/libnetwork.so"


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Authority:
    """Who vouches for certificates; the program is told of it by SSL_CERT_FILE."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.certificate, self.key = self.folder / "authority.pem", self.folder / "authority.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 2,
                "-subj", "/CN=contactfs tests", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", self.key,
                "-out", self.certificate)

    def certify(self, *names, days=2):
        """(certificate, key) for names or addresses; days 0: it ends at once."""
        number = len(list(self.folder.glob("*.csr")))
        certificate, key, request, more = (self.folder / f"{number}.{kind}" for kind in ("pem", "key", "csr", "ext"))
        told = ",".join(f"{'IP' if name.replace('.', '').isdigit() else 'DNS'}:{name}" for name in names)
        more.write_text(f"subjectAltName={told}\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={names[0]}",
                "-keyout", key, "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-days", days,
                "-extfile", more, "-out", certificate)
        return certificate, key


class Network:
    def __init__(self, folder):
        self.path = Path(folder) / "network"
        self.log = Path(folder) / "network.log"
        self.names, self.ways = {}, {}
        self._write()

    @property
    def env(self):
        assert PRELOAD.exists(), f"{PRELOAD} is not built"
        return {"LD_PRELOAD": str(PRELOAD), "TEST_NETWORK": str(self.path)}

    def _write(self):
        lines = [f"name {name} {address}" for name, all in self.names.items() for address in all]
        lines += [f"to {address} {port} 127.0.0.1 {way}" for (address, port), way in self.ways.items()]
        new = self.path.with_suffix(".new")
        new.write_text("".join(line + "\n" for line in lines))
        new.replace(self.path)

    def name(self, name, *addresses):
        """addresses: also "none" or "silent"."""
        self.names[name] = addresses
        self._write()

    def way(self, address, port, local):
        """Who connects to address and port comes to a port of this computer; None: to nobody."""
        self.ways.pop((address, port), None)
        if local is not None:
            self.ways[address, port] = local
        self._write()

    def connects(self):
        """(address, port) of each connection that was begun."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [(address, int(port)) for address, port in map(str.split, lines)]
