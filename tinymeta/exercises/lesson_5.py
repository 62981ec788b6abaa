"""The exercises of lesson 5, Hessian times vector."""

import numpy as np

from ..checking.diagnosis import Hints, KnownMistake, compare
from ..checking.gradient_check import check_hvp
from ..learners.mlp import MLP
from . import exercise


def _forward_rungs(candidate):
    rng = np.random.default_rng(0)
    model = MLP([3, 4, 2], activation="tanh")
    theta, x = 0.5 * rng.standard_normal(model.n_params), rng.standard_normal((5, 3))

    def rung(title, moving):
        v = np.zeros(model.n_params)
        for i in moving:
            v[model.slices[i]] = rng.standard_normal(np.prod(model.blocks[i][1]))
        expected = model.predict(theta + 1e-20j * v, x).imag / 1e-20

        def without_slope():
            (W1, b1, W2, _), (V1, c1, V2, c2) = model.unflatten(theta), model.unflatten(v)
            moved = (x @ V1 + c1) @ W2 + np.tanh(x @ W1 + b1) @ V2 + c2  # (K, D_out)
            return [KnownMistake(moved.ravel(), "slope", "the factor φ'(z_1) is missing", "HVP.2")]

        hints = Hints(without_slope, tags={"": "HVP.1"})
        return lambda: compare(candidate(*model.unflatten(theta), *model.unflatten(v), x),
                               expected, title, "HVP.1", hints=hints)

    return [("only b2 moves", rung("ḟ", [3])), ("only W2 moves", rung("ḟ", [2])),
            ("only the first layer moves", rung("ḟ", [0, 1])),
            ("all of θ moves", rung("ḟ", [0, 1, 2, 3]))]


@exercise("HVP.1", check=_forward_rungs)
def moving_prediction(W1, b1, W2, b2, V1, c1, V2, c2, x):
    """ḟ, the derivative of f = tanh(x W1 + b1) W2 + b2 along v = (V1, c1, V2, c2).

    By [HVP.1] and [HVP.2].
    W1 and V1 (D_in, H), b1 and c1 (H,), W2 and V2 (H, D_out), b2 and c2 (D_out,), x (K, D_in).
    Returns (K, D_out).
    """
    a = np.tanh(x @ W1 + b1)  # (K, H)
    # your turn
    z_dot = x @ V1 + c1  # (K, H): the input does not move
    a_dot = (1 - a * a) * z_dot  # (K, H)
    return a_dot @ W2 + a @ V2 + c2  # (K, D_out)


def _log_cosh_rungs(candidate):
    rng = np.random.default_rng(0)
    F, y, theta = rng.standard_normal((6, 3)), rng.standard_normal(6), rng.standard_normal(3)

    def gradient(theta):
        return F.T @ np.tanh(F @ theta - y) / len(y)

    def numerical(theta, v):
        return gradient(theta + 1e-20j * v).imag / 1e-20

    exact, v = F @ theta, rng.standard_normal(3)  # with these targets every error is 0

    def constant_curvature():
        return [KnownMistake(F.T @ (F @ v) / 6, "curvature", "the curvature of every example is "
                             "taken as 1: here it depends on the error", "HVP.3")]

    def rung(y, expected):
        hints = Hints(constant_curvature, {"K": 6}, {"": "HVP.3"})
        return lambda: compare(candidate(F, y, theta, v), expected, "H v", "HVP.3", hints=hints)

    return [("every error is zero", rung(exact, F.T @ (F @ v) / 6)),
            ("errors of order one", rung(y, numerical(theta, v))),
            ("both numerical derivatives",
             lambda: check_hvp(gradient, lambda theta, v: candidate(F, y, theta, v), theta))]


@exercise("HVP.3", check=_log_cosh_rungs)
def hvp_with_log_cosh(F, y, theta, v):
    """H v for the linear model f = F θ and the loss L = 1/K Σ log cosh(f - y).  [HVP.3]

    Its gradient is Fᵀ δ with δ = tanh(f - y)/K.
    F (K, M), y (K,), theta and v (M,).  Returns (M,).
    """
    error = F @ theta - y  # (K,)
    # your turn
    f_dot = F @ v  # (K,)
    curvature = 1 - np.tanh(error) ** 2  # (K,): no constant any more
    delta_dot = curvature * f_dot / len(y)  # (K,)
    return F.T @ delta_dot  # (M,)


def _eigenvalue_rungs(candidate):
    rng = np.random.default_rng(0)
    Q, _ = np.linalg.qr(rng.standard_normal((6, 6)))
    start = rng.standard_normal(6)
    model = MLP([1, 3, 3, 1], activation="tanh")
    theta, x, y = model.init(rng), rng.uniform(-5, 5, (5, 1)), rng.standard_normal((5, 1))
    first = rng.standard_normal(model.n_params)

    def rung(eigenvalues):
        M = Q @ np.diag(eigenvalues) @ Q.T
        largest = max(eigenvalues, key=abs)
        return lambda: compare(candidate(lambda v: M @ v, start, 400), largest, "the eigenvalue",
                               "ROP.6", 1e-8)

    def network():
        H = model.hvp(theta, x, y, np.eye(model.n_params))
        values = np.linalg.eigvalsh(H)
        largest = values[np.abs(values).argmax()]
        return compare(candidate(lambda v: model.hvp(theta, x, y, v), first, 400), largest,
                       "the eigenvalue", "ROP.6", 1e-6)

    return [("all eigenvalues positive", rung([5.0, 3.0, 2.0, 1.0, 0.5, 0.1])),
            ("the largest in size is negative", rung([-5.0, 3.0, 2.0, 1.0, 0.5, 0.1])),
            ("a small network", network)]


@exercise("ROP.6", check=_eigenvalue_rungs)
def largest_eigenvalue(hvp, v, iterations):
    """The eigenvalue of H that is largest in size, with its sign, by power iteration.  [ROP.6]

    hvp: a function of v (P,) that returns H v (P,).  v: where to start, of any norm.
    iterations: how many multiplications.  Returns a number.
    """
    for _ in range(iterations):
        v = hvp(v)
        v = v / np.linalg.norm(v)
    return v @ hvp(v)
