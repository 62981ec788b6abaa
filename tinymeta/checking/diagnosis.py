"""What is wrong with a derived vector: it is compared with what well-known mistakes would have given.

Nothing is guessed.  A finding is made where the numbers derived equal those of a mistake: a constant
factor, a block transposed or never written, or a suspect, a vector that the caller worked out for a
mistake in this very place (see suspects.py).  Where nothing fits, the finding says so, with the numbers.
"""

from typing import Callable, NamedTuple

import numpy as np

from .report import CheckReport, Finding
from .numerical import relative_error

MATCH = 1e-6  # of a block's norm: much finer than any two mistakes, much coarser than central differences


class Suspect(NamedTuple):
    """The vector (P,), or (n, P), that a mistake gives, with the sentence, the tag and the cause of its Finding."""

    vector: np.ndarray
    cause: str
    what: str
    tag: str = ""


class Hints(NamedTuple):
    """What a check knows of its surroundings, for a diagnosis.

    suspects: () -> [Suspect], called only when a check fails.  sizes: name -> number, such as K = 5,
    to name a constant factor by.  tags: the equation of the weights' block, "W", of the biases', "b",
    and of the whole, "".
    """

    suspects: Callable = lambda: []
    sizes: dict = {}
    tags: dict = {}


def explain(derived, truth, layout, tolerance, hints=Hints()):
    """The findings on derived (..., P) where it differs from truth (..., P).

    layout: [(name, shape, slice)].  tolerance: relative to the whole.  Returns [Finding], empty where
    nothing differs.  First come mistakes that account for every wrong block, then block by block.
    """
    wrong = wrong_blocks(derived, truth, layout, tolerance)
    bad = [name for name, _, part in layout if not np.isfinite(derived[..., part]).all()]
    if bad:
        return [_finding(bad, layout, "not finite", "NaN or infinite", hints)]
    if not wrong:
        return []
    error = relative_error(truth, derived)
    if error <= MATCH:
        what = f"right to {error:.0e} of the norm and no further: single precision, or a very small term?"
        return [_finding(wrong, layout, "precision", what, hints)]
    parts = {name: (derived[..., part], truth[..., part], shape, part) for name, shape, part in layout if name in wrong}
    whole = _simple(np.concatenate([p[0] for p in parts.values()], axis=-1),
                    np.concatenate([p[1] for p in parts.values()], axis=-1), hints.sizes)
    if whole:
        a_gradient = layout[0][0] and len(wrong) == len(layout)  # plain values have no named blocks
        ascent = ": ascent?" if whole[0] == "sign" and a_gradient else ""
        return [_finding(wrong, layout, whole[0], whole[1] + ascent, hints)]
    suspects = hints.suspects()
    for found in (_matching(suspects, parts), _reordered(derived, truth, layout, parts)):
        if found:
            return [Finding(_names(wrong, layout), found.what, found.tag, found.cause)]
    return _block_by_block(parts, suspects, layout, hints)


def wrong_blocks(derived, truth, layout, tolerance):
    """The names of the blocks in which derived (..., P) differs from truth, relative to the whole's norm."""
    finite = np.nan_to_num(derived, nan=0.0, posinf=0.0, neginf=0.0)
    scale = max(np.linalg.norm(finite), np.linalg.norm(truth)) * tolerance / np.sqrt(len(layout))
    return [name for name, _, part in layout if not np.linalg.norm(derived[..., part] - truth[..., part]) <= scale]


def compare(found, expected, title, tag="", tolerance=1e-10, hints=None, layout=None):
    """Compare numbers with what they should be: a CheckReport, with findings where they differ.

    found, expected: numbers or arrays of one shape.  tag: the equation to reread when they differ.
    tolerance: the largest relative error that passes.  layout: [(name, shape, slice)] of flat vectors.
    """
    hints = Hints(tags={"": tag}) if hints is None else hints
    found, expected = as_numbers("the result", found), np.asarray(expected)
    if found.shape != expected.shape:
        what = f"the shape is {found.shape}; expected {expected.shape}"
        return CheckReport(title, False, findings=[Finding("", what, tag, "shape")])
    layout = layout or [("", expected.shape, slice(None))]
    flat = [a.reshape(a.shape if layout[0][0] else -1) for a in (found, expected)]
    error = relative_error(expected, found)
    errors, tolerances = {"difference": error}, {"difference": tolerance}
    if error <= tolerance:
        return CheckReport(title, True, errors, tolerances)
    return CheckReport(title, False, errors, tolerances, findings=explain(*flat, layout, tolerance, hints),
                       wrong_blocks=wrong_blocks(*flat, layout, tolerance))


class Mistake(Exception):
    """A mistake in a learner's code that shows before any number is compared; .finding says it."""

    def __init__(self, what, cause, tag=""):
        super().__init__(what)
        self.finding = Finding("", what, tag, cause)


def as_numbers(name, value, shape=None):
    """The value that a learner's code returned as an array; raises Mistake for what is not numbers of that shape."""
    try:
        array = np.asarray(value)
    except ValueError:
        array = None
    if array is None or array.dtype.kind not in "fciu" or (shape and not isinstance(value, np.ndarray)):
        expected = "numbers" if shape is None else f"an array of shape {shape}" if shape else "one number"
        raise Mistake(f"{name} returned {_described(value)}; expected {expected}", "shape")
    if shape is not None and array.shape != shape:
        raise Mistake(f"{name} has shape {array.shape}; expected {shape or 'one number'}", "shape")
    return array


def _described(value):
    if value is None:
        return "None (is a `return` missing?)"
    if isinstance(value, np.ndarray):
        return f"an array of dtype {value.dtype}"
    if isinstance(value, (list, tuple)):
        shapes = ", ".join(str(np.shape(part)) for part in value[:6] if not isinstance(part, (list, tuple)))
        return f"a {type(value).__name__} of {len(value)} parts" + (f" of shapes {shapes}" if shapes else "")
    return f"{type(value).__name__} {value!r}"[:80]


def _matching(suspects, parts):
    """The suspects that account for all these blocks, as one; None where there is none."""
    fits = [s for s in suspects if all(_same(p[0], s.vector[..., p[3]]) for p in parts.values())]
    if not fits:
        return None
    whats = list(dict.fromkeys(s.what for s in fits))
    return fits[0]._replace(what=", or ".join(whats[:3]))


def _reordered(derived, truth, layout, parts):
    """Numbers of one block in another, as where all weights come before all biases."""
    def permuted(a, b):
        return _same(np.sort(a, axis=-1), np.sort(b, axis=-1))

    if permuted(derived, truth) and not all(permuted(*part[:2]) for part in parts.values()):
        names = ", ".join(name for name, _, _ in layout)
        return Finding("", f"the right numbers in another order; θ is laid out as {names}", "", "order")
    return None


def _block_by_block(parts, suspects, layout, hints):
    """One finding for each cause, with the blocks that share it."""
    causes, unknown = {}, []
    for name, part in parts.items():
        derived, truth, shape, _ = part
        suspect = _matching(suspects, {name: part}) if derived.shape[-1] > 1 else None
        cause = (_simple(derived, truth, hints.sizes) or (suspect and (suspect.cause, suspect.what, suspect.tag))
                 or _arranged(derived, truth, shape) or _single_entries(derived, truth, shape))
        if cause is None:
            unknown.append(name)
            cause = _unknown(*parts[unknown[0]][:2])  # the numbers of the first such block stand for all
        causes.setdefault(cause, []).append(name)
    return [_finding(names, layout, *cause[:2], hints, *cause[2:]) for cause, names in causes.items()]


def _simple(derived, truth, sizes):
    """Zero, a flipped sign or a constant factor: (cause, sentence) or None."""
    square = np.sum(truth * truth)
    if not np.any(derived):
        return "zero", "all zeros: never written?"
    factor = np.sum(derived * truth) / square if square else 0.0
    if not factor or abs(factor - 1) < MATCH or not _same(derived, factor * truth):
        return None
    if abs(factor + 1) < MATCH:
        return "sign", "the sign is flipped"
    named, why = _named_factor(abs(factor), sizes)
    sign = ", and the sign is flipped" if factor < 0 else ""
    if named:
        return "factor", f"{named} times what it should be{sign}{f': {why}' if why else ''}"
    if derived.size > 1:
        return "factor", f"{factor:.6g} times what it should be"
    return None


def _named_factor(factor, sizes):
    """The factor's name, 2, ½, or a size such as K, its inverse, twice or half of it, and why; "" where it has none."""
    names = {"2": (2.0, "a ½ in the loss, or a square's derivative taken twice?"),
             "½": (0.5, "is the 2 of the square's derivative missing?")}
    for name, size in sizes.items():
        why, inverse = ("", "") if name == "α" else ("a sum where the mean is meant?", "divided twice?")
        names |= {f"{name} = {size:g}": (size, why), f"1/{name} = 1/{size:g}": (1 / size, inverse),
                  f"2{name} = {2 * size:g}": (2 * size, why), f"{name}/2 = {size / 2:g}": (size / 2, why),
                  f"2/{name} = {2 / size:g}": (2 / size, inverse)}
    fits = {name: why for name, (value, why) in names.items() if value != 1 and abs(factor / value - 1) < MATCH}
    return " or ".join(fits), " ".join(dict.fromkeys(why for why in fits.values() if why))


def _arranged(derived, truth, shape):
    """A block with the right numbers in the wrong places, or broadcast from fewer: (cause, sentence) or None."""
    if len(shape) == 2 and min(shape) > 1:
        blocks = derived.reshape(-1, *shape)
        transposed = derived.reshape(-1, *shape[::-1]).swapaxes(-1, -2).reshape(derived.shape)
        if _same(transposed, truth):
            return "transposed", f"transposed: the numbers of a {shape[::-1]} array laid out as {shape}"
        for axis, line, small in ((-1, "columns", (shape[0], 1)), (-2, "rows", (1, shape[1]))):
            first = blocks.take([0], axis)
            if _same(np.broadcast_to(first, blocks.shape), blocks):
                return "shape", f"all {line} are equal: was a {small} array broadcast onto {shape}?"
    if derived.shape[-1] > 1 and _same(np.sort(derived, axis=-1), np.sort(truth, axis=-1)):
        return "order", "the right numbers in another order"
    return None


def _single_entries(derived, truth, shape):
    """A few wrong entries among right ones: (cause, sentence) or None."""
    off = ~(np.abs(derived - truth) <= MATCH * np.linalg.norm(truth)).reshape(-1, derived.shape[-1]).all(axis=0)
    n = np.count_nonzero(off)
    if not 0 < n <= off.size // 4:
        return None
    where = ", ".join(str([int(i) for i in np.unravel_index(j, shape)]) for j in np.flatnonzero(off)[:3])
    return "entry", f"{n} of {off.size} entries wrong, at {where}{', …' if n > 3 else ''}; the others are right"


def _unknown(derived, truth):
    """Nothing fits: the first numbers of a block, derived and expected."""
    def shown(a):
        return "[" + ", ".join(f"{value:.3g}" for value in a.reshape(-1)[:4]) + (", …]" if a.size > 4 else "]")

    return "unknown", f"no known mistake gives these numbers: derived {shown(derived)}, expected {shown(truth)}"


def _same(a, b):
    return np.linalg.norm(a - b) <= MATCH * max(np.linalg.norm(a), np.linalg.norm(b))


def _finding(names, layout, cause, what, hints, tag=None):
    letters = {name[:1] for name in names}
    if tag is None:
        everywhere = len(names) == len(layout) or len(letters) > 1
        tag = hints.tags.get("" if everywhere else letters.pop(), hints.tags.get("", ""))
    return Finding(_names(names, layout), what, tag, cause)


def _names(names, layout):
    return "" if layout[0][0] == "" else "every block" if len(names) == len(layout) > 1 else ", ".join(names)
