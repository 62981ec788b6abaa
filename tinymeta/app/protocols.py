"""Protocols: the settings of published experiments, and of a quick one.

    finn2017     Finn et al. 2017, Sec. 5.1: A ~ U[0.1, 5], ψ ~ U[0, π], x ~ U[-5, 5];
                 MLP 1-40-40-1, ReLU; one inner step, α = 0.01; Adam.  From the reference code:
                 rate 0.001, 25 tasks of 10 + 10 points, 70,000 iterations; 600 test tasks, 10
                 inner steps.  α is the paper's; the reference code's command leaves it at 0.001.
    reptile2018  The demonstration script published with Nichol et al. 2018 (J. Schulman,
                 reptile-sinewaves-demo.py; the paper's own network has ReLU): 50 grid points,
                 A ~ U[0.1, 5], ψ ~ U[0, 2π]; MLP 1-64-64-1, tanh, PyTorch's initialisation; one
                 task in an iteration, one epoch of five minibatches of 10, inner step 0.02;
                 outer step 0.1 falling linearly to 0; 30,000 iterations.  Tested with 10 points,
                 32 inner steps, on all 50.
    moons, boundary, glyphs
                 Classification tasks of our own, with settings of our own.
    measured     Curves from a file, standardised, with settings of our own.
    quick        finn2017 in 6,000 iterations, with Adam's rate falling linearly from 0.01 to 0,
                 so that everything ends within a minute.  Xavier's initialisation: at this rate
                 He's leaves most ReLU units dead (lesson 9), which 70,000 at 0.001 do not.

Departures.  finn2017: He initialisation; the reference code draws N(0, 0.01²), truncated, as
init="truncated_normal" does.  reptile2018: 600 test tasks and an interval where the demonstration
shows one task, and 10 different points where it may draw one twice.  Methods that a source did
not run get its tasks, its network, its number of iterations and as many points of each task: MAML
splits them into support and query, joint training and Reptile learn from all.  That budget counts
data, not work: Reptile takes five inner gradients where MAML takes one.  All are adapted with the
same α at test time (Finn et al. tune it for joint training, Sec. 5.1), each step on all support
points.  The oracle is not adapted: it has been told the task.
"""

from dataclasses import replace

import numpy as np

from .recipes import METHODS
from .settings import Settings


def finn2017(method="maml"):
    """The settings of Finn et al. 2017 for one method."""
    return Settings(method, **METHODS[method].own_settings)


def quick(method="maml"):
    """finn2017 in 6,000 iterations, at ten times the rate, falling to 0: seconds, not minutes."""
    return replace(finn2017(method), iterations=6_000, learning_rate=0.01, decay=True,
                   init="xavier", eval_shots=(10,))


def reptile2018(method="reptile"):
    """The settings of Reptile's sine demonstration for one method; others than Reptile get Adam."""
    settings = Settings(
        method, shots=10, queries=40, alpha=0.02, iterations=30_000, n_tasks=1, decay=True,
        widths=(1, 64, 64, 1), activation="tanh", init="uniform", phase=(0.0, 2 * np.pi), grid=50,
        eval_shots=(10,), eval_queries=50, eval_steps=32)
    if method == "reptile":
        settings = replace(settings, optimizer="sgd", learning_rate=0.1)
    return replace(settings, **METHODS[method].own_settings)


def moons(method="maml"):
    """Half-moons, ten points of each task, three inner steps."""
    return _own(method, "moons", widths=(2, 20, 20, 1), alpha=0.5, learning_rate=3e-3)


def boundary(method="maml"):
    """Sides of a hyperplane in ten dimensions, ten points of each task, one inner step."""
    return _own(method, "boundary", widths=(10, 10, 1), alpha=2.0, learning_rate=5e-3,
                inner_steps=1)


def glyphs(method="maml"):
    """Five new characters, one example of each, three inner steps."""
    return _own(method, "glyphs", widths=(64, 64, 64, 5), alpha=0.4, learning_rate=3e-3,
                loss="softmax", shots=1, queries=5, n_tasks=16, iterations=2_000,
                eval_shots=(1,), eval_queries=5)


def measured(method="maml"):
    """Curves from a file, ten points of each task to adapt to; --tasks says which file."""
    return _own(method, "measured", widths=(1, 40, 40, 1), activation="tanh", alpha=0.03,
                learning_rate=3e-3, max_norm=10.0, loss="squared_error")


def _own(method, tasks, **changes):
    common = {"iterations": 3_000, "decay": True, "eval_shots": (10,), "inner_steps": 3,
              "loss": "logistic"}
    recipe = METHODS[method]
    own = {name: value for name, value in recipe.own_settings.items() if name != "alpha"}
    if recipe.network == "rnn":
        own["widths"] = (changes["widths"][0], 40, changes["widths"][-1])
    return Settings(method, tasks=tasks, **{**common, **changes, **own})


OWN = ("moons", "boundary", "glyphs", "measured")
PROTOCOLS = {"quick": quick, "finn2017": finn2017, "reptile2018": reptile2018, "moons": moons,
             "boundary": boundary, "glyphs": glyphs, "measured": measured}
