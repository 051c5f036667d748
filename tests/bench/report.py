"""How numbers are printed."""

from rig import median


def heading(text):
    print(f"\n{text}", flush=True)


def in_words(value):
    if value >= 1:
        return f"{value:.2f} s"
    return f"{value * 1e3:.1f} ms" if value >= 1e-3 else f"{value * 1e6:.1f} µs"


def line(what, value, more=""):
    print(f"  {what:<58} {value:>10}{'   ' + more if more else ''}", flush=True)


def timed(what, times, ours=None, theirs=None):
    """The median, and the ratio ours/theirs: with ours, this is theirs, and the other way round."""
    middle = median(times)
    more = f"{len(times)} ×, {in_words(min(times))} … {in_words(max(times))}"
    if ours is not None:
        more += f"; ours/this {median(ours) / middle:.2f}"
    if theirs is not None:
        more += f"; this/curl {middle / median(theirs):.2f}"
    line(what, in_words(middle), more)


class Floor:
    """What must hold; a line for each, and whether all did. Times are judged by the best round, since what else runs on the
    machine only adds to them; processor time by the median."""

    def __init__(self):
        self.held = True

    def check(self, what, value, limit, text):
        good = value <= limit if limit == 0 else value < limit
        self.held = self.held and good
        line(f"floor: {what}", "holds" if good else "MISSED", text)
