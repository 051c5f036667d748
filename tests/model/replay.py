"""Doing the same steps again, and leaving out what does not matter: fewer and fewer of them, until nothing more can go.

A failure prints its steps as lines like "open(worker=1, whose=0, name='photo.jpg', how='new')". Such lines in a file are done
again by test_model.py --replay FILE.
"""

import ast
import traceback

from compare import Steps

TRIES = 40  # a bound, since each try takes seconds


def do(machine_class, steps):
    """Does them; the exception that ended it, or None. A step that cannot be done is left out, as hypothesis would."""
    machine = machine_class()
    failure = None
    try:
        try:
            for name, drawn in steps:
                rule = getattr(machine, name)
                needs = getattr(getattr(rule, "__func__", rule), "needs", None)
                if needs is None or needs(machine):
                    rule(**drawn)
                    machine.agree()
        finally:
            machine.teardown()
    except Exception as caught:
        failure = caught
    return failure


def shrink(machine_class, steps):
    """Fewer steps that still end badly, after at most TRIES tries."""
    tries = 0
    size = max(len(steps) // 2, 1)
    while True:
        at = 1  # "begin" stays
        while at < len(steps):
            if tries == TRIES:
                return steps
            tries += 1
            fewer = steps[:at] + steps[at + size:]
            if do(machine_class, fewer):
                steps = fewer
            else:
                at += size
        if size == 1:
            return steps
        size //= 2


def as_text(steps):
    return "\n".join(f"{name}({', '.join(f'{key}={value!r}' for key, value in drawn.items())})" for name, drawn in steps)


def from_text(text):
    steps = []
    for line in filter(str.strip, text.splitlines()):
        call = ast.parse(line.strip(), mode="eval").body
        steps.append((call.func.id, {word.arg: ast.literal_eval(word.value) for word in call.keywords}))
    return steps


def words_of(failure):
    where = "".join(traceback.format_tb(failure.__traceback__)[-2:])
    return "\n".join([f"{type(failure).__name__}: {failure}", where, *getattr(failure, "__notes__", ())])


def describe(machine_class, failure, steps):
    """The words for a failure: what differed, and the steps that lead there."""
    if do(machine_class, steps) is None:
        return f"{words_of(failure)}\nNot again, by the same steps:\n{as_text(steps)}"
    steps = shrink(machine_class, steps)
    return f"{words_of(do(machine_class, steps) or failure)}\nThe steps:\n{as_text(steps)}"


def run_file(machine_class, path):
    failure = do(machine_class, from_text(path.read_text(encoding="utf-8")))
    Steps.end()
    if failure is not None:
        traceback.print_exception(failure)
        raise SystemExit(1)
    print("The mount is as the model.")
