"""Check a method of one's own as a whole: an object whose class is derived from Method.

Its meta_gradient is to be the derivative of its meta_loss in ω; both rest on its adapt, and the
gradient on the pullback as well.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from ..core import arguments
from ..core.model import pass_at
from .diagnosis import Hints, compare
from .gradient_check import check_gradient
from .ladder import LearnerError, attempt, climb
from .learner_model import batch_for, theta_for
from .returned import frozen_batch, vector

FIRST_ORDER = ("first order: the pullback gives back what it is given, so this is no derivative of "
               "the meta-loss: compared with the mean of the query gradients at θ'")


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
    found = method.meta_gradient(omega, batch)
    loss, gradient = arguments.loss_and_gradient(method, found, omega.size)
    meant = method.meta_loss(omega, batch)
    if not np.isclose(loss, meant, 1e-9, 0):
        raise LearnerError(f"meta_gradient's loss is {loss:.6g}; expected {meant:.6g}, meta_loss's",
                           "loss")
    report = check_gradient(lambda omega: method.meta_loss(omega, batch), gradient, omega,
                            method.blocks, title="meta-gradient", hints=Hints(tags={"": "META.1"}))
    v = np.random.default_rng(0).standard_normal((len(batch), omega.size))
    adapted, _ = attempt(lambda: method.adapt(omega, batch.x_support, batch.y_support))
    back, _ = attempt(lambda: adapted[1](v))
    if report or not np.array_equal(back, v):
        return report
    right = pass_at(method.judge, adapted[0], batch.x_query, batch.y_query).gradient()
    first_order = compare(gradient, right.mean(axis=0), "meta-gradient", "META.1")
    return replace(first_order, notes=[FIRST_ORDER])
