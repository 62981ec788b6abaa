"""The exercises of lesson 15, Memory."""

import numpy as np

from .. import RNN
from . import exercise
from .feedback import judge


def _one_unit(K):
    """One tanh unit over K times: w, c, the states h and those before, e, and ∂L/∂w."""
    rng = np.random.default_rng(K)
    model = RNN(1, 1, 1)
    theta = np.array([0.4, -0.7, 0.8, 0.1, 1.2, -0.3])  # U (2 entries), W, b, C, c
    x, y = rng.uniform(-1, 1, (2, K, 1))
    point = model.at(theta, x, y)
    e = model.loss_function.gradient(point.f, y)  # (K, 1)
    w, C = theta[2], theta[4]
    return w, C, point.h[:, 0], point.before[:, 0], e[:, 0], point.gradient()[2]


def _walked(w, C, before, h, e, through_time=1.0, slope=True, factor=None):
    """∂L/∂w by a walk backwards, with one thing done otherwise."""
    slopes = 1 - h**2 if slope else np.ones_like(h)
    factor, total, delta = before if factor is None else factor, 0.0, 0.0
    for t in reversed(range(len(h))):
        delta = (C * e[t] + through_time * delta) * slopes[t]
        total = total + factor[t] * delta
    return np.array([total])


def _time_rungs(candidate):
    def rung(title, K):
        w, C, h, before, e, expected = _one_unit(K)

        def mistakes():
            given = w, C, before, h, e
            return [(_walked(*given), "δ_{t+1} reaches h_t without its factor w"),
                    (_walked(*given, through_time=0.0),
                     "what a state does to later states is missing: δ_{t+1} w"),
                    (_walked(*given, through_time=w, slope=False), "the factor 1 - h_t² is "
                                                                   "missing"),
                    (_walked(*given, through_time=w, factor=h),
                     "multiplied by h_t; what w multiplies at time t is h_{t-1}"),
                    (np.zeros(1), "is each product added to the total? The last of the walk alone "
                                  "is 0, as h_{-1} is"),
                    (_forwards(*given), "the walk goes forwards; δ_t needs δ_{t+1}, so it must "
                                        "start at the last time")]

        def check():
            found = np.atleast_1d(candidate(w, C, before, h, e))
            return judge(found, np.array([expected]), title, "RNN.5", mistakes)

        return title, check

    return [rung("three times", 3), rung("six times", 6)]


def _forwards(w, C, before, h, e):
    total, delta = 0.0, 0.0
    for t in range(len(h)):
        delta = (C * e[t] + w * delta) * (1 - h[t]**2)
        total = total + before[t] * delta
    return np.array([total])


@exercise("RNN.5", check=_time_rungs, hints=[
    "One walk from the last time to the first. It carries one number, $\\delta_{t+1}$, which is 0 "
    "at the start.",
    "At each time first `delta = (C * e[t] + w * delta) * ...` with the slope of tanh, then add to "
    "the total what $w$ multiplied at this time, `before[t]`, times `delta`."])
def gradient_of_w(w, C, before, h, e):
    """∂L/∂w of one unit over K times, a number.  [RNN.5]

    w: the weight from h_{t-1} to h_t.  C: the weight from h_t to f_t.  before, h: h_{t-1} and h_t
    at all times, (K,).  e: ∂L/∂f_t, (K,).
    """
    total = delta = 0.0
    # your turn
    for t in reversed(range(len(h))):
        delta = (C * e[t] + w * delta) * (1 - h[t]**2)  # δ_t, from δ_{t+1}
        total = total + before[t] * delta
    return total


def _counted(K, Q, d_in, H, d_out):
    """Multiplications, product by product: of K shots told, and of Q questions answered."""
    row_times = [(d_in + d_out, H), (H, H)]  # s_t U and h_{t-1} W
    told = sum(n * m for n, m in row_times)
    asked = sum(n * m for n, m in row_times + [(H, d_out)])  # and h_t C
    return K * told + Q * asked


def _count_rungs(candidate):
    def rung(title, K, Q, d_in, H, d_out):
        expected = _counted(K, Q, d_in, H, d_out)

        def mistakes():
            told, out = (d_in + d_out + H) * H, H * d_out
            return [(np.array([(K + Q) * (told + out)]), "a shot that is only told needs no "
                                                         "prediction: no h_t C for it"),
                    (np.array([K * told + Q * out]), "a question is read too: x_q goes through U, "
                                                     "and h through W, before C"),
                    (np.array([(K + Q) * (d_in + H) * H + Q * out]),
                     "the input is s_t: the target before is beside x_t"),
                    (np.array([(K + Q) * (d_in + d_out) * H + Q * out]), "h_{t-1} W is missing"),
                    (np.array([told * (K + Q)]), "Q H d_out too few: each question lacks h_t C, or "
                                                 "the target beside x_q in its s_t")]

        def check():
            found = np.atleast_1d(candidate(K, Q, d_in, H, d_out))
            return judge(found, np.array([float(expected)]), title, "RNN.1", mistakes)

        return title, check

    return [rung("ten shots, fifty questions", 10, 50, 3, 32, 2),
            rung("ten shots, no question", 10, 0, 3, 32, 2)]


@exercise("RNN.1", check=_count_rungs, hints=[
    "A row of $n$ numbers times an $n \\times m$ matrix costs $nm$ multiplications. Which matrices "
    "does a shot need that is told, and which a question?",
    "Told: $s_t U$ and $h_{t-1} W$. A question needs the same two, and then $h_t C$."])
def multiplications(K, Q, d_in, H, d_out):
    """How many multiplications of weights read K shots and then answer Q questions.  [RNN.1]

    Each question is asked alone, from the state after the K shots, as in [MEMORY.2].  d_in, d_out:
    the numbers in x_t and in y_t.  H: hidden units.  Biases, tanh and slopes do not count.
    """
    # your turn
    return (K + Q) * (d_in + d_out + H) * H + Q * H * d_out


def _effective_rungs(candidate):
    def rung(title, w, K):
        a = w ** np.arange(K)
        expected = np.array([a.sum()**2 / (a**2).sum()])

        def mistakes():
            return [(np.array([(1 + w) / (1 - w)]), "that is the limit of many shots; K is "
                                                    "missing"),
                    (np.array([a.sum()]), "the sum of the weights; its square is to be divided by "
                                          "the sum of their squares"),
                    (1 / expected, "upside down"),
                    (np.array([a.sum() / (a**2).sum()]), "the sum is to be squared"),
                    (a.sum()**2 * (1 - w) / (1 - w ** np.array([2 * K])),
                     "in the sum of squares the ratio is w²: 1 - w² stands below it"),
                    (np.array([(a.sum() + w**K)**2 / ((a**2).sum() + w**(2 * K))]),
                     "one shot too many: the ages are 0 ... K-1")]

        def check():
            found = np.atleast_1d(candidate(w, K))
            return judge(found, expected, title, "MEMORY.4", mistakes)

        return title, check

    return [rung("w = 0.8, ten shots", 0.8, 10), rung("w = 0.5, three shots", 0.5, 3),
            rung("w = 0.9, forty shots", 0.9, 40)]


@exercise("MEMORY.4", check=_effective_rungs, hints=[
    "Both sums are geometric: $\\sum_{j<K} w^j = (1 - w^K)/(1 - w)$. What is the ratio of one term "
    "of $\\sum_j w^{2j}$ to the one before it?",
    "$\\sum_{j<K} w^{2j} = (1 - w^{2K})/(1 - w^2)$. Then $1 - w^2 = (1 - w)(1 + w)$, and the same "
    "for $w^K$: most of it cancels."])
def effective_shots(w, K):
    """How many equal shots K shots with the weights 1, w, w², ... are worth.  [MEMORY.4]

    In closed form, without a sum or an array.  w: between 0 and 1.  K: a whole number.
    """
    # your turn
    return (1 - w**K) * (1 + w) / ((1 - w) * (1 + w**K))
