"""contactfs beside a model of what it promises: random steps are done to both, and both must agree after each.

samples.py    the pictures that are handed over
contact.py    what the model knows of one contact
model.py      what the model believes of the operations: docs/semantics.md in plain Python
compare.py    doing a step to mount and model, and comparing them
machine.py    the steps: what programs do; elsewhere.py: other devices, faults, ends of the mount, clocks
world.py      the mount that it is compared with, its service and its clock (clock.c): no time passes there by itself
replay.py     leaves out of the steps that ended badly what does not matter

By pytest the steps are always the same; ./dev torture draws others, for as long as one likes:

    tests/model/test_model.py [--seed N] [--minutes M] [--replay FILE]

What it finds becomes an ordinary test of its own.
"""

import argparse
import random
import sys
import time
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))

import hypothesis  # noqa: E402
import pytest  # noqa: E402
import replay  # noqa: E402
from compare import Steps  # noqa: E402
from hypothesis.stateful import run_state_machine_as_test  # noqa: E402
from machine import Machine  # noqa: E402

STEPS_EACH = 50
EXAMPLES = 40  # some 1,300 steps
PARTS = 8  # that can run at the same time


def run(examples, seed):
    """So many examples of so many steps; of steps that end badly, the fewest that do are told."""
    settings = hypothesis.settings(max_examples=examples, stateful_step_count=STEPS_EACH, deadline=None, database=None,
                                   phases=[hypothesis.Phase.generate], print_blob=False, report_multiple_bugs=False,
                                   suppress_health_check=list(hypothesis.HealthCheck))
    Steps.failure = None
    try:
        run_state_machine_as_test(hypothesis.seed(seed)(type("Machine", (Machine,), {})), settings=settings)
    except Exception:
        if Steps.failure is None:
            raise
        raise AssertionError(f"seed {seed}: {replay.describe(Machine, *Steps.failure)}") from None
    finally:
        Steps.end()


@pytest.mark.parametrize("part", range(PARTS))
def test_the_mount_is_as_the_model(part):
    run(EXAMPLES, part)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--replay", type=Path, metavar="FILE", help="do the steps in FILE, as a failure has printed them")
    given = parser.parse_args()
    if given.replay:
        replay.run_file(Machine, given.replay)
        return
    begun = time.monotonic()
    seed = given.seed
    while time.monotonic() - begun < given.minutes * 60:
        print(f"seed {seed}: ", end="", flush=True)
        run(EXAMPLES, seed)
        print(f"{Steps.count} steps in {time.monotonic() - begun:.0f} s", flush=True)
        seed += 1


if __name__ == "__main__":
    main()
