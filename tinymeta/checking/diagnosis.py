"""What is wrong with a derived vector: it is compared with what known mistakes would have given.

Nothing is guessed.  A finding is made where the derived numbers equal those of a mistake: a pattern
that they show by themselves (see patterns.py), or a vector that the caller worked out for a mistake
in this very place (see known_mistakes.py).  Where nothing fits, the finding says so, with the
numbers.  The reference is a numerical derivative, or what a definition gives.
"""

from typing import Callable, NamedTuple

import numpy as np

from ..core.layout import Layout
from .ladder import as_numbers, attempt
from .numerical import relative_error
from .patterns import (MATCH, arranged, clipped, found, multiple, permuted, same, share,
                       single_entries, unknown, vanishing)
from .report import CheckReport, Finding


class KnownMistake(NamedTuple):
    """The vector (P,), or (n, P), that a mistake gives, and its Finding's cause, what and tag."""

    vector: np.ndarray
    cause: str
    what: str
    tag: str = ""


class Hints(NamedTuple):
    """What a check knows of its surroundings, for a diagnosis.

    known_mistakes: () -> [KnownMistake], called only when a check fails.  sizes: name -> number,
    such as K = 5, to name a constant factor by; m of them count, where not all do.  tags: the
    equation of the weights' blocks, "W", of the biases', "b", and of the whole, "".  shares: name
    -> vector, such as θ, that a forgotten penalty leaves a multiple of.  squared: whether the loss
    is a squared error.  excluded: kinds of findings that other data did not confirm.
    """

    known_mistakes: Callable = lambda: []
    sizes: dict = {}
    tags: dict = {}
    shares: dict = {}
    squared: bool = False
    excluded: frozenset = frozenset()


def compare(found, expected, title, tag="", tolerance=1e-10, hints=None, layout=None):
    """Compare numbers with what they should be: a CheckReport, with findings where they differ.

    found, expected: numbers or arrays of one shape.  tag: the equation to reread when they differ.
    tolerance: the largest relative error that passes.  layout: the Layout of flat vectors (P,).
    """
    hints = Hints(tags={"": tag}) if hints is None else hints
    found, expected = as_numbers("the code", found), np.asarray(expected)
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
    """The names of the blocks where derived (..., P) is wrong, relative to the whole's norm."""
    finite = np.nan_to_num(derived, nan=0.0, posinf=0.0, neginf=0.0)
    norm = max(np.linalg.norm(finite), np.linalg.norm(reference))
    wrong = []
    for name, _, place in layout:
        difference = np.linalg.norm(derived[..., place] - reference[..., place])
        if not difference <= tolerance * norm / np.sqrt(len(layout)):  # NaN is wrong
            wrong.append(name)
    return wrong


def confirmed(check, other):
    """check(excluded) -> CheckReport, with only those findings that other data confirm.

    Two mistakes can give the same numbers by chance, as α/K and 0.01 do where α = 0.05 and K = 5.
    So other(excluded), the same check on other data, is asked: what it explains in another way is
    excluded.  Where it explains nothing, or shows no mistake, the findings are left as they are.
    """
    report, excluded = check(frozenset()), set()
    if report:
        return report
    again, failed = attempt(lambda: other(frozenset()))
    elsewhere = {} if failed else {finding.where: finding for finding in again.findings}
    while True:  # what is excluded can lay open another one
        new = set()
        for finding in report.findings:
            there = elsewhere.get(finding.where)
            if there and there.cause not in ("unknown", "entry"):
                new |= finding.kinds - there.kinds
        if new <= excluded:
            return report
        excluded |= new
        report = check(frozenset(excluded))


def explain(derived, reference, layout, tolerance, hints=Hints()):
    """The findings on derived (..., P) where it differs from the reference (..., P), [Finding].

    tolerance: relative to the whole.  First come mistakes that account for every wrong block, then
    one finding for each cause, with the blocks that share it.
    """
    lost = [name for name, _, place in layout if not np.isfinite(derived[..., place]).all()]
    if lost:
        return [_placed(found("not finite", "NaN or infinite"), lost, layout, hints)]
    names = wrong_blocks(derived, reference, layout, tolerance)
    wrong = [block for block in layout if block[0] in names]  # (name, shape, place)
    noise = tolerance * 1e-2 * np.linalg.norm(reference)
    known, finding = [], _of_all(derived, reference, layout, wrong, noise, hints)
    if not finding:
        known = [mistake for mistake in hints.known_mistakes()
                 if not Finding("", mistake.what).kinds <= hints.excluded]
        finding = (_matching(known, derived, wrong)
                   or _reordered(derived, reference, layout, wrong))
    if finding:
        return [_placed(finding, names, layout, hints)]
    causes = {}  # finding, None where nothing fits -> blocks
    for block in wrong:
        finding = _of_block(derived, reference, block, known, noise, hints, layout)
        causes.setdefault(finding, []).append(block)
    placed = []
    for finding, blocks in causes.items():
        if finding is None:  # the numbers of the first such block stand for all
            _, shape, place = blocks[0]
            finding = unknown(derived[..., place], reference[..., place], shape, len(blocks) == 1)
        placed.append(_placed(finding, [name for name, _, _ in blocks], layout, hints))
    return placed


def _of_all(derived, reference, layout, wrong, noise, hints):
    """A share, a factor or a limit that all wrong blocks have, or numbers nearly right."""
    entries = np.concatenate([np.arange(layout.size)[place] for _, _, place in wrong])
    here, right = derived[..., entries], reference[..., entries]
    if np.linalg.norm(right) <= 1e-9 * np.linalg.norm(reference):
        return vanishing(here) if np.any(here) else None
    finding = share(here, right, hints, entries, noise) if np.any(here) else None
    if finding:
        return finding
    error = relative_error(reference, derived)
    if error <= MATCH:
        return found("precision", f"right to {error:.0e} of the norm and no further: a difference "
                                  f"quotient in place of a derivation, or a very small term?")
    every_block = len(wrong) == len(layout)
    is_gradient = layout.names[0] != "" and derived.ndim == 1  # plain values have no named blocks
    finding = clipped(here, right) if is_gradient and here.size > 1 else None
    finding = finding or multiple(here, right, hints, squared=hints.squared and every_block)
    if finding and finding.cause == "sign" and is_gradient and every_block:
        finding = finding._replace(what=finding.what + ": ascent?")
    return finding


def _matching(known, derived, wrong):
    """The known mistakes that account for all these blocks, as one Finding; None without any."""
    fits = [mistake for mistake in known
            if all(same(derived[..., at], mistake.vector[..., at]) for _, _, at in wrong)]
    if not fits:
        return None
    sentences = list(dict.fromkeys(mistake.what for mistake in fits))  # each once
    return Finding("", ", or ".join(sentences[:2]), fits[0].tag, fits[0].cause)


def _reordered(derived, reference, layout, wrong):
    """Numbers of one block in another, as where all weights come before all biases."""
    within = all(permuted(derived[..., place], reference[..., place]) for _, _, place in wrong)
    if within or not permuted(derived, reference):
        return None
    what = f"the right numbers in another order; θ is laid out as {', '.join(layout.names)}"
    return Finding("", what, "", "order")


def _copied(derived, block, layout):
    """The numbers of another block, or of all blocks before, in this one's place."""
    name, _, place = block
    others = {other: at for other, _, at in layout if other != name}
    others["all blocks before it"] = slice(0, place.start)
    here = derived[..., place]
    for other, at in others.items():
        there = derived[..., at]
        if there.shape == here.shape and same(here, there):
            return found("another block", f"these are the numbers of {other}: the wrong block, or "
                                          f"a factor left out?")
    return None


def _of_block(derived, reference, block, known, noise, hints, layout):
    """What is wrong with one block (name, shape, place); None where nothing fits."""
    _, shape, place = block
    here, right = derived[..., place], reference[..., place]
    if np.linalg.norm(right) <= 1e-9 * np.linalg.norm(reference):
        return vanishing(here)
    finding = multiple(here, right, hints) or share(here, right, hints, place, noise)
    if not finding and here.shape[-1] > 1:  # one number alone equals too much by chance
        finding = _matching(known, derived, [block]) or _copied(derived, block, layout)
    return finding or arranged(here, right, shape) or single_entries(here, right, shape)


def _placed(finding, names, layout, hints):
    """The finding with its blocks' names and, if it has no tag of its own, with their equation."""
    where = "every block" if len(names) == len(layout) > 1 else ", ".join(names)
    tag = finding.tag
    if tag is None:
        letters = {name[:1] for name in names}
        one_kind = len(letters) == 1 and len(names) < len(layout)
        tag = hints.tags.get(letters.pop() if one_kind else "", hints.tags.get("", ""))
    return finding._replace(where=where, tag=tag)
