"""The command `compare`: all methods under one budget, in a folder with the plan of it."""

import json
import os
import platform
import shlex
import sys
from pathlib import Path

import numpy as np

from .. import __version__
from ..training.checkpoints import CheckpointError
from .commands import ended_early, overrides, protocol_of
from .figures import save_figures
from .held_out import HELD_OUT, evaluate_runs, least_squares_errors, measured, remark
from .protocols import OWN, PROTOCOLS
from .recipes import COMPARED, METHODS
from .runs import train
from .settings import build, settings_from
from .tables import costs_table, curves_table, short, summary

ELSEWHERE = "choose another --output"


def compare(arguments):
    """Meta-train methods under one budget, evaluate them on the same 600 held-out tasks, print a
    table and save figures.  The methods are those of Finn et al. 2017 and Reptile, or --methods."""
    plan, folder = _plan(arguments)
    all_settings, runs = _settings_of(plan), {}
    first = next(iter(all_settings.values()))
    print(f"{plan['protocol']}: {first.iterations:,} iterations of {first.n_tasks} "
          f"task{'' if first.n_tasks == 1 else 's'} with {first.shots} + {first.queries} points, "
          f"for each method; seed {first.seed}")
    resume = f"python -m tinymeta --resume {shlex.quote(folder)}"
    for name, settings in all_settings.items():
        path, label = os.path.join(folder, f"{name}.npz"), METHODS[name].label
        runs[label] = run = train(settings, path)
        if run.stopped or run.error:
            return ended_early(run, path, resume)
        print(f"  {label:<16} trained in {run.checkpoint.seconds:.1f} s", flush=True)
    if "methods" in plan:
        print(costs_table(all_settings))
    try:
        _report(plan, runs, folder)
    except KeyboardInterrupt:
        print(f"\ninterrupted; all that was trained is kept in {folder}\n"
              f"go on with: {resume}", file=sys.stderr)
        return 130
    return 0


def _report(plan, runs, folder):
    """Print and save what a comparison's trained runs are worth."""
    first = next(iter(runs.values())).settings
    report = {"protocol": plan["protocol"], "seed": first.seed, "iterations": first.iterations,
              "seconds": {run.settings.method: round(run.checkpoint.seconds, 2)
                          for run in runs.values()},
              "tinymeta": __version__, "numpy": np.__version__,
              "python": platform.python_version(), "shots": {}}
    for shots in first.eval_shots:
        curves, floor = evaluate_runs(runs, shots), None
        print(curves_table(curves, shots, HELD_OUT, measured(first)) + remark(first))
        if first.tasks == "sinusoid":
            floor = least_squares_errors(first, shots)
            print(f"least squares on (sin x, cos x), no learning: mean {short(floor.mean())}, "
                  f"largest {floor.max():.0e}")
        report["shots"][str(shots)] = summary(curves, floor)
    Path(folder, "results.json").write_text(json.dumps(report, indent=1) + "\n")
    names = save_figures(runs, curves, shots, folder)  # at the last number of shots
    best = "adaptation.png" if "adaptation.png" in names else "errors.png"
    print(f"\nFigures, numbers and trained parameters are in {folder}:\n"
          f"  {', '.join(names)}, results.json, *.npz\nOpen {os.path.join(folder, best)} first; "
          f"then run: python -m tinymeta check")


def _plan(arguments):
    """The plan, and its folder: a new one, or the one to resume."""
    given = overrides(arguments)
    if arguments.resume is not None:
        if given or arguments.protocol or arguments.methods or arguments.output:
            raise ValueError("--resume goes on with the settings kept in its folder; give no "
                             "others beside it")
        return _read_plan(arguments.resume), arguments.resume
    protocol, given = protocol_of(arguments, given, "quick")
    plan = {"protocol": protocol, "overrides": given}
    if arguments.methods or protocol in OWN:
        plan["methods"] = arguments.methods or ["maml", "fomaml", "reptile", "joint"]
    settings = next(iter(_settings_of(plan).values()))  # wrong settings fail now
    folder = arguments.output or os.path.join("results", f"{protocol}-seed{settings.seed}")
    os.makedirs(folder, exist_ok=True)
    path = Path(folder, "compare.json")
    if not path.exists():
        if os.listdir(folder):
            raise CheckpointError(f"{folder} is not empty, and holds no comparison; {ELSEWHERE}")
        path.write_text(json.dumps(plan, indent=1) + "\n")
    elif _but_for_file(found := _read_plan(folder, check=False)) != _but_for_file(plan):
        raise CheckpointError(f"{folder} holds another comparison ({found}); {ELSEWHERE}")
    return plan, folder


def _but_for_file(plan):
    """The plan without where its curves lie: their content is in it."""
    overrides = {name: value for name, value in plan["overrides"].items() if name != "file"}
    return {**plan, "overrides": overrides}


def _settings_of(plan):
    """method -> Settings.  Raises TypeError or ValueError for settings that cannot be."""
    names = plan["methods"] if "methods" in plan else COMPARED
    all_settings = {name: settings_from({**PROTOCOLS[plan["protocol"]](name).as_dict(),
                                         **plan["overrides"]})
                    for name in names}
    for settings in all_settings.values():
        build(settings)
    return all_settings


def _read_plan(folder, check=True):
    """The plan kept in a comparison's folder.  Raises CheckpointError where there is none.

    check: the plan is one that can be carried out; its curves may lie elsewhere now.
    """
    path = Path(folder, "compare.json")
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
        (_settings_of if check else _but_for_file)(plan)
        return plan
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(f"--resume {folder}: no comparison to go on with in {path} "
                              f"({error})") from error
