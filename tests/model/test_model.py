"""contactfs beside a model of what it promises: random steps are done to both, and both must agree after each.

model.py    what the model believes: docs/semantics.md in plain Python
machine.py  the steps: programs that write, rename, remove; other devices; faults; kills, remounts and clocks
world.py    the mount that it is compared with, its service and its clock (clock.c): no time passes there by itself

What it finds is shrunk by hypothesis to the fewest steps, and becomes an ordinary test of its own. By pytest the steps are
always the same; ./dev torture draws others, for as long as one likes:

    tests/model/test_model.py [--seed N] [--minutes M]
"""

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))

import hypothesis  # noqa: E402
import pytest  # noqa: E402
from hypothesis.stateful import run_state_machine_as_test  # noqa: E402
from machine import Machine, Steps  # noqa: E402
from world import CONTACTFS  # noqa: E402

STEPS_EACH = 40
EXAMPLES = 30


def run(examples, seed=None):
    settings = hypothesis.settings(max_examples=examples, stateful_step_count=STEPS_EACH, deadline=None, database=None,
                                   derandomize=seed is None, print_blob=False, report_multiple_bugs=False,
                                   suppress_health_check=list(hypothesis.HealthCheck))
    machine = Machine if seed is None else hypothesis.seed(seed)(type("Machine", (Machine,), {}))
    try:
        run_state_machine_as_test(machine, settings=settings)
    finally:
        Steps.end()


@pytest.mark.skipif(b"__asan_init" in Path(CONTACTFS).read_bytes(), reason="its clock was not tried under AddressSanitizer")
def test_the_mount_is_as_the_model():
    run(EXAMPLES)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--minutes", type=float, default=60)
    given = parser.parse_args()
    begun = time.monotonic()
    seed = given.seed
    while time.monotonic() - begun < given.minutes * 60:
        print(f"seed {seed}: ", end="", flush=True)
        run(EXAMPLES, seed)
        print(f"{Steps.count} steps in {time.monotonic() - begun:.0f} s", flush=True)
        seed += 1


if __name__ == "__main__":
    main()
