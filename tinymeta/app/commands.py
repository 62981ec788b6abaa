"""What the commands of `python -m tinymeta` do; command_line.py says what their options are.

Each takes the parsed arguments and returns the exit code.  Wrong values raise ValueError or
TypeError, files that are not what they should be CheckpointError or OSError.
"""

import json
import os
import platform
import shlex
import sys
from dataclasses import replace

import numpy as np

from .. import __version__
from ..core.arguments import whole_number
from ..checking.check_file import check_file
from ..training.checkpoints import CheckpointError
from .figures import save_figures
from .progress import curves_table, short, shown_steps
from .protocols import METHODS, PROTOCOLS, build, settings_from
from .runs import HELD_OUT, evaluate_run, least_squares_errors, load_run, train
from ..checking.self_check import check_derivations

OVERRIDES = ("shots", "queries", "inner_steps", "alpha", "iterations", "n_tasks", "learning_rate", "max_norm",
             "seed", "init", "activation", "widths")  # the options that change a single setting


def compare(arguments):
    """Meta-train all methods under one budget, evaluate them on the same 600 held-out tasks, print a table
    and save figures."""
    if arguments.resume is not None:
        if _overrides(arguments) or arguments.protocol or arguments.output:
            raise ValueError("--resume goes on with the settings kept in its folder; give no others beside it")
        plan, all_settings = _read_plan(arguments.resume)
        output = arguments.resume
    else:
        plan = {"protocol": arguments.protocol or "quick", "overrides": _overrides(arguments)}
        all_settings = _planned(plan)
        output = arguments.output or os.path.join(
            "results", f"{plan['protocol']}-seed{plan['overrides'].get('seed', 0)}")
        _claim(output, plan)
    first = all_settings["maml"]
    print(f"{plan['protocol']}: {first.iterations:,} iterations of {_count(first.n_tasks, 'task')} with "
          f"{first.shots} + {first.queries} points, for each method; seed {first.seed}")
    seconds, paths, go_on = {}, [os.path.join(output, f"{name}.npz") for name in METHODS], _resume_command("", output)
    for (name, settings), path in zip(all_settings.items(), paths):
        result = train(settings, path)
        seconds[name] = round(result.checkpoint.seconds, 2)
        if result.stopped or result.error:
            return _ended_early(result, path, go_on)
        print(f"  {METHODS[name]:<16} trained in {seconds[name]:.1f} s", flush=True)
    try:
        _report(plan, first, seconds, _load_all(paths), output)
    except KeyboardInterrupt:
        print(f"\ninterrupted; all that was trained is kept in {output}\ngo on with: {go_on}", file=sys.stderr)
        return 130
    return 0


def _report(plan, settings, seconds, runs, output):
    """Print and save what a comparison's trained runs are worth."""
    report = {"protocol": plan["protocol"], "seed": settings.seed, "iterations": settings.iterations,
              "seconds": seconds, "tinymeta": __version__, "numpy": np.__version__,
              "python": platform.python_version(), "shots": {}}
    for shots in settings.eval_shots:
        curves, floor = _evaluate_all(runs, shots), least_squares_errors(settings, shots)
        _print_curves(curves, shots)
        print(f"least squares on (sin x, cos x), no learning: mean {short(floor.mean())}, largest {floor.max():.0e}")
        report["shots"][str(shots)] = _summary(curves, floor)
    _write_json(os.path.join(output, "results.json"), report)
    figures = save_figures(runs, curves, shots, output)
    print(f"\nFigures, numbers and trained parameters are in {output}:\n  {', '.join(figures)}, results.json, *.npz")
    print(f"Open {os.path.join(output, 'adaptation.png')} first; then run: python -m tinymeta check")


def train_one(arguments):
    """Meta-train one method, keep a checkpoint, and evaluate it on 600 held-out tasks."""
    if arguments.resume is not None:
        settings, _ = load_run(arguments.resume)
        settings, path = _extended(settings, arguments), arguments.resume
    else:
        protocol = arguments.protocol or "finn2017"
        method = arguments.method or {"reptile2018": "reptile"}.get(protocol, "maml")
        settings = settings_from({**PROTOCOLS[protocol](method).as_dict(), **_overrides(arguments)})
        output = arguments.output or os.path.join("results", f"{protocol}-{method}-seed{settings.seed}")
        path = os.path.join(output, f"{method}.npz")
        build(settings)  # wrong settings fail now, before anything is made
        os.makedirs(output, exist_ok=True)
    result = train(settings, path, more=arguments.resume is not None)
    if result.stopped or result.error:
        return _ended_early(result, path, _resume_command("train ", path))
    print(f"{METHODS[settings.method]}: {settings.iterations:,} iterations in {result.checkpoint.seconds:.1f} s, "
          f"seed {settings.seed}")
    for shots in settings.eval_shots:
        _print_curves({METHODS[settings.method]: evaluate_run(settings, result.checkpoint.theta, shots)}, shots)
    print(f"\nThe parameters are in {path}.  See them adapt: python -m tinymeta plot {shlex.quote(path)}")
    return 0


def evaluate_files(arguments):
    """Adaptation errors of trained parameters on held-out tasks, as a table for each number of shots."""
    runs = _load_all(arguments.files)
    for shots in _test_shots(runs, arguments):
        curves = _evaluate_all(runs, shots, arguments.alpha, arguments.inner_steps, arguments.seed, arguments.tasks)
        _print_curves(curves, shots, arguments.tasks)
    return 0


def check(arguments):
    """Check every derivation of the package against numerical derivatives, and print a table; or, given Python
    files, check the models and meta-gradients in them, and say what is wrong."""
    if arguments.files:
        return _check_files(arguments)
    print(f"{'':<55}error by")
    print(f"{'equations':<9}  {'what':<43} {'complex':>8} {'central':>8} verdict")
    failed = 0
    for line in check_derivations(arguments.seed, arguments.alpha, arguments.widths):
        failed += not line.passed
        complex_step, central = [f"{error:.1e}" for error in line.errors] + ["-"] * (2 - len(line.errors))
        print(f"{line.equations:<9}  {line.what:<43} {complex_step:>8} {central:>8} {'ok' if line.passed else 'FAIL'}")
        if line.report is not None and (arguments.verbose or not line.passed):
            print(line.report)
    print(f"{_count(failed, 'check')} failed" if failed else "all passed")
    return 1 if failed else 0


def _check_files(arguments):
    passed = True
    for path in arguments.files:
        for ladder in check_file(path, arguments.alpha, arguments.seed):
            print(ladder, flush=True)
            passed = passed and ladder.passed
    return 0 if passed else 1


def plot_files(arguments):
    """Figures of trained parameters: one task's adaptation, errors on held-out tasks, training curves."""
    runs = _load_all(arguments.files)
    output = arguments.output or os.path.join(os.path.dirname(arguments.files[0]), "figures")
    shots = _test_shots(runs, arguments)[-1]
    curves = _evaluate_all(runs, shots, arguments.alpha, arguments.inner_steps, arguments.seed)
    os.makedirs(output, exist_ok=True)
    figures = save_figures(runs, curves, shots, output, arguments.alpha, arguments.seed, arguments.task,
                           arguments.animate)
    print(f"in {output}: {', '.join(figures)}")
    return 0


def _overrides(arguments):
    """The settings that were given on the command line."""
    return {name: getattr(arguments, name) for name in OVERRIDES if getattr(arguments, name) is not None}


def _planned(plan):
    """Each method's settings in a comparison.  Raises TypeError or ValueError for settings that cannot be."""
    all_settings = {name: settings_from({**PROTOCOLS[plan["protocol"]](name).as_dict(), **plan["overrides"]})
                    for name in METHODS}
    for settings in all_settings.values():
        build(settings)
    return all_settings


def _read_plan(folder):
    """The plan kept in a comparison's folder, and its settings.  Raises CheckpointError if there is none."""
    path = os.path.join(folder, "compare.json")
    try:
        with open(path, encoding="utf-8") as file:
            plan = json.load(file)
        return plan, _planned(plan)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"--resume {folder}: no comparison to go on with in {path} ({error})") from error


def _claim(folder, plan):
    """Make a comparison's folder.  Raises CheckpointError when it holds anything else: nothing is overwritten."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "compare.json")
    if not os.path.exists(path):
        if os.listdir(folder):
            raise CheckpointError(f"{folder} is not empty, and holds no comparison; choose another --output")
        _write_json(path, plan)
    elif (found := _read_plan(folder)[0]) != plan:
        raise CheckpointError(f"{folder} holds another comparison ({found}); choose another --output")


def _extended(settings, arguments):
    """A resumed run's settings; only another number of iterations may be asked for, at a constant rate."""
    given = {name: value for name, value in _overrides(arguments).items()
             if value != settings.as_dict()[name]}
    if given.keys() - {"iterations"} or (given and settings.decay) or arguments.protocol or arguments.output or \
            arguments.method not in (None, settings.method):
        raise ValueError("--resume goes on with the settings kept in its file; beside it only --iterations may be "
                         "given, and only where the learning rate does not depend on it")
    return replace(settings, **given)


def _resume_command(command, path):
    return f"python -m tinymeta {command}--resume {shlex.quote(path)}"


def _ended_early(result, path, command):
    """Say how far a run came, where it is kept and how to go on; return the exit code."""
    if result.error:
        print(f"error: {result.error}\nThey are in {path}.", file=sys.stderr)
        return 1
    print(f"interrupted after {result.checkpoint.iteration:,} iterations, kept in {path}\ngo on with: {command}",
          file=sys.stderr)
    return 130


def _load_all(files):
    """name -> (settings, checkpoint) of each file, named by method, and by file where methods repeat."""
    loaded = [(path, *load_run(path)) for path in files]
    methods = [settings.method for _, settings, _ in loaded]
    return {METHODS[settings.method] if methods.count(settings.method) == 1 else path: (settings, checkpoint)
            for path, settings, checkpoint in loaded}


def _test_shots(runs, arguments):
    """The numbers of shots to test with: those asked for, or the first file's own."""
    for name in ("seed", "inner_steps"):
        if getattr(arguments, name) is not None:
            whole_number(name, getattr(arguments, name), minimum=0)
    shots = arguments.shots or next(iter(runs.values()))[0].eval_shots
    return [whole_number("shots", n, minimum=1) for n in shots]


def _evaluate_all(runs, shots, alpha=None, steps=None, seed=None, n_tasks=HELD_OUT):
    """name -> AdaptationCurve; alpha, steps and seed are as in the runs unless given.

    All are tested on the same tasks, those that go with the first file's seed.  Raises ValueError for
    files whose tasks differ.
    """
    first = next(iter(runs.values()))[0]
    of_tasks = lambda s: (s.phase, s.grid, s.eval_queries)
    if any(of_tasks(settings) != of_tasks(first) for settings, _ in runs.values()):
        raise ValueError("the files were trained on different tasks; expected one kind: take them separately")
    seed = first.seed if seed is None else seed
    return {name: evaluate_run(settings, checkpoint.theta, shots, alpha, steps, n_tasks, seed)
            for name, (settings, checkpoint) in runs.items()}


def _print_curves(curves, shots, n_tasks=HELD_OUT):
    steps = shown_steps(max(len(curve.mean) for curve in curves.values()) - 1)
    print(f"\n{shots}-shot, {n_tasks} held-out tasks: mean squared error ± 95 % interval by inner step,\n"
          f"median and diverged tasks after the last step")
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
