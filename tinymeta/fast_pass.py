"""The network's pass for batches of tasks: the definition in mlp.py, in fewer and larger operations.

mlp.py is the definition; this computes the same numbers in half to two thirds of the time, for the inner
loops of MAML, Reptile and evaluation.  The equations are those of mlp.py with one change of notation.  A 1
is appended to every input, and b_l stands below W_l, so that a weight and its bias are one matrix; it lies
in θ as it stands:

    [FAST.1]  z_l = [a_{l-1} 1] [W_l; b_l]                                         (K, n_l)
    [FAST.2]  [∂L/∂W_l; ∂L/∂b_l] = [a_{l-1} 1]ᵀ δ_l                                (n_{l-1} + 1, n_l)
    [FAST.3]  [(H v)_{W_l}; (H v)_{b_l}] = [a_{l-1} 1; ȧ_{l-1} 0]ᵀ [δ̇_l; δ_l]     (n_{l-1} + 1, n_l)

Biases are never added or summed by themselves, [FAST.3] is one product where the definition has two and
a sum (26 µs instead of 33, layer 2), and the products of [FAST.2] and [FAST.3] write into their places in
the flat vector.  Weights that all tasks share, as in the first inner step, are multiplied once for all tasks.

Measured with 25 tasks of 10 + 10 points, MLP 1-40-40-1, float32, against the definition: MAML with five
steps takes 1.3 ms instead of 2.0, Reptile with five 0.54 instead of 0.84.
"""

from functools import cached_property

import numpy as np

from .activations import relu
from .products import matrices, product, times_transposed, transposed


class FastPass:
    """The network at θ (P,) or (T, P), on x (T, K, D_in) and y (T, K, D_out).

    It has the methods of the pass in mlp.py, loss(), gradient() and hvp(v) for v (T, P).  Where all tasks
    share θ, their examples are T K rows of one data set: "..." is (T K,) then, and (T, K) otherwise.
    x and y are of θ's type, or real beside a complex θ.  MLP.2 and the like name the equation of mlp.py.
    """

    def __init__(self, model, theta, x, y):
        self.model, self.y, self.N, self.shared = model, y, len(model.widths) - 1, theta.ndim == 1
        self.curved = model.activation.second_derivative is not None
        self.W = [None] + matrices(model, theta)  # [W_l; b_l], (n_{l-1} + 1, n_l) or (T, n_{l-1} + 1, n_l)
        x = self.in_rows(x)  # (..., D_in)
        self.a, self.z, self.slope, self.back = [with_one(x, x.dtype)], [None], [None], [None] * self.N
        for l in range(1, self.N):
            z = product(self.a[l - 1], self.W[l])  # (..., n_l)  [FAST.1]
            a, slope = activated(model.activation, z)
            self.a.append(a)  # (..., n_l + 1), MLP.2
            self.slope.append(slope)  # (..., n_l)
            self.z.append(z if self.curved else None)
        self.f = product(self.a[-1], self.W[self.N]).reshape(y.shape)  # (T, K, D_out)  [FAST.1]

    def loss(self):
        """L (T,)."""
        return self.model.loss_function.value(self.f, self.y)

    @cached_property
    def W_transposed(self):
        """W_lᵀ for l > 1, without the bias: nothing passes back to the 1."""
        views = [transposed(W[..., :-1, :]) for W in self.W[2:]]
        return [None, None] + ([W.copy() for W in views] if self.shared else views)  # a copy halves pieces' time

    @cached_property
    def delta(self):
        """The list of δ_l, (..., n_l)."""
        delta = [None] * (self.N + 1)
        delta[self.N] = self.in_rows(like(self.f, self.model.loss_function.gradient(self.f, self.y)))  # MLP.3
        for l in range(self.N - 1, 0, -1):
            back = times_transposed(delta[l + 1], self.W_transposed[l + 1])  # (..., n_l)
            delta[l] = np.multiply(back, self.slope[l], None if self.curved else back)  # (..., n_l), MLP.4
            self.back[l] = back if self.curved else None  # δ_{l+1} W_{l+1}ᵀ: φ'' needs it
        return delta

    @cached_property
    def a_by_task(self):
        """The list of a_l, (T, K, n_l + 1)."""
        return [self.in_tasks(a) for a in self.a] if self.shared else self.a

    @cached_property
    def delta_by_task(self):
        """The list of δ_l, (T, K, n_l)."""
        return [None] + [self.in_tasks(d) for d in self.delta[1:]] if self.shared else self.delta

    def gradient(self):
        """g, (T, P)."""
        gradient = np.empty((len(self.f), self.model.n_params), self.f.dtype)  # (T, P)
        for l, block in enumerate(matrices(self.model, gradient), start=1):
            product(transposed(self.a_by_task[l - 1]), self.delta_by_task[l], block)  # (T, n_{l-1} + 1, n_l)  [FAST.2]
        return gradient

    def hvp(self, v):
        """H v for v (T, P), (T, P)."""
        a, delta, V = self.a_by_task, self.delta_by_task, [None] + matrices(self.model, v)  # V: (T, n_{l-1} + 1, n_l)
        a_dot, delta_dot = self.dots(lambda l: product(a[l - 1], V[l]),
                                     lambda l: times_transposed(delta[l], transposed(V[l][:, :-1])))
        Hv = np.empty(v.shape, self.f.dtype)  # (T, P)
        for l, block in enumerate(matrices(self.model, Hv), start=1):
            above, beside = a[l - 1], self.in_tasks(delta_dot[l])
            if l > 1:
                above = stacked(above, self.in_tasks(a_dot[l - 1]))  # (T, 2 K, n_{l-1} + 1)
                beside = stacked(beside, delta[l])  # (T, 2 K, n_l)
            product(transposed(above), beside, block)  # (T, n_{l-1} + 1, n_l)  [FAST.3]
        return Hv

    def dots(self, a_V, delta_V):
        """The lists a_dot, ȧ_l, and delta_dot, δ̇_l, when each task's layers move along directions V_l.

        The directions are known by their products: a_V(l) is a_{l-1} V_l, (T, K, n_l), and delta_V(l) is
        δ_l V_lᵀ, (T, K, n_{l-1}), asked for in this order.  A multiple of both gives the multiple of the dots.
        """
        N, loss = self.N, self.model.loss_function
        z_dot, a_dot, delta_dot = [None], [None], [None] * (N + 1)
        for l in range(1, N + 1):
            z_dot.append(self.in_rows(a_V(l)))  # (..., n_l), HVP.1
            if l > 1:
                z_dot[l] += product(a_dot[l - 1], self.W[l][..., :-1, :])
            if l < N:  # HVP.2; without φ'', ż is not needed again and makes room for ȧ
                a_dot.append(np.multiply(z_dot[l], self.slope[l], None if self.curved else z_dot[l]))  # (..., n_l)
        f_dot = z_dot[N].reshape(self.y.shape)  # (T, K, D_out)
        delta_dot[N] = self.in_rows(like(self.f, loss.curvature(self.f, self.y, f_dot)))  # (..., D_out), HVP.3
        for l in range(N - 1, 0, -1):
            delta_dot[l] = times_transposed(delta_dot[l + 1], self.W_transposed[l + 1])  # (..., n_l), HVP.4
            delta_dot[l] += self.in_rows(delta_V(l + 1))
            delta_dot[l] *= self.slope[l]
            if self.curved:
                delta_dot[l] += self.back[l] * self.curve(l) * z_dot[l]
        return a_dot, delta_dot

    def curve(self, l):
        """φ''(z_l), (..., n_l)."""
        return self.model.activation.second_derivative(self.z[l], self.a[l][..., :-1], self.slope[l])

    def in_tasks(self, array):
        """(..., n) -> (T, K, n)."""
        return array.reshape(self.y.shape[:2] + (-1,)) if self.shared else array

    def in_rows(self, array):
        """(T, K, n) -> (..., n)."""
        return rows(array) if self.shared else array


def rows(array):
    """(T, K, n) -> (T K, n)."""
    return array.reshape(-1, array.shape[-1])


def with_one(x, dtype):
    """Inputs (..., n) with a 1 appended: (..., n + 1), of that type."""
    a = np.empty(x.shape[:-1] + (x.shape[-1] + 1,), dtype)
    a[..., :-1] = x
    a[..., -1] = 1
    return a


def activated(phi, z):
    """φ(z) with a 1 appended (..., n + 1), of z's type, and φ'(z) (..., n)."""
    if phi is not relu or z.dtype.kind == "c":
        value = phi.value(z)  # (..., n)
        return with_one(value, z.dtype), phi.derivative(z, value)
    a = np.empty(z.shape[:-1] + (z.shape[-1] + 1,), z.dtype)  # (..., n + 1)
    np.maximum(z, np.zeros(z.shape[-1], z.dtype), out=a[..., :-1])  # a row of zeros: 4 µs, a number: 5.5
    a[..., -1] = 1
    return a, (z > 0).astype(z.dtype)


def like(f, array):
    """The array, in the shape and the type of f: an own loss may return another precision, or fewer axes."""
    array = np.asarray(array)
    if array.shape == f.shape and array.dtype == f.dtype:
        return array
    return np.broadcast_to(array, f.shape).astype(f.dtype)


def stacked(a, a_dot):
    """a over ȧ, (T, K, m) and (T, K, m) -> (T, 2 K, m); for a 1 appended to a, a 0 appended to ȧ."""
    T, K, m = a_dot.shape
    out = np.empty((T, 2 * K, a.shape[-1]), a.dtype)
    out[:, :K], out[:, K:, :m], out[:, K:, m:] = a, a_dot, 0
    return out
