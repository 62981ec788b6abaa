"""Check a method of one's own as a whole: an object whose class is derived from Method.

Its meta_gradient is to be the derivative of its meta_loss in ω; both rest on its adapt, and the
gradient on the pullback as well.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from .diagnosis import Hints
from .gradient_check import check_gradient
from .ladder import LearnerError, attempt, climb, frozen_batch, vector
from .learner_model import batch_for, theta_for

FIRST_ORDER = ("first order: the pullback gives back what it is given, so this is no derivative of "
               "the meta-loss, and is not compared with one")


def check_method(method, name, omega=None, batch=None, seed=0):
    """The Ladder of a method at ω (n_params,), by default from its init, on a batch of tasks."""
    rng = np.random.default_rng(seed)
    omega = vector("omega", method.init(rng) if omega is None else omega)
    if batch is None:
        batch, _ = batch_for(method.model, theta_for(method.model, None, rng), rng)
    batch = frozen_batch(batch)
    return climb(f"method {name}, P = {omega.size}",
                 [("meta-gradient", partial(_check, method, omega, batch))],
                 f"{len(batch)} tasks, {omega.size} coordinates at one ω, seed {seed}")


def _check(method, omega, batch):
    """meta_gradient against numerical derivatives of meta_loss."""
    loss, gradient = method.meta_gradient(omega, batch)
    meant = method.meta_loss(omega, batch)
    if not np.isclose(loss, meant, 1e-9, 0):
        raise LearnerError(f"meta_gradient's loss is {loss:.6g}; expected {meant:.6g}, meta_loss's",
                           "loss")
    report = check_gradient(lambda omega: method.meta_loss(omega, batch), gradient, omega,
                            method.blocks, title="meta-gradient", hints=Hints(tags={"": "META.1"}))
    v = np.random.default_rng(0).standard_normal((len(batch), omega.size))
    back, _ = attempt(lambda: method.adapt(omega, batch.x_support, batch.y_support)[1](v))
    if not report and np.array_equal(back, v):
        return replace(report, passed=True, findings=[], wrong_blocks=[], notes=[FIRST_ORDER])
    return report
