"""A plot of a few series as SVG, in plain text: both scales are logarithmic, so that what grows linearly is a line of 45°."""

import math

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 50
# Each on white and on black; told apart by the shape of their points as well.
STYLE = """
  .ground { fill: #ffffff } .ink { fill: #1f2328 } .grid { stroke: #d1d9e0 } .linear { stroke: #818b98; stroke-dasharray: 4 4 }
  .s0 { stroke: #0969da; fill: #0969da } .s1 { stroke: #bc4c00; fill: #bc4c00 } .s2 { stroke: #1a7f37; fill: #1a7f37 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .ink { fill: #f0f6fc } .grid { stroke: #3d444d } .linear { stroke: #9198a1 }
    .s0 { stroke: #4493f8; fill: #4493f8 } .s1 { stroke: #f0883e; fill: #f0883e } .s2 { stroke: #3fb950; fill: #3fb950 }
  }
  text { font: 13px sans-serif } polyline { fill: none; stroke-width: 2 }
"""
POINTS = ('<circle cx="{x}" cy="{y}" r="4"/>', '<rect x="{x0}" y="{y0}" width="8" height="8"/>',
          '<path d="M{x} {y0} L{x1} {y1} L{x0} {y1} Z"/>')


class Scale:
    """Logarithmic, from pixel to pixel."""

    def __init__(self, values, first, last):
        self.low, self.high = math.log10(min(values)), math.log10(max(values))
        self.first, self.last = first, last

    def at(self, value):
        return round(self.first + (math.log10(value) - self.low) / (self.high - self.low) * (self.last - self.first), 1)


def decades(values):
    """The powers of ten around them."""
    return [10.0 ** power for power in range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)]


def draw(title, x_title, names, series):
    """The SVG. names: of the places on the x axis, {x: name}. series: {name: {x: y}}; each begins with the line of what would
    grow linearly. An y has the unit that its series' name tells."""
    ticks = decades([y for points in series.values() for y in points.values()])
    across = Scale(names, LEFT, WIDTH - RIGHT)
    up = Scale(ticks, HEIGHT - BOTTOM, TOP)
    lines = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">',
             f"<title>{title}</title>", f"<style>{STYLE}</style>", f'<rect class="ground" width="{WIDTH}" height="{HEIGHT}"/>',
             f'<text class="ink" x="{LEFT}" y="24">{title}</text>']
    for tick in ticks:
        y = up.at(tick)
        lines.append(f'<line class="grid" x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>')
        lines.append(f'<text class="ink" x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{tick:g}</text>')
    for x, name in names.items():
        lines.append(f'<line class="grid" x1="{across.at(x)}" y1="{TOP}" x2="{across.at(x)}" y2="{HEIGHT - BOTTOM}"/>')
        lines.append(f'<text class="ink" x="{across.at(x)}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{name}</text>')
    lines.append(f'<text class="ink" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{x_title}</text>')
    labels = spread_out({name: up.at(points[max(points)]) for name, points in series.items()})
    for number, (name, points) in enumerate(series.items()):
        lines += draw_series(number, name, points, across, up, ticks[-1], labels[name])
    return "\n".join([*lines, "</svg>", ""])


def spread_out(heights, apart=18):
    """The same, so far from each other that text fits."""
    placed, last = {}, -math.inf
    for name, height in sorted(heights.items(), key=lambda item: item[1]):
        last = placed[name] = max(height, last + apart)
    return placed


def draw_series(number, name, points, across, up, top, label):
    first, last = min(points), max(points)
    end = min(last, first * top / points[first])  # where it would leave the plot
    places = [(across.at(x), up.at(y)) for x, y in sorted(points.items())]
    yield (f'<line class="linear" x1="{places[0][0]}" y1="{places[0][1]}" x2="{across.at(end)}" '
           f'y2="{up.at(points[first] * end / first)}"/>')
    yield f'<g class="s{number}"><polyline points="{" ".join(f"{x},{y}" for x, y in places)}"/>'
    for x, y in places:
        yield POINTS[number].format(x=x, y=y, x0=round(x - 4, 1), y0=round(y - 4, 1), x1=round(x + 4, 1), y1=round(y + 4, 1))
    yield "</g>"
    yield f'<text class="ink" x="{across.at(last) + 12}" y="{label + 4}">{name}</text>'
