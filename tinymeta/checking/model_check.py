"""The rungs of check_model: each a method that compares and returns a CheckReport."""

from copy import copy
from dataclasses import replace
from functools import partial

import numpy as np

from ..core.losses import squared_error
from ..core.model import Model
from ..learners.linear import Linear
from ..methods.maml import MAML
from . import known_mistakes
from .diagnosis import Hints, compare, confirmed
from .dropped import ANY_DROPPED, dropping_functions
from .gradient_check import check_gradient, check_hvp
from .ladder import LearnerError, as_array, as_numbers, attempt, frozen
from .learner_model import LearnersModel, bounded
from .numerical import derivative, derivatives, quiet, relative_error
from .own_variables import in_own_variables
from .part_checks import check_loss
from .report import CheckReport, Finding
from .task_checks import check_tasks


class ModelCheck:
    """The checks of each rung, for a model at θ (P,) on a batch; network: see matching_network."""

    def __init__(self, model, theta, batch, layout, network, rng):
        self.model, self.theta, self.batch, self.layout = model, theta, batch, layout
        self.learners, self.network = LearnersModel(model), network
        self.directions = rng.standard_normal((3, theta.size))
        self.x, self.y = batch.x_support[0], batch.y_support[0]
        self.right_gradient, self.note = False, ""
        with quiet():
            self._move_where_something_vanishes()

    def _move_where_something_vanishes(self):
        """Take another θ if a block's derivative is 0 at this one: no wrong factor could show."""
        moved = self.theta + 0.3 * self.directions[0]
        try:
            zero = [name for name in self._vanishing(self.theta)
                    if name not in self._vanishing(moved)]
        except Exception:  # whatever a learner's code raises: its rung will say it
            return
        if zero and np.isfinite(self.of_theta("loss")(moved)):  # not where v < 0 in log v, say
            self.theta = moved
            self.note = (f"{', '.join(zero)}: derivative 0 at the θ given, where no wrong factor "
                         f"could show: another θ is taken, 0.3 of standard normals added")

    def _vanishing(self, theta):
        """The names of the blocks on which the loss does not depend, to first order."""
        names, loss = [], self.of_theta("loss")
        for name, _, place in self.layout:
            within = np.zeros(theta.size)
            within[place] = self.directions[1, place]
            if derivative(loss, theta, within) == 0:
                names.append(name)
        return names

    def at_other_data(self):
        """The same check with another θ and one example less, to confirm a cause by."""
        other = copy(self)
        other.theta = self.theta + 0.3 * self.directions[0]
        if len(self.x) > 1:
            other.x, other.y = self.x[:-1], self.y[:-1]
        return other

    @property
    def sizes(self):
        """The numbers that a factor may be."""
        K, D_out = self.y.shape
        sizes = {"K": K} | ({"D_out": D_out, "K·D_out": K * D_out} if D_out > 1 else {})
        m = self._counted()
        return sizes | {"m": m} if 0 < m < K else sizes

    def _counted(self):
        """The number of examples whose own loss changes with θ: a mask leaves others out."""
        each = [attempt(lambda: self._of_example(i, "loss", self.directions[:1])[0])[0]
                for i in range(len(self.x))]
        return sum(bool(one) and bool(np.isfinite(one)) for one in each)

    def loss(self, note):
        """One finite number for one task, which depends on θ, x and y."""
        value = self.learners.numbers("loss", (), self.theta, self.x, self.y)
        notes = [note, self.note]
        if not np.isfinite(value):
            raise LearnerError(f"loss(theta, x, y) is {value}", "not finite")
        x, y = (np.concatenate([a, a]) for a in (self.x, self.y))
        if value and np.isclose(self.call("loss", self.theta, x, y), 2 * value, 1e-9, 0):
            notes.append("every example twice gives twice the loss: it is a sum; tinymeta's losses "
                         "are means, so that α does not grow with K")
        moved = [self.theta + 0.3 * d for d in self.directions]
        if all(value == self.call("loss", theta, self.x, self.y) for theta in moved):
            raise LearnerError(f"the loss is {value:.6g} whatever θ is: there is nothing to derive",
                               "constant")
        return CheckReport("loss", True, notes=[n for n in notes + self._ignored(value) if n])

    def _ignored(self, value):
        """A sentence if the loss does not change with x, or with y."""
        ignored, all_x, all_y = [], self.batch.x_support, self.batch.y_support
        for name, xs, ys in (("x", all_x, all_y[:1]), ("y", all_x[:1], all_y)):
            same, _ = attempt(lambda: all(self.call("loss", self.theta, x, y) == value
                                          for x in xs for y in ys))
            if same and np.ptp(xs if name == "x" else ys, axis=0).any():
                ignored.append(name)
        if not ignored:
            return []
        return [f"the loss does not look at {' or at '.join(ignored)}: is that meant?"]

    def meant(self, reference):
        """The loss against another model's, at three θ."""
        thetas = [self.theta + 0.3 * d for d in self.directions]
        found, expected = ([as_numbers("loss", model.loss(t, self.x, self.y), ()) for t in thetas]
                           for model in (self.learners, reference))
        return compare(np.array(found), np.array(expected), "the loss that is meant",
                       hints=Hints(sizes=self.sizes))

    def loss_function(self):
        """The model's Loss at f between -1 and 1, times a random number."""
        f = self.directions[0, 0] * np.linspace(-1, 1, self.y.size)
        return check_loss(self.model.loss_function, f, self.y, self.sizes)

    def gradient(self):
        """The gradient against numerical derivatives of the loss."""
        report = confirmed(self._gradient, self.at_other_data()._gradient)
        if report:
            report = self._at_more_points(report, "loss", "gradient")
        self.right_gradient = bool(report)
        if any(finding.cause == "unknown" for finding in report.findings):
            report.notes.extend(self._scaling())
        return in_own_variables(report, self, "loss", "gradient")

    def _gradient(self, excluded):
        self.learners.numbers("gradient", self.theta.shape, self.theta, self.x, self.y)
        known = partial(self.known, known_mistakes.of_gradient, "loss", range(self.theta.size),
                        "LOSS.1")
        shares = {"θ": self.theta, "sign(θ)": np.sign(self.theta)}
        hints = self._hints(known, self.tags("MLP.5", "MLP.6", "LOSS.2"), shares, excluded)
        return check_gradient(self.of_theta("loss"), self.of_theta("gradient"), self.theta,
                              self.layout, title="gradient", hints=hints)

    def _hints(self, known, tags, shares, excluded):
        squared = getattr(self.network, "loss_function", None) is squared_error
        return Hints(known, self.sizes, tags, shares, squared, excluded)

    def _scaling(self):
        """How the gradient's error depends on the data, as sentences."""
        def error(x, y):
            right = derivatives(lambda t: self.call("loss", t, x, y), self.theta, self.directions)
            return self.directions @ self.call("gradient", self.theta, x, y) - right

        here, said = error(self.x, self.y), []
        for name, x, y in (("x", 2 * self.x, self.y), ("y", self.x, 2 * self.y)):
            there, _ = attempt(lambda: error(x, y))
            if there is not None and relative_error(here, there) < 1e-5:
                said.append(name)
        if not said:
            return []
        return [f"the difference stays the same for other {' and other '.join(said)}"]

    def hvp(self):
        """H v against numerical derivatives of the gradient; of the loss, if that is wrong."""
        report = confirmed(self._hvp, self.at_other_data()._hvp)
        if report:
            report = self._at_more_points(report, "gradient", "hvp")
        if self.right_gradient:
            return in_own_variables(report, self, "gradient", "hvp")
        if not report and attempt(self._is_of_wrong_gradient)[0]:
            what = "this is the derivative of the gradient as it stands: mend that first"
            return replace(report, notes=[], findings=[Finding("", what, "", "wrong gradient")])
        return report

    def _is_of_wrong_gradient(self):
        """Whether H v is what the learner's own gradient gives."""
        v = self.directions[0]
        own = derivative(self.of_theta("gradient"), self.theta, v)
        return relative_error(own, self._product(self.theta, v)) < 1e-6

    def _at_more_points(self, report, name, derived):
        """The report; or that of the first other task and θ where one derivative is wrong."""
        along = self.directions[0]
        more = [along] if derived == "hvp" else []
        for x, y in zip(self.batch.x_support[1:], self.batch.y_support[1:]):
            for theta in (self.theta, self.theta + along):
                other = copy(self)
                other.theta, other.x, other.y = theta, x, y
                found, _ = attempt(lambda: self.call(derived, theta, x, y, *more))
                f = other.of_theta(name)  # NaN where θ is outside of its domain
                right, _ = attempt(lambda: derivative(f, theta, along) + 0 * f(theta))
                if found is None or right is None:
                    continue
                found = found if more else along @ found
                if not relative_error(right, found) <= 1e-4 and np.isfinite(right).all():
                    again = (other._hvp if more else other._gradient)(frozenset())
                    if not again:
                        again.notes.insert(0, "right at the first task and θ, wrong at another one")
                        return again
        return report

    def _hvp(self, excluded):
        self.learners.numbers("hvp", self.theta.shape, self.theta, self.x, self.y,
                              self.directions[0])
        gradient, loss = self.of_theta("gradient"), self.of_theta("loss")
        known = partial(self.known, partial(known_mistakes.of_hvp, vs=self.directions), "gradient",
                        self.directions, "LOSS.3")
        if not self.right_gradient:
            known = list  # they are compared by the gradient
            gradient = lambda t: derivatives(loss, t, range(t.size))
        shares = {"v": self.directions}
        hints = self._hints(known, self.tags("HVP.5", "HVP.6", "HVP.3"), shares, excluded)
        report = check_hvp(gradient, self._product, self.theta, self.layout, self.directions,
                           method="both" if self.right_gradient else "central",
                           title="Hessian × vector", hints=hints)
        causes = {finding.cause for finding in report.findings}
        if causes and causes <= {"precision", "unknown"} and not self._is_linear():
            what = "H v is not linear in v: hvp(u + v) is not hvp(u) + hvp(v)"
            if causes == {"precision"}:
                error = max(report.errors.values())
                what += f"; right to {error:.0e} only: a difference of gradients?"
                report.findings.clear()
            report.findings.append(Finding("", what, "HVP.1", "not linear"))
        if not self.right_gradient:
            report.notes.append("judged by the loss alone, as the gradient does not hold")
        return report

    def _product(self, theta, v):
        return self.call("hvp", theta, self.x, self.y, v)

    def _is_linear(self):
        u, v = self.directions[:2]
        parts = self._product(self.theta, u) + self._product(self.theta, v)
        return relative_error(parts, self._product(self.theta, u + v)) < 1e-13

    def known(self, of_network, name, along, tag):
        """Known mistakes: those of a matching network, and examples left out or repeated.

        name, along: whose derivatives, and in which directions, each example adds to the mean.
        """
        gradient, found = self.of_theta("gradient"), []
        if name == "gradient":
            first = self.tags("", "", "HVP.1").get("", "HVP.1")
            found += known_mistakes.of_any_hvp(gradient, self.theta, self.directions, first)
        elif self.network is None and self.theta.size <= 200:
            beside = getattr(self.model.gradient, "__globals__", {})
            mistakes = partial(known_mistakes.of_any_gradient, gradient, self.of_theta("loss"))
            found += attempt(lambda: mistakes(self.theta, beside))[0] or []
        if self.network is not None:
            x = self.model.features(self.x) if isinstance(self.model, Linear) else self.x
            found += of_network(self.network, self.theta, x, self.y)
        each, failed = attempt(lambda: np.array([self._of_example(i, name, along)
                                                 for i in range(len(self.x))]))
        return found if failed else found + known_mistakes.of_examples(each, tag=tag)

    def _of_example(self, i, name, along):
        return derivatives(self.of_theta(name, slice(i, i + 1)), self.theta, along)

    def tasks(self):
        """The results for a batch of tasks against those of the tasks one by one."""
        return check_tasks(self.learners, self.theta, self.batch, self.directions)

    def maml(self, alpha, steps, title):
        """MAML's meta-gradient, of the model's own gradient and H v, against numerical ones."""
        packaged = isinstance(self.model, Model) and not self.learners.one_task
        model = self.model if packaged else self.learners
        alpha, note = bounded(model, self.theta, self.batch, alpha)
        method = MAML(model, alpha, steps)
        directions = None if self.theta.size <= 200 else 3  # every coordinate would take long
        report = check_gradient(lambda t: method.meta_loss(frozen(t), self.batch),
                                lambda t: method.meta_gradient(frozen(t), self.batch)[1],
                                self.theta, self.layout, directions, title=title,
                                hints=Hints(sizes=self.sizes, tags={"": "MAML.2"}))
        names = dropping_functions(self.of_theta("loss"), self.theta)
        notes = [said.replace(ANY_DROPPED, names) for said in [note, *report.notes] if said]
        return replace(report, notes=notes)

    def call(self, name, theta, x, y, *v):
        """model.<name>, as numbers."""
        return as_array(self.learners.call(name, theta, x, y, *v))

    def of_theta(self, name, examples=slice(None)):
        """model.<name> as a function of θ alone, on examples of the first task."""
        x, y = self.x[examples], self.y[examples]
        return lambda t: self.call(name, t, x, y)

    def tags(self, weights, biases, whole):
        """The equations of a matching network's blocks; none for a model of one's own."""
        if self.network is None:
            return {}
        tags = {"W": weights, "b": biases, "": whole}
        return {key: known_mistakes.equation(self.network, tag) for key, tag in tags.items()}
