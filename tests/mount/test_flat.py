"""JPEGs of one colour, with as few bits as one can have: whole all the same."""

import shutil

import pytest

from patterns import opened

FLAT = {
    "rgb": ["-colorspace", "sRGB"], "full-chroma": ["-sampling-factor", "1x1"], "grey": ["-colorspace", "gray"],
    "progressive": ["-interlace", "jpeg"], "restarts": ["-define", "jpeg:restart-interval=1"],
}


@pytest.mark.parametrize("name", FLAT)
def test_taken(contacts, run, person, tmp_path, name):
    run("convert", "-size", "2001x1999", "xc:rgb(128,128,128)", "-define", "jpeg:optimize-coding=true", *FLAT[name],
        tmp_path / "flat.jpg")
    picture = (tmp_path / "flat.jpg").read_bytes()
    contacts.photo(person).write_bytes(picture)
    assert contacts.held(person) == picture


@pytest.mark.skipif(shutil.which("cjpeg") is None, reason="not installed: libjpeg-turbo-progs")
@pytest.mark.parametrize("options", [["-arithmetic"], ["-optimize", "-scans"]], ids=" ".join)
def test_other_codings_are_taken(contacts, run, person, tmp_path, options):
    run("convert", "-size", "2001x1999", "xc:rgb(128,128,128)", "-type", "truecolor", f"ppm:{tmp_path / 'flat.ppm'}")
    (tmp_path / "scans").write_text("0;\n1;\n2;\n")
    run("cjpeg", *options, *([tmp_path / "scans"] if "-scans" in options else []), "-outfile",
        tmp_path / "flat.jpg", tmp_path / "flat.ppm")
    picture = (tmp_path / "flat.jpg").read_bytes()
    contacts.photo(person).write_bytes(picture)
    if "-arithmetic" in options:  # no browser shows it: the same coefficients, coded as all can read them
        assert contacts.held(person) != picture
    else:
        assert contacts.held(person) == picture
    assert opened(contacts.held(person)).tobytes() == opened(picture).tobytes()
