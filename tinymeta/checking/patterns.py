"""Mistakes that the numbers of a block show by themselves: a factor, a transpose, a wrong entry.

Each function compares derived numbers (..., n) with the reference (..., n) and returns a Finding,
or None where the pattern is not there.  hints: see Hints in diagnosis.py.
"""

import numpy as np

from .report import Finding

MATCH = 1e-6  # of a norm: much finer than any two mistakes, much coarser than central differences


def found(cause, what):
    """A Finding that names no block yet; its tag is None: the equation depends on the block."""
    return Finding("", what, None, cause)


def same(a, b):
    """Whether two arrays of one shape are equal, to a millionth of their norm."""
    return np.linalg.norm(a - b) <= MATCH * max(np.linalg.norm(a), np.linalg.norm(b))


def ratio(a, b):
    """The number that a is b times, or nearly, by least squares; 0 where b is 0."""
    square = np.sum(b * b)
    return np.sum(a * b) / square if square else 0.0


def permuted(a, b):
    """Whether the rows of a (..., n) hold the numbers of b (..., n) in some order."""
    return same(np.sort(a, axis=-1), np.sort(b, axis=-1))


def multiple(derived, reference, hints, squared=False):
    """Zero, a flipped sign or a constant factor.

    squared: whether the loss is a square, so that a 2 or a ½ can be its derivative's.
    """
    if not np.any(derived):
        return found("zero", "all zeros: never written, or is a term missing?")
    factor = ratio(derived, reference)
    if not factor or abs(np.imag(factor)) > MATCH or not same(derived, factor * reference):
        return None
    factor = np.real(factor)
    left = np.linalg.norm(derived - factor * reference)  # what the factor does not account for
    if left > 0.01 * abs(factor - 1) * np.linalg.norm(reference):
        return None
    if abs(factor + 1) < MATCH:
        return found("sign", "the sign is flipped")
    named, why = _named_factor(abs(factor), hints, squared)
    if named:
        sign = ", and the sign is flipped" if factor < 0 else ""
        return found("factor", f"{named} times what it should be{sign}{why}")
    digits = 6 if abs(factor - 1) > 1e-5 else 10  # 1.0000001 is not 1
    finding = found("factor", f"{factor:.{digits}g} times what it should be")
    return None if derived.size == 1 or finding.kinds <= hints.excluded else finding


def _named_factor(factor, hints, squared):
    """The factor by name, such as "2" or "1/K = 1/5", and why; "" where it has none."""
    sizes, doubled, halved = dict(hints.sizes), "", ""
    if squared:
        doubled = "a ½ in the loss, or a square's derivative taken twice?"
        halved = "is the 2 of the square's derivative missing?"
    named = [("2", 2.0, doubled), ("½", 0.5, halved)]
    if "m" in sizes:
        m, K = sizes.pop("m"), sizes["K"]
        named += [(f"m/K = {m}/{K}", m / K, f"divided by K, where only m = {m} examples count?"),
                  (f"K/m = {K}/{m}", K / m, f"divided by the m = {m} that count, not by K?")]
    for name in [name for name in sizes if name.startswith("T/")]:
        of = {"S": "steps", "K": "support examples", "Q": "query examples"}[name[2:]]
        named.append((f"{name} = {sizes[name]:g}", sizes.pop(name),
                      f"divided by the {name[2:]} {of}, not by the T tasks?"))
    for name, n in sizes.items():
        summed, divided = "a sum where the mean is meant?", "divided twice?"
        if name == "α":
            summed, divided = None, None
        named += [(f"{name} = {n:g}", n, summed), (f"1/{name} = 1/{n:g}", 1 / n, divided),
                  (f"2{name} = {2 * n:g}", 2 * n, summed), (f"{name}/2 = {n / 2:g}", n / 2, summed),
                  (f"2/{name} = {2 / n:g}", 2 / n, divided)]
    fits = [(name, why) for name, value, why in named
            if value != 1 and abs(factor / value - 1) < MATCH
            and name.split(" = ")[0] + " times what it should be" not in hints.excluded]
    reasons = {why for _, why in fits} - {None}
    why = reasons.pop() if len(reasons) == 1 else ""  # where all names have the same one
    return " or ".join(name for name, _ in fits), f": {why}" if why else ""


def share(derived, reference, hints, place, noise):
    """A difference that is a multiple of a known vector, such as θ where a penalty is forgotten.

    place: of these numbers in hints.shares.  noise: the error of the reference.
    """
    difference = derived - reference
    size = np.linalg.norm(difference)
    allowed = max(MATCH, 100 * noise / size) if size else 1.0
    if allowed > 1e-2 or difference.shape[-1] < 3:  # one or two are multiples of anything
        return None
    for name, vector in hints.shares.items():
        vector = vector[..., place]
        factor = ratio(difference, vector)
        if factor and np.linalg.norm(difference - factor * vector) <= allowed * size:
            missing = "is a penalty's share missing, or its 2?"
            more = "a penalty twice, or one that the loss does not have?"
            finding = found("penalty", f"derived - expected is {factor:.4g} {name}: "
                                       f"{missing if factor < 0 else more}")
            return None if finding.kinds <= hints.excluded else finding
    return None


def clipped(derived, reference):
    """Numbers cut off at a limit, or a vector shortened to a norm."""
    factor = ratio(derived, reference)
    norm, limit = np.linalg.norm(derived), np.abs(derived).max()
    if 0 < factor < 1 - MATCH and same(derived, factor * reference) and _is_round(norm):
        return found("clipped", f"its norm is exactly {norm:.4g}: clipped?")
    at_limit = np.count_nonzero(np.abs(derived) > limit * (1 - 1e-12))
    if np.abs(reference).max() > limit * (1 + MATCH) and (at_limit > 1 or _is_round(limit)) \
            and same(derived, np.clip(reference, -limit, limit)):
        return found("clipped", f"numbers beyond {limit:.4g} are cut off there: clipped?")
    return None


def _is_round(number):
    """Whether a number has at most two digits, as limits have that people choose."""
    return abs(float(f"{number:.1e}") / number - 1) < 1e-9


def arranged(derived, reference, shape):
    """The right numbers of a block of that shape in wrong places, or broadcast from fewer."""
    if len(shape) == 2 and min(shape) > 1:
        blocks = derived.reshape(-1, *shape)
        turned = derived.reshape(-1, *shape[::-1]).swapaxes(-1, -2).reshape(derived.shape)
        if same(turned, reference):
            return found("transposed",
                         f"transposed: the numbers of a {shape[::-1]} array laid out as {shape}")
        for axis, line, small in ((2, "columns", (shape[0], 1)), (1, "rows", (1, shape[1]))):
            if same(blocks.take([0], axis), blocks):
                return found("shape", f"all {line} are equal: was a {small} array broadcast onto "
                                      f"{shape}?")
    if derived.shape[-1] > 1 and permuted(derived, reference):
        return found("order", "the right numbers in another order")
    return None


def single_entries(derived, reference, shape):
    """A few wrong entries of a block of that shape, at most a quarter, among right ones."""
    allowed = MATCH * np.abs(reference) + 1e-9 * np.linalg.norm(reference)
    right = np.abs(derived - reference) <= allowed
    wrong = np.flatnonzero(~right.reshape(-1, derived.shape[-1]).all(axis=0))
    n, size = len(wrong), derived.shape[-1]
    if not 0 < n <= size // 4:
        return None
    places = [str([int(i) for i in np.unravel_index(j, shape)]) for j in wrong[:3]]
    where = ", ".join(places) + (", …" if n > 3 else "")
    return found("entry", f"{n} of {size} entries wrong, at {where}; the others are right")


def unknown(derived, reference, shape, only_block=True):
    """Nothing fits: where the difference is largest, and how large it is."""
    difference = derived - reference
    at = np.unravel_index(np.abs(difference).argmax(), difference.shape)
    place = f" at {[int(i) for i in np.unravel_index(at[-1], shape)]}" if shape else ""
    alone = _lines_alone(difference, reference, shape) if only_block else ""
    return found("unknown", f"no known mistake gives these numbers; they differ {alone}most"
                            f"{place}: derived {derived[at]:.6g}, expected {reference[at]:.6g}, "
                            f"difference {difference[at]:.2g}")


def _lines_alone(difference, reference, shape):
    """The rows or columns of a block that alone are wrong, if they are half of it at most."""
    if len(shape) != 2 or min(shape) < 2:
        return ""
    wrong = np.abs(difference) > MATCH * np.abs(reference) + 1e-9 * np.linalg.norm(reference)
    wrong = wrong.reshape(-1, *shape).any(axis=0)
    for axis, line in ((1, "row"), (0, "column")):
        lines = wrong.any(axis=axis)
        if 2 * np.count_nonzero(lines) <= lines.size:
            return f"in {line} {', '.join(map(str, np.flatnonzero(lines)))} alone, "
    return ""


def vanishing(derived):
    """The reference is 0 where the derived numbers are not."""
    norm = np.linalg.norm(derived)
    return found("should be zero",
                 f"should be 0: f does not change with it; derived, its norm is {norm:.2e}")
