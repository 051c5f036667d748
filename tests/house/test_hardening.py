"""What the compiler and the linker do against whoever finds a mistake, looked at in the programs themselves with readelf; and the
limits of the service."""

import json
import math
import os
import platform
import re
import shutil

import pytest
from conftest import BUILD, ROOT, output

PROGRAMS = {"contactfs": "src/cli", "contactfs-convert": "src/convert", "people-emulator": "src/emulator"}
OPTIONS = {option["name"]: option["value"]
           for option in json.loads(output("meson", "introspect", "--buildoptions", BUILD, env={**os.environ, "LC_ALL": "C.UTF-8"}))}
ROOMS = ["fs", "src/settings", "src/mounts", "src/desktop", "src/folder", "src/draft", "src/sync", "src/photo", "src/book", "src/people", "src/login", "src/account", "src/net", "src/image", "src/match", "src/portraits", "src/terminal"]
COMMANDS = json.loads((BUILD / "compile_commands.json").read_text())

sanitized = pytest.mark.skipif(OPTIONS["b_sanitize"] != "none", reason="a sanitizer looks at more, and goes with neither")
unoptimised = pytest.mark.skipif(OPTIONS["optimization"] in ("0", "plain"), reason="without optimisation the C library checks nothing")
pytestmark = pytest.mark.skipif(shutil.which("readelf") is None, reason="no readelf here")


@pytest.fixture(params=PROGRAMS)
def program(request):
    return BUILD / PROGRAMS[request.param] / request.param


def readelf(option, path):
    return output("readelf", "-W", option, path, env={**os.environ, "LC_ALL": "C"})


def test_at_an_address_that_nobody_can_guess(program):
    assert re.search(r"Type: +DYN", readelf("--file-header", program))
    assert re.search(r"\(FLAGS_1\) .*\bPIE\b", readelf("--dynamic", program))


def test_what_leads_to_libraries_is_read_only(program):
    assert "GNU_RELRO" in readelf("--program-headers", program)
    assert re.search(r"\(FLAGS(_1)?\) .*\b(BIND_NOW|NOW)\b", readelf("--dynamic", program))


def test_the_stack_and_the_heap_are_not_code(program):
    segments = [line.split() for line in readelf("--program-headers", program).splitlines() if re.match(r"  [A-Z_]+ +0x", line)]
    flags = {(words[0], "".join(words[6:-1])) for words in segments}
    assert ("GNU_STACK", "RW") in flags
    assert not [kind for kind, allowed in flags if "W" in allowed and "E" in allowed]


def test_the_stack_is_protected(program):
    assert "__stack_chk_fail" in readelf("--dyn-syms", program)


@sanitized
@unoptimised
def test_the_c_library_checks_lengths(program):
    if program.name == "people-emulator":
        pytest.skip("it calls nothing of that, but GLib")
    assert re.search(r" __\w+_chk\b", readelf("--dyn-syms", program).replace("__stack_chk_fail", ""))


def test_nothing_is_found_beside_the_program(program):
    """A library in a folder that somebody else can write would be run."""
    assert not re.search(r"\((RPATH|RUNPATH)\)", readelf("--dynamic", program)) or "$ORIGIN" not in readelf("--dynamic", program)


def compiled(name):
    """The commands that compiled this program's own files, and those of its rooms."""
    return [entry["command"] for entry in COMMANDS if f"{PROGRAMS[name]}/" in entry["output"]]


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("option", ["-fstack-protector-strong", "-fstack-clash-protection"])
def test_every_file_of_it(name, option):
    commands = compiled(name)
    assert commands and [command for command in commands if option not in command] == []


@sanitized
@unoptimised
@pytest.mark.parametrize("folder", [f"{folder}/" for folder in (*ROOMS, *PROGRAMS.values())])
def test_every_length_that_can_be_known(folder):
    """The third level of _FORTIFY_SOURCE; once, since a second definition is a warning."""
    commands = [entry["command"] for entry in COMMANDS if entry["output"].startswith(folder)]
    assert commands
    for command in commands:
        assert re.findall(r"-D_FORTIFY_SOURCE=(\d)", command) == ["3"], command


@pytest.mark.skipif(platform.machine() not in ("x86_64", "i686"), reason="another processor's")
def test_every_object_is_made_for_control_flow_enforcement():
    """The programs themselves are marked only where the C library's first and last objects are: Debian's are not."""
    objects = [path for top in ("fs", "src") for path in (BUILD / top).rglob("*.o")]
    assert len(objects) > 100
    text = output("readelf", "-nW", *objects, env={**os.environ, "LC_ALL": "C"})
    assert text.count("x86 feature: IBT, SHSTK") == len(objects)


def test_a_warning_stops_nobody_who_only_builds():
    """Other compilers have other warnings; ./dev test and ./dev lint are strict."""
    assert "werror=true" not in (ROOT / "meson.build").read_text()
    assert "-Dwerror=true" in (ROOT / "dev").read_text()


def limit_in_source(path, name):
    """What the sources define, a product of numbers."""
    words = re.search(rf"^#define {name} +(.+)$", (ROOT / path).read_text(), re.M)[1]
    return math.prod(int(number) for number in re.findall(r"\b\d+\b", words))


def test_the_unit_has_memory_for_all_that_contactfs_may_use():
    found = re.search(r"^MemoryMax=(\d+)G$", (ROOT / "src/cli/contactfs@.service.in").read_text(), re.M)
    needed = (limit_in_source("src/image/helper.c", "MAX_RUNNING") * limit_in_source("src/convert/main.c", "MEMORY_BYTES")
              + limit_in_source("src/draft/draft.c", "ALL_DRAFTS_MAX_BYTES"))
    assert needed >= 3.5 * 2**30 and int(found[1]) * 2**30 - needed >= 512 * 2**20
