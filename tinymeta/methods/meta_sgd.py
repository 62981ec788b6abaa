"""Meta-SGD: the initialisation and the step sizes of the inner loop are learned together.

Meta-gradient descent with two sets of parameters, ω = (θ, α).  The inner step is MAML's, now with
learned rates α_k, and the chain rule goes to both: θ_{k+1} depends on θ_k and on α_k,

    [METASGD.1]  θ_{k+1} = θ_k - α_k ⊙ g_𝒮(θ_k)
    [METASGD.2]  ∂L_𝒬/∂α_k = -g_𝒮(θ_k) ⊙ v_{k+1}
    [METASGD.3]  v_k = v_{k+1} - H_𝒮(θ_k) (α_k ⊙ v_{k+1}),   v_S = g_𝒬(θ_S)

A rate that serves in several places gets the sum of their gradients: over the steps, over a block,
or over all parameters.  Where rates are kept positive, α = e^a, the chain rule's last factor is α:

    [METASGD.4]  ∂L_𝒬/∂a = α ⊙ ∂L_𝒬/∂α

Free rates may become negative, and often do: nothing refuses them.  Beyond the trained steps the
last step's rates go on.

References: Li et al. 2017, "Meta-SGD", for a rate for each parameter; Antoniou et al. 2019, "How to
Train Your MAML", for rates for each step (there one for each layer and step).
"""

import numpy as np

from ..core import arguments, setting
from ..core.layout import Layout, layout_of
from ..core.model import pass_at, shortcut
from .method import Method

RATES = ("one", "block", "parameter", "step")


def _checked_rates(name, rates):
    if not isinstance(rates, str) or rates not in RATES:
        raise ValueError(f"{name} is {arguments.shown(rates)}; expected one of {list(RATES)}")
    return rates


class MetaSGD(Method):
    """MAML with learned step sizes; ω = (θ, rates), or (θ, log rates) where positive.

    model: loss, gradient, hvp and n_params; blocks too for "block".  alpha: what the rates start
    from, a positive number.  steps: inner steps S.  rates: "one" (1,), "block" (B,), "parameter"
    (P,), or "step" (S, P).  positive: learn their logarithms.  chunk: so many tasks at a time.

    Raises TypeError or ValueError for a wrong setting.
    """

    needs, shortcuts = ("loss", "gradient", "hvp"), ("sums",)
    alpha = setting.real(above=0)
    steps = setting.in_layout(lambda name, value: arguments.whole_number(name, value, minimum=1))
    rates = setting.in_layout(_checked_rates)
    positive = setting.in_layout(arguments.flag)

    def __init__(self, model, alpha=0.01, steps=1, rates="parameter", positive=False, chunk=100):
        super().__init__(model, chunk)
        self.alpha, self.steps, self.rates, self.positive = alpha, steps, rates, positive
        P = arguments.size("model.n_params", arguments.attribute(model, "n_params"))
        if rates == "block" and arguments.attribute(model, "blocks") is None:
            raise ValueError("rates is 'block' and the model has no blocks; expected model.blocks, "
                             "[(name, shape), ...], or other rates")
        theta = layout_of(arguments.attribute(model, "blocks"), P)
        shape = {"one": (1,), "block": (len(theta),), "parameter": (P,), "step": (steps, P)}[rates]
        name = "log rates" if positive else "rates"
        self.layout = Layout([*theta.blocks, (name, shape)])
        self.starts = [part.start for part in theta.slices]  # of the blocks
        block_sizes = [part.stop - part.start for part in theta.slices]
        self.of_each_rate = [P] if rates == "one" else block_sizes  # so many parameters

    @property
    def n_params(self):
        """The length of ω: P, and the number of rates."""
        return self.layout.size

    @property
    def blocks(self):
        """The model's blocks and the rates."""
        return self.layout.blocks

    def init(self, rng, dtype=np.float64, scheme=None):
        """Draw θ as the model does; every rate starts at alpha.  ValueError where it cannot."""
        theta = super().init(rng, dtype, scheme)
        alpha = arguments.number_held("alpha", self.alpha, theta.dtype)
        start = np.log(alpha) if self.positive else alpha
        return np.concatenate([theta, np.full(self.n_params - theta.size, start, theta.dtype)])

    def split(self, omega):
        """θ (..., P) and α, a list of one (..., P) for each step."""
        P = self.model.n_params
        rates = np.exp(omega[..., P:]) if self.positive else omega[..., P:]
        if self.rates == "step":
            return omega[..., :P], np.split(rates, self.steps, axis=-1)
        if self.rates in ("one", "block"):
            rates = np.repeat(rates, self.of_each_rate, axis=-1)
        return omega[..., :P], [rates] * self.steps

    def adapt(self, omega, x, y):
        """θ_S (T, P) and its pullback, v (T, P) -> (T, n_params)."""
        theta, pullback = self.unrolled(omega, x, y)
        return theta, lambda v: np.concatenate(pullback(v), axis=-1)

    def sums(self, omega, x, y, x_query, y_query):
        """The sums over some tasks of the query losses, a number, and of their gradients in ω."""
        if self.steps == 1 and (fast := shortcut(self.model, "one_step_sums")):
            theta, alpha = self.split(omega)
            if found := fast(theta, alpha[0], x, y, x_query, y_query):
                loss, of_theta, of_alpha = found
                return loss, np.concatenate([of_theta, self.of_rates([of_alpha], alpha)])
        theta, pullback = self.unrolled(omega, x, y)
        query = pass_at(self.model, theta, x_query, y_query)
        parts = pullback(query.gradient())  # summed before they are joined: sooner
        return query.loss().sum(), np.concatenate([part.sum(axis=0) for part in parts])

    def unrolled(self, omega, x, y):
        """θ_S (T, P) and its pullback in two parts, v (T, P) -> (T, P), (T, R): θ's, the rates'."""
        omega, x, y = self.check(omega, x, y)
        theta, alpha = self.split(omega)
        points, gradients = [], []
        for k in range(self.steps):
            points.append(pass_at(self.model, theta, x, y))
            gradients.append(points[k].gradient())  # (T, P)
            theta = theta - alpha[k] * gradients[k]  # (T, P)  [METASGD.1]

        def pullback(v):
            of_alpha = [None] * self.steps
            for k in reversed(range(self.steps)):
                of_alpha[k] = -gradients[k] * v  # (T, P)  [METASGD.2]
                v = v - points[k].hvp(alpha[k] * v)  # (T, P)  [METASGD.3]
            return v, self.of_rates(of_alpha, alpha)

        return theta, pullback

    def of_rates(self, of_alpha, alpha):
        """The gradients of each step's rates, S times (..., P), summed into those there are."""
        if self.positive:
            of_alpha = [one * rates for one, rates in zip(of_alpha, alpha)]  # [METASGD.4]
        if self.rates == "step":
            return np.concatenate(of_alpha, axis=-1)  # (T, S P)
        total = sum(of_alpha)  # (T, P)
        if self.rates == "one":
            return total.sum(axis=-1, keepdims=True)  # (T, 1)
        if self.rates == "block":
            return np.add.reduceat(total, self.starts, axis=-1)  # (T, B)
        return total

    def trajectory(self, omega, x, y, steps):
        """Yield θ_0 (P,), then θ_1 ... θ_steps (T, P)."""
        omega, x, y = self.check(omega, x, y)
        theta, alpha = self.split(omega)
        yield theta
        steps = arguments.whole_number("steps", steps, minimum=0)
        for k in range(steps):
            rates = alpha[min(k, self.steps - 1)]
            theta = theta - rates * pass_at(self.model, theta, x, y).gradient()
            yield theta
