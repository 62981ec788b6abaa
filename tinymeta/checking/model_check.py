"""The first rungs of check_model: each a method that compares and returns a CheckReport."""

from copy import copy
from dataclasses import replace

import numpy as np

from ..core.losses import squared_error
from ..learners.linear import Linear
from . import known_mistakes
from .diagnosis import Hints, compare, confirmed
from .gradient_check import check_gradient, check_hvp
from .ladder import LearnerError, attempt
from .learner_model import LearnersModel
from .more_points import at_more_points, of_memory
from .numerical import (derivative, derivatives, is_in_single, is_single, on_kink,
                        relative_error, way_for)
from .own_variables import in_own_variables
from .report import CheckReport, Finding
from .returned import as_numbers, stands_alone


class ModelCheck:
    """A model at θ (P,) on a batch, to be checked; network: one that has its loss, or None."""

    def __init__(self, model, theta, batch, layout, network, rng):
        self.model, self.theta, self.batch, self.layout = model, theta, batch, layout
        self.learners, self.network = LearnersModel(model), network
        self.directions = rng.standard_normal((3, theta.size))
        self.x, self.y = batch.x_support[0], batch.y_support[0]
        self.right_gradient, self.note = False, ""
        zero, _ = attempt(self._vanishing_here)  # an error of the model's is said by its rung
        if zero:
            self.theta = theta + 0.3 * self.directions[0]
            self.note = (f"{', '.join(zero)}: derivative 0 at the θ given, where no wrong factor "
                         f"could show: another θ is taken, 0.3 of standard normals added")
        elif attempt(lambda: on_kink(self.of_theta("loss"), theta, self.directions[0]))[0]:
            self.theta = theta + 0.01 * self.directions[0]
            self.note = ("the θ given stands on a kink of the loss, where there is no derivative: "
                         "another θ is taken, 0.01 of standard normals added")

    def _vanishing_here(self):
        """The names of the blocks whose derivative is 0 here, and not at another θ nearby."""
        loss, moved = self.of_theta("loss"), self.theta + 0.3 * self.directions[0]
        if not np.isfinite(loss(moved)).all():  # where v < 0 in log v, say
            return []
        names = []
        for name, _, place in self.layout:
            within = np.zeros(self.theta.size)
            within[place] = self.directions[1, place]
            here, there = (derivative(loss, theta, within) for theta in (self.theta, moved))
            names += [name] if here == 0 != there else []
        return names

    def at(self, theta, x, y):
        """The same check at another θ, on other examples."""
        other = copy(self)
        other.theta, other.x, other.y = theta, x, y
        return other

    def at_other_data(self):
        """The same check with another θ and one example less, to confirm a cause by."""
        fewer = slice(max(1, len(self.x) - 1))
        return self.at(self.theta + 0.3 * self.directions[0], self.x[fewer], self.y[fewer])

    def of_theta(self, name):
        """model.<name> as a function of θ alone."""
        return lambda t: self.learners.call(name, t, self.x, self.y)

    def product(self, theta, v):
        """H(θ) v (P,)."""
        return self.learners.hvp(theta, self.x, self.y, v)

    @property
    def sizes(self):
        """The numbers that a factor may be; m examples count, where a mask leaves others out."""
        K, D_out = self.y.shape
        sizes = {"K": K} | ({"D_out": D_out, "K·D_out": K * D_out} if D_out > 1 else {})
        slopes = [attempt(lambda: self._of_example(i, "loss", self.directions[:1])[0])[0]
                  for i in range(K)]
        m = sum(bool(slope) and bool(np.isfinite(slope)) for slope in slopes)
        return sizes | {"m": m} if 0 < m < K else sizes

    def loss(self, note):
        """One finite number for one task, which depends on θ, x and y."""
        value = self.learners.numbers("loss", (), self.theta, self.x, self.y)
        if not np.isfinite(value):
            ends = ", ".join(f"{name} from {data.min():.3g} to {data.max():.3g}"
                             for name, data in (("x", self.x), ("y", self.y)))
            raise LearnerError(f"loss(theta, x, y) is {value} for {ends}: a batch in the file, or "
                               f"as an argument, says what it is for", "not finite")
        notes = [note, self.note]
        x, y = (np.concatenate([a, a]) for a in (self.x, self.y))
        if value and np.isclose(self.learners.loss(self.theta, x, y), 2 * value, 1e-9, 0):
            notes.append("every example twice gives twice the loss: it is a sum; tinymeta's losses "
                         "are means, so that α does not grow with K")
        if all(value == other for other in self._at_three_thetas(self.learners)):
            raise LearnerError(f"the loss is {value:.6g} whatever θ is: there is nothing to derive",
                               "constant")
        xs, ys = self.batch.x_support, self.batch.y_support
        ignored = []
        for name, data, tasks in (("x", xs, [(x, self.y) for x in xs]),
                                  ("y", ys, [(self.x, y) for y in ys])):
            same, _ = attempt(lambda: all(self.learners.loss(self.theta, *task) == value
                                          for task in tasks))
            ignored += [name] if same and np.ptp(data, axis=0).any() else []
        if ignored:
            notes.append(f"the loss does not look at {' or at '.join(ignored)}: is that meant?")
        return CheckReport("loss", True, notes=[note for note in notes if note])

    def meant(self, reference):
        """The loss against another model's, at three θ."""
        found, expected = (self._at_three_thetas(model) for model in (self.learners, reference))
        return compare(found, expected, "the loss that is meant", hints=Hints(sizes=self.sizes))

    def _at_three_thetas(self, model):
        return np.array([as_numbers("loss", model.loss(self.theta + 0.3 * d, self.x, self.y), ())
                         for d in self.directions])

    def gradient(self):
        """The gradient against numerical derivatives of the loss."""
        report = confirmed(self.compare_gradient, self.at_other_data().compare_gradient)
        if report:
            report = at_more_points(self, report, "loss", "gradient")
            report.notes.extend(of_memory(self.learners, "gradient", self.theta, self.x, self.y))
        self.right_gradient = bool(report)
        if any(finding.cause == "unknown" for finding in report.findings):
            report.notes.extend(self._scaling())
        return in_own_variables(report, self, "loss", "gradient")

    def compare_gradient(self, excluded):
        """The gradient's report at this θ and data; excluded: kinds of findings not to make."""
        found = self.learners.numbers("gradient", self.theta.shape, self.theta, self.x, self.y)
        loss, gradient = self.of_theta("loss"), self.of_theta("gradient")
        stands_alone("gradient", found, gradient, self.theta, beside=("loss", loss))
        shares = {"θ": self.theta, "sign(θ)": np.sign(self.theta)}
        hints = self._hints(self._known_of_gradient, ("MLP.5", "MLP.6", "LOSS.2"), shares, excluded)
        return check_gradient(loss, gradient, self.theta, self.layout, title="gradient",
                              hints=hints)

    def _scaling(self):
        """Whether the gradient's error depends on the size of the data, as sentences."""
        def error(x, y):
            loss, gradient = self.at(self.theta, x, y).of_theta("loss"), self.learners.gradient
            right = derivatives(loss, self.theta, self.directions)
            return self.directions @ gradient(self.theta, x, y) - right

        here, said = error(self.x, self.y), []
        for name, x, y in (("x", 2 * self.x, self.y), ("y", self.x, 2 * self.y)):
            there, _ = attempt(lambda: error(x, y))
            if there is not None and relative_error(here, there) < 1e-5:
                said.append(name)
        if not said:
            return []
        return [f"the difference stays the same with twice the {' and with twice the '.join(said)}"]

    def hvp(self):
        """H v against numerical derivatives of the gradient; of the loss, if that is wrong."""
        report = confirmed(self.compare_hvp, self.at_other_data().compare_hvp)
        if report:
            report = at_more_points(self, report, "gradient", "hvp")
            report.notes.extend(of_memory(self.learners, "hvp", self.theta, self.x, self.y,
                                          self.directions[0]))
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
        return relative_error(own, self.product(self.theta, v)) < 1e-6

    def compare_hvp(self, excluded):
        """As compare_gradient, of H v."""
        v = self.directions[0]
        found = self.learners.numbers("hvp", self.theta.shape, self.theta, self.x, self.y, v)
        stands_alone("hvp", found, self.product, self.theta, v,
                     beside=("loss", self.of_theta("loss")))
        gradient, known, method = self.of_theta("gradient"), self._known_of_hvp, "both"
        if not self.right_gradient:
            loss, known, method = self.of_theta("loss"), list, "central"  # no mistake is known
            if is_in_single(loss, self.theta, self.directions):
                what = "not tried: single precision shows no second derivatives of the loss"
                untried = [Finding("", what, "", "not settled")]
                return CheckReport("Hessian × vector", False, findings=untried)
            way = way_for(loss, self.theta)
            gradient = lambda t: derivatives(loss, t, range(t.size), way)
        hints = self._hints(known, ("HVP.5", "HVP.6", "HVP.3"), {"v": self.directions}, excluded)
        report = check_hvp(gradient, self.product, self.theta, self.layout, self.directions,
                           method=method, title="Hessian × vector", hints=hints)
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

    def _is_linear(self):
        u, v = self.directions[:2]
        whole = self.product(self.theta, u + v)
        parts = self.product(self.theta, u) + self.product(self.theta, v)
        return relative_error(parts, whole) < (1e-5 if is_single(whole) else 1e-13)

    def _hints(self, known, tags, shares, excluded):
        """The Hints; tags: of a matching network's weights, of its biases, and of the whole."""
        squared = getattr(self.network, "loss_function", None) == squared_error
        tags = {key: known_mistakes.equation(self.network, tag)
                for key, tag in zip(("W", "b", ""), tags) if self.network is not None}
        return Hints(known, self.sizes, tags, shares, squared, excluded)

    def _known_of_gradient(self):
        """Known mistakes: a matching network's, or any gradient's, and those of examples."""
        gradient, found = self.of_theta("gradient"), []
        if self.network is not None:
            found = known_mistakes.of_gradient(*self._of_network())
        elif self.theta.size <= 200:
            beside = getattr(self.model.gradient, "__globals__", {})
            found, _ = attempt(lambda: known_mistakes.of_any_gradient(
                gradient, self.of_theta("loss"), self.theta, beside))
        return (found or []) + self._known_of_examples("loss", range(self.theta.size), "LOSS.1")

    def _known_of_hvp(self):
        """Known mistakes: any product's, a matching network's, and those of examples."""
        found = known_mistakes.of_any_hvp(self.of_theta("gradient"), self.theta, self.directions,
                                          known_mistakes.equation(self.network, "HVP.1"))
        if self.network is not None:
            found += known_mistakes.of_hvp(*self._of_network(), self.directions)
        return found + self._known_of_examples("gradient", self.directions, "LOSS.3")

    def _of_network(self):
        """The matching network, θ, its inputs and targets."""
        x = self.model.design(self.x) if isinstance(self.model, Linear) else self.x
        return self.network, self.theta, x, self.y

    def _known_of_examples(self, name, along, tag):
        """Examples left out or repeated; name, along: whose derivatives they add to the mean."""
        each, failed = attempt(lambda: np.array([self._of_example(i, name, along)
                                                 for i in range(len(self.x))]))
        return [] if failed else known_mistakes.of_examples(each, tag=tag)

    def _of_example(self, i, name, along):
        one = self.at(self.theta, self.x[i:i + 1], self.y[i:i + 1])
        return derivatives(one.of_theta(name), self.theta, along)
