"""The exercises of lesson 16, Which, when."""

from . import exercise
from .feedback import judge, rounded


def _cosine_rungs(candidate):
    def rung(title, cosine, ratio):
        expected = ratio * cosine**2 / (1 - cosine**2)

        def mistakes():
            return [(ratio * (1 - cosine**2) / cosine**2, "upside down: a cosine nearer to 1 needs "
                                                          "more tasks"),
                    (ratio * cosine / (1 - cosine), "[NOISE.1] has a root: square both sides"),
                    *rounded(expected),
                    (ratio / (1 - cosine**2), "the factor cos² is missing: solve 1 + ρ/T = "
                                              "1/cos²"),
                    (cosine**2 / (1 - cosine**2) / ratio, "more noise needs more tasks, not fewer")]

        return title, lambda: judge(candidate(cosine, ratio), expected, title, "NOISE.1", mistakes)

    return [rung("cos 0.9", 0.9, 8.0), rung("cos 0.5", 0.5, 30.0)]


@exercise("NOISE.1", check=_cosine_rungs, hints=[
    "Square [NOISE.1] and turn it over: $1/\\cos^2 = 1 + \\rho/T$.",
    "$\\rho / T = (1 - \\cos^2) / \\cos^2$."])
def tasks_for_a_cosine(cosine, ratio):
    """How many tasks T a batch needs for that cosine with the mean meta-gradient.  [NOISE.1]

    cosine: between 0 and 1.  ratio: ρ, noise over signal of one task.  Returns a number,
    not rounded.
    """
    return ratio * cosine**2 / (1 - cosine**2)


def _pay_rungs(candidate):
    def rung(title, training, adapting, scratch):
        expected = training / (scratch - adapting)

        def mistakes():
            return [(training / scratch, "each new task still costs its adaptation"),
                    (training / (scratch + adapting), "what a task saves is a difference"),
                    *rounded(expected),
                    ((scratch - adapting) / training, "upside down")]

        return title, lambda: judge(candidate(training, adapting, scratch), expected, title,
                                    "COST.1", mistakes)

    return [rung("cheap adaptation", 1e6, 500.0, 5000.0), rung("a small gain", 1e4, 37.0, 60.0)]


@exercise("COST.1", check=_pay_rungs, hints=[
    "With $n$ tasks meta-learning costs $M + n a$, and learning each from scratch $n s$.",
    "$M + n a = n s$ has the solution $n = M / (s - a)$."])
def tasks_until_it_pays(training, adapting, scratch):
    """From how many new tasks on meta-learning costs less than scratch.  [COST.1]

    training: the work of meta-training, M.  adapting, scratch: the work for one new task, a < s.
    Returns a number, not rounded.
    """
    return training / (scratch - adapting)
