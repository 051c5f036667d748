"""goobook, Debian's program for addresses in mutt: it asks for the older API's scope, and for 2,000 people a page."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from test_oauth import authorize, exchange, redirected

FOLDER = Path("/usr/share/goobook")
DISCOVERY = Path(__file__).resolve().parents[1] / "data" / "people.v1.json"

# The program as it is, but for where the API is: it would ask Google for the discovery document.
RUN = """
import json, sys
import googleapiclient.discovery as discovery
document = json.load(open(sys.argv[1]))
document["rootUrl"] = document["baseUrl"] = sys.argv[2] + "/"
discovery.build = lambda name, version, http: discovery.build_from_document(document, http=http)
from goobook.application import main
sys.argv = ["goobook", *sys.argv[3:]]
main()
"""

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="goobook is not installed")


@pytest.fixture
def goobook(request, start, tmp_path):
    """goobook(words) → what it prints, logged in; each call reads everything anew."""
    marker = request.node.get_closest_marker("options")
    emulator = start(*(marker.args if marker else ()))
    scope = "https://www.google.com/m8/feeds"
    tokens = exchange(emulator, redirected(authorize(emulator, scope=scope, code_challenge=None, code_challenge_method=None))["code"],
                      code_verifier=None).json()
    (tmp_path / "auth.json").write_text(json.dumps({
        "_class": "OAuth2Credentials", "_module": "oauth2client.client", "invalid": False, "access_token": "long gone",
        "client_id": "desk", "client_secret": "s", "refresh_token": tokens["refresh_token"], "token_expiry": "2020-01-01T00:00:00Z",
        "token_uri": emulator.ready["token_uri"], "revoke_uri": emulator.ready["revoke_uri"], "user_agent": None,
        "scopes": [scope], "id_token": None, "id_token_jwt": None, "token_response": None, "token_info_uri": None}))
    (tmp_path / "goobookrc").write_text(f"[DEFAULT]\noauth_db_filename: {tmp_path}/auth.json\ncache_filename: {tmp_path}/cache\n")

    def call(*words):
        (tmp_path / "cache").unlink(missing_ok=True)
        result = subprocess.run([sys.executable, "-W", "ignore", "-c", RUN, DISCOVERY, emulator.api_url, "-c",
                                 tmp_path / "goobookrc", *words], capture_output=True, text=True, timeout=120,
                                env=dict(os.environ, PYTHONPATH=str(FOLDER), LC_ALL="C.UTF-8", HOME=str(tmp_path)))
        if "No module named" in result.stderr:
            pytest.skip(f"goobook does not run: {result.stderr.strip().splitlines()[-1]}")
        assert result.returncode == 0, result.stderr
        return result.stdout

    call.emulator = emulator
    return call


def test_it_finds_people(goobook):
    assert goobook("query", "--simple", "alice") == "Alice Smith <alice.smith@example.com>\n"
    assert "Example Bakery" in goobook("dquery", "bakery")


@pytest.mark.options("--people", "1300")
def test_it_shows_everybody(goobook):
    lines = goobook("query", "--simple", "example.com").splitlines()
    assert len(lines) == 1300
    pages = goobook.emulator.requests(path="/v1/people/me/connections")
    assert [page["status"] for page in pages] == [200, 200] and "pageSize=2000" in pages[0]["query"]


def test_it_adds_somebody(goobook):
    goobook("add", "Nia Adams", "nia@example.com", "+1 555 0133")
    assert goobook.emulator.find("Nia Adams")
    assert goobook("query", "--simple", "nia") == "Nia Adams <nia@example.com>\n"


def test_it_knows_labels(goobook):
    assert "contactGroups/myContacts" in goobook("dump_groups")
