"""A CSV file of measured curves: what stands in it, or an error that names file, row and column."""

import csv
import io
import math
import re
from pathlib import Path

import numpy as np

MISSING = ("", "na", "n/a", "nan", "null")  # a row with such a number is no point


def read_curves(path, columns=None):
    """The labels of x and y, the curves, and how many rows lack a number.

    path, columns: as in MeasuredTasks.from_csv, which says what is raised.  The curves are a dict
    name -> (n, D_in + 1), in the order of their first points.
    """
    rows, delimiter = _rows(path)
    header, rows = _header(path, rows, columns)
    chosen = [header.index(name) for name in columns or header]
    curves, first_row, n_missing, marks = {}, {}, 0, {}
    for line, row in rows:
        if len(row) != len(header):
            raise ValueError(f"{path}, row {line} has {_columns(row)}; expected {len(header)}: "
                             f"{', '.join(header)}")
        name, *cells = [row[i] for i in chosen]
        if not name:
            raise ValueError(f"{path}, row {line}, column {header[chosen[0]]} is empty; "
                             f"expected the name of a curve")
        points = curves.setdefault(name, [])
        first_row.setdefault(name, line)
        for mark in ",.":
            marks |= {mark: (line, cell) for cell in cells if mark in cell and mark not in marks}
        try:
            point = [_number(cell, delimiter) for cell in cells]
        except ValueError:
            raise _no_number(path, line, header, chosen, row, delimiter) from None
        if any(map(math.isnan, point)):
            n_missing += 1
        else:
            points.append(point)
    if delimiter != "," and len(marks) == 2:
        (line, comma), (other, point) = marks[","], marks["."]
        raise ValueError(f"{path}, row {line} has {comma!r} and row {other} {point!r}; expected "
                         f"commas or points for decimals, and nothing for thousands")
    for name, points in curves.items():
        if len(points) < 2:
            raise ValueError(f"{path}, row {first_row[name]}, column {header[chosen[0]]}: curve "
                             f"{name!r} has {len(points)} point{'' if points else 's'}; expected "
                             f"at least 2, one for support and one for query")
    if not curves:
        raise ValueError(f"{path} holds no points; expected rows with a curve, x and y")
    tables = {name: np.array(points) for name, points in curves.items()}
    return [header[i] for i in chosen[1:]], tables, n_missing


def _rows(path):
    """(number in the file, cells) of each row that is not empty, and what separates the cells."""
    data = Path(path).read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = len((data[:error.start] + b".").splitlines())
        raise ValueError(f"{path}, row {row} is not in UTF-8; "
                         f"expected a CSV file saved as UTF-8") from None
    delimiter = _delimiter(re.sub(r'"[^"]*"', "", text))  # what is quoted separates nothing
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    rows, begins = [], 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                rows.append((begins, cells))
            if rows and any(_holds_rows(cell, delimiter, len(rows[0][1])) for cell in row):
                raise ValueError(f"{path}, row {begins} has a cell that goes on over other rows; "
                                 f"expected each quote to be closed again")
            begins = reader.line_num + 1  # a quoted cell may go over several lines
    except csv.Error as error:
        raise ValueError(f"{path}, row {begins} cannot be read ({error}); expected cells separated "
                         f"by {delimiter!r}, and each quote closed again") from None
    if not rows:
        raise ValueError(f"{path} is empty; expected rows with a curve, x and y")
    return rows, delimiter


def _holds_rows(cell, delimiter, n_columns):
    """Whether a cell of several lines has one that looks like a row."""
    return any(line.count(delimiter) >= n_columns - 1 for line in cell.split("\n")[1:])


def _delimiter(text):
    """What separates the cells: the mark that the first two rows have equally often, two or more.

    Where none does, the first row decides.
    """
    first, *others = text.split("\n", 2)[:2]
    for mark in ";\t,":
        if first.count(mark) >= 2 and all(row.count(mark) == first.count(mark) for row in others):
            return mark
    return next((mark for mark in ";\t" if mark in first), ",")


def _header(path, rows, columns):
    """The names of the columns, and the rows below them."""
    line, first = rows[0]
    if columns is not None:
        for name in check_columns(columns):
            if (n := first.count(name)) != 1:
                raise ValueError(f"{path}, row {line} has {n or 'no'} column{'s' * (n > 1)} "
                                 f"{name!r}; expected one of {', '.join(first)}")
        return first, rows[1:]
    if len(first) < 3:
        raise ValueError(f"{path}, row {line} has {_columns(first)}; expected at least 3, for "
                         f"curve, x and y, separated by commas, semicolons or tabs")
    missing = [cell for cell in first[1:] if cell.lower() in MISSING]
    has_numbers = any(map(_is_number, first[1:]))
    if "" in (first[0], *missing) and not has_numbers and len(missing) < len(first) - 1:
        raise ValueError(f"{path}, row {line} is {', '.join(first)}; expected a name for each "
                         f"column, or numbers after the curve's name")
    if not has_numbers and len(missing) < len(first) - 1:  # a name may be Na, sodium
        if len(set(first)) < len(first):
            raise ValueError(f"{path}, row {line} is {', '.join(first)}; expected different names "
                             f"of columns, or numbers after the curve's name")
        return first, rows[1:]
    return ["curve", *usual_labels(len(first) - 2, 1)], rows


def check_columns(columns):
    """The names; ValueError unless they are at least three that differ."""
    if len(columns) < 3 or len(set(columns)) < len(columns):
        raise ValueError(f"columns is {list(columns)}; expected at least 3 different names: of the "
                         f"curve, x and y")
    return columns


def _columns(row):
    """How many there are, in words."""
    return f"{len(row)} column{'s' * (len(row) > 1)}"


def _is_number(cell):
    try:
        return not math.isnan(_number(cell, ";"))
    except ValueError:
        return False


def _number(cell, delimiter):
    """A finite number, or nan where it is missing.  Raises ValueError for anything else."""
    if cell.lower() in MISSING:
        return math.nan
    number = float(cell if delimiter == "," else cell.replace(",", "."))
    if not math.isfinite(number) or "_" in cell:  # Python's 1_000 is no number elsewhere
        raise ValueError
    return number


def _no_number(path, line, header, chosen, row, delimiter):
    """The error that names the first cell of a row that is no number."""
    for i in chosen[1:]:
        try:
            _number(row[i], delimiter)
        except ValueError:
            return ValueError(f"{path}, row {line}, column {header[i]} is {row[i]!r}; "
                              f"expected a finite number, or nothing")


def usual_labels(d_in, d_out):
    """The names of columns that have none: x and y, or x1, x2, ..."""
    x = [f"x{i + 1}" for i in range(d_in)] if d_in > 1 else ["x"]
    return x + ([f"y{i + 1}" for i in range(d_out)] if d_out > 1 else ["y"])
