"""The exercises of lesson 10, What is learned."""

import numpy as np

from . import exercise
from .feedback import judge


def _kernel_rungs(candidate):
    rng = np.random.default_rng(0)

    def rung(title, n_in, H, sign):
        x = rng.standard_normal(n_in)
        other = sign * x + 0.5 * rng.standard_normal(n_in)  # 1 + x·x' has either sign
        delta, delta_other = rng.standard_normal((2, H))
        biases = delta @ delta_other

        def mistakes():
            return [(biases, "that is the kernel of b1 alone; W1 adds its own products"),
                    ((x @ other) * biases, "that is the kernel of W1 alone; b1 adds its own"),
                    ((1 + x @ other) ** 2 * biases, "1 + x·x' comes once, from one derivative "
                                                    "times the other"),
                    (x @ other + biases, "∂f/∂W1 is a product, x times δ: so x·x' multiplies "
                                         "δ·δ', it is not added")]

        expected = (1 + x @ other) * biases
        return title, lambda: judge(candidate(x, other, delta, delta_other), expected, title,
                                    "KERNEL.3", mistakes)

    return [rung("one input, four units", 1, 4, 1), rung("three inputs, two units", 3, 2, -1)]


@exercise("KERNEL.3", check=_kernel_rungs, hints=[
    "Backpropagation gives $\\partial f/\\partial W_{1,pq} = x_p\\, \\delta_q$ and "
    "$\\partial f/\\partial b_{1,q} = \\delta_q$. The kernel multiplies each with the same "
    "derivative at $x'$, and adds up.",
    "$\\sum_{p,q} x_p \\delta_q\\, x'_p \\delta'_q = \\big(\\sum_p x_p x'_p\\big)"
    "\\big(\\sum_q \\delta_q \\delta'_q\\big)$. The biases give the second bracket once more."])
def first_layer_kernel(x, x_other, delta, delta_other):
    """The part of W1 and b1 in the tangent kernel of x and x', one number.  [KERNEL.3]

    x, x_other: two inputs (D_in,).  delta, delta_other: ∂f/∂z_1 at each, (H,).  All α are 1.
    """
    return (1 + x @ x_other) * (delta @ delta_other)


def _unit_rungs(candidate):
    def rung(r):
        def mistakes():
            return [(3 / r**2, "the scale is squared in the mean: take the root"),
                    (1 / r, "there the largest x² is 1, not the mean of x²"),
                    (2 / r, "the mean of |x| is r/2; the kernel has x²"),
                    (r / np.sqrt(3), "that is the root mean square of x; s is one over it")]

        title = f"x between -{r:g} and {r:g}"
        return title, lambda: judge(candidate(r), np.sqrt(3) / r, title, "KERNEL.3", mistakes,
                                    tolerance=1e-6)  # √3 may be typed

    return [rung(5.0), rung(1.0), rung(40.0)]


@exercise("KERNEL.3", check=_unit_rungs, hints=[
    "At $x = x'$ the share of $W_1$ is $x^2$ times that of $b_1$. What is the mean of $(s x)^2$ "
    "when $x$ is uniform on $[-r, r]$?",
    "$\\frac{1}{2r} \\int_{-r}^{r} s^2 x^2\\, dx = s^2 r^2 / 3$, which has to be 1."])
def scale_of_equal_shares(r):
    """The s > 0 for which the inputs s x have mean square 1, x uniform on [-r, r].  [KERNEL.3]

    There W1 and b1 have equal shares in κ(x, x), on the average over x, if δ does not depend on x.
    """
    return np.sqrt(3) / r


def _context_rungs(candidate):
    rng = np.random.default_rng(1)

    def rung(title, C, H, alpha):
        beta, W_c = rng.standard_normal(H), rng.standard_normal((C, H))

        def mistakes():
            step = beta @ W_c.T
            return [(-alpha * beta, "that is a step of b1; only c moves, and z_1 follows by c W_c"),
                    (alpha * step @ W_c, "the sign: descent goes against the gradient"),
                    (-step @ W_c, "the step size is missing"),
                    (step @ W_c, "the sign and the step size are missing: c = -α ∂L/∂c"),
                    (-alpha * step, "that is the step of c, (C,); z_1 moves by c W_c"),
                    (step, "that is the gradient in c, (C,): c steps against it, and moves z_1")]

        expected = -alpha * (beta @ W_c.T) @ W_c
        return title, lambda: judge(candidate(beta, W_c, alpha), expected, title, "CONTEXT.2",
                                    mistakes)

    return [rung("two contexts, five units", 2, 5, 0.3), rung("one context", 1, 3, 1.0)]


@exercise("CONTEXT.2", check=_context_rungs, hints=[
    "One step: $c = -\\alpha\\, \\partial L/\\partial c$, and [CONTEXT.2] has the gradient. What "
    "does $z_1$ gain from $c$?",
    "$z_1$ gains $c W_c$, as it would from moving $b_1$ by that. Put the first into the second."])
def bias_step_of_a_context(beta, W_c, alpha):
    """By what one CAVIA step from c = 0 moves z_1, what enters its units, (H,).  [CONTEXT.2]

    beta: the support loss's gradient in b_1, (H,).  W_c: (C, H).  alpha: the step size of c.
    """
    c = -alpha * beta @ W_c.T  # (C,)
    return c @ W_c
