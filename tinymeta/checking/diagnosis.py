"""What is wrong with a derived vector: it is compared with what known mistakes would have given.

Nothing is guessed.  A finding is made where the derived numbers equal those of a mistake: a pattern
that they show by themselves (see patterns.py), or a vector that the caller worked out for a mistake
in this very place (see known_mistakes.py).  Where nothing fits, the finding says so, with the
numbers.  The reference is a numerical derivative, or what a definition gives.
"""

from typing import Callable, NamedTuple

import numpy as np

from ..core import arguments
from ..core.layout import Layout
from .ladder import attempt
from .numerical import relative_error, within_squares
from .patterns import (MATCH, arranged, clipped, found, multiple, permuted, same, share,
                       single_entries, unknown, vanishing)
from .report import CheckReport, Finding
from .returned import as_numbers


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


def checked_hints(hints, tag=""):
    """The Hints, or those of a tag alone; TypeError for another thing."""
    if hints is None:
        return Hints(tags={"": tag})
    if not isinstance(hints, Hints):
        raise TypeError(f"hints is {arguments.shown(hints)}; "
                        "expected the Hints of diagnosis.py, or None")
    return hints


def compare(found, expected, title, tag="", tolerance=1e-10, hints=None, layout=None):
    """Compare numbers with what they should be: a CheckReport, with findings where they differ.

    found, expected: numbers or arrays of one shape.  tag: the equation to reread when they differ.
    tolerance: the largest relative error that passes.  layout: the Layout of flat vectors (P,).
    """
    arguments.number("tolerance", tolerance, at_least=0)
    hints = checked_hints(hints, tag)
    found, expected = as_numbers("the code", found), arguments.numbers("expected", expected)
    if bad := expected.size - np.count_nonzero(np.isfinite(expected)):
        what = f"what it is compared with has {bad} NaN or infinite entries"
        return CheckReport(title, False, findings=[Finding("", what, tag, "not finite")])
    if found.shape != expected.shape:
        what = f"the shape is {found.shape}; expected {expected.shape}"
        return CheckReport(title, False, findings=[Finding("", what, tag, "shape")])
    if not expected.size:
        raise ValueError(f"expected has shape {expected.shape}; expected numbers to compare with")
    if not isinstance(layout, (Layout, type(None))):
        raise TypeError(f"layout is {arguments.shown(layout)}; expected a Layout, or None")
    layout = layout or Layout([("", expected.shape)])
    found, expected = (array.reshape(-1) + 0.0 for array in (found, expected))  # of bools too
    error = relative_error(expected, found)
    passed, findings, wrong = error <= tolerance, [], []
    if not passed:
        findings = explain(found, expected, layout, tolerance, hints)
        wrong = wrong_blocks(found, expected, layout, tolerance)
    return CheckReport(title, passed, {"difference": error}, {"difference": tolerance},
                       findings=findings, wrong_blocks=wrong)


def wrong_blocks(derived, reference, layout, tolerance):
    """The names of the blocks where derived (..., P) is wrong, relative to the whole's norm."""
    derived, reference = within_squares(derived, reference)
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
    return Diagnosis(derived, reference, layout, tolerance, hints).findings()


class Diagnosis:
    """Derived numbers, the right ones, and the blocks, (name, shape, place), that are wrong."""

    def __init__(self, derived, reference, layout, tolerance, hints):
        self.as_given, self.layout, self.hints = (derived, reference), layout, hints
        self.derived, self.reference = derived, reference = within_squares(derived, reference)
        names = wrong_blocks(derived, reference, layout, tolerance)
        self.wrong = [block for block in layout if block[0] in names]
        self.noise = tolerance * 1e-2 * np.linalg.norm(reference)
        self.known = []  # the known mistakes, once they are asked for

    def findings(self):
        """See explain."""
        lost = [block for block in self.layout
                if not np.isfinite(self.derived[..., block[2]]).all()]
        if lost:
            return [self._placed(found("not finite", "NaN or infinite"), lost)]
        finding = self._of_all()
        if not finding:
            self.known = [mistake for mistake in self.hints.known_mistakes()
                          if not Finding("", mistake.what).kinds <= self.hints.excluded]
            finding = self._matching(self.wrong) or self._reordered()
        if finding:
            return [self._placed(finding, self.wrong)]
        causes = {}  # finding, None where nothing fits -> blocks
        for block in self.wrong:
            causes.setdefault(self._of_block(block), []).append(block)
        placed = []
        for finding, blocks in causes.items():
            if finding is None:  # the numbers of the first such block stand for all
                _, shape, place = blocks[0]
                found_and_right = [numbers[..., place] for numbers in self.as_given]
                finding = unknown(*found_and_right, shape, only_block=len(blocks) == 1)
            placed.append(self._placed(finding, blocks))
        return placed

    def _at(self, place):
        """(derived, reference) at some entries."""
        return self.derived[..., place], self.reference[..., place]

    def _of_all(self):
        """A share, a factor or a limit that all wrong blocks have, or numbers nearly right."""
        entries = np.concatenate([np.arange(self.layout.size)[place] for *_, place in self.wrong])
        here, right = self._at(entries)
        if np.linalg.norm(right) <= 1e-9 * np.linalg.norm(self.reference):
            return vanishing(here) if np.any(here) else None
        finding = share(here, right, self.hints, entries, self.noise) if np.any(here) else None
        if finding:
            return finding
        error = relative_error(self.reference, self.derived)
        if error <= MATCH:
            return found("precision", f"right to {error:.0e} of the norm and no further: a "
                                      f"difference quotient in place of a derivation, or a very "
                                      f"small term?")
        every_block = len(self.wrong) == len(self.layout)
        is_gradient = self.layout.names[0] != "" and self.derived.ndim == 1  # no plain values
        finding = clipped(here, right) if is_gradient and here.size > 1 else None
        finding = finding or multiple(here, right, self.hints, self.hints.squared and every_block)
        if finding and finding.cause == "sign" and is_gradient and every_block:
            finding = finding._replace(what=finding.what + ": ascent?")
        return finding

    def _matching(self, blocks):
        """The known mistakes that account for all these blocks, as one Finding; None if none do."""
        fits = [mistake for mistake in self.known
                if all(same(self.derived[..., at], mistake.vector[..., at]) for *_, at in blocks)]
        if not fits:
            return None
        sentences = list(dict.fromkeys(mistake.what for mistake in fits))  # each once
        return Finding("", ", or ".join(sentences[:2]), fits[0].tag, fits[0].cause)

    def _reordered(self):
        """Numbers of one block in another, as where all weights come before all biases."""
        within = all(permuted(*self._at(place)) for *_, place in self.wrong)
        if within or not permuted(self.derived, self.reference):
            return None
        names = ", ".join(self.layout.names)
        what = f"the right numbers in another order; θ is laid out as {names}"
        return Finding("", what, "", "order")

    def _of_block(self, block):
        """What is wrong with one block; None where nothing fits."""
        _, shape, place = block
        here, right = self._at(place)
        if np.linalg.norm(right) <= 1e-9 * np.linalg.norm(self.reference):
            return vanishing(here)
        finding = (multiple(here, right, self.hints)
                   or share(here, right, self.hints, place, self.noise))
        if not finding and here.shape[-1] > 1:  # one number alone equals too much by chance
            finding = self._matching([block]) or self._copied(block)
        return finding or arranged(here, right, shape) or single_entries(here, right, shape)

    def _copied(self, block):
        """The numbers of another block, or of all blocks before, in this one's place."""
        name, _, place = block
        others = {other: at for other, _, at in self.layout if other != name}
        others["all blocks before it"] = slice(0, place.start)
        here = self.derived[..., place]
        for other, at in others.items():
            there = self.derived[..., at]
            if there.shape == here.shape and same(here, there):
                return found("another block", f"these are the numbers of {other}: the wrong block, "
                                              f"or a factor left out?")
        return None

    def _placed(self, finding, blocks):
        """The finding with its blocks' names and, if it has no tag, with their equation."""
        names = [name for name, *_ in blocks]
        where = "every block" if len(names) == len(self.layout) > 1 else ", ".join(names)
        if finding.tag is not None:
            return finding._replace(where=where)
        letters, tags = {name[:1] for name in names}, self.hints.tags
        one_kind = len(letters) == 1 and len(names) < len(self.layout)
        tag = tags.get(letters.pop() if one_kind else "", tags.get("", ""))
        return finding._replace(where=where, tag=tag)
