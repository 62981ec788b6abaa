"""What is wrong with a derived vector: it is compared with what well-known mistakes would have given.

Nothing is guessed.  A finding is made where the derived numbers equal those of a mistake: a pattern
that they show by themselves (see patterns.py), or a vector that the caller worked out for a mistake
in this very place (see known_mistakes.py).  Where nothing fits, the finding says so, with the
numbers.  The reference is a numerical derivative, or what a definition gives.
"""

from typing import Callable, NamedTuple

import numpy as np

from ..core.layout import Layout
from .ladder import LearnerError, as_numbers
from .numerical import relative_error
from .patterns import MATCH, arranged, multiple, permuted, same, single_entries, unknown
from .report import CheckReport, Finding


class KnownMistake(NamedTuple):
    """The vector (P,), or (n, P), that a mistake gives, with the cause, what and tag of its Finding."""

    vector: np.ndarray
    cause: str
    what: str
    tag: str = ""


class Hints(NamedTuple):
    """What a check knows of its surroundings, for a diagnosis.

    known_mistakes: () -> [KnownMistake], called only when a check fails.  sizes: name -> number,
    such as K = 5, to name a constant factor by.  tags: the equation of the weights' blocks, "W", of
    the biases', "b", and of the whole, "".
    """

    known_mistakes: Callable = lambda: []
    sizes: dict = {}
    tags: dict = {}
    suspects: Callable = None


class Part(NamedTuple):
    """One wrong block: its place in the vectors, and its numbers (..., n)."""

    name: str
    shape: tuple
    place: slice
    derived: np.ndarray
    reference: np.ndarray


def compare(found, expected, title, tag="", tolerance=1e-10, hints=None, layout=None):
    """Compare numbers with what they should be: a CheckReport, with findings where they differ.

    found, expected: numbers or arrays of one shape.  tag: the equation to reread when they differ.
    tolerance: the largest relative error that passes.  layout: the Layout of flat vectors (P,).
    """
    hints = Hints(tags={"": tag}) if hints is None else hints
    found, expected = as_numbers("the result", found), np.asarray(expected)
    if found.shape != expected.shape:
        what = f"the shape is {found.shape}; expected {expected.shape}"
        return CheckReport(title, False, findings=[Finding("", what, tag, "shape")])
    layout = layout or Layout([("", expected.shape)])
    found, expected = found.reshape(-1), expected.reshape(-1)
    error = relative_error(expected, found)
    passed, findings, wrong = error <= tolerance, [], []
    if not passed:
        findings = explain(found, expected, layout, tolerance, hints)
        wrong = wrong_blocks(found, expected, layout, tolerance)
    return CheckReport(title, passed, {"difference": error}, {"difference": tolerance},
                       findings=findings, wrong_blocks=wrong)


def wrong_blocks(derived, reference, layout, tolerance):
    """The names of the blocks where derived (..., P) is wrong, relative to the norm of the whole."""
    finite = np.nan_to_num(derived, nan=0.0, posinf=0.0, neginf=0.0)
    norm = max(np.linalg.norm(finite), np.linalg.norm(reference))
    wrong = []
    for name, _, place in layout:
        difference = np.linalg.norm(derived[..., place] - reference[..., place])
        if not difference <= tolerance * norm / np.sqrt(len(layout)):  # NaN is wrong
            wrong.append(name)
    return wrong


def explain(derived, reference, layout, tolerance, hints=Hints()):
    """The findings on derived (..., P) where it differs from the reference (..., P), [Finding].

    tolerance: relative to the whole.  First come mistakes that account for every wrong block, then
    one finding for each cause, with the blocks that share it.
    """
    lost = [name for name, _, place in layout if not np.isfinite(derived[..., place]).all()]
    if lost:
        return [_placed(Finding("", "NaN or infinite", None, "not finite"), lost, layout, hints)]
    wrong = wrong_blocks(derived, reference, layout, tolerance)
    if not wrong:
        return []
    parts = [Part(name, shape, place, derived[..., place], reference[..., place])
             for name, shape, place in layout if name in wrong]
    finding = _rounded(derived, reference) or _multiple_of_all(parts, layout, hints)
    if finding:
        return [_placed(finding, wrong, layout, hints)]
    known = (hints.suspects or hints.known_mistakes)()
    finding = _matching(known, parts) or _reordered(derived, reference, layout, parts)
    if finding:
        return [_placed(finding, wrong, layout, hints)]
    return _block_by_block(parts, known, layout, hints)


def _rounded(derived, reference):
    """Numbers that are right to six digits or more."""
    error = relative_error(reference, derived)
    if error > MATCH:
        return None
    what = f"right to {error:.0e} of the norm and no further: single precision, or a very small term?"
    return Finding("", what, None, "precision")


def _multiple_of_all(parts, layout, hints):
    """One factor for all wrong blocks."""
    derived = np.concatenate([part.derived for part in parts], axis=-1)
    reference = np.concatenate([part.reference for part in parts], axis=-1)
    finding = multiple(derived, reference, hints.sizes)
    named = layout.names[0] != ""  # a gradient has blocks with names, plain values have not
    if finding and finding.cause == "sign" and named and len(parts) == len(layout):
        finding = finding._replace(what=finding.what + ": ascent?")
    return finding


def _matching(known, parts):
    """The known mistakes that account for all these blocks, as one Finding; None without any."""
    fits = []
    for mistake in known:
        if all(same(part.derived, mistake.vector[..., part.place]) for part in parts):
            fits.append(mistake)
    if not fits:
        return None
    sentences = list(dict.fromkeys(mistake.what for mistake in fits))
    return Finding("", ", or ".join(sentences[:3]), fits[0].tag, fits[0].cause)


def _reordered(derived, reference, layout, parts):
    """Numbers of one block in another, as where all weights come before all biases."""
    within_blocks = all(permuted(part.derived, part.reference) for part in parts)
    if within_blocks or not permuted(derived, reference):
        return None
    what = f"the right numbers in another order; θ is laid out as {', '.join(layout.names)}"
    return Finding("", what, "", "order")


def _block_by_block(parts, known, layout, hints):
    """One finding for each cause, with the blocks that share it."""
    causes, first_unknown = {}, None
    for part in parts:
        finding = _of_block(part, known, hints)
        if finding is None:  # the numbers of the first such block stand for all
            first_unknown = first_unknown or unknown(part.derived, part.reference)
            finding = first_unknown
        causes.setdefault(finding, []).append(part.name)
    return [_placed(finding, names, layout, hints) for finding, names in causes.items()]


def _of_block(part, known, hints):
    """What is wrong with one block, or None."""
    derived, reference, shape = part.derived, part.reference, part.shape
    finding = multiple(derived, reference, hints.sizes)
    if not finding and derived.shape[-1] > 1:  # one number alone equals too much by chance
        finding = _matching(known, [part])
    return (finding or arranged(derived, reference, shape)
            or single_entries(derived, reference, shape))


def _placed(finding, names, layout, hints):
    """The finding with the blocks that it is about and, if it has no tag of its own, with theirs."""
    where = ", ".join(names)
    if layout.names[0] == "":
        where = ""
    elif len(names) == len(layout) > 1:
        where = "every block"
    tag = finding.tag
    if tag is None:
        letters = {name[:1] for name in names}
        one_kind = len(letters) == 1 and len(names) < len(layout)
        tag = hints.tags.get(letters.pop() if one_kind else "", hints.tags.get("", ""))
    return finding._replace(where=where, tag=tag)


Suspect, Mistake = KnownMistake, LearnerError
