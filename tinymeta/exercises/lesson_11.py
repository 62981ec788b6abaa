"""The exercises of lesson 11, Learned step sizes."""

import numpy as np

from . import exercise
from .feedback import judge


def _decaying_rungs(candidate):
    def rung(title, S, P, alpha, decay):
        G = np.random.default_rng(S).standard_normal((S, P))
        powers, k = decay ** np.arange(S), np.arange(S)
        totals = G.sum(axis=1)
        slope = alpha * (k[1:] * decay ** (k[1:] - 1)) @ totals[1:]
        expected = np.array([powers @ totals, slope])

        def mistakes():
            return [(np.array([totals.sum(), slope]), "each step's gradient has the factor ρ^k, "
                                                      "since α moves that step's rate by ρ^k"),
                    (np.array([alpha * powers @ totals, slope]),
                     "the derivative of α ρ^k by α is ρ^k, without the α"),
                    (np.array([powers @ totals, slope / alpha]), "the factor α is missing in the "
                                                                 "derivative by ρ"),
                    (np.array([powers @ totals, alpha * powers @ totals]),
                     "the derivative of ρ^k by ρ is k ρ^(k-1)"),
                    (np.array([powers @ totals, slope * decay]),
                     "the derivative of ρ^k by ρ is k ρ^(k-1), one power less"),
                    (np.array([powers @ totals, alpha * powers[:-1] @ totals[1:]]),
                     "the derivative of ρ^k by ρ has the factor k"),
                    (np.array([decay * powers @ totals, alpha * ((k + 1) * powers) @ totals]),
                     "k counts from 0: the first step's rate is α"),
                    (expected[::-1], "the right numbers the other way round: first by α, "
                                     "then by ρ")]

        return title, lambda: judge(candidate(G, alpha, decay), expected, title, "METASGD.2",
                                    mistakes)

    return [rung("three steps", 3, 4, 0.3, 0.5), rung("five steps", 5, 2, 0.02, 0.9)]


@exercise("METASGD.2", check=_decaying_rungs, hints=[
    "Write the rate of step $k$ as a function of $(\\alpha, \\rho)$ and use the chain rule: the "
    "sum over the steps of (gradient in that step's rate) times (derivative of that rate).",
    "Of $\\alpha \\rho^k$: by $\\alpha$ it is $\\rho^k$, by $\\rho$ it is "
    "$k\\, \\alpha\\, \\rho^{k-1}$, which is 0 for $k = 0$."])
def decaying_rate_gradient(of_rates, alpha, decay):
    """The gradient in (α, ρ) where step k has the rate α ρ^k for all parameters.  [METASGD.2]

    of_rates: the gradient in every rate of every step, (S, P).  decay: ρ.  Returns two numbers.
    """
    # your turn
    k, totals = np.arange(len(of_rates)), of_rates.sum(axis=1)  # (S,)
    by_decay = k[1:] * alpha * decay ** (k[1:] - 1)  # (S - 1,)
    return decay**k @ totals, by_decay @ totals[1:]


def _best_rungs(candidate):
    rng = np.random.default_rng(3)

    def rung(title, lam, weights):
        expected = weights @ lam / (weights @ lam**2)

        def mistakes():
            return [(weights @ (1 / lam) / weights.sum(), "that is the mean of 1/λ: best for each "
                                                          "direction by itself, not for the sum"),
                    (lam.sum() / (lam @ lam), "the shares w are missing"),
                    (weights.sum() / (weights @ lam), "the derivative of (1 - αλ)² brings down a "
                                                      "λ: Σ w λ (1 - αλ) = 0"),
                    (2 / (lam.max() + lam.min()), "that makes the largest factor smallest; asked "
                                                  "is the weighted sum of squares")]

        return title, lambda: judge(candidate(lam, weights), expected, title, "METASGD.6",
                                    mistakes)

    return [rung("five directions", rng.uniform(0.5, 4, 5), rng.dirichlet(np.ones(5))),
            rung("two directions", np.array([1.0, 3.0]), np.array([0.2, 0.8]))]


@exercise("METASGD.6", check=_best_rungs, hints=[
    "What is left is $\\sum_i w_i (1 - \\alpha\\lambda_i)^2$, a parabola in $\\alpha$. Where is "
    "its derivative zero?",
    "$-2 \\sum_i w_i \\lambda_i (1 - \\alpha\\lambda_i) = 0$."])
def best_single_rate(lam, weights):
    """The one α that leaves the smallest Σ w_i (1 - α λ_i)² after one step.  [METASGD.6]

    lam: eigenvalues λ (n,).  weights: the squared error's shares w (n,).  Returns one number.
    """
    return weights @ lam / (weights @ lam**2)  # where the derivative of [METASGD.6] is 0
