"""Derived numbers against two numerical derivatives, and which of the two is to be believed.

Where the complex step and central differences disagree, the step of the differences is chosen anew,
and what they settle on decides; across a kink of f, the complex step does.  In single precision,
directions in which f is too rough for differences are left out, never all of a block or most.
"""

import numpy as np

from ..core import arguments
from .diagnosis import explain, wrong_blocks
from .dropped_parts import dropping_functions
from .numerical import (TOLERANCE, central_difference, complex_step, has_kink, is_in_single,
                        is_single, norm, relative_error, settled_difference, why_not_complex)
from .report import CheckReport, Finding

COMPLEX, CENTRAL = TOLERANCE  # the names of the two
UNSETTLED = 1e-3  # differences that are less sure than this decide nothing
SINGLE = 1e-5  # what can be held where f is in single precision
ROUNDED = 2e-6  # what can be held where the derivation alone is
SINGLE_NOTE = "single precision: judged by what that can hold; use double for a check"


class Comparison:
    """Derivatives of f at theta (P,) along n directions, derived and numerical.

    along: the directions, numbers of coordinates or vectors (P,).  derived: (n,), or (n, P) where f
    returns (P,).  layout: of θ.  compared: of derived's last axis; it is another Layout than θ's
    where random directions stand for the entries of a block.  numerical: kind -> as derived.
    judged: kind -> which of them count, a mask.  tolerance: kind -> the largest error that passes.
    """

    def __init__(self, f, theta, along, derived, layout, compared, method):
        if not isinstance(method, str) or method not in ("complex", "central", "both"):
            raise ValueError(f"method is {arguments.shown(method)}; "
                             "expected 'complex', 'central' or 'both'")
        self.f, self.theta, self.along = f, theta, along
        self.derived, self.layout, self.compared = derived, layout, compared
        self.numerical, self.notes, self.tolerance, self.unsettled = {}, [], dict(TOLERANCE), ""
        self.too_rough = False  # for single precision
        reason = "" if method == "central" else why_not_complex(f, theta)
        if reason:
            self.notes.append(reason)
        elif method != "central":
            self.numerical[COMPLEX] = np.array([complex_step(f, theta, d) for d in along])
        if method != "complex" or reason:
            self.numerical[CENTRAL] = np.array([central_difference(f, theta, d) for d in along])
        self.judged = {kind: np.ones(derived.shape, dtype=bool) for kind in self.numerical}
        if np.isfinite(derived).all():
            self._allow_for_single()
            if CENTRAL in self.numerical:
                self._believe()

    def _allow_for_single(self):
        """Allow the errors of single precision, where they are no larger."""
        errors = self.errors()
        nearly = [kind for kind in errors if TOLERANCE[kind] < errors[kind] <= SINGLE]
        single = self._single() if nearly else 0.0
        if single:
            self.tolerance.update(dict.fromkeys(nearly, single))
            self.notes.append(SINGLE_NOTE)

    def _believe(self):
        """Leave the references that can be believed, with the tolerance that they can hold."""
        if COMPLEX not in self.numerical:
            if self._wrong(CENTRAL):
                self._take_settled()
        elif not self._wrong(CENTRAL):
            error = self.errors()[COMPLEX]
            if error > 10 * TOLERANCE[CENTRAL] or self._wrong(COMPLEX) and self._is_outlier(error):
                self._drop_complex()
        elif not self._wrong(COMPLEX):
            if self.tolerance[COMPLEX] < SINGLE:  # else rounding looks like a kink
                self._leave_out_kinks()
            if self._wrong(CENTRAL):
                self._take_settled()
            if self._wrong(CENTRAL) and self._is_below_rounding():
                self._drop_central("f is too flat here for them to show")
            elif (self._wrong(CENTRAL) and self.tolerance[CENTRAL] > UNSETTLED
                  and self._single()):  # in double, a disagreement is a finding
                self._drop_central("f is too rough here in single precision")
        elif self._apart() > 10 * TOLERANCE[CENTRAL]:
            self._take_settled()
            self._leave_out_kinks()
            if self._apart() > self.tolerance[CENTRAL]:
                self._drop_complex()

    def _wrong(self, kind):
        return not self.errors()[kind] <= self.tolerance[kind]

    def _is_below_rounding(self):
        """Whether neither the derivation nor differences stand out of f's rounding."""
        norms = np.linalg.norm(self.derived), np.linalg.norm(self.numerical[CENTRAL])
        return max(norms) <= 1e-9 * np.linalg.norm(self.f(self.theta))

    def _single(self):
        """The error to allow in single precision, of f or of the derivation; 0.0 in double."""
        if is_in_single(self.f, self.theta, self.along):
            return SINGLE
        return ROUNDED if is_single(self.derived) else 0.0

    def _apart(self):
        """How far the two references are apart, relative, where both count."""
        both = self.judged[CENTRAL]
        return relative_error(self.numerical[COMPLEX][both], self.numerical[CENTRAL][both])

    def _is_outlier(self, error):
        """Whether finer differences agree far better than the complex step, where it is worst."""
        apart = (self.numerical[COMPLEX] - self.derived).reshape(len(self.along), -1)
        worst = np.argsort(np.linalg.norm(apart, axis=1))[-3:]
        near, far = (np.array([central_difference(self.f, self.theta, self.along[i], shrink)
                               for i in worst]) for shrink in (4, 16))
        finer = (16 * near - far) / 15  # h² cancels
        return relative_error(finer, self.derived[worst]) < 1e-2 * error

    def _drop_complex(self):
        self.notes.append(f"the complex step does not count: f drops the imaginary part "
                          f"({dropping_functions(self.f, self.theta)}); central differences decide")
        del self.numerical[COMPLEX], self.judged[COMPLEX]

    def _drop_central(self, reason):
        self.notes.append(f"no central differences: {reason}")
        del self.numerical[CENTRAL], self.judged[CENTRAL]

    def _leave_out_kinks(self):
        """Where differences lie across a kink of f, the complex step alone counts."""
        exact, central = self.numerical.values()
        apart = np.linalg.norm((central - exact).reshape(len(self.along), -1), axis=1)
        scale = np.linalg.norm(exact) / np.sqrt(len(self.along))
        kinks = [i for i in np.flatnonzero(apart > TOLERANCE[CENTRAL] * scale)
                 if has_kink(self.f, self.theta, self.along[i], exact[i], central[i], scale)]
        if isinstance(self.along, range) and len(kinks) == len(self.along) > 1:
            return  # that many are a matter of the step
        self.judged[CENTRAL][kinks] = False
        if kinks:
            self.notes.append(f"{len(kinks)} of {len(self.along)} central differences "
                              f"straddle a kink of f, or a step too long for it: left to the "
                              f"complex step")

    def _take_settled(self):
        """Central differences whose steps are chosen by f; they say how sure they are."""
        single = self._single()
        values, errors = zip(*(settled_difference(self.f, self.theta, d, single > 0)
                               for d in self.along))
        values, errors = np.array(values), np.array(errors)
        norm = np.linalg.norm(values)
        if single:
            rough = self._leave_out_rough(errors, norm)
            values[rough], errors[rough] = self.derived[rough], 0.0  # no cause is seen there
        unsure = np.linalg.norm(errors) / norm if norm else 0.0
        if unsure > UNSETTLED:
            self.unsettled = (f"central differences do not settle for any step from 1e-1 to 1e-16 "
                              f"(they are sure to {unsure:.0e}): θ of another scale, or an f that "
                              f"is rough at this θ?")
            if single:
                self.too_rough = True
                self.unsettled = (f"single precision: central differences are sure to {unsure:.0e} "
                                  f"only, which decides nothing; use double for a check")
            return
        self.numerical[CENTRAL] = values
        self.tolerance[CENTRAL] = max(single or TOLERANCE[CENTRAL], 10 * unsure)
        note = SINGLE_NOTE if single else "central differences with steps that fit f"
        if note not in self.notes:
            self.notes.append(note)

    def _leave_out_rough(self, errors, norm):
        """The directions whose errors are large, which then do not count; [] where too few do."""
        rough = np.flatnonzero(errors > UNSETTLED * norm / np.sqrt(len(errors)))
        judged = self.judged[CENTRAL].copy()
        judged[rough] = False
        every_block = all(judged[..., place].any() for place in self.compared.slices)
        if not every_block or 2 * len(rough) > len(errors):
            return []
        self.judged[CENTRAL] = judged
        if len(rough):
            self.notes.append(f"{len(rough)} of {len(errors)} central differences left out: f is "
                              f"too rough there in single precision")
        return rough

    def errors(self, place=slice(None)):
        """kind -> the relative error of one block, or of all."""
        errors = {}
        for kind, values in self.numerical.items():
            counts = self.judged[kind][..., place]
            derived = self.derived[..., place][counts]
            errors[kind] = relative_error(values[..., place][counts], derived)
        return errors

    @property
    def reference(self):
        """(kind, derivatives) that decide: the complex step, if it is there."""
        return next(iter(self.numerical.items()))

    def vanishing(self):
        """The names of the blocks whose derivative is 0, so that no factor could show."""
        kind, reference = self.reference
        least = norm(reference) + norm(self.f(self.theta))
        least *= {COMPLEX: 1e-14, CENTRAL: 1e-9}[kind]
        return [name for name, place in zip(self.layout.names, self.compared.slices)
                if norm(reference[..., place]) <= least]

    def report(self, title, hints, fault=None):
        """The CheckReport; fault: a Finding on what was derived, before any comparison."""
        rows = []
        for (name, shape, _), place in zip(self.layout, self.compared.slices):
            rows.append({"name": name, "shape": shape, "norm": norm(self.derived[..., place]),
                         "errors": self.errors(place)})
        errors, tolerances = self.errors(), {kind: self.tolerance[kind] for kind in self.numerical}
        equal = all(errors[kind] <= tolerances[kind] for kind in errors)
        faults = [fault] if fault else []
        small = self.wrong_by_themselves() if equal else []
        findings, wrong = ((faults + small, [finding.where for finding in small]) if equal else
                           self.findings(errors, hints))
        along = f"{len(self.along)} directions"
        if isinstance(self.along, range):
            along = f"all {self.theta.size} coordinates"
        basis = f"{along} at one θ, by {' and '.join(self.numerical)}"
        notes = [finding.what for finding in faults] + self.notes
        passed = equal and not findings
        return CheckReport(title, passed, errors, tolerances, rows, notes, findings, wrong, basis)

    def wrong_by_themselves(self):
        """Findings on blocks that are wrong, and so small that the whole vector does not show it.

        Such a block counts where another numerical derivative of it is nearly the reference.
        """
        kind, reference = self.reference
        shrink, whole, found = 1 if kind == COMPLEX else 4, np.linalg.norm(reference), []
        for name, place in zip(self.layout.names, self.compared.slices):
            right, derived = reference[..., place], self.derived[..., place]
            error = relative_error(right, derived)
            if not right.any() or error <= 0.05:
                continue
            along = self.along[place] if reference.ndim == 1 else self.along
            again = np.array([central_difference(self.f, self.theta, d, shrink) for d in along])
            again = again if reference.ndim == 1 else again[..., place]
            if relative_error(right, again) < 0.01:
                share = np.linalg.norm(right) / whole
                what = (f"wrong by {error:.0e} of its own norm, which is {share:.0e} of the "
                        f"whole's and so does not show there: data or θ of very unequal scales?")
                found.append(Finding(name, what, "", "small block"))
        return found

    def findings(self, errors, hints):
        """The findings of a failed check, and the names of the wrong blocks."""
        kind, reference = self.reference
        complex_agrees = errors.get(COMPLEX, np.inf) <= self.tolerance[COMPLEX]
        if self.unsettled and not complex_agrees:
            return [Finding("", self.unsettled, "", "not settled")], []
        if complex_agrees:  # so central differences alone complain, and name no block
            names = dropping_functions(self.f, self.theta)
            what = (f"the complex step agrees and central differences do not: does f drop the "
                    f"imaginary part somewhere ({names}), or has it a kink close to theta?")
            return [Finding("", what, "", "complex")], []
        wrong = wrong_blocks(self.derived, reference, self.compared, self.tolerance[kind])
        if self.compared is not self.layout:  # projections show no pattern
            return [], wrong
        return explain(self.derived, reference, self.layout, self.tolerance[kind], hints), wrong
