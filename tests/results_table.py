"""The results in README.md, from the reports that `python -m tinymeta --protocol ...` wrote.

The reports are in tests/results/, one a protocol and seed: copies of the results.json of

    python -m tinymeta --protocol finn2017 --seed 0        and seeds 1, 2
    python -m tinymeta --protocol reptile2018 --seed 0     and seeds 1, 2

In tests/results/again/ are reports of the first command, run later: on another processor, and
after a change of the code that altered nothing but the order of sums.

`python tests/results_table.py` writes the tables into README.md; a test holds the two equal.
"""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- results: made by tests/results_table.py -->\n", "<!-- end of results -->"
METHODS = {"MAML": "maml", "first-order MAML": "fomaml", "Reptile": "reptile",
           "joint training": "joint", "oracle": "oracle"}


def reports(protocol, folder=""):
    """The reports of a protocol, in the order of their seeds."""
    paths = sorted((ROOT / "tests" / "results" / folder).glob(f"{protocol}-seed*.json"))
    return [json.loads(path.read_text()) for path in paths]


def cell(runs, shots, name, key, step):
    """The seeds' values of one number, separated by slashes, or a dash where there is none."""
    values = [run["shots"][shots][name][key] for run in runs]
    if any(step >= len(v) for v in values):
        return "–"
    return "/".join(number(float(v[step]), key) for v in values)


def number(value, key):
    """Tasks as a whole number, errors with two digits, or as a power of ten where huge."""
    if key == "n_diverged":
        return f"{value:.0f}"
    return f"{value:.2f}" if value < 100 else f"{value:.0e}"


def table_of(runs, again, shots, steps, published=()):
    """One table: means after the steps, median and diverged after the last, by method."""
    heads = [f"{k} step{'s' * (k > 1)}" for k in steps] + ["median", "diverged"]
    last = steps[-1]
    columns = [("mean", k) for k in steps] + [("median", last), ("n_diverged", last)]
    yield f"| {shots}-shot | " + " | ".join(heads) + " |"
    yield "|---" * (len(heads) + 1) + "|"
    for name in METHODS:
        for which, title in ((runs, name), (again, f"{name}, again")):
            if name != "oracle" and which:
                cells = [cell(which, shots, name, *column) for column in columns]
                yield f"| {title} | " + " | ".join(cells) + " |"
    for name, values in published:
        yield f"| *{name}* | " + " | ".join(values) + " | | |"


def oracle_and_floor(runs):
    """A sentence on what knowledge of the task is worth."""
    shots = list(runs[0]["shots"])
    worst = max(float(run["shots"][s]["least squares"]["largest"][0])
                for run in runs for s in shots)
    oracle = cell(runs, shots[-1], "oracle", "mean", 0)
    return (f"The oracle, told amplitude and phase, has {oracle} without adaptation. The floor is "
            f"zero: least squares on (sin x, cos x) leaves at most {worst:.0e} on any task.")


def on_divergence(runs):
    """A sentence on the means that single tasks have ruined, where there are such."""
    last = [float(curves[name]["mean"][-1]) for run in runs for curves in run["shots"].values()
            for name in METHODS]
    if max(last) <= 10:
        return ""
    return (" A mean that is huge or inf is the work of a task or two out of 600 whose inner loop "
            "diverges, α being too large for their curvature: look at the median beside it.")


def seconds(runs):
    """A sentence on how long each method trained."""
    parts = [name + " " + "/".join(f"{run['seconds'][short]:.0f}" for run in runs)
             for name, short in METHODS.items()]
    return f"Seconds of meta-training: {', '.join(parts)}."


def widest(runs, shots):
    """The widest of the seeds' 95 % intervals of MAML's mean after one step."""
    return max(float(run["shots"][shots]["MAML"]["ci95"][1]) for run in runs)


def table():
    """The text between README's two marks."""
    finn, reptile = reports("finn2017"), reports("reptile2018")
    again, seeds = reports("finn2017", "again"), "/".join(str(run["seed"]) for run in finn)
    return "\n".join([
        f"Mean squared error on 600 held-out sine waves after adaptation, for seeds {seeds}; "
        f"float32, NumPy {finn[0]['numpy']}, two cores. In italics what others published. All "
        "methods see the same points of as many tasks; Reptile takes five inner gradients where "
        "MAML takes one.",
        "",
        f"`python -m tinymeta --protocol finn2017`: {finn[0]['iterations']:,} iterations, trained "
        "with K = 10 and one inner step.",
        "",
        '"Again" is the same command with the same seeds, run on another processor and with sums '
        "taken in another order. Nothing but rounding differs, and 70,000 iterations make another "
        "draw of it: the differences between the two rows are as much a part of the result as "
        "those between seeds.",
        "",
        *table_of(finn, again, "5", (1, 5, 10), [
            ("MAML, Finn et al. 2017, Table 2", ["0.67", "0.38", "0.35"]),
            ("pretrained on all tasks, same", ["2.41", "2.23", "2.19"]),
            ("MAML, Park & Oliva 2019", ["0.69 ± 0.07", "", ""])]),
        "",
        *table_of(finn, again, "10", (1, 5, 10), [
            ("MAML, Park & Oliva 2019", ["0.44 ± 0.04", "", ""])]),
        "",
        f"The 95 % interval of MAML's mean after one step is at most ± {widest(finn, '5'):.2f} "
        f"(5-shot) and ± {widest(finn, '10'):.2f} (10-shot). {oracle_and_floor(finn)}"
        f"{on_divergence(finn)} {seconds(finn)}",
        "",
        f"`python -m tinymeta --protocol reptile2018`: {reptile[0]['iterations']:,} iterations of "
        "one task; adapted to 10 grid points, measured on all 50. The demonstration shows one task "
        "and publishes no number.",
        "",
        *table_of(reptile, [], "10", (1, 5, 10, 32)),
        "",
        f"{oracle_and_floor(reptile)} {seconds(reptile)}",
        ""])


def in_readme(text):
    """What stands between the marks."""
    return text[text.index(BEGIN) + len(BEGIN):text.index(END)]


if __name__ == "__main__":
    readme = ROOT / "README.md"
    head, rest = readme.read_text(encoding="utf-8").split(BEGIN)
    readme.write_text(head + BEGIN + table() + rest[rest.index(END):], encoding="utf-8")
