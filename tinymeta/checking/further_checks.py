"""The further derivations, checked: losses for classes, and the methods beside MAML and Reptile.

Each negative control is a mistake that is often made: a softmax whose curvature is taken as
diagonal, θ's gradient handed to the rates, a Hessian or a solve that is left out.
"""

import numpy as np

from ..core.classification import hinge, logistic, softmax, squared_hinge
from ..core.losses import epsilon_insensitive, huber
from ..core.tasks import Batch
from ..learners.context import ContextMLP
from ..learners.gru import GRU
from ..learners.linear import Linear
from ..learners.mlp import MLP
from ..learners.rnn import RNN
from ..methods.anil import ANIL
from ..methods.cavia import CAVIA
from ..methods.closed_form import RidgeHead
from ..methods.implicit import ImplicitMAML
from ..methods.memory import Memory
from ..methods.meta_sgd import MetaSGD
from ..methods.prototypes import Prototypes
from .gradient_check import check_gradient, check_hvp

K, Q, D_OUT = 5, 6, 3


def loss_checks(rng):
    """Yield (equations, what, report, must fail) for every loss, at random scores and targets."""
    f, classes = 2 * rng.standard_normal((K, D_OUT)), rng.integers(0, D_OUT, K)
    one_hot = np.eye(D_OUT)[classes]
    for tag, loss, y in (("HUBER.1", huber(0.7), f + rng.standard_normal(f.shape)),
                         ("TUBE.1", epsilon_insensitive(0.3), f + rng.standard_normal(f.shape)),
                         ("LOGISTIC.1", logistic, one_hot), ("SOFTMAX.1", softmax, one_hot),
                         ("SQHINGE.1", squared_hinge, 2 * one_hot - 1),
                         ("HINGE.1", hinge, 2 * one_hot - 1)):
        slope, curvature = _flat(loss, y)
        value = loss.value
        yield tag, f"{loss.name}: gradient", check_gradient(
            lambda t: value(t.reshape(y.shape), y), slope, f.ravel()), False
        yield tag, f"{loss.name}: curvature", check_hvp(slope, curvature, f.ravel()), False
    p = softmax.gradient(f, 0 * f) * K  # probabilities
    slope, _ = _flat(softmax, one_hot)
    report = check_hvp(slope, lambda t, v: (p * (1 - p)).ravel() * v / K, f.ravel())
    yield "SOFTMAX.1", "softmax: a diagonal curvature, must fail", report, True


def _flat(loss, y):
    """The gradient, and the curvature times a direction, of flat scores."""
    def slope(f):
        return loss.gradient(f.reshape(y.shape), y).ravel()

    def curvature(f, f_dot):
        return loss.curvature(f.reshape(y.shape), y, f_dot.reshape(y.shape)).ravel()

    return slope, curvature


def method_checks(rng, alpha):
    """Yield (equations, what, report, must fail) for every further method, on tanh networks."""
    batch = Batch(*(rng.standard_normal((3, n, d)) for n in (K, Q) for d in (2, D_OUT)))
    model, context = MLP([2, 4, 4, D_OUT], "tanh"), ContextMLP([2, 4, 4, D_OUT], 2, "tanh")
    sgd, positive = MetaSGD(model, alpha, 2), MetaSGD(model, alpha, 2, "step", positive=True)
    cavia, ridge = CAVIA(context, 0.3, 2), RidgeHead(model, 0.5)
    one_hot = Batch(batch.x_support, _labels(rng, K), batch.x_query, _labels(rng, Q))
    for tag, what, method, on in (
            ("METASGD.1-3", "Meta-SGD, a rate for each parameter", sgd, batch),
            ("METASGD.4", "Meta-SGD, positive, for each step", positive, batch),
            ("ANIL.1", "ANIL, 2 inner steps", ANIL(model, alpha, 2), batch),
            ("CAVIA.1-2", "CAVIA, 2 inner steps", cavia, batch),
            ("RIDGE.1-3", "ridge head, learned strength", ridge, batch),
            ("IMPLICIT.1-2", "implicit MAML, linear", ImplicitMAML(Linear(2, D_OUT), 0.7), batch),
            ("IMPLICIT.1-2", "implicit MAML, tanh", ImplicitMAML(model, 2.0), batch),
            ("MEMORY.1", "memory", Memory(RNN(2, 4, D_OUT)), batch),
            ("PROTO.1-6", "prototypes", Prototypes(MLP([2, 4, 4], "tanh")), one_hot)):
        yield tag, what, _check(method, _omega(method, rng), on), False
    yield from _wrong_methods(rng, sgd, cavia, ridge, batch)
    yield from _recurrent_checks(rng, batch.x_support[0], batch.y_support[0])


def _wrong_methods(rng, sgd, cavia, ridge, batch):
    """The negative controls: a wrong derivative of each of three methods."""
    omega, P = _omega(sgd, rng), sgd.model.n_params
    gradient = sgd.meta_gradient(omega, batch)[1][:P]
    report = _check(sgd, omega, batch, np.concatenate([gradient, gradient]))
    yield "METASGD.2", "Meta-SGD: θ's gradient for α's, must fail", report, True
    for tag, what, method in (("CAVIA.2", "CAVIA: no Hessian, must fail", cavia),
                              ("RIDGE.2", "ridge head: W as constant, must fail", ridge)):
        omega = _omega(method, rng)
        yield tag, what, _check(method, omega, batch, _direct(method, omega, batch)), True


def _recurrent_checks(rng, x, y):
    """Gradient and Hessian × vector of the recurrent learners, on one task."""
    for model, name, of_gradient, of_hvp in ((RNN(2, 4, D_OUT), "RNN", "RNN.3-6", "RNN.7-12"),
                                             (GRU(2, 3, D_OUT), "GRU", "GRU.7-9", "GRU.10-17")):
        theta = _omega(model, rng)
        yield of_gradient, f"{name}: gradient through time", check_gradient(
            lambda t: model.loss(t, x, y), lambda t: model.gradient(t, x, y), theta, model), False
        yield of_hvp, f"{name}: Hessian × vector", check_hvp(
            lambda t: model.gradient(t, x, y), lambda t, v: model.hvp(t, x, y, v), theta,
            model), False
    rnn = RNN(2, 4, D_OUT)
    theta = _omega(rnn, rng)
    cut = sum(rnn.gradient(theta, x[k:k + 1], y[k:k + 1]) for k in range(K)) / K
    yield "RNN.3", "RNN: each time by itself, must fail", check_gradient(
        lambda t: rnn.loss(t, x, y), cut, theta, rnn), True


def _labels(rng, n):
    """One-hot labels (3, n, D_OUT), every class in every task."""
    return np.stack([np.eye(D_OUT)[rng.permutation(np.arange(n) % D_OUT)] for _ in range(3)])


def _omega(method, rng):
    """ω away from where everything starts."""
    omega = method.init(rng)
    return omega + 0.1 * rng.standard_normal(omega.size)


def _direct(method, omega, batch):
    """What is left of the meta-gradient where θ' is taken not to depend on ω's way to it."""
    theta, _ = method.adapt(omega, batch.x_support, batch.y_support)
    g = method.model.gradient(theta, batch.x_query, batch.y_query).mean(axis=0)  # (P,)
    if isinstance(method, CAVIA):
        return g[-omega.size:]
    return np.append(g[:omega.size - 1], 0.0)  # nothing for the strength


def _check(method, omega, batch, claimed=None):
    derived = method.meta_gradient(omega, batch)[1] if claimed is None else claimed
    return check_gradient(lambda w: method.meta_loss(w, batch), derived, omega, method.blocks)
