"""FastMLP: the network of mlp.py in fewer and larger operations, for training that takes long.

mlp.py is the definition; this computes the same numbers, to rounding, in six to nine tenths of the
time.  The equations are those of mlp.py with one change of notation.  A 1 is appended to every
input, and b_l stands below W_l, so that a weight and its bias are one matrix; it lies in θ as it
stands:

    [FAST.1]  z_l = [a_{l-1} 1] [W_l; b_l]                                      (K, n_l)
    [FAST.2]  [∂L/∂W_l; ∂L/∂b_l] = [a_{l-1} 1]ᵀ δ_l                             (n_{l-1} + 1, n_l)
    [FAST.3]  [(H v)_{W_l}; (H v)_{b_l}] = [a_{l-1} 1; ȧ_{l-1} 0]ᵀ [δ̇_l; δ_l]  (n_{l-1} + 1, n_l)

Biases are never added or summed by themselves, [FAST.3] is one product where the definition has
two and a sum, and the products of [FAST.2] and [FAST.3] write into their places in the flat vector.
Weights that all tasks share, as in the first inner step, are multiplied once for all tasks.
"""

from functools import cached_property

import numpy as np

from ..core.layout import Layout
from ..core.losses import squared_error
from ..learners.mlp import MLP, MLPPass, transposed
from .one_step import one_step_sums
from .parts import activated, curve, like, rows, stacked, with_one
from .products import for_rows, product, times_transposed


class FastMLP(MLP):
    """A drop-in for MLP: the same θ, the same numbers to rounding, sooner for batches of tasks.

    It serves passes over T tasks, θ (P,) or (T, P) with x (T, K, D_in), and one step of MAML and of
    Meta-SGD; all else is MLP's.  A subclass may redefine loss, gradient and hvp, which then decide
    as always; one that redefines the pass itself raises TypeError, and belongs below MLP.
    """

    one_step_sums = one_step_sums

    def __init__(self, widths, activation="relu", loss=squared_error):
        super().__init__(widths, activation, loss)
        self.join()

    def join(self):
        """The layout in which a weight and its bias are one matrix."""
        sizes = enumerate(zip(self.widths, self.widths[1:]), start=1)
        self.joined = Layout([(f"W{l}, b{l}", (n_in + 1, n_out)) for l, (n_in, n_out) in sizes])
        shapes = self.joined.shapes
        self.largest = max(n_in * n_out for n_in, n_out in shapes)
        self.thin_up_to = [n_in * n_out / (n_in + n_out) for n_in, n_out in shapes]

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        above = cls.__mro__[:cls.__mro__.index(FastMLP)]
        redefined = {"at", "layers", "unflatten"} & {name for own in above for name in vars(own)}
        if redefined:
            raise TypeError(f"{cls.__name__} redefines {', '.join(sorted(redefined))}, which the "
                            f"fast pass does not call; expected a subclass of tinymeta.MLP")

    def without_last_layer(self):
        """As MLP's."""
        hidden = super().without_last_layer()
        hidden.join()
        return hidden

    def matrices(self, theta):
        """Views [None, [W_1; b_1], ...] into θ (..., P), each (..., n_{l-1} + 1, n_l)."""
        return [None] + self.joined.unflatten(theta)

    def at(self, theta, x, y):
        """The pass at θ: a FastPass for batches of tasks, else MLP's; arguments are not checked."""
        fits = (y is not None and x.ndim == 3 and x.shape[:2] == y.shape[:2]
                and theta.shape[:-1] in ((), x.shape[:1])
                and theta.dtype == np.result_type(theta, x, y))
        return FastPass(self, theta, x, y) if fits else MLPPass(self, theta, x, y)

    def multiplications(self, x, y, x_query, y_query):
        """Of one step for these tasks, about; its passes keep nothing, so threads may share it."""
        return x.shape[0] * (x.shape[1] + x_query.shape[1]) * self.n_params


class FastPass:
    """The network at θ (P,) or (T, P), on x (T, K, D_in) and y (T, K, D_out).

    It has the methods of MLPPass, .loss(), .gradient() and .hvp(v) for v (T, P).  Where all tasks
    share θ, their examples are T K rows of one data set: "..." is (T K,) then, and (T, K) else.
    MLP.2 and the like name the equation of mlp.py.
    """

    def __init__(self, model, theta, x, y):
        self.model, self.y, self.N, self.shared = model, y, len(model.widths) - 1, theta.ndim == 1
        self.curved = model.activation.second_derivative is not None  # else z is not needed again
        self.times, self.times_transposed = product, times_transposed
        if self.shared:  # two matrices, no stacks of them
            dot, _ = for_rows(x.shape[0] * x.shape[1], model.largest)
            self.times = self.times_transposed = dot
        self.W = model.matrices(theta)  # (n_{l-1} + 1, n_l) or (T, n_{l-1} + 1, n_l)
        self.a, self.z, self.slope = [with_one(self.in_rows(x))], [None], [None]
        for l in range(1, self.N):
            z = self.times(self.a[l - 1], self.W[l])  # (..., n_l)  [FAST.1]
            a, slope = activated(model.activation, z)  # (..., n_l + 1), (..., n_l), MLP.2
            self.a.append(a)
            self.z.append(z if self.curved else None)
            self.slope.append(slope)
        self.f = self.times(self.a[-1], self.W[self.N]).reshape(y.shape)  # (T, K, D_out)  [FAST.1]

    def loss(self):
        """L (T,)."""
        return self.model.loss_function.value(self.f, self.y)

    @cached_property
    def W_transposed(self):
        """W_lᵀ for l > 1, without the bias: nothing passes back to the 1."""
        return [None, None] + [transposed(W[..., :-1, :]) for W in self.W[2:]]

    @cached_property
    def backward(self):
        """The lists delta and back of the loss."""
        return self.errors(self.model.loss_function.gradient(self.f, self.y))  # MLP.3

    def errors(self, delta_N):
        """The lists delta, δ_l, and, where φ'' needs it, back, δ_{l+1} W_{l+1}ᵀ, (..., n_l)."""
        delta, back = [None] * (self.N + 1), [None] * self.N
        delta[self.N] = self.in_rows(like(self.f, delta_N))
        for l in range(self.N - 1, 0, -1):
            delta[l] = self.times_transposed(delta[l + 1], self.W_transposed[l + 1])
            if self.curved:
                back[l] = delta[l].copy()
            delta[l] *= self.slope[l]  # MLP.4
        return delta, back

    @cached_property
    def a_by_task(self):
        """The list of a_l, (T, K, n_l + 1)."""
        return [self.in_tasks(a) for a in self.a]

    @cached_property
    def delta_by_task(self):
        """The list of δ_l, (T, K, n_l)."""
        return self.by_task(self.backward[0])

    def by_task(self, delta):
        """The list of errors δ_l, (..., n_l), as (T, K, n_l)."""
        return [None] + [self.in_tasks(errors) for errors in delta[1:]]

    def gradient(self):
        """g, (T, P)."""
        return self.back_to_theta(self.delta_by_task)

    def pullback(self, delta_N):
        """(∂f/∂θ)ᵀ δ_N, (T, P), for any error δ_N at the predictions, (T, K, D_out)."""
        return self.back_to_theta(self.by_task(self.errors(delta_N)[0]))

    def first_bias_gradient(self):
        """∂L/∂b_1 alone, (T, n_1)."""
        return self.sum_over_examples(self.delta_by_task[1])

    def sum_over_examples(self, array):
        """(T, K, n) -> (T, n), as a product with ones: sooner."""
        return (np.ones((1, array.shape[1]), array.dtype) @ array)[:, 0]

    def back_to_theta(self, delta):
        """The gradient (T, P) that errors δ_l (T, K, n_l) give."""
        gradient = np.empty((len(self.f), self.model.n_params), self.f.dtype)  # (T, P)
        for l, block in enumerate(self.model.matrices(gradient)[1:], start=1):
            product(transposed(self.a_by_task[l - 1]), delta[l], block)  # [FAST.2]
        return gradient

    def hvp(self, v):
        """H v for v (T, P), (T, P)."""
        if np.iscomplexobj(v) and not np.iscomplexobj(self.f):
            return self.hvp(v.real) + 1j * self.hvp(v.imag)  # H is real
        V = self.model.matrices(v.astype(self.f.dtype, copy=False))
        z_dot = self.in_rows(product(self.a_by_task[0], V[1]))
        return self.dots_to_theta(*self.dots(z_dot, V))

    def gradient_sum(self):
        """The sum over tasks of g, (P,), where all tasks share θ."""
        return self.sum_to_theta(self.backward[0])

    def hvp_of_first_bias(self, b_dot):
        """H v for v that is ḃ_1 (T, n_1) at b_1 and 0 elsewhere: at b_1 (T, n_1), the sum (P,).

        All tasks share θ.  Nothing meets a V_l.
        """
        z_dot = np.repeat(b_dot, self.y.shape[1], axis=0)  # (T K, n_1)
        a_dot, delta_dot = self.dots(z_dot)
        total = self.sum_to_theta(delta_dot)
        for l, block in enumerate(self.model.matrices(total)[2:], start=2):
            block[:-1] += self.times(a_dot[l - 1].T, self.backward[0][l])  # [FAST.3]
        return self.sum_over_examples(self.in_tasks(delta_dot[1])), total

    def sum_to_theta(self, delta):
        """The sum over tasks, (P,), of the gradients that errors δ_l (T K, n_l) give."""
        total = np.empty(self.model.n_params, self.f.dtype)
        for l, block in enumerate(self.model.matrices(total)[1:], start=1):
            self.times(self.a[l - 1].T, delta[l], block)  # [FAST.2]
        return total

    def dots_to_theta(self, a_dot, delta_dot):
        """H v (T, P), from the dots along v."""
        a, delta = self.a_by_task, self.delta_by_task
        Hv = np.empty((len(self.f), self.model.n_params), self.f.dtype)  # (T, P)
        for l, block in enumerate(self.model.matrices(Hv)[1:], start=1):
            above, beside = a[l - 1], self.in_tasks(delta_dot[l])
            if l > 1:
                above = stacked(above, self.in_tasks(a_dot[l - 1]))  # (T, 2 K, n_{l-1} + 1)
                beside = stacked(beside, delta[l])  # (T, 2 K, n_l)
            product(transposed(above), beside, block)  # (T, n_{l-1} + 1, n_l)  [FAST.3]
        return Hv

    def dots(self, z_dot, V=None):
        """The lists a_dot, ȧ_l, and delta_dot, δ̇_l, of ż_1 (..., n_1).

        V: the directions V_l (T, n_{l-1} + 1, n_l); None where they are 0 for l > 1.
        """
        N, phi, loss = self.N, self.model.activation, self.model.loss_function
        a, delta, (_, back) = self.a_by_task, self.delta_by_task, self.backward
        bent, a_dot, delta_dot = [None] * N, [None], [None] * (N + 1)
        for l in range(1, N + 1):
            if l > 1:
                z_dot = self.times(a_dot[l - 1], self.W[l][..., :-1, :])  # (..., n_l), HVP.1
            if l > 1 and V:
                z_dot += self.in_rows(product(a[l - 1], V[l]))
            if l < N and self.curved:
                bent[l] = back[l] * curve(phi, self.z[l], self.a[l], self.slope[l]) * z_dot
            if l < N:
                z_dot *= self.slope[l]  # HVP.2
                a_dot.append(z_dot)  # (..., n_l)
        at_top = loss.curvature(self.f, self.y, z_dot.reshape(self.y.shape))
        delta_dot[N] = self.in_rows(like(self.f, at_top))  # (..., D_out), HVP.3
        for l in range(N - 1, 0, -1):
            back_dot = self.times_transposed(delta_dot[l + 1], self.W_transposed[l + 1])  # HVP.4
            if V:
                moved = times_transposed(delta[l + 1], transposed(V[l + 1][:, :-1]))
                back_dot += self.in_rows(moved)
            back_dot *= self.slope[l]  # (..., n_l)
            if self.curved:
                back_dot += bent[l]
            delta_dot[l] = back_dot
        return a_dot, delta_dot

    def in_tasks(self, array):
        """(..., n) -> (T, K, n)."""
        return array.reshape(self.y.shape[:2] + (-1,)) if self.shared else array

    def in_rows(self, array):
        """(T, K, n) -> (..., n)."""
        return rows(array) if self.shared else array
