"""The results in README.md, from the reports that `python -m tinymeta --protocol ...` wrote.

The reports are in tests/results/, one a protocol and seed: copies of the results.json of

    python -m tinymeta --protocol finn2017 --seed 0        and seeds 1, 2
    python -m tinymeta --protocol reptile2018 --seed 0     and seeds 1, 2

`python tests/results_table.py` writes the tables into README.md; a test holds the two equal.
"""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- results: made by tests/results_table.py -->\n", "<!-- end of results -->"
METHODS = {"MAML": "maml", "first-order MAML": "fomaml", "Reptile": "reptile", "joint training": "joint",
           "oracle": "oracle"}


def reports(protocol):
    """The reports of a protocol, in the order of their seeds."""
    return [json.loads(path.read_text()) for path in sorted((ROOT / "tests" / "results").glob(f"{protocol}-seed*.json"))]


def cell(runs, shots, name, key, step):
    """The seeds' values of one number, separated by slashes, or a dash where there is none."""
    values = [run["shots"][shots][name][key] for run in runs]
    if any(step >= len(v) for v in values):
        return "–"
    values = [float(v[step]) for v in values]
    return " / ".join(f"{v:.0f}" if key == "n_diverged" else f"{v:.2f}" if v < 100 else f"{v:.0e}" for v in values)


def rows(runs, columns):
    """One table row a method; columns: (shots, key, step)."""
    for name, short in METHODS.items():
        cells = [cell(runs, *(column[0], name, *column[1:])) for column in columns]
        seconds = " / ".join(f"{run['seconds'][short]:.0f}" for run in runs)
        yield f"| {name} | " + " | ".join(cells) + f" | {seconds} |"


def widest(runs, shots, name, step):
    return max(float(run["shots"][shots][name]["ci95"][step]) for run in runs)


def table():
    """The text between README's two marks."""
    finn, reptile = reports("finn2017"), reports("reptile2018")
    seeds = " / ".join(str(run["seed"]) for run in finn)
    floor = max(float(run["shots"][s]["least squares"]["largest"][0]) for run in finn for s in run["shots"])
    lines = [
        f"Mean squared error on 600 held-out sine waves, for seeds {seeds}. NumPy {finn[0]['numpy']}, float32, two cores; "
        "seconds are of meta-training.",
        "",
        f"**`python -m tinymeta --protocol finn2017`**: Finn et al. 2017, {finn[0]['iterations']:,} iterations, trained with "
        "K = 10 and one inner step.",
        "",
        "| | 5-shot, 1 step | 10 steps | median | 10-shot, 1 step | 10 steps | diverged | seconds |",
        "|---|---|---|---|---|---|---|---|",
        *rows(finn, [("5", "mean", 1), ("5", "mean", 10), ("5", "median", 10), ("10", "mean", 1), ("10", "mean", 10),
                     ("10", "n_diverged", 10)]),
        "| *published:* MAML (Finn et al. 2017, Table 2) | 0.67 | 0.35 | | | | | |",
        "| pretrained on all tasks (same) | 2.41 | 2.19 | | | | | |",
        "| MAML (Park & Oliva 2019) | 0.69 ± 0.07 | | | 0.44 ± 0.04 | | | |",
        "",
        f"Half the 95 % interval of MAML's mean is at most {widest(finn, '5', 'MAML', 1):.2f} (5-shot, 1 step) and "
        f"{widest(finn, '10', 'MAML', 1):.2f} (10-shot, 1 step). The oracle is told amplitude and phase and is not adapted: "
        f"its error is {cell(finn, '10', 'oracle', 'mean', 0)}. The floor is zero: closed-form least squares on "
        f"(sin x, cos x) leaves at most {floor:.0e} on any task.",
        "",
        f"**`python -m tinymeta --protocol reptile2018`**: Nichol et al. 2018, {reptile[0]['iterations']:,} iterations of one "
        "task; adapted to 10 grid points, measured on all 50.",
        "",
        "| | 1 step | 5 steps | 32 steps | median | diverged | seconds |",
        "|---|---|---|---|---|---|---|",
        *rows(reptile, [("10", "mean", 1), ("10", "mean", 5), ("10", "mean", 32), ("10", "median", 32),
                        ("10", "n_diverged", 32)]),
        "",
        "The demonstration shows one task and publishes no number to compare with.",
        "",
    ]
    return "\n".join(lines)


def in_readme(text):
    """What stands between the marks."""
    return text[text.index(BEGIN) + len(BEGIN):text.index(END)]


if __name__ == "__main__":
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(text.replace(in_readme(text), table()) if in_readme(text) else text.replace(BEGIN, BEGIN + table()),
                      encoding="utf-8")
