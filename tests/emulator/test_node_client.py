"""That what npm installs is installed once, and half of it never."""

import stat

import node_client
import pytest

NPM = """#!/bin/sh
echo run >>"$RUNS"
mkdir -p node_modules/half
[ ! -e "$BROKEN" ] || { echo "npm error: no registry" >&2; exit 1; }
mkdir node_modules/whole
"""


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """The file with a line for each run; while broken exists, it fails half-way."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("npm", NPM), ("node", "#!/bin/sh\necho v99\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("BROKEN", str(tmp_path / "broken"))
    return tmp_path


def test_what_is_whole_is_kept(npm):
    folder = node_client.install()
    assert (folder / "node_modules" / "whole").is_dir() and npm in folder.parents
    assert node_client.install() == folder
    assert (npm / "runs").read_text() == "run\n"


def test_half_is_not_believed(npm):
    (npm / "broken").touch()
    with pytest.raises(pytest.skip.Exception, match="no registry"):
        node_client.install()
    assert [path.name for path in node_client.cache_folder().iterdir()] == ["lock"]
    (npm / "broken").unlink()
    assert (node_client.install() / "node_modules" / "whole").is_dir()


def test_another_node_gets_its_own(npm):
    first = node_client.install()
    (npm / "bin/node").write_text("#!/bin/sh\necho v100\n")
    assert node_client.install() != first


def test_without_npm(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="no npm"):
        node_client.install()
