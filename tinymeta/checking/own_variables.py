"""A right derivative in the learner's own variables: Σ_t hs[t].T @ dz, or what is missing, x.T @ d.

A derivation is run once more and watched, line by line.  Of the values that its variables took, all
sums and products of two, one of them also times an activation's slope, are compared with the
numbers that are right.  What is found is no guess: these numbers are equal, on two sets of data.
"""

import sys
from collections import defaultdict
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from .ladder import attempt, is_library
from .numerical import derivatives
from .patterns import MATCH, same
from .report import Finding

LARGEST = 10_000  # numbers in an array that is looked at
SMALL = 200  # numbers in an array that all slopes are tried on
LONGEST = 50_000  # lines that are watched


class Values(NamedTuple):
    """What a name stands for: rows (n, d), which are taken together or are one for each step."""

    name: str
    rows: np.ndarray
    in_steps: bool = False

    @property
    def transposed(self):
        """The name of the transpose."""
        return self.name[:-2] if self.name.endswith(".T") else f"{self.name}.T"

    @property
    def summed(self):
        """What the sum of the rows is called."""
        if self.in_steps:
            return f"the sum over t of {self.name}"
        name = self.name.removesuffix(".T")
        return f"{name}.sum(axis={int(name != self.name)})"


def in_own_variables(report, check, name, derived):
    """The report, where what is unknown is said in the learner's variables, if it can be.

    check: the ModelCheck that made the report.  name, derived: of "gradient" from the "loss", say.
    """
    unknown = next((f for f in report.findings if f.cause == "unknown"), None)
    if unknown is None:
        return report
    names = check.layout.names if unknown.where == "every block" else unknown.where.split(", ")
    here, there = (attempt(lambda: _formulas(one, names, name, derived))[0] or {}
                   for one in (check, check.at_other_data()))
    causes, rest = {}, []  # what -> blocks, and those that nothing is said of
    for block in names:
        if block in here and there.get(block) == here[block]:
            causes.setdefault(here[block], []).append(block)
        else:
            rest.append(block)
    if not causes:
        return report
    found = [Finding(", ".join(blocks), what, "", "own variables")
             for what, blocks in causes.items()]
    found += [unknown._replace(where=", ".join(rest))] if rest else []
    return replace(report, findings=found + [f for f in report.findings if f is not unknown])


def _formulas(check, names, name, derived):
    """Block -> what its right numbers are, of those named, where the derived ones are not these."""
    theta, v = check.theta, check.directions[0]
    along, more = ([v], [v]) if derived == "hvp" else (range(theta.size), [])
    right = derivatives(check.of_theta(name), theta, along).reshape(-1)

    def run():
        return check.learners.call(derived, theta, check.x, check.y, *more)

    wrong, (values, totals) = run(), _candidates(*_watched(run))
    found, K = {}, len(check.x)

    def formula(numbers, shape, totals):
        mean = _formula(K * numbers, shape, values, {})
        return _formula(numbers, shape, values, totals) or mean and f"{mean} / len(x)"

    for block, shape, place in check.layout:
        if block not in names or same(right[place], wrong[place]):
            continue
        is_right = formula(right[place], shape, totals)
        missing = "" if is_right else formula(right[place] - wrong[place], shape, {})
        if is_right:
            now = formula(wrong[place], shape, {})
            found[block] = f"the right numbers are {is_right}"
            found[block] += f"; these are {now}" if now else ""
        elif missing:
            found[block] = f"what is missing is {missing}: something used twice, a share left out?"
    return found


def _watched(run):
    """(lists, history): each list at its longest, and all values that an array took in turn."""
    lists, history, lines = {}, {}, [0]

    def look(frame):
        for name, value in frame.f_locals.items():
            key = frame.f_code.co_name, name
            if isinstance(value, (list, tuple)) and len(value) >= len(lists.get(key, ())):
                lists[key] = list(value)
            elif _is_numbers(value):
                seen = history.setdefault(key, [])
                if not (seen and np.array_equal(seen[-1], value)):
                    seen.append(np.array(value))

    def local(frame, event, _):
        lines[0] += 1
        if lines[0] < LONGEST:
            look(frame)
        return local

    def every(frame, *_):
        return None if is_library(frame.f_code.co_filename) else local

    before = sys.gettrace()
    sys.settrace(every)
    try:
        run()
    finally:
        sys.settrace(before)
    return lists, history


def _is_numbers(value):
    """Whether it is an array of real numbers, not too large."""
    return isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and 0 < value.size <= LARGEST


def _candidates(lists, history):
    """(([Values], [Values]), {what: total}): factors, the second with a slope, and sums."""
    values, totals = [], {}
    functions = [function for function, _ in history]  # the derivation itself, then those it calls
    for (_, name), seen in sorted(history.items(), key=lambda item: functions.index(item[0][0])):
        last = seen[-1]
        if last.ndim:
            values.append(Values(name, _rows(last)))
            values += [Values(f"(an earlier {name})", _rows(a)) for a in seen[-2:-1] if a.ndim]
        if last.ndim == 2:  # examples may lie in columns
            values.append(Values(f"{name}.T", last.T))
        alike = [a for a in seen if a.shape == last.shape]
        if 1 < len(alike) <= 1000:
            totals[f"the sum of the values that {name} takes one after another: = for +=?"] = \
                sum(alike)
            values += _of_steps(name, alike, -1) + _of_steps(name, alike)
    for (_, name), parts in lists.items():
        arrays = [np.array(a) for a in parts if _is_numbers(a)]
        if 1 < len(arrays) == len(parts) <= 1000 and len({a.shape for a in arrays}) == 1:
            values += _of_steps(name, arrays)
    return (values, _through_slopes(values)), totals


def _rows(array):
    """(n, d): an array of more axes has its rows one after another; one axis is a column."""
    return array.reshape(-1, array.shape[-1] if array.ndim > 1 else 1)


def _of_steps(name, arrays, order=1):
    """Values of arrays for t = 0, 1, ...: all of them, or without the last, or the first.

    order: -1 has the rows of the last t first, as on the way back through time.
    """
    rows = [_rows(np.atleast_2d(a)) for a in arrays]
    parts = [("[t]", rows)]
    if len(rows) > 2:
        parts += [("[t]", rows[:-1]), ("[t+1]", rows[1:])]
    return [Values(name + t, np.concatenate(part[::order]), True) for t, part in parts]


def _through_slopes(values):
    """g times an activation's slope at its value a, for all g and a of one shape that are small.

    The activation is a softmax, a sigmoid or tanh, by what numbers a has.
    """
    values, found = [value for value in values if value.rows.size <= SMALL], []
    for a in values:
        low, high = a.rows.min(), a.rows.max()
        is_softmax = a.rows.shape[1] > 1 and low >= 0 and np.allclose(a.rows.sum(axis=1), 1)
        if not is_softmax and not -1 < low <= high < 1:
            continue
        for g in values:
            if g.rows.shape != a.rows.shape or g is a:
                continue
            turned = ".T" if a.name.endswith(".T") and g.name.endswith(".T") else ""
            p, q = (name.removesuffix(turned) for name in (a.name, g.name))
            if is_softmax:
                inner = (a.rows * g.rows).sum(axis=1, keepdims=True)
                name, rows = f"{p} * ({q} - sum({p} * {q}))", a.rows * (g.rows - inner)
            elif low > 0:
                name, rows = f"{q} * {p} * (1 - {p})", g.rows * a.rows * (1 - a.rows)
            else:
                name, rows = f"{q} * (1 - {p} ** 2)", g.rows * (1 - a.rows**2)
            found.append(Values(f"({name}){turned}", rows, a.in_steps))
    return found


def _formula(target, shape, values, totals):
    """Which of totals, or sum or product of values, are these numbers of a block; "" if none is."""
    if not np.any(target):
        return ""
    for what, total in totals.items():
        if total.size == target.size and same(total.ravel(), target):
            return what
    plain, through = values
    for a in plain + through:
        fits = a.rows.shape[1] == target.size and len(a.rows) > 1
        if fits and same(a.rows.sum(axis=0), target):
            return a.summed
    pairs = (plain, plain), (plain, through), (through, plain)
    return next(filter(None, (_product(target, shape, *pair) for pair in pairs)), "")


def _product(target, shape, lefts, rights):
    """Which aᵀ b are these numbers of a block, a of lefts and b of rights; "" if none is."""
    near = 10 * MATCH * np.linalg.norm(target)
    of_shape = defaultdict(list)
    for b in rights:
        of_shape[b.rows.shape].append(b)
    firsts = {key: np.array([b.rows[:, 0] for b in those]) for key, those in of_shape.items()}
    for a in lefts:
        n, d = a.rows.shape
        fits = d == shape[0] if len(shape) == 2 else target.size % d == 0
        other = n, target.size // d
        if not fits or other not in of_shape:
            continue
        for j in np.flatnonzero(np.abs(firsts[other] @ a.rows[:, 0] - target[0]) <= near):
            b = of_shape[other][j]
            if same((a.rows.T @ b.rows).ravel(), target):
                over = "the sum over t of " if a.in_steps or b.in_steps else ""
                return f"{over}{a.transposed} @ {b.name}"
    return ""
