"""The exercises of lesson 5, Hessian times vector."""

import numpy as np

from ..checking.gradient_check import check_hvp
from ..checking.ladder import LearnerError
from ..learners.mlp import MLP
from . import exercise
from .feedback import judge


NAMES = ["ḟ", "δ̇_2", "δ̇_1", "(H v) for W1", "(H v) for b1", "(H v) for W2", "(H v) for b2"]


class _Two:
    """A network of two layers at a point: what exercise 1 should give, and what mistakes give."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.model = MLP([3, 4, 2], activation="tanh")
        self.theta = 0.5 * rng.standard_normal(self.model.n_params)
        self.x, self.y = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
        self.v = rng.standard_normal(self.model.n_params)

    def only(self, *moving):
        """v with all blocks but some set to zero."""
        v = np.zeros_like(self.v)
        for i in moving:
            v[self.model.slices[i]] = self.v[self.model.slices[i]]
        return v

    def lines(self, theta):
        """f, δ_2, δ_1 and the four blocks of the gradient at theta, which may be complex."""
        W1, b1, W2, b2 = self.model.unflatten(theta)
        a = np.tanh(self.x @ W1 + b1)
        f = a @ W2 + b2
        delta_2 = 2 / self.y.size * (f - self.y)
        delta_1 = (delta_2 @ W2.T) * (1 - a * a)
        return [f, delta_2, delta_1, self.x.T @ delta_1, delta_1.sum(axis=0), a.T @ delta_2,
                delta_2.sum(axis=0)]

    def expected(self, v):
        """The dots of these lines, by the complex step."""
        return [line.imag / 1e-20 for line in self.lines(self.theta + 1e-20j * v)]

    def mistakes(self, i, v):
        """[(array, sentence)] for line i."""
        W1, b1, W2, b2 = self.model.unflatten(self.theta)
        V1, c1, V2, c2 = self.model.unflatten(v)
        dots, a = self.expected(v), np.tanh(self.x @ W1 + b1)
        delta_2, slope, z_dot = self.lines(self.theta)[1], 1 - a * a, self.x @ V1 + c1
        if i == 0:
            return [(dots[0] + b2, "b2 is a value and stands still; it is c2 that moves f"),
                    (dots[0] - c2 + b2, "b2 is a value and stands still; it is c2 that moves f"),
                    (dots[0] - c2, "c2 is missing: the last biases move"),
                    (dots[0] - a @ V2, "a V2 is missing: the last weights move"),
                    (dots[0] - (slope * z_dot) @ W2, "ȧ W2 is missing: the hidden units move"),
                    (dots[0] - (slope * c1) @ W2, "c1 is missing in ż: the first biases move"),
                    (dots[0] + ((1 - slope) * z_dot) @ W2, "the factor φ'(z) is missing in ȧ")]
        if i == 1:
            return [(delta_2, "this is δ_2, the value; its dot is asked for"),
                    (dots[0], "∂²L/∂f² is missing: 2/(K D_out) for the mean squared error"),
                    (dots[1] - 2 / self.y.size * self.y, "y stands still: ẏ = 0")]
        if i == 2:
            curve = delta_2 @ W2.T * -2 * a * slope
            back_dot = dots[1] @ W2.T + delta_2 @ V2.T
            return [(back_dot * slope, "the φ'' term is missing: φ'(z) moves as z does"),
                    (dots[2] - delta_2 @ V2.T * slope, "the term with V2 is missing: the weights "
                     "on the way back move"),
                    (dots[1] @ W2.T * slope, "two of three terms are missing: δ_1 is a product of "
                     "three things that move"),
                    (dots[2] - dots[1] @ W2.T * slope, "the term with δ̇_2 is missing"),
                    (back_dot * slope + curve, "the φ'' term lacks the factor ż"),
                    (back_dot * slope - curve * z_dot, "the sign of φ'': for tanh it is -2 a φ'"),
                    (back_dot * slope + curve * slope * z_dot, "φ' stands twice in the φ'' term: "
                     "ȧ has one already, or ż is meant"),
                    (back_dot + curve * z_dot, "the factor φ'(z) is missing in the first terms")]
        if i == 5:
            return [(a.T @ dots[1], "ȧᵀ δ_2 is missing: what comes in moves, too"),
                    (dots[5] - a.T @ dots[1], "aᵀ δ̇_2 is missing: δ_2 moves, too")]
        if i in (4, 6):
            return [(dots[i] / len(self.x), "the mean over the examples; it is in δ already: sum")]
        return []


def _hvp_rungs(candidate):
    two = _Two()
    tags = ["HVP.1", "HVP.3", "HVP.4", "HVP.5", "HVP.6", "HVP.5", "HVP.6"]
    two.theta.flags.writeable = False

    def seven(v):
        model = two.model
        result = candidate(*model.unflatten(two.theta), *model.unflatten(v), two.x, two.y)
        if not isinstance(result, (tuple, list)) or len(result) != 7:
            raise LearnerError("expected seven arrays: ḟ, δ̇_2, δ̇_1, and the blocks of H v for "
                               "W1, b1, W2, b2, in this order", "shape")
        return result

    def rung(i, v, moving=""):
        return NAMES[i] + moving, lambda: judge(
            seven(v)[i], two.expected(v)[i], NAMES[i] + moving, tags[i],
            lambda: two.mistakes(i, v), sizes={"K": 5, "D_out": 2, "K D_out": 10})

    def flat(theta, v):
        return np.concatenate([np.ravel(part) for part in seven(v)[3:]])

    def gradient(theta):
        return two.model.gradient(theta, two.x, two.y)

    forward = [rung(0, two.only(3), ", if only b2 moves"),
               rung(0, two.only(2), ", if only W2 moves"),
               rung(0, two.only(0, 1), ", if only the first layer moves"), rung(0, two.v)]
    backward = [rung(i, two.v) for i in (1, 2, 6, 5, 4, 3)]
    return forward + backward + [("both numerical derivatives", lambda: check_hvp(
        gradient, flat, two.theta, blocks=two.model))]


@exercise("HVP.4", check=_hvp_rungs, hints=[
    "Forward: $\\dot z = xV_1 + c_1$, then $\\dot a$, then $\\dot f$ with three terms. "
    "Backward: each "
    "line of the stub and of the gradient is a product; count the factors that move.",
    "$\\dot\\delta_2 = \\frac{2}{K D_\\text{out}} \\dot f$. With $q = \\delta_2 W_2^\\top$: "
    "$\\dot q = \\dot\\delta_2 W_2^\\top + \\delta_2 V_2^\\top$ and $\\dot\\delta_1 = \\dot q "
    "\\odot \\varphi' + q \\odot \\varphi'' \\odot \\dot z$, with $\\varphi'' \\odot \\dot z = "
    "-2a \\odot \\dot a$. Of the blocks, only that of $W_2$ has two terms."])
def hvp_of_two_layers(W1, b1, W2, b2, V1, c1, V2, c2, x, y):
    """H v of the mean squared error of f = tanh(x W1 + b1) W2 + b2, v = (V1, c1, V2, c2).  [HVP.4]

    W1 and V1 (D_in, n), b1 and c1 (n,), W2 and V2 (n, D_out), b2 and c2 (D_out,), x (K, D_in),
    y (K, D_out).  Returns seven arrays: ḟ, δ̇_2, δ̇_1, and the blocks of H v for W1, b1, W2, b2.
    """
    a = np.tanh(x @ W1 + b1)  # (K, n)
    delta_2 = 2 / y.size * (a @ W2 + b2 - y)  # (K, D_out)
    back = delta_2 @ W2.T  # (K, n), so that δ_1 = back * (1 - a * a)
    # your turn
    a_dot = (1 - a * a) * (x @ V1 + c1)  # (K, n): the input does not move
    f_dot = a_dot @ W2 + a @ V2 + c2  # (K, D_out)
    delta_2_dot = 2 / y.size * f_dot  # (K, D_out)
    back_dot = delta_2_dot @ W2.T + delta_2 @ V2.T  # (K, n)
    delta_1_dot = back_dot * (1 - a * a) - 2 * back * a * a_dot  # (K, n)
    blocks = [x.T @ delta_1_dot, delta_1_dot.sum(axis=0),
              a_dot.T @ delta_2 + a.T @ delta_2_dot, delta_2_dot.sum(axis=0)]
    return f_dot, delta_2_dot, delta_1_dot, *blocks


def _log_cosh_rungs(candidate):
    rng = np.random.default_rng(0)
    F, y, theta = rng.standard_normal((6, 3)), rng.standard_normal(6), rng.standard_normal(3)

    def gradient(theta):
        return F.T @ np.tanh(F @ theta - y) / len(y)

    def numerical(theta, v):
        return gradient(theta + 1e-20j * v).imag / 1e-20

    exact, v = F @ theta, rng.standard_normal(3)  # with these targets every error is 0

    def mistakes():
        error, f_dot = F @ theta - y, F @ v
        return [(F.T @ f_dot / 6, "the curvature of every example is taken as 1: here it is "
                 "1 - tanh²(error)"),
                (F.T @ (np.tanh(error) * f_dot) / 6, "tanh(error) is the first derivative of the "
                 "loss; its own derivative, 1 - tanh²(error), is the curvature"),
                (F.T @ np.tanh(error) / 6, "this is the gradient")]

    def rung(y, expected):
        return lambda: judge(candidate(F, y, theta, v), expected, "H v", "HVP.3", mistakes_at(y),
                             sizes={"K": 6})

    def mistakes_at(targets):
        return mistakes if targets is y else lambda: [
            (np.zeros(3), "zero where every error is zero: there the curvature is 1, since "
             "1 - tanh²(0) = 1")]

    return [("every error is zero", rung(exact, F.T @ (F @ v) / 6)),
            ("errors of order one", rung(y, numerical(theta, v))),
            ("both numerical derivatives",
             lambda: check_hvp(gradient, lambda theta, v: candidate(F, y, theta, v), theta))]


@exercise("HVP.3", check=_log_cosh_rungs, hints=[
    "$\\delta = \\tanh(f - y)/K$. Only $f$ moves; what is the derivative of tanh?",
    "$\\dot\\delta = (1 - \\tanh^2(f - y)) \\odot \\dot f/K$, and $Hv = F^\\top \\dot\\delta$."])
def hvp_with_log_cosh(F, y, theta, v):
    """H v for the linear model f = F θ and the loss L = 1/K Σ log cosh(f - y).  [HVP.3]

    Its gradient is Fᵀ δ with δ = tanh(f - y)/K.
    F (K, m), y (K,), theta and v (m,).  Returns (m,).
    """
    error, f_dot = F @ theta - y, F @ v  # (K,) each
    # your turn
    delta_dot = (1 - np.tanh(error) ** 2) * f_dot / len(y)  # (K,): the curvature is no constant
    return F.T @ delta_dot  # (m,)


def _eigenvalue_rungs(candidate):
    rng = np.random.default_rng(0)
    Q, _ = np.linalg.qr(rng.standard_normal((6, 6)))
    start = rng.standard_normal(6)
    model = MLP([1, 3, 3, 1], activation="tanh")
    theta, x, y = model.init(rng), rng.uniform(-5, 5, (5, 1)), rng.standard_normal((5, 1))
    first = rng.standard_normal(model.n_params)

    def compared(product, v, largest, tolerance):
        def mistakes():
            last = v
            for _ in range(400):
                last = product(last) / np.linalg.norm(product(last))
            wrong = [(last, "this is the eigenvector; asked for is its eigenvalue, vᵀ H v")]
            return wrong + [(-largest, "the sign is lost: the length of H v is |λ|; vᵀ H v has the "
                             "sign")]

        found = candidate(product, v, 400)
        if np.shape(found) == v.shape:
            raise LearnerError(mistakes()[0][1], "known", "ROP.6")
        return judge(found, largest, "the eigenvalue", "ROP.6", mistakes, tolerance)

    def rung(eigenvalues):
        matrix = Q @ np.diag(eigenvalues) @ Q.T
        return lambda: compared(lambda v: matrix @ v, start, max(eigenvalues, key=abs), 1e-8)

    def network():
        values = np.linalg.eigvalsh(model.hvp(theta, x, y, np.eye(model.n_params)))
        largest = values[np.abs(values).argmax()]
        return compared(lambda v: model.hvp(theta, x, y, v), first, largest, 1e-6)

    return [("all eigenvalues positive", rung([5.0, 3.0, 2.0, 1.0, 0.5, 0.1])),
            ("the largest in size is negative", rung([-5.0, 3.0, 2.0, 1.0, 0.5, 0.1])),
            ("a small network", network)]


@exercise("ROP.6", check=_eigenvalue_rungs, hints=[
    "Multiply by $H$, divide by the length, repeat. At the end $v$ is an eigenvector of length 1.",
    "If $Hv = \\lambda v$ and $\\lVert v \\rVert = 1$, then $v^\\top H v = \\lambda$, "
    "with its sign; the "
    "length $\\lVert Hv \\rVert$ would lose it."])
def largest_eigenvalue(hvp, v, iterations):
    """The eigenvalue of H that is largest in size, with its sign, by power iteration.  [ROP.6]

    hvp: a function of v (P,) that returns H v (P,).  v: where to start, of any norm.
    iterations: how many multiplications.  Returns a number.
    """
    for _ in range(iterations):
        v = hvp(v)
        v = v / np.linalg.norm(v)
    return v @ hvp(v)
