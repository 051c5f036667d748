"""Fixtures of people-emulator's own tests.

emulator    one with the demo's people; options: @pytest.mark.options("--delta-lag", "5")
start       start("--people", "300", …) → Emulator; ended, and its complaints read, when the test ends
discovery   Google's discovery document
certificate certificate and key for TLS on 127.0.0.1
"""

import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests" / "lib"))

from emulator import Emulator  # noqa: E402

from discovery import Discovery  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "options(*options): options of the test's people-emulator")


@pytest.fixture
def start():
    with contextlib.ExitStack() as stack:
        yield lambda *options, **more: stack.enter_context(Emulator(list(options), **more))


@pytest.fixture
def emulator(request, start):
    marker = request.node.get_closest_marker("options")
    return start(*(marker.args if marker else ()))


@pytest.fixture(scope="session")
def discovery():
    return Discovery(ROOT / "tests" / "data" / "people.v1.json")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key
