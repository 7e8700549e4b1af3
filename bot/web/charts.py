"""Small charts, drawn on the server: where each bar stands, in the units of the picture. No rules, no HTML."""

from collections.abc import Sequence
from dataclasses import dataclass

#: Width and height of a picture's own units, and the least height at which something that is not nothing is seen.
WIDTH, HEIGHT, LEAST = 600.0, 80.0, 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar, from its upper left corner; `place` counts from 0 in the order of time. A number not known has no bar."""

    place: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A row of bars. `most` is the number of the highest, `at` its place; None when nothing is known."""

    bars: tuple[Bar, ...]
    count: int
    most: int | None
    at: int | None
    width: float = WIDTH
    height: float = HEIGHT


def chart(numbers: Sequence[int | None], *, turned: bool = False, least: int = 1, width: float = WIDTH) -> Chart:
    """Return the chart of numbers in the order of time, which runs from right to left when `turned`.

    The height is that of the largest number, or of `least` if they are all smaller.
    """
    known = [each for each in numbers if each is not None]
    most = max(known, default=None)
    step = width / max(1, len(numbers))
    wide = max(1.0, min(step - 2, 36.0))
    bars = []
    for place, number in enumerate(numbers):
        if number is None:
            continue
        high = max(LEAST, HEIGHT * number / max(most or 0, least)) if number else 0.0
        column = len(numbers) - 1 - place if turned else place
        x = column * step + (step - wide) / 2
        bars.append(
            Bar(place=place, x=round(x, 1), y=round(HEIGHT - high, 1), width=round(wide, 1), height=round(high, 1))
        )
    at = next((place for place, number in enumerate(numbers) if number == most), None) if known else None
    return Chart(bars=tuple(bars), count=len(numbers), most=most, at=at, width=width)
