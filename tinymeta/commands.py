"""What the commands of `python -m tinymeta` do; command_line.py says what their options are.

Each takes the parsed arguments and returns the exit code.  Wrong values raise ValueError or
TypeError, files that are not what they should be CheckpointError or OSError.
"""

import json
import os
import platform
import sys
from dataclasses import replace

import numpy as np

from . import __version__
from .checkpoints import CheckpointError
from .figures import save_figures
from .progress import curves_table, short, shown_steps
from .protocols import METHODS, PROTOCOLS, build, settings_from
from .runs import evaluate_run, least_squares_errors, load_run, train
from .self_check import check_derivations

OVERRIDES = ("shots", "queries", "inner_steps", "alpha", "iterations", "n_tasks", "learning_rate", "max_norm",
             "seed", "init", "activation", "widths")  # the options that change a single setting


def compare(arguments):
    """Meta-train all methods under one budget, evaluate them on the same 600 held-out tasks, print a table
    and save figures."""
    if arguments.resume:
        plan = _resumed_plan(arguments)
        output = arguments.resume
    else:
        plan = {"protocol": arguments.protocol or "quick", "overrides": _overrides(arguments)}
        output = arguments.output or os.path.join(
            "results", f"{plan['protocol']}-seed{plan['overrides'].get('seed', 0)}")
    all_settings = {name: settings_from({**PROTOCOLS[plan["protocol"]](name).as_dict(), **plan["overrides"]})
                    for name in METHODS}
    for settings in all_settings.values():
        build(settings)  # wrong settings fail now, before anything is trained
    os.makedirs(output, exist_ok=True)
    first = all_settings["maml"]
    print(f"{plan['protocol']}: {first.iterations:,} iterations of {_count(first.n_tasks, 'task')} with "
          f"{first.shots} + {first.queries} points, for each method; seed {first.seed}")
    seconds, paths = {}, [os.path.join(output, f"{name}.npz") for name in METHODS]
    for (name, settings), path in zip(all_settings.items(), paths):
        result = train(settings, path, resume=bool(arguments.resume))
        if not seconds:  # the first file is ours: so is the folder
            _write_json(os.path.join(output, "compare.json"), plan)
        if result.stopped or result.error:
            return _ended_early(result, path, f"python -m tinymeta --resume {output}")
        print(f"  {METHODS[name]:<16} trained in {result.seconds:.1f} s", flush=True)
        seconds[name] = round(result.seconds, 1)
    report = {"protocol": plan["protocol"], "seed": first.seed, "iterations": first.iterations, "seconds": seconds,
              "tinymeta": __version__, "numpy": np.__version__, "python": platform.python_version(), "shots": {}}
    runs = _load_all(paths)
    for shots in first.eval_shots:
        curves, floor = _evaluate_all(runs, shots), least_squares_errors(first, shots)
        _print_curves(curves, shots)
        print(f"least squares on (sin x, cos x), no learning: mean {short(floor.mean())}, largest {floor.max():.0e}")
        report["shots"][str(shots)] = _summary(curves, floor)
    _write_json(os.path.join(output, "results.json"), report)
    figures = save_figures(runs, curves, shots, output)
    print(f"\nFigures, numbers and trained parameters are in {output}:\n  {', '.join(figures)}, results.json, *.npz")
    print(f"Open {os.path.join(output, 'adaptation.png')} first; then run: python -m tinymeta check")
    return 0


def train_one(arguments):
    """Meta-train one method, keep a checkpoint, and evaluate it on 600 held-out tasks."""
    if arguments.resume:
        settings, _ = load_run(arguments.resume)
        settings, path = _extended(settings, arguments), arguments.resume
    else:
        protocol = arguments.protocol or "finn2017"
        method = arguments.method or {"reptile2018": "reptile"}.get(protocol, "maml")
        settings = settings_from({**PROTOCOLS[protocol](method).as_dict(), **_overrides(arguments)})
        output = arguments.output or os.path.join("results", f"{protocol}-{method}-seed{settings.seed}")
        path = os.path.join(output, f"{method}.npz")
        build(settings)
        os.makedirs(output, exist_ok=True)
    result = train(settings, path, resume=bool(arguments.resume))
    if result.stopped or result.error:
        return _ended_early(result, path, f"python -m tinymeta train --resume {path}")
    print(f"{METHODS[settings.method]}: {settings.iterations:,} iterations, {result.seconds:.1f} s in this call, "
          f"seed {settings.seed}")
    for shots in settings.eval_shots:
        _print_curves({METHODS[settings.method]: evaluate_run(settings, result.theta, shots)}, shots)
    print(f"\nThe parameters are in {path}.  See them adapt: python -m tinymeta plot {path}")
    return 0


def evaluate_files(arguments):
    """Adaptation errors of trained parameters on held-out tasks, as a table for each number of shots."""
    runs = _load_all(arguments.files)
    for shots in arguments.shots or next(iter(runs.values()))[0].eval_shots:
        _print_curves(_evaluate_all(runs, shots, arguments, arguments.tasks), shots, arguments.tasks)
    return 0


def check(arguments):
    """Check every derivation of the package against numerical derivatives, and print a table."""
    print(f"{'equations':<10}  {'what':<46}  {'error':>8}  verdict")
    failed = 0
    for line in check_derivations(arguments.seed, arguments.alpha, arguments.widths):
        failed += not line.passed
        print(f"{line.equations:<10}  {line.what:<46}  {line.error:>8.1e}  {'ok' if line.passed else 'FAIL'}")
        if line.report is not None and (arguments.verbose or not line.passed):
            print(line.report)
    print(f"{_count(failed, 'check')} failed" if failed else "all passed")
    return 1 if failed else 0


def plot_files(arguments):
    """Figures of trained parameters: one task's adaptation, errors on held-out tasks, training curves."""
    runs = _load_all(arguments.files)
    output = arguments.output or os.path.dirname(arguments.files[0]) or "."
    os.makedirs(output, exist_ok=True)
    shots = (arguments.shots or next(iter(runs.values()))[0].eval_shots)[-1]
    figures = save_figures(runs, _evaluate_all(runs, shots, arguments), shots, output, arguments, arguments.task,
                            arguments.animate)
    print(f"in {output}: {', '.join(figures)}")
    return 0


def _overrides(arguments):
    """The settings that were given on the command line."""
    return {name: getattr(arguments, name) for name in OVERRIDES if getattr(arguments, name) is not None}


def _resumed_plan(arguments):
    """The plan of the comparison kept in the folder --resume.  Raises CheckpointError if there is none."""
    if _overrides(arguments) or arguments.protocol or arguments.output:
        raise ValueError("--resume goes on with the settings kept in its folder; give no others beside it")
    try:
        with open(os.path.join(arguments.resume, "compare.json")) as file:
            plan = json.load(file)
        return {"protocol": plan["protocol"], "overrides": dict(plan["overrides"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"--resume {arguments.resume}: not the folder of a comparison ({error})") from error


def _extended(settings, arguments):
    """A resumed run's settings; only another number of iterations may be asked for, at a constant rate."""
    given = {name: value for name, value in _overrides(arguments).items()
             if value != settings.as_dict()[name]}
    if given.keys() - {"iterations"} or (given and settings.decay) or arguments.protocol or arguments.output or \
            arguments.method not in (None, settings.method):
        raise ValueError("--resume goes on with the settings kept in its file; beside it only --iterations may be "
                         "given, and only where the learning rate does not depend on it")
    return replace(settings, **given)


def _ended_early(result, path, command):
    """Say how far a run came, where it is kept and how to go on; return the exit code."""
    if result.error:
        print(f"error: {result.error}\nThe last good parameters are in {path}.", file=sys.stderr)
        return 1
    print(f"interrupted after {len(result.losses):,} iterations, kept in {path}\ngo on with: {command}",
          file=sys.stderr)
    return 130


def _load_all(files):
    """name -> (settings, checkpoint) of each file, named by method, and by file where methods repeat."""
    loaded = [(path, *load_run(path)) for path in files]
    methods = [settings.method for _, settings, _ in loaded]
    return {METHODS[settings.method] if methods.count(settings.method) == 1 else path: (settings, checkpoint)
            for path, settings, checkpoint in loaded}


def _evaluate_all(runs, shots, given=None, n_tasks=600):
    """name -> AdaptationCurve; given: alpha, inner_steps and seed where the command line has them."""
    return {name: evaluate_run(settings, checkpoint.theta, shots, getattr(given, "alpha", None),
                               getattr(given, "inner_steps", None), n_tasks, getattr(given, "seed", None))
            for name, (settings, checkpoint) in runs.items()}


def _print_curves(curves, shots, n_tasks=600):
    steps = shown_steps(max(len(curve.mean) for curve in curves.values()) - 1)
    print(f"\n{shots}-shot, {n_tasks} held-out tasks: mean squared error ± 95 % interval by inner step,\n"
          f"median and diverged tasks after {_count(steps[-1], 'step')}")
    print(curves_table(curves, steps))


def _summary(curves, floor):
    """What results.json keeps of the curves."""
    rows = {name: {"mean": c.mean, "ci95": c.ci95, "median": c.median, "n_diverged": c.n_diverged}
            for name, c in curves.items()}
    rows = {name: {key: [round(float(v), 4) for v in values] for key, values in row.items()}
            for name, row in rows.items()}
    return {**rows, "least squares": {"mean": [float(floor.mean())], "largest": [float(floor.max())]}}


def _write_json(path, content):
    """Write `content` as JSON with infinities as text, since JSON has none."""
    def plain(value):
        if isinstance(value, dict):
            return {key: plain(v) for key, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(v) for v in value]
        return str(value) if isinstance(value, float) and not np.isfinite(value) else value

    with open(path, "w") as file:
        json.dump(plain(content), file, indent=1)
        file.write("\n")


def _count(n, noun):
    return f"{n} {noun}{'' if n == 1 else 's'}"
