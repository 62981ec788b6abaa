"""The exercises of lesson 3, MAML in a plane."""

from dataclasses import replace

import numpy as np

from ..checking.check_meta import check_meta_gradient
from ..checking.diagnosis import Hints, KnownMistake, compare
from ..core.batch import Batch
from ..learners.linear import Linear
from ..methods.inner_loop import adapt
from ..methods.maml import MAML
from . import exercise
from .feedback import explained, judge


def _tasks(n_support, n_query, T=3):
    """T noiseless lines, whose inputs differ from task to task, and their optima (T, 2)."""
    rng = np.random.default_rng(0)
    theta_star = rng.uniform(-2, 2, (T, 2))
    x_support = rng.uniform(-1.5, 1.5, (T, n_support, 1))
    x_query = rng.uniform(-1.5, 1.5, (T, n_query, 1))
    w, b = theta_star.T[..., None, None]
    return Batch(x_support, w * x_support + b, x_query, w * x_query + b), theta_star


def _meta_gradient_rungs(candidate):
    model, theta = Linear(1, 1), np.array([0.7, -0.4])
    batch, _ = _tasks(3, 5, T=4)  # no two of these numbers are equal

    def with_model(theta, batch, alpha, steps):
        return candidate(model, theta, batch, alpha, steps)

    def rung(steps):
        found = with_model(theta, batch, 0.1, steps)
        ladder = check_meta_gradient(with_model, model, theta, batch, alpha=0.1, steps=(steps,))
        report = list(ladder.rungs.values())[0]
        if not report and np.shape(found) == (2,):
            report = explained(report, found, lambda: _mistakes_in_meta(model, theta, batch, steps),
                               "PLANE.4")
        here = [finding._replace(tag="PLANE.4" if finding.tag else "")
                for finding in report.findings]
        return replace(report, findings=here)

    return [("1 step", lambda: rung(1)), ("2 steps", lambda: rung(2)), ("5 steps", lambda: rung(5))]


def _mistakes_in_meta(model, theta, batch, steps, alpha=0.1):
    """What known mistakes give for exercise 1: [(vector, sentence)]."""
    support, query = (batch.x_support, batch.y_support), (batch.x_query, batch.y_query)

    def back(v, times):
        for _ in range(times):
            v = v - alpha * model.hvp(theta, *support, v)
        return v

    end = adapt(model, theta, *support, alpha, steps)[-1]  # (T, 2)
    v = model.gradient(end, *query)  # (T, 2)
    shared = theta
    for _ in range(steps):
        shared = shared - alpha * model.gradient(shared, *support).mean(axis=0)
    averaged = np.broadcast_to(v.mean(axis=0), v.shape)
    mean_v = v.mean(axis=0)
    for _ in range(steps):
        mean_v = mean_v - alpha * model.hvp(theta, *support, mean_v).mean(axis=0)
    joint = model.gradient(shared, *query)
    once = v - steps * alpha * model.hvp(theta, *support, v)
    return [
        (back(v, steps + 1).mean(axis=0), "one factor I - αH too many: one for each inner step"),
        (back(v, steps - 1).mean(axis=0), "one factor I - αH too few: one for each inner step"),
        (back(joint, steps).mean(axis=0), "one inner loop shared by all tasks: each task adapts "
         "by itself"),
        (joint.mean(axis=0), "one inner loop shared by all tasks, and no way back"),
        (back(averaged, steps).mean(axis=0), "the mean over tasks is taken before the way back: "
         "each task's gradient goes back through its own Hessian first"),
        (mean_v, "the mean over tasks is taken before the way back: each task's gradient goes back "
         "through its own Hessian first"),
        (once.mean(axis=0), "v - SαHv is the power (I - αH)^S to first order only: repeat "
         "v - αHv, S times"),
        ((theta - end).mean(axis=0), "this is θ - θ_S, the direction of Reptile")]


@exercise("PLANE.4", check=_meta_gradient_rungs, hints=[
    "Two loops of $S$ rounds. The first makes $\\theta_S$, for all tasks at once; the "
    "second starts "
    "from the query gradient there.",
    "Inner step: subtract `alpha * model.gradient(adapted, *support)`. Way back: "
    "`v = v - alpha * model.hvp(theta, *support, v)`, `S` times. The mean over tasks comes last."])
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


def _every_step_rungs(candidate):
    def rung(steps):
        batch, theta_star = _tasks(3, 4)
        H_support, H_query = _hessian(batch.x_support), _hessian(batch.x_query)
        theta = np.zeros(2)
        methods = [MAML(Linear(1, 1), 0.1, k) for k in range(1, steps + 1)]
        for _ in range(400):
            g = np.mean([method.meta_gradient(theta, batch)[1] for method in methods], axis=0)
            theta = theta - 0.5 * g
        known = theta_star, H_support, H_query, 0.1, steps
        return judge(candidate(*known), theta, "where descent stops", "PLANE.6",
                     lambda: _mistakes_of_every_step(*known), tolerance=1e-7)

    return [("1 step", lambda: rung(1)), ("2 steps", lambda: rung(2)), ("4 steps", lambda: rung(4))]


def _mistakes_of_every_step(theta_star, H_support, H_query, alpha, steps):
    """Where the tasks' optima would rest with other springs: [(vector, sentence)]."""
    M = np.eye(2) - alpha * H_support  # (T, 2, 2)
    powers = [np.linalg.matrix_power(M, k) for k in range(steps + 1)]
    springs = [
        (powers[-1] @ H_query @ powers[-1], "this is where MAML rests: only L_𝒬(θ_S) counts"),
        (sum(p @ H_query @ p for p in powers), "L_𝒬(θ_0) is in the mean, too: the sum begins after "
         "the first step"),
        (sum(p @ H_query @ p for p in powers[:-1]), "the sum goes from θ_0 to θ_{S-1}: it is to go "
         "from θ_1 to θ_S"),
        (sum(H_query @ p for p in powers[1:]), "the way back is missing: these are first-order "
         "MAML's springs"),
        (sum(H_query @ p @ p for p in powers[1:]), "matrices do not commute: H_𝒬 stands between "
         "the two powers of M"),
        (sum(powers[1:]) @ H_query @ sum(powers[1:]), "the springs of the steps add up, not the "
         "powers of M inside them"),
        (sum(p @ H_support @ p for p in powers[1:]), "the support Hessian stands where the query "
         "Hessian belongs"),
        (sum((1 - alpha * H_support)**k @ H_query @ (1 - alpha * H_support)**k
             for k in range(1, steps + 1)), "the identity is np.eye(2), and ** is the power of "
         "each entry"),
        (sum(M**k @ H_query @ M**k for k in range(1, steps + 1)), "** is the power of each entry; "
         "for the matrix there is np.linalg.matrix_power")]
    return [(_rest(C, theta_star), what) for C, what in springs]


def _rest(C, theta_star):
    return np.linalg.solve(C.sum(axis=0), np.einsum("tij,tj->i", C, theta_star))  # (2,)


@exercise("PLANE.6", check=_every_step_rungs, hints=[
    "The gradient of a mean is the mean of the gradients, and the gradient of each "
    "$L_\\mathcal{Q}(\\theta_k)$ is [PLANE.4] with $k$ steps.",
    "So $C_t = \\frac1S \\sum_{k=1}^S M_t^k H_{\\mathcal{Q},t} M_t^k$. The $\\frac1S$ "
    "cancels. Then "
    "solve [PLANE.9] with these springs."])
def rest_of_every_step(theta_star, H_support, H_query, alpha, steps):
    """Where θ rests, (2,), if the loss is the mean of L_𝒬(θ_1), ..., L_𝒬(θ_S).

    Derive the springs as [PLANE.6] was derived, then solve [PLANE.9].

    theta_star (T, 2), the tasks' optima; H_support, H_query (T, 2, 2); steps S.
    """
    M = np.eye(2) - alpha * H_support  # (T, 2, 2)
    # your turn
    powers = [np.linalg.matrix_power(M, k) for k in range(1, steps + 1)]
    C = sum(power @ H_query @ power for power in powers)  # (T, 2, 2)
    pull = np.einsum("tij,tj->i", C, theta_star)  # (2,)
    return np.linalg.solve(C.sum(axis=0), pull)  # (2,)


def _hessian(x):
    F = np.concatenate([x, np.ones_like(x)], axis=-1)
    return 2 / x.shape[-2] * F.swapaxes(-1, -2) @ F


def _suspects_of_rest(theta_star, H_support, H_query, alpha, steps):
    """Where the tasks' optima would rest if the springs were made with a well-known mistake."""
    inner = np.linalg.matrix_power(np.eye(2) - np.diag(alpha) @ H_support, steps)  # (T, 2, 2)
    turned = inner.swapaxes(1, 2)
    springs = {
        "** is the power of each entry; for the matrix there is np.linalg.matrix_power":
            (np.eye(2) - np.diag(alpha) @ H_support).swapaxes(1, 2)**steps @ H_query
            @ (np.eye(2) - np.diag(alpha) @ H_support)**steps,
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
        found.append(KnownMistake(_rest(C, theta_star), "spring", what, "PLANE.6"))
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


@exercise("PLANE.9", check=_rest_rungs, hints=[
    "With $A = \\operatorname{diag}(\\alpha)$ an inner step is $\\theta - A g$. So the error is "
    "multiplied by $M = I - AH$, and the way back by its transpose.",
    "$C_t = (M_t^S)^\\top H_{\\mathcal{Q},t} M_t^S$; then [PLANE.9]. For a stack of matrices the "
    "transpose is `swapaxes(1, 2)`."])
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


@exercise("PLANE.7", check=_largest_rungs, hints=[
    "With one step and one $H_t$ on both sets, [PLANE.7] is $H_t - \\alpha H_t^2$. Take the mean.",
    "$A v = \\alpha B v$ is $A^{-1} B v = v/\\alpha$: the eigenvalues of $A^{-1}B$ are "
    "the $1/\\alpha$ "
    "at which a direction loses its stiffness. The smallest α is one over the largest of them."])
def largest_alpha(H):
    """The smallest α > 0 at which the mean of [PLANE.7], S = 1, has a direction without stiffness.

    H (T, 2, 2), the Hessian of each task, the same on its support and query set.
    """
    A = H.mean(axis=0)  # (2, 2): the mean spring is A - αB
    # your turn
    B = (H @ H).mean(axis=0)  # (2, 2)
    largest = np.linalg.eigvals(np.linalg.solve(A, B)).real.max()
    return 1 / largest  # A v = αB v  <=>  A⁻¹B v = v/α
