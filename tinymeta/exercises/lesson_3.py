"""The exercises of lesson 3, MAML in a plane."""

import numpy as np

from ..checking.check_meta import check_meta_gradient
from ..checking.diagnosis import Hints, KnownMistake, compare
from ..learners.linear import Linear
from ..methods.maml import MAML
from ..core.tasks import Batch
from . import exercise


def _tasks(n_support, n_query):
    """Three noiseless lines, whose inputs differ from task to task, and their optima (3, 2)."""
    rng = np.random.default_rng(0)
    theta_star = rng.uniform(-2, 2, (3, 2))
    x_support = rng.uniform(-1.5, 1.5, (3, n_support, 1))
    x_query = rng.uniform(-1.5, 1.5, (3, n_query, 1))
    w, b = theta_star.T[..., None, None]
    return Batch(x_support, w * x_support + b, x_query, w * x_query + b), theta_star


def _meta_gradient_rungs(candidate):
    model, theta = Linear(1, 1), np.array([0.7, -0.4])
    batch, _ = _tasks(3, 4)

    def with_model(theta, batch, alpha, steps):
        return candidate(model, theta, batch, alpha, steps)

    def rung(steps):
        ladder = check_meta_gradient(with_model, model, theta, batch, alpha=0.1, steps=(steps,))
        return list(ladder.rungs.values())[0]

    return [("1 step", lambda: rung(1)), ("2 steps", lambda: rung(2)), ("5 steps", lambda: rung(5))]


@exercise("PLANE.4", check=_meta_gradient_rungs)
def meta_gradient(model, theta, batch, alpha, steps):
    """The meta-gradient (2,) of a linear model, by [PLANE.4].

    That is the mean over tasks of (I - αH_𝒮)^S g_𝒬(θ_S).

    theta (2,), batch a tm.Batch, alpha a number, steps S.  Use model.gradient(theta, x, y) and
    model.hvp(theta, x, y, v), which broadcast over tasks: θ may be (2,) or (T, 2).
    """
    support = batch.x_support, batch.y_support
    adapted = theta  # (2,); becomes (T, 2) in the first inner step
    # your turn
    for _ in range(steps):
        adapted = adapted - alpha * model.gradient(adapted, *support)  # (T, 2)
    v = model.gradient(adapted, batch.x_query, batch.y_query)  # (T, 2)
    for _ in range(steps):
        v = v - alpha * model.hvp(theta, *support, v)  # (T, 2)
    return v.mean(axis=0)  # (2,)


def _hessian(x):
    F = np.concatenate([x, np.ones_like(x)], axis=-1)
    return 2 / x.shape[-2] * F.swapaxes(-1, -2) @ F


def _suspects_of_rest(theta_star, H_support, H_query, alpha, steps):
    """Where the tasks' optima would rest if the springs were made with a well-known mistake."""
    inner = np.linalg.matrix_power(np.eye(2) - np.diag(alpha) @ H_support, steps)  # (T, 2, 2)
    turned = inner.swapaxes(1, 2)
    springs = {
        "a transpose is missing: the way back from θ_S needs (I - AH)ᵀ, A = diag(α)":
            inner @ H_query @ inner,
        "the inner loop multiplies the error by I - AH, A = diag(α), not by I - HA":
            inner @ H_query @ turned,
        "this is where first-order MAML rests: the way back from θ_S is missing": H_query @ inner,
        "the query Hessian is missing": turned @ inner,
        "the support Hessian stands where the query Hessian belongs": turned @ H_support @ inner,
    }
    found = []
    for what, C in springs.items():
        rest = np.linalg.solve(C.sum(axis=0), np.einsum("tij,tj->i", C, theta_star))
        found.append(KnownMistake(rest, "spring", what, "PLANE.6"))
    mean = theta_star.mean(axis=0)
    return found + [KnownMistake(mean, "mean", "this is the plain mean of the optima: "
                                 "the springs differ", "PLANE.9")]


def _rest_rungs(candidate):
    alpha = np.array([0.15, 0.05])

    def rung(steps):
        batch, theta_star = _tasks(3, 4)
        known = theta_star, _hessian(batch.x_support), _hessian(batch.x_query), alpha, steps
        theta, method = np.zeros(2), MAML(Linear(1, 1), alpha, steps)
        for _ in range(1000):
            theta = theta - 0.5 * method.meta_gradient(theta, batch)[1]
        hints = Hints(lambda: _suspects_of_rest(*known), tags={"": "PLANE.9"})
        return compare(candidate(*known), theta, "where MAML stops", tolerance=1e-7, hints=hints)

    return [("1 step", lambda: rung(1)), ("3 steps", lambda: rung(3))]


@exercise("PLANE.9", check=_rest_rungs)
def rest_with_two_step_sizes(theta_star, H_support, H_query, alpha, steps):
    """Where MAML rests, (2,), if each parameter has its own inner step size.

    Derive [PLANE.6] anew, then solve [PLANE.9].

    theta_star (T, 2), the tasks' optima; H_support, H_query (T, 2, 2); alpha (2,); steps S.
    """
    M = np.eye(2) - np.diag(alpha) @ H_support  # (T, 2, 2): not symmetric
    # your turn
    M_S = np.linalg.matrix_power(M, steps)  # (T, 2, 2)
    C = M_S.swapaxes(1, 2) @ H_query @ M_S  # (T, 2, 2)
    pull = np.einsum("tij,tj->i", C, theta_star)  # (2,)
    return np.linalg.solve(C.sum(axis=0), pull)  # (2,)


def _largest_rungs(candidate):
    def rung(seed):
        rng = np.random.default_rng(seed)
        centre, half = rng.uniform(-0.5, 0.5, 3), rng.uniform(0.4, 2, 3)
        theta_star = rng.uniform(-2, 2, (3, 2))
        at = [(centre[:, None] + half[:, None] * np.array(offsets))[..., None]  # the same H:
              for offsets in ([-1.0, 1.0], [-np.sqrt(1.5), 0.0, np.sqrt(1.5)])]  # (3, 2 or 3, 1)
        w, b = theta_star.T[..., None, None]
        batch, H = Batch(at[0], w * at[0] + b, at[1], w * at[1] + b), _hessian(at[0])

        def least_stiffness(alpha):
            """The smallest stiffness of the mean spring, from the package's own gradients."""
            method, zero = MAML(Linear(1, 1), alpha, first_order=True), np.zeros(2)
            at_zero = method.meta_gradient(zero, batch)[1]
            columns = [method.meta_gradient(e, batch)[1] - at_zero for e in np.eye(2)]
            return np.linalg.eigvals(np.array(columns).T).real.min()

        low, high = 1e-3, 3.0  # stiff below, not above
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if least_stiffness(middle) > 0 else (low, middle)
        hints = Hints(lambda: _suspects_of_largest(H), tags={"": "PLANE.7"})
        return compare(candidate(H), low, "where the stiffness is gone", tolerance=1e-7,
                       hints=hints)

    return [("three tasks", lambda: rung(0)), ("three others", lambda: rung(25))]


def _suspects_of_largest(H):
    """What well-known mistakes give for the largest α."""
    A, B = H.mean(axis=0), (H @ H).mean(axis=0)
    ratios = np.linalg.eigvals(np.linalg.solve(A, B)).real  # 1/α of the two directions
    steepest = np.linalg.eigvalsh(H)[:, -1]
    guesses = [(1 / ratios.min(), "the other direction: "
                "the stiffness is gone in this one already at a smaller α"),
               (ratios.max(), "this is 1/α"),
               (1 / steepest.max(), "there the steepest task alone loses its stiffness; "
                "the mean keeps the others'"),
               (2 / steepest.max(), "there the inner loop of the steepest task diverges, "
                "which is another limit"),
               (1 / np.linalg.eigvalsh(A)[-1], "B is the mean of the squares H @ H, "
                "not the square of the mean")]
    return [KnownMistake(np.array([value]), "limit", what) for value, what in guesses]


@exercise("PLANE.7", check=_largest_rungs)
def largest_alpha(H):
    """The smallest α > 0 at which the mean of [PLANE.7], S = 1, has a direction without stiffness.

    H (T, 2, 2), the Hessian of each task, the same on its support and query set.
    """
    A = H.mean(axis=0)  # (2, 2): the mean spring is A - αB
    # your turn
    B = (H @ H).mean(axis=0)  # (2, 2)
    largest = np.linalg.eigvals(np.linalg.solve(A, B)).real.max()
    return 1 / largest  # A v = αB v  <=>  A⁻¹B v = v/α
