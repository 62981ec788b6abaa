"""Figures of the further methods, tasks and losses, on three seeds: makes tests/results/README.md.

    python tests/further_results.py                  run every row (about an hour), write the page
    python tests/further_results.py ridge moons      run these rows anew
    python tests/further_results.py --page           write the page from what was measured before

A row is a function of a seed that returns name -> number.  Held-out tasks are 600, from another
stream than training's.  Where methods are compared on classes, each one's step size is chosen on a
third stream.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import tinymeta as tm  # noqa: E402

KEPT = Path(__file__).resolve().parent / "results" / "further.json"
PAGE = KEPT.with_name("README.md")
SINES, TEST, CHOICE = tm.SinusoidTasks(), 600, 601


def trained(method, tasks, seed, iterations, optimizer=None, n_tasks=25, K=10, Q=10):
    """ω after meta-training in single precision."""
    rng = np.random.default_rng(seed)
    omega = method.init(rng, np.float32)
    optimizer = tm.Adam(1e-3) if optimizer is None else optimizer
    for step in tm.meta_train(method, tasks, omega, optimizer, iterations, rng, n_tasks, K, Q):
        omega = step.omega
    return omega


def falling(rate, iterations, max_norm=None):
    return tm.Adam(tm.linear_schedule(rate, 0.0, iterations), max_norm=max_norm)


def curve(method, omega, tasks, seed, K=10, Q=None, steps=10, metric=None, stream=TEST):
    """The AdaptationCurve on 600 held-out tasks."""
    rng = np.random.default_rng([seed, stream])
    return tm.evaluate(method, omega, tasks, rng, 600, K, Q, steps=steps, metric=metric)


def on_sines(method, seed, iterations):
    """10-shot and 5-shot errors after the trained step and after ten."""
    omega, found = trained(method, SINES, seed, iterations), {}
    for K in (10, 5):
        c = curve(method, omega, SINES, seed, K)
        found |= {f"{K}-shot": c.mean[1], f"{K}-shot median": c.median[1],
                  f"{K}-shot, 10 steps": c.mean[-1], f"{K}-shot, diverged": int(c.n_diverged[-1])}
    return found, omega


def meta_sgd(rates="parameter", positive=False, iterations=20_000):
    def row(seed):
        method = tm.MetaSGD(tm.FastMLP([1, 40, 40, 1]), rates=rates, positive=positive)
        found, omega = on_sines(method, seed, iterations)
        if rates == "parameter" and not positive:
            found["negative rates"] = float((omega[method.model.n_params:] < 0).mean())
        return found
    return row


def plain(make, iterations):
    return lambda seed: on_sines(make(), seed, iterations)[0]


class OverFive:
    """Sine waves with inputs and targets over 5."""

    def sample(self, rng, *sizes):
        batch = SINES.sample(rng, *sizes)
        arrays = (batch.x_support, batch.y_support, batch.x_query, batch.y_query)
        return tm.Batch(*(array / 5 for array in arrays))


def memory(kind):
    def row(seed):
        method, tasks = tm.Memory(kind(1, 40, 1)), OverFive()
        omega = trained(method, tasks, seed, 10_000, falling(5e-3, 10_000, 1.0))
        c = curve(method, omega, tasks, seed)
        return {"after 5 shots": 25 * c.mean[5], "after 10 shots": 25 * c.mean[10]}
    return row


class Decayed:
    """An optimizer to whose gradient that of ½ decay |ω|² is added, before it clips."""

    def __init__(self, optimizer, decay):
        self.optimizer, self.decay = optimizer, decay

    def step(self, omega, gradient):
        return self.optimizer.step(omega, gradient + self.decay * omega)


class Classes:
    """Accuracy after three steps of MAML and first-order MAML at `alpha`; and of these, and of
    the baselines if asked for, each at its own best α of `alpha` and `alphas`."""

    def __init__(self, tasks, make, alpha, alphas, steps, rate, iterations, K=10, Q=10, n_tasks=25,
                 max_norm=None, decay=0.0, baselines=True):
        self.tasks, self.make, self.steps, self.K, self.Q = tasks, make, steps, K, Q
        self.alpha, self.alphas = alpha, sorted({alpha, *alphas})
        self.rate, self.iterations, self.n_tasks = rate, iterations, n_tasks
        self.max_norm, self.decay, self.baselines = max_norm, decay, baselines

    def __call__(self, seed):
        found = {}
        for name, at in self.methods(seed).items():
            tried = {a: at(a) for a in self.alphas}
            if name in ("MAML", "first-order"):
                found[name] = tried[self.alpha][TEST][3]
            best = best_of(tried, 3)
            found |= {f"{name}, best α": tried[best][TEST][3], f"{name}'s best α": best}
            if self.steps == 1:
                found[f"{name}, after one step, best α"] = tried[best_of(tried, 1)][TEST][1]
        return found | {"nearest neighbour": nearest(self.tasks, seed, self.K, self.Q)}

    def methods(self, seed):
        """name -> a function of α that trains and returns its accuracies (see `score`)."""
        everything = self.K + self.Q  # what learns from support sets alone gets all points there

        def maml(a, first_order=False):
            return self.trained(tm.MAML(self.make(), a, self.steps, first_order), seed)

        def reptile(a):
            return self.trained(tm.Reptile(self.make(), a, 3), seed, everything, 1)

        def tuned(model, omega):
            return lambda a: self.score(tm.JointTraining(model, a), omega, seed)

        found = {"MAML": maml, "first-order": lambda a: maml(a, first_order=True)}
        if not self.baselines:
            return found
        model = self.make()
        joint = self.omega(tm.JointTraining(model), seed, everything, 1)
        scratch = model.init(np.random.default_rng(seed), np.float32)
        linear = tm.Linear(model.d_in, model.d_out, loss=model.loss_function)
        zero = np.zeros(linear.n_params, np.float32)
        return found | {"Reptile": reptile, "joint, fine-tuned": tuned(model, joint),
                        "from scratch": tuned(model, scratch), "linear": tuned(linear, zero)}

    def omega(self, method, seed, K, Q):
        """ω after meta-training."""
        optimizer = Decayed(falling(self.rate, self.iterations, self.max_norm), self.decay)
        return trained(method, self.tasks, seed, self.iterations, optimizer, self.n_tasks, K, Q)

    def trained(self, method, seed, K=None, Q=None):
        """The accuracies after meta-training; 0 where it diverged."""
        try:
            omega = self.omega(method, seed, K or self.K, Q or self.Q)
        except tm.DivergenceError:
            return {CHOICE: np.zeros(4), TEST: np.zeros(4)}
        return self.score(method, omega, seed)

    def score(self, method, omega, seed):
        """Accuracies after 0 ... 3 steps on each of the two streams of tasks, stream -> (4,)."""
        return {stream: curve(method, omega, self.tasks, seed, self.K, self.Q, 3, tm.accuracy,
                              stream).mean for stream in (CHOICE, TEST)}


def best_of(tried, steps):
    """The α of {α: accuracies} that is best after so many steps on the tasks to choose by."""
    return max(tried, key=lambda a: tried[a][CHOICE][steps])


def nearest(tasks, seed, K, Q):
    """The accuracy of taking the nearest support point's label."""
    b = tasks.sample(np.random.default_rng([seed, TEST]), 600, K, Q)
    apart = ((b.x_query[:, :, np.newaxis] - b.x_support[:, np.newaxis]) ** 2).sum(axis=-1)
    y = np.take_along_axis(b.y_support, apart.argmin(axis=-1)[..., np.newaxis], axis=1)
    return float((y == b.y_query).all(axis=-1).mean())


def prototypes(seed):
    method, tasks = tm.Prototypes(tm.FastMLP([64, 64, 64, 16])), tm.GlyphTasks()
    omega = trained(method, tasks, seed, 2_000, falling(3e-3, 2_000), 16, 1, 5)
    return {"accuracy": curve(method, omega, tasks, seed, 1, 5, 0, tm.accuracy).mean[0]}


class Outliers:
    """Sine waves with noise 0.3, and one support target in ten off by 5 up or down."""

    def sample(self, rng, *sizes):
        b = tm.SinusoidTasks(noise=0.3).sample(rng, *sizes)
        hit = rng.random(b.y_support.shape) < 0.1
        off = 5 * rng.choice([-1.0, 1.0], b.y_support.shape)
        return tm.Batch(b.x_support, b.y_support + hit * off, b.x_query, b.y_query)


def robust(seed):
    """Adapted by one loss, judged by squared error, on a tanh and on a ReLU network."""
    found = {}
    for activation, remark in (("tanh", ""), ("relu", "ReLU, ")):
        for loss in (tm.squared_error, tm.huber(1.0), tm.epsilon_insensitive(0.1)):
            model = tm.FastMLP([1, 40, 40, 1], activation, loss=loss)
            method = tm.MAML(model, 0.02, 3, query_loss=tm.squared_error)
            omega = trained(method, Outliers(), seed, 1_500, falling(3e-3, 1_500, 10.0))
            c = curve(method, omega, Outliers(), seed)
            found |= {f"{remark}{loss.name}, 3 steps": c.mean[3],
                      f"{remark}{loss.name}, 10 steps": c.mean[10]}
    return found


def implicit(seed):
    """The loss at the optimum of 100 tasks, of a short run and without one."""
    method, tasks = tm.ImplicitMAML(tm.FastMLP([1, 40, 40, 1], "tanh"), 1.0), SINES
    untrained = method.init(np.random.default_rng(seed), np.float32)
    omega = trained(method, tasks, seed, 100, tm.Adam(1e-2), 5)
    batch = tasks.sample(np.random.default_rng([seed, TEST]), 100, 10, 10)
    return {"10-shot": method.meta_loss(omega, batch),
            "10-shot, untrained": method.meta_loss(untrained, batch)}


def cost(seed):
    """The time of a meta-gradient over MAML's: medians of calls that take turns, single precision.
    """
    found, rng = {}, np.random.default_rng(seed)
    for kind in (tm.MLP, tm.FastMLP):
        model, context = kind([1, 40, 40, 1]), tm.ContextMLP([1, 40, 40, 1], 4, network=kind)
        methods = {"MAML": tm.MAML(model), "Meta-SGD": tm.MetaSGD(model), "ANIL": tm.ANIL(model),
                   "CAVIA": tm.CAVIA(context), "ridge head": tm.RidgeHead(model)}
        omegas = {name: method.init(rng, np.float32) for name, method in methods.items()}
        for T in (25, 1):
            batch, times = SINES.sample(rng, T), {name: [] for name in methods}
            for _ in range(1_000):
                for name, method in methods.items():
                    start = time.perf_counter()
                    method.meta_gradient(omegas[name], batch)
                    times[name].append(time.perf_counter() - start)
            medians = {name: np.median(some) for name, some in times.items()}
            tasks = "25 tasks" if T > 1 else "one task"
            found |= {f"{kind.__name__}, {tasks}: {name}": medians[name] / medians["MAML"]
                      for name in methods if name != "MAML"}
    return found


def network(*widths, loss=tm.squared_error):
    return lambda: tm.FastMLP(list(widths), loss=loss)


SIGNS = tm.MoonTasks(labels="signs")
ROWS = {
    "maml": ("MAML, one step, 20,000 iterations", plain(
        lambda: tm.MAML(network(1, 40, 40, 1)()), 20_000)),
    "metasgd": ("Meta-SGD, a free rate for each parameter, 20,000", meta_sgd()),
    "metasgd-long": ("Meta-SGD, the same, 70,000", meta_sgd(iterations=70_000)),
    "metasgd-positive": ("Meta-SGD, positive rates, 20,000", meta_sgd(positive=True)),
    "metasgd-one": ("Meta-SGD, one rate, 20,000", meta_sgd("one")),
    "metasgd-block": ("Meta-SGD, a rate for each block, 20,000", meta_sgd("block")),
    "cavia": ("CAVIA, 4 context numbers, α = 1, 10,000", plain(
        lambda: tm.CAVIA(tm.ContextMLP([1, 40, 40, 1], 4, network=tm.FastMLP)), 10_000)),
    "anil": ("ANIL, α = 0.01, 10,000", plain(lambda: tm.ANIL(network(1, 40, 40, 1)()), 10_000)),
    "ridge": ("ridge head, learned strength, 10,000", plain(
        lambda: tm.RidgeHead(network(1, 40, 40, 1)()), 10_000)),
    "implicit": ("implicit MAML, tanh, λ = 1, 100 iterations of 5 tasks, rate 0.01", implicit),
    "memory": ("memory, 40 tanh units, 10,000", memory(tm.RNN)),
    "gru": ("memory, a GRU of 40 units, 10,000", memory(tm.GRU)),
    "moons": ("moons, logistic, α 0.5, three steps, 3,000", Classes(
        tm.MoonTasks(), network(2, 20, 20, 1, loss=tm.logistic), 0.5, (0.1, 1.0, 2.0, 4.0, 8.0), 3,
        3e-3, 3_000)),
    "boundary": ("boundary, logistic, α 2, one step, 3,000", Classes(
        tm.BoundaryTasks(), network(10, 10, 1, loss=tm.logistic), 2.0,
        (0.03, 0.1, 0.25, 0.5, 1.0, 4.0, 8.0), 1, 5e-3, 3_000)),
    "glyphs": ("glyphs, 5-way 1-shot, softmax, α 0.4, three steps, 2,000", Classes(
        tm.GlyphTasks(), network(64, 64, 64, 5, loss=tm.softmax), 0.4,
        (0.05, 0.1, 0.2, 1.0, 2.0), 3, 3e-3, 2_000, 1, 5, 16)),
    "prototypes": ("glyphs, 5-way 1-shot, prototypes in 16 features, 2,000", prototypes),
    "squared-hinge": ("moons, squared hinge, α 0.1, clip 1, decay 0.001, three steps, 3,000",
                      Classes(SIGNS, network(2, 20, 20, 1, loss=tm.squared_hinge), 0.1,
                              (0.03, 0.25), 3, 3e-3, 3_000, max_norm=1.0, decay=1e-3,
                              baselines=False)),
    "hinge": ("moons, hinge, α 0.25, clip 1, three steps, 3,000", Classes(
        SIGNS, network(2, 20, 20, 1, loss=tm.hinge), 0.25, (0.1, 0.5), 3, 3e-3, 3_000,
        max_norm=1.0, baselines=False)),
    "robust": ("sines with outliers, tanh, adapted by a loss, judged by squared error, 1,500",
               robust),
    "cost": ("time of a meta-gradient over MAML's, one step, one thread", cost),
}
REFERENCE = {
    "maml": {"10-shot": "0.41, 0.41", "5-shot": "0.69, 0.68"},
    "metasgd": {"10-shot": "0.27, 0.25, 0.26", "5-shot": "0.51, 0.44, 0.48",
                "negative rates": "0.43 to 0.46"},
    "metasgd-long": {"10-shot": "0.227, 0.218", "5-shot": "0.41, 0.40"},
    "metasgd-positive": {"10-shot": "0.27, 0.23, 0.25", "10-shot, diverged": "0",
                         "10-shot, 10 steps": "0.042, 0.024, 0.032"},
    "metasgd-one": {"10-shot": "0.46, 0.49"},
    "metasgd-block": {"10-shot": "0.37, 0.30"},
    "cavia": {"10-shot": "0.24, 0.24, 0.22", "10-shot, 10 steps": "0.044, 0.038, 0.030"},
    "anil": {"10-shot": "1.04", "5-shot": "1.51"},
    "ridge": {"10-shot": "0.012, 0.011, 0.018", "5-shot median": "0.03, 0.02, 0.08"},
    "implicit": {"10-shot": "0.118 after 2,000 iterations"},
    "memory": {"after 5 shots": "0.53, 0.73, 0.45", "after 10 shots": "0.19, 0.24, 0.20"},
    "gru": {"after 5 shots": "0.21", "after 10 shots": "0.06"},
    "moons": {"MAML": "0.981", "first-order": "0.91, 0.92", "Reptile, best α": "0.89",
              "joint, fine-tuned, best α": "0.78", "from scratch, best α": "0.80",
              "nearest neighbour": "0.91"},
    "boundary": {"MAML": "0.869", "first-order": "0.82", "Reptile, best α": "0.825",
                 "joint, fine-tuned, best α": "0.63", "from scratch, best α": "0.67",
                 "linear, best α": "0.74"},
    "glyphs": {"MAML": "0.805", "first-order": "0.45 to 0.56", "first-order, best α": "0.706",
               "first-order's best α": "0.1", "Reptile, best α": "0.63",
               "joint, fine-tuned, best α": "0.24", "from scratch, best α": "0.46",
               "nearest neighbour": "0.62"},
    "squared-hinge": {"MAML": "0.980", "first-order": "0.85 to 0.92"},
    "hinge": {"MAML": "0.977", "first-order": "0.952"},
    "robust": {"squared error, 3 steps": "1.09", "squared error, 10 steps": "1.38",
               "huber(1), 3 steps": "0.56", "huber(1), 10 steps": "0.72",
               "epsilon_insensitive(0.1), 3 steps": "1.08",
               "epsilon_insensitive(0.1), 10 steps": "1.34"}}
REMARKS = {
    "boundary": """
At α = 2 MAML leads first-order MAML by more than 0.03.  With a smaller step both do better: each
at its own best, the lead is still about 0.03 after the one step that they were trained for, and
about 0.01 after the third.
""",
    "cost": """
On a FastMLP one step of MAML and of Meta-SGD has a form of its own (tinymeta/fast/one_step.py).
""",
    "robust": """
Huber's loss halves the error of squared error, on either network; the tube does not help.  The
ReLU network, trained as the other, ends with about twice its error.
"""}
HEAD = """# Results of the further methods

Made by `python tests/further_results.py`; one row alone by its name, as in
`python tests/further_results.py {first}`.  Each number is for the seeds {seeds}, on 600 held-out
tasks.  Sine waves as in the protocol finn2017, He's initialisation, Adam 0.001; classes and memory
with a rate falling to 0.  "inf" and huge means are the work of tasks whose adaptation diverges:
their number stands beside them.  "best α" is the best of a few on other tasks than these.  The
reference is of other implementations, with automatic differentiation; several numbers are seeds.
"""


def page(kept, seeds):
    """The page's text."""
    lines = [HEAD.format(first=next(iter(ROWS)), seeds=", ".join(map(str, seeds)))]
    for name, rows in kept.items():
        titles = " | ".join(f"seed {seed}" for seed in seeds)
        lines += ["", f"## {name}: {ROWS[name][0]}", REMARKS.get(name, ""),
                  f"| | {titles} | reference |", "|---" * (len(seeds) + 2) + "|"]
        for key in rows[0]:
            write = "{:g}".format if key.endswith("'s best α") else short
            cells = [write(row[key]) for row in rows] + [REFERENCE.get(name, {}).get(key, "")]
            lines.append(f"| {key} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def short(value):
    if isinstance(value, (int, str)):
        return str(value)
    return f"{value:.3f}" if abs(value) < 100 else f"{value:.0e}"


def kept_number(value):
    """A number as the JSON file keeps it; infinite ones as text."""
    if isinstance(value, int):
        return value
    return round(float(value), 4) if np.isfinite(value) else str(value)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], help="all by default")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--page", action="store_true")
    arguments = parser.parse_args()
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    for name in [] if arguments.page else arguments.rows or ROWS:
        kept[name] = []
        for seed in arguments.seeds:
            found = ROWS[name][1](seed)
            kept[name].append({key: kept_number(value) for key, value in found.items()})
            print(name, seed, kept[name][-1], flush=True)
        kept = {row: kept[row] for row in ROWS if row in kept}
        KEPT.write_text(json.dumps(kept, indent=1) + "\n")
    PAGE.write_text(page(kept, arguments.seeds), encoding="utf-8")


if __name__ == "__main__":
    main()
