"""Optimizers: the outer step from θ and a meta-gradient to the next θ.

    [CLIP.1]  g ← g · min(1, c/‖g‖)                          optional, before either
    [SGD.1]   θ ← θ - η g
    [ADAM.1]  m ← β₁ m + (1 - β₁) g,   s ← β₂ s + (1 - β₂) g²
    [ADAM.2]  m̂ = m/(1 - β₁ᵗ),         ŝ = s/(1 - β₂ᵗ)
    [ADAM.3]  θ ← θ - η m̂/(√ŝ + ε)

η is a number, a vector (P,) with a rate for each parameter, or a function of the number of steps
taken before, t - 1, that gives one of these, such as

    [SCHED.1]  η(n) = start + (end - start) · min(n/N, 1)

References: Kingma & Ba 2015, "Adam", Alg. 1 (their v is s here; v is the meta-gradient's vector).
Clipping: Pascanu, Mikolov, Bengio 2013, Alg. 1.  The schedule is that of Reptile's sine
demonstration.
"""

from functools import partial

import numpy as np

from ..core import arguments, setting


def linear_schedule(start, end, iterations):
    """A rate that goes linearly from `start` to `end` in `iterations` steps and stays there.

    Returns a function of the number of steps already taken.  Raises ValueError for negative rates.
    """
    start = arguments.number("start", start, at_least=0)
    end = arguments.number("end", end, at_least=0)
    iterations = arguments.whole_number("iterations", iterations, minimum=1)
    return partial(_linear, start, end, iterations)


def _linear(start, end, iterations, n):
    n = arguments.whole_number("n", n, minimum=0)
    return start + (end - start) * min(n / iterations, 1.0)  # [SCHED.1]


def clip_by_norm(gradient, max_norm):
    """The gradient (P,), scaled down to the norm max_norm if it is longer (None: as it is)."""
    largest = 0.0 if max_norm is None else float(np.abs(gradient).max())
    if largest == 0:
        return gradient
    norm = largest * float(np.linalg.norm(gradient / largest))  # no square overflows
    return gradient if norm <= max_norm else gradient * (max_norm / norm)  # [CLIP.1]


def rate_of(name, value):
    """A learning rate: a float of at least 0, or a real vector (P,) of such entries."""
    if arguments.as_array(name, value).ndim == 0:
        return arguments.number(name, value, at_least=0)
    return arguments.step_size(name, value)


class _Optimizer(setting.WithSettings):
    """What SGD and Adam share: the rate, clipping, the count of steps.  Subclasses have `_move`."""

    learning_rate = setting.Setting(lambda _, name, value: (
        arguments.function(name, value, "n") if callable(value)
        else arguments.step_size(name, value)))
    max_norm = setting.Setting(lambda _, name, value: (
        None if value is None else arguments.number(name, value, above=0)))

    t = setting.whole(minimum=0)

    def __init__(self, learning_rate, max_norm):
        self.learning_rate, self.max_norm = learning_rate, max_norm
        self.t = 0  # steps taken

    def step(self, theta, gradient):
        """Return the next θ (P,); theta and gradient (P,) are left as they were.

        Raises ValueError unless gradient has the shape of theta and both are finite, TypeError
        unless both are real floating-point numbers.
        """
        theta = arguments.floating("theta", theta)
        arguments.shape("theta", theta, (..., "P"))
        gradient = arguments.floating("gradient", gradient, finite=False)
        gradient = arguments.floating("gradient", arguments.as_precision_of(theta, gradient))
        arguments.shape("gradient", gradient, theta.shape, ", the shape of theta")
        for name, array in (("theta", theta), ("gradient", gradient)):
            if array.dtype.kind == "c":
                raise TypeError(f"{name} has dtype {array.dtype}; "
                                f"expected real floating-point numbers")
        rate = self.learning_rate
        if callable(rate):
            rate = rate_of(f"learning_rate({self.t})", rate(self.t))
        if np.ndim(rate):
            arguments.shape("learning_rate", rate, theta.shape, ", the shape of theta")
            rate = rate.astype(theta.dtype, copy=False)
        gradient = clip_by_norm(gradient, self.max_norm)  # (P,)
        moved = self._move(theta, gradient, rate)  # (P,)
        self.t += 1
        return moved

    def state(self):
        """What the optimizer remembers, a dict of arrays: for checkpoints."""
        return {"t": np.array(self.t)}

    def restore(self, state):
        """Take up a state that `state` gave; TypeError or ValueError for what it could not give."""
        self._check_entries(state)
        self.t = arguments.as_array("t", state["t"])[()]

    def _check_entries(self, state):
        expected = set(self.state())
        if not isinstance(state, dict):
            raise TypeError(f"state is {arguments.shown(state)}; expected a dict, as state() gives")
        if set(state) != expected:
            raise ValueError(f"state has the entries {sorted(state)}; "
                             f"expected {sorted(expected)}: was it saved by another optimizer "
                             f"than {type(self).__name__}?")


class SGD(_Optimizer):
    """Gradient descent.

    learning_rate: η, a positive number, a vector (P,), or a function of the steps taken, such as
    linear_schedule(0.1, 0.0, 30_000).  max_norm: clip the gradient to this norm first, or None.
    Raises TypeError or ValueError for a wrong setting.
    """

    def __init__(self, learning_rate, max_norm=None):
        super().__init__(learning_rate, max_norm)

    def _move(self, theta, gradient, rate):
        return theta - rate * gradient  # (P,)  [SGD.1]


class Adam(_Optimizer):
    """Adam.  beta1, beta2 and epsilon are β₁, β₂ and ε; the rest as for SGD."""

    beta1, beta2 = setting.real(at_least=0, below=1), setting.real(at_least=0, below=1)
    epsilon = setting.real(above=0)

    def __init__(self, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, max_norm=None):
        super().__init__(learning_rate, max_norm)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self.m = self.s = np.zeros(0)  # (P,) from the first step on

    def _move(self, theta, gradient, rate):
        t, precise = self.t + 1, np.result_type(theta, np.float32)  # ε is 0 in half precision
        if t == 1:
            self.m = self.s = np.zeros(theta.shape, precise)  # (P,)
        gradient = gradient.astype(precise, copy=False)
        arguments.shape("theta", theta, self.m.shape, ": the length seen at this optimizer's steps")
        self.m = self.beta1 * self.m + (1 - self.beta1) * gradient  # (P,)  [ADAM.1]
        self.s = self.beta2 * self.s + (1 - self.beta2) * gradient * gradient  # (P,)
        m_hat = self.m / (1 - self.beta1**t)  # (P,)  [ADAM.2]
        s_hat = self.s / (1 - self.beta2**t)  # (P,)
        epsilon = max(self.epsilon, np.finfo(precise).tiny)  # not 0 in single precision either
        moved = theta - rate * m_hat / (np.sqrt(s_hat) + epsilon)  # (P,)  [ADAM.3]
        return moved.astype(theta.dtype, copy=False)

    def state(self):
        """The number of steps t, and m and s (P,)."""
        return {"t": np.array(self.t), "m": self.m.copy(), "s": self.s.copy()}

    def restore(self, state):
        """Take up a state that `state` gave; TypeError or ValueError for what it could not give."""
        self._check_entries(state)
        m = arguments.real_numbers("m", arguments.floating("m", state["m"]))
        s = arguments.floating("s", state["s"], finite=False)  # squares may overflow
        arguments.real_numbers("s", s)
        if m.ndim != 1 or m.shape != s.shape or not (s >= 0).all():
            raise ValueError(f"m has shape {m.shape} and s {s.shape}, the least of s is "
                             f"{s.min(initial=0):g}; expected (P,) both, and s of at least 0")
        super().restore(state)
        self.m, self.s = m.copy(), s.copy()
