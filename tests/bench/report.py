"""How numbers are printed, and what is gathered while they are: the table at the end, and whether the floor held."""

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


class Results:
    """.held: whether every floor did so far."""

    def __init__(self):
        self.held = True
        self._rows = []

    def check(self, what, value, limit, text):
        """A floor: what must hold. Times are judged by the best round, since what else runs on the machine only adds to
        them; processor time by the median."""
        good = value <= limit
        self.held = self.held and good
        line(f"floor: {what}", "holds" if good else "MISSED", text)

    def compare(self, work, against, ours, theirs, goal=None):
        """A row of the table: the ratios of the rounds that ran beside each other. The median of them."""
        ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
        middle = median(ratios)
        self._rows.append((work, against, f"{middle:.2f} ×", f"{min(ratios):.2f} … {max(ratios):.2f}",
                           f"{goal} ×" if goal else "–", goal is None or middle <= goal))
        return middle

    def tell(self, work, value, goal, good, spread=""):
        """A row of what has nothing beside it."""
        self._rows.append((work, "–", value, spread, goal, good))

    def skip(self, work, why):
        """What cannot be measured here."""
        line(work, "skipped", why)
        self._rows.append((work, why, "skipped", "", "", True))

    def print_table(self):
        """Nothing, if no section made a row."""
        if not self._rows:
            return
        heading("the table: each ratio is ours to theirs, the median of rounds in turn, and their range")
        rows = [("work", "against", "ratio", "range", "at most"),
                *((*row[:5], "" if row[5] else "above it") for row in self._rows)]
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        for row in rows:
            print("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths)) + "  " + "".join(row[5:]), flush=True)
