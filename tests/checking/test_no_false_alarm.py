"""No derivation that is right is rejected: 150 random choices of all that may vary."""

import numpy as np

import tinymeta as tm
from catalogue import (ACTIVATIONS, LOSSES, LearnerMLP, learner_adapt, learner_maml,
                       learner_reptile, package_parts)

KINDS = ["model", "model", "maml", "first-order maml", "reptile", "adapt"]


class Configuration:
    """A random choice; the code under check is the learner's or the package's."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        pick = lambda *options: options[rng.integers(len(options))]
        self.kind, self.by_learner = KINDS[seed % 6], bool(rng.random() < 0.5)
        self.activation, loss = pick(*ACTIVATIONS), pick(*LOSSES)
        if self.activation == "relu by np.abs":  # a mistake
            self.activation = "relu"
        d_in, d_out = rng.integers(1, 4, size=2).tolist()
        hidden = rng.integers(1, 9, size=rng.integers(0, 4)).tolist()
        self.widths = [d_in, *hidden, d_out]
        activation, package_loss = package_parts(self.activation, loss)
        self.package = pick(tm.MLP, tm.MLP, tm.FastMLP)(self.widths, activation, loss=package_loss)
        if not hidden:
            self.package = tm.Linear(d_in, d_out, loss=package_loss)
        self.learner = LearnerMLP(self.widths, self.activation, loss=loss)
        K, Q, T = rng.integers([1, 1, 1], [13, 13, 5])
        T = max(T, 2) if self.kind == "model" else T  # its rung "a batch of tasks"
        sets = [rng.standard_normal((T, n, d)) for n in (K, Q) for d in (d_in, d_out)]
        scale = [np.full((n_in + 1) * n_out, n_in**-0.5)
                 for n_in, n_out in zip(self.widths, self.widths[1:])]
        theta = np.concatenate(scale) * rng.standard_normal(self.learner.n_params)
        self.theta, self.batch = theta.astype(pick(float, float, np.float32)), tm.Batch(*sets)
        some = rng.choice(np.arange(1, 6), size=rng.integers(1, 4), replace=False)
        self.steps, self.alpha = tuple(sorted(some.tolist())), float(rng.uniform(0.01, 0.2))
        while not self.settles():
            self.alpha /= 2

    def settles(self):
        """Whether five inner steps stay near θ: an α that diverges is another lesson."""
        support = self.batch.x_support, self.batch.y_support
        with np.errstate(all="ignore"):
            path = tm.adapt(self.package, self.theta.astype(float), *support, self.alpha, 5)
        return np.linalg.norm(path[-1] - path[0], axis=-1).max() < 3 * np.sqrt(self.theta.size)

    def ladder(self):
        """The checker's verdict."""
        if self.kind == "model":
            model = self.learner if self.by_learner else self.package
            return tm.check_model(model, self.theta, self.batch, alpha=self.alpha)
        if self.kind == "adapt":
            x, y = self.batch.x_support[0], self.batch.y_support[0]
            return tm.check_adapt(self.adapt, self.package, self.theta, x, y, self.alpha,
                                  self.steps)
        return tm.check_meta_gradient(self.meta_gradient, self.package, self.theta, self.batch,
                                      self.alpha, self.steps, self.kind)

    def adapt(self, *arguments):
        """θ_S by the learner's code, the trajectory by the package's."""
        if self.by_learner:
            return learner_adapt(*arguments, self.learner)
        return tm.adapt(self.package, *arguments)

    def meta_gradient(self, theta, batch, alpha, steps):
        """(loss, gradient) or the gradient alone, as the code at hand has it."""
        first_order, arguments = self.kind == "first-order maml", (theta, batch, alpha, steps)
        if self.kind == "reptile" and self.by_learner:
            return learner_reptile(*arguments, self.learner)
        if self.by_learner:
            return learner_maml(*arguments, self.learner, first_order=first_order)
        if self.kind == "reptile":
            return tm.Reptile(self.package, alpha, steps).meta_gradient(theta, batch)
        return tm.MAML(self.package, alpha, steps, first_order).meta_gradient(theta, batch)


def test_no_correct_variant_is_rejected():
    for seed in range(150):
        configuration = Configuration(seed)
        ladder = configuration.ladder()
        assert ladder and not ladder.untried, (vars(configuration), ladder)
        assert ladder.broken is None and not ladder.findings and not ladder.wrong_blocks
