"""Lines of CSV (RFC 4180) that a spreadsheet takes for what they are."""

import csv
import io
from collections.abc import Sequence

#: What a spreadsheet takes for the beginning of a formula (owasp.org/www-community/attacks/CSV_Injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def line(cells: Sequence[object]) -> str:
    """Return one line, with its end; words that would become a formula get an apostrophe before them."""
    out = io.StringIO()
    csv.writer(out).writerow([_cell(each) for each in cells])
    return out.getvalue()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
