"""Every derivation of the package, checked: what `python -m tinymeta check` prints.

Each line names equations, compares the code that claims to compute them with numerical derivatives
or another derivation, and gives a verdict.  Lines that say "must fail" are negative controls,
mistakes that are often made: if the first-order gradient passed as the exact one, or a softmax
whose curvature is taken as diagonal, the other verdicts would prove nothing.
"""

from typing import NamedTuple

import numpy as np

from ..core.batch import Batch
from ..core.classification import hinge, logistic, softmax, squared_hinge
from ..core.losses import epsilon_insensitive, huber
from ..core.tasks import SinusoidTasks
from ..learners.context import ContextMLP
from ..learners.gru import GRU
from ..learners.linear import Linear, sine_features
from ..learners.mlp import MLP
from ..learners.rnn import RNN
from ..methods.anil import ANIL
from ..methods.baselines import JointTraining
from ..methods.cavia import CAVIA
from ..methods.closed_form import RidgeHead
from ..methods.implicit import ImplicitMAML
from ..methods.maml import MAML
from ..methods.memory import Memory
from ..methods.meta_sgd import MetaSGD
from ..methods.prototypes import Prototypes
from ..methods.reptile import Reptile
from .further_rungs import of_scores
from .gradient_check import check_gradient, check_hvp
from .numerical import relative_error

K, Q, D_OUT = 5, 6, 3


class Check(NamedTuple):
    """One line of the table that self_check makes.

    errors: what the complex step and central differences found, or one error where two derivations
    are compared.  report: the block-by-block detail, where there is one.
    """

    equations: str
    what: str
    errors: list
    passed: bool
    report: object = None


def check_derivations(seed=0, alpha=0.05, widths=(1, 8, 8, 1)):
    """Check every derivation at random parameters and tasks; yield a Check for each.

    seed: of parameters and tasks.  alpha: inner step size, large enough that a missing Hessian term
    shows.  widths: of the networks.  Raises TypeError or ValueError for settings that cannot be.
    """
    rng = np.random.default_rng(seed)
    batch = SinusoidTasks(x_range=(-2, 2)).sample(rng, n_tasks=3, n_support=5, n_query=6)
    models = {"linear": Linear(1, 1, features=sine_features),
              "tanh": MLP(list(widths), "tanh"), "ReLU": MLP(list(widths), "relu")}
    for name, model in models.items():
        theta = 0.5 * model.init(rng)  # smaller, so that α is small beside it
        theta = theta + 0.1 * rng.standard_normal(model.n_params)  # biases too
        with np.errstate(over="ignore", invalid="ignore"):  # a step size too large fails, once
            tags = ("LIN.1-2", "LIN.3-4") if name == "linear" else ("MLP.1-6", "HVP.1-6")
            yield from _of_model(model, (tags[0], f"{name}: gradient"),
                                (tags[1], f"{name}: Hessian × vector"), theta,
                                batch.x_support[0], batch.y_support[0])
            yield from _check_methods(model, name, theta, batch, alpha)
    yield from _loss_checks(rng)
    yield from _method_checks(rng, alpha)
    yield from _recurrent_checks(rng)


def _check_methods(model, name, theta, batch, alpha):
    joint = JointTraining(model)
    yield _line("JOINT.1", f"{name}: joint training", _of_method(joint, theta, batch))
    for steps, inner_steps in ((1, "1 inner step"), (2, "2 inner steps"), (5, "5 inner steps")):
        report = _of_method(MAML(model, alpha, steps), theta, batch)
        yield _line("MAML.1-3", f"{name}: MAML, {inner_steps}", report)
    _, first_order = MAML(model, alpha, first_order=True).meta_gradient(theta, batch)
    yield _line("MAML.2", f"{name}: first-order as exact, must fail",
               _of_method(MAML(model, alpha), theta, batch, first_order))
    _, plain = joint.meta_gradient(theta, batch)  # (P,)
    for steps, what, equal in ((1, "1 step = joint", True),
                               (2, "2 steps = joint, must fail", False)):
        _, move = Reptile(model, alpha, steps).meta_gradient(theta, batch)  # (P,)
        error = relative_error(move, alpha * steps * plain)
        yield Check("REPTILE.1", f"{name}: Reptile, {what}", [error], (error <= 1e-12) == equal)


def _line(equations, what, report):
    """The Check of a report; one that must fail, as its name says, passes where it does."""
    passed = report.passed != what.endswith("must fail")
    return Check(equations, what, list(report.errors.values()), passed, report)


def _of_model(model, of_gradient, of_hvp, theta, x, y):
    """Check a model's gradient and Hessian × vector; each has its equations and its name."""
    loss = lambda t: model.loss(t, x, y)
    gradient = lambda t: model.gradient(t, x, y)
    yield _line(*of_gradient, check_gradient(loss, gradient, theta, model))
    yield _line(*of_hvp, check_hvp(gradient, lambda t, v: model.hvp(t, x, y, v), theta, model))


def _of_method(method, omega, batch, claimed=None):
    """The report on a method's meta-gradient, or on the one that is claimed to be."""
    if claimed is None:
        claimed = method.meta_gradient(omega, batch)[1]
    return check_gradient(lambda w: method.meta_loss(w, batch), claimed, omega, method.blocks)


def _loss_checks(rng):
    """Check every loss, at random scores and targets."""
    f, classes = 2 * rng.standard_normal((K, D_OUT)), rng.integers(0, D_OUT, K)
    one_hot = np.eye(D_OUT)[classes]
    for tag, loss, y in (("HUBER.1", huber(0.7), f + rng.standard_normal(f.shape)),
                         ("TUBE.1", epsilon_insensitive(0.3), f + rng.standard_normal(f.shape)),
                         ("LOGISTIC.1", logistic, one_hot), ("SOFTMAX.1", softmax, one_hot),
                         ("SQHINGE.1", squared_hinge, 2 * one_hot - 1),
                         ("HINGE.1", hinge, 2 * one_hot - 1)):
        yield from _of_model(of_scores(loss), (tag, f"{loss.name}: gradient"),
                            (tag, f"{loss.name}: curvature"), f.ravel(), None, y)
    p = softmax.gradient(f, 0 * f) * K  # probabilities
    report = check_hvp(lambda t: of_scores(softmax).gradient(t, None, one_hot),
                       lambda t, v: (p * (1 - p)).ravel() * v / K, f.ravel())
    yield _line("SOFTMAX.1", "softmax: a diagonal curvature, must fail", report)


def _method_checks(rng, alpha):
    """Check every further method, on tanh networks."""
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
        yield _line(tag, what, _of_method(method, _omega(method, rng), on))
    omega = _omega(sgd, rng)
    gradient = sgd.meta_gradient(omega, batch)[1][:model.n_params]
    yield _line("METASGD.2", "Meta-SGD: θ's gradient for α's, must fail",
               _of_method(sgd, omega, batch, np.concatenate([gradient, gradient])))
    for tag, what, method in (("CAVIA.2", "CAVIA: no Hessian, must fail", cavia),
                              ("RIDGE.2", "ridge head: W as constant, must fail", ridge)):
        omega = _omega(method, rng)
        yield _line(tag, what, _of_method(method, omega, batch, _direct(method, omega, batch)))


def _recurrent_checks(rng):
    """Check the recurrent learners, on one task."""
    x, y = (rng.standard_normal((K, d)) for d in (2, D_OUT))
    rnn, gru = RNN(2, 4, D_OUT), GRU(2, 3, D_OUT)
    for model, name, of_gradient, of_hvp in ((rnn, "RNN", "RNN.3-6", "RNN.7-12"),
                                             (gru, "GRU", "GRU.7-9", "GRU.10-17")):
        yield from _of_model(model, (of_gradient, f"{name}: gradient through time"),
                            (of_hvp, f"{name}: Hessian × vector"), _omega(model, rng), x, y)
    theta = _omega(rnn, rng)
    cut = sum(rnn.gradient(theta, x[k:k + 1], y[k:k + 1]) for k in range(K)) / K
    yield _line("RNN.3", "RNN: each time by itself, must fail",
               check_gradient(lambda t: rnn.loss(t, x, y), cut, theta, rnn))


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
