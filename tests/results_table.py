"""The results page and README's small table, from the reports that `compare` wrote.

The reports are in tests/results/, one a protocol and seed: copies of the results.json of

    python -m tinymeta --protocol finn2017 --seed 0        and seeds 1, 2
    python -m tinymeta --protocol reptile2018 --seed 0     and seeds 1, 2

(or one of several seeds, of `--seeds 3`).  In tests/results/again/ are reports of the first
command, run later: on another processor, and after a change of the code that altered nothing but
the order of sums.

`python tests/results_table.py` writes both; a test holds them equal to the reports.
"""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "tests" / "results"
PAGE, README = RESULTS / "comparison.md", ROOT / "README.md"
BEGIN, END = "<!-- results: made by tests/results_table.py -->\n", "<!-- end of results -->"
METHODS = {"MAML": "maml", "first-order MAML": "fomaml", "Reptile": "reptile",
           "joint training": "joint", "oracle": "oracle"}
ADAPTED = [name for name in METHODS if name != "oracle"]
PUBLISHED = {  # shots -> name -> mean after 1, 5 and 10 steps
    "5": {"MAML, Finn et al. 2017, Table 2": ["0.67", "0.38", "0.35"],
          "pretrained on all tasks, same": ["2.41", "2.23", "2.19"],
          "MAML, Park & Oliva 2019": ["0.69 ± 0.07", "", ""]},
    "10": {"MAML, Park & Oliva 2019": ["0.44 ± 0.04", "", ""]}}


def reports(protocol, folder="."):
    """The reports of a protocol, one for each seed, in the order of the seeds."""
    found = []
    for path in sorted((RESULTS / folder).glob(f"{protocol}-seed*.json")):
        found += of_each_seed(json.loads(path.read_text(encoding="utf-8")))
    return found


def of_each_seed(report):
    """A report of several seeds as reports of one."""
    if "seeds" not in report:
        return [report]
    return [{**report, "seed": seed,
             "seconds": {name: values[i] for name, values in report["seconds"].items()},
             "shots": {shots: {name: values[i] for name, values in rows.items()}
                       for shots, rows in report["shots"].items()}}
            for i, seed in enumerate(report["seeds"])]


def over_seeds(runs, shots, name, key, step):
    """The seeds' values of one number, from the least on."""
    return sorted(float(run["shots"][shots][name][key][step]) for run in runs)


def middle(values):
    """The median, of an even number the lower one in the middle."""
    return values[(len(values) - 1) // 2]


def diverged(runs, shots, name):
    """How many tasks of all seeds diverged within the last step."""
    return sum(int(run["shots"][shots][name]["n_diverged"][-1]) for run in runs)


def short(value):
    """Two digits behind the point, or a power of ten where huge."""
    return f"{value:.2f}" if value < 100 else f"{value:.0e}".replace("e+", "e")


def ranged(values):
    """The median, and the range where there is one to see."""
    low, high = short(values[0]), short(values[-1])
    return short(middle(values)) + (f" ({low} to {high})" if low != high else "")


def seeds_of(runs):
    return ", ".join(str(run["seed"]) for run in runs)


def small_table():
    """What README shows: the median task after one and ten steps, diverged tasks, seconds."""
    runs = reports("finn2017")
    lines = ["| | 5-shot, 1 step | 5-shot, 10 steps | 10-shot, 1 step | 10-shot, 10 steps | "
             "diverged | seconds |", "|---" * 7 + "|"]
    for name in ADAPTED:
        cells = [short(middle(over_seeds(runs, shots, name, "median", step)))
                 for shots in ("5", "10") for step in (1, 10)]
        seconds = middle(sorted(run["seconds"][METHODS[name]] for run in runs))
        bad = sum(diverged(runs, shots, name) for shots in ("5", "10"))
        lines.append(f"| {name} | " + " | ".join([*cells, str(bad), f"{seconds:.0f}"]) + " |")
    return "\n".join([
        f"`python -m tinymeta --protocol finn2017 --seeds 3`, {runs[0]['iterations']:,} iterations "
        f"on tasks of ten points, seeds {seeds_of(runs)}:", "", *lines, "",
        "How to read it: the squared error on new points of the median of 600 new sine waves, then "
        "the median over seeds. \"diverged\" counts tasks, of all seeds, 5- and 10-shot, for "
        "which α is too large; the seconds are those of one seed on one core. "
        f"[All tables](tests/results/{PAGE.name}) have means, ranges over seeds and what others "
        "published.", ""])


def full_table(runs, shots, steps, again=()):
    """Two rows a method, of the median task and of the mean; after every step the seeds."""
    yield f"| {shots}-shot | | " + " | ".join(f"{k} step{'s' * (k != 1)}" for k in steps) + (
        " | diverged |")
    yield "|---" * (len(steps) + 3) + "|"
    for name in ADAPTED:
        for which, title in ((runs, name), (again, f"{name}, again")):
            for key, what in (("median", "median task"), ("mean", "mean")) if which else ():
                cells = [ranged(over_seeds(which, shots, name, key, step)) for step in steps]
                bad = str(diverged(which, shots, name)) if key == "median" else ""
                yield f"| {title} | {what} | " + " | ".join([*cells, bad]) + " |"
    for name, values in PUBLISHED[shots].items() if again else ():
        cells = [values[(1, 5, 10).index(k)] if k in (1, 5, 10) else "" for k in steps]
        yield f"| *{name}* | mean | " + " | ".join([*cells, ""]) + " |"


def oracle_and_floor(runs):
    """A sentence on what knowledge of the task is worth."""
    shots = list(runs[0]["shots"])
    worst = max(float(run["shots"][s]["least squares"]["largest"][0])
                for run in runs for s in shots)
    oracle = ranged(over_seeds(runs, shots[-1], "oracle", "mean", 0))
    return (f"The oracle, told amplitude and phase, has a mean of {oracle} without adaptation. The "
            f"floor is zero: least squares on (sin x, cos x) leaves at most {worst:.0e} on any "
            "task.")


def provenance(runs, folder=""):
    """Where the numbers come from, and how long each method trained."""
    seconds = [f"{name} " + ", ".join(f"{run['seconds'][short]:.0f}" for run in runs)
               for name, short in METHODS.items()]
    first, files = runs[0], f"{folder}{runs[0]['protocol']}-seed*.json"
    return (f"From {files}: seeds {seeds_of(runs)}, tinymeta {first['tinymeta']}, NumPy "
            f"{first['numpy']}, Python {first['python']}, float32, one process. Seconds of "
            f"meta-training, by seed: {'; '.join(seconds)}.")


def widest(runs, shots):
    """The widest of the seeds' 95 % intervals of MAML's mean after one step."""
    return max(float(run["shots"][shots]["MAML"]["ci95"][1]) for run in runs)


def page():
    """The results page."""
    finn, again, reptile = reports("finn2017"), reports("finn2017", "again"), reports("reptile2018")
    return "\n".join([
        "# Results of the comparison", "",
        "Made by `python tests/results_table.py` from the reports beside it. Squared errors on the "
        "query points of 600 held-out sine waves, after so many inner steps: of the median task, "
        "and the mean over tasks; each the median over seeds, with the range over seeds in "
        "brackets. A single task whose inner loop diverges, because α is too large for its "
        "curvature, makes a mean huge or inf: so read the median first. Diverged tasks are those "
        "of all seeds, after the last step. In italics what others published. All methods see the "
        "same points of as many tasks; Reptile takes five inner gradients where MAML takes one.",
        "", "## finn2017", "",
        f"`python -m tinymeta --protocol finn2017 --seeds 3`: {finn[0]['iterations']:,} iterations,"
        ' trained with K = 10 and one inner step. "Again" is the same command, run on another '
        "processor and with sums taken in another order. Nothing but rounding differs, and "
        f"{finn[0]['iterations']:,} iterations make another draw of it: the differences between "
        "the two are as much a part of the result as those between seeds.", "",
        *full_table(finn, "5", (0, 1, 2, 5, 10), again), "",
        *full_table(finn, "10", (0, 1, 2, 5, 10), again), "",
        f"The 95 % interval of MAML's mean after one step is at most ± {widest(finn, '5'):.2f} "
        f"(5-shot) and ± {widest(finn, '10'):.2f} (10-shot). {oracle_and_floor(finn)}", "",
        provenance(finn), "", f"Again: {provenance(again, 'again/')}", "", "## reptile2018", "",
        f"`python -m tinymeta --protocol reptile2018 --seeds 3`: {reptile[0]['iterations']:,} "
        "iterations of one task; adapted to 10 grid points, measured on all 50. The demonstration "
        "shows one task and publishes no number.", "",
        *full_table(reptile, "10", (0, 1, 5, 10, 32)), "", oracle_and_floor(reptile), "",
        provenance(reptile), "", "## Other methods", "",
        "Their figures are on [a page of their own](README.md).", ""])


def in_readme(text):
    """What stands between the marks."""
    return text[text.index(BEGIN) + len(BEGIN):text.index(END)]


def main():
    """Write the page, and the table in README."""
    PAGE.write_text(page(), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    README.write_text(head + BEGIN + small_table() + rest[rest.index(END):], encoding="utf-8")


if __name__ == "__main__":
    main()
