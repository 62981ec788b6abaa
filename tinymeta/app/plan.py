"""The plan of a comparison: what its folder keeps from the first second on, in compare.json."""

import json
import os
from pathlib import Path

from ..core.arguments import seed_number, whole_number
from ..training.checkpoints import CheckpointError, load_checkpoint
from ..training.files import clear_left_over, files_of, write_whole
from .commands import by_hand, is_file, overrides, protocol_of, tell_idle
from .folders import PLAN, checked_folder, folder_for, quoted
from .protocols import OWN, PROTOCOLS
from .recipes import COMPARED, METHODS
from .settings import build, changed, differences
from .stopping import tell

MOST_SEEDS = 1000
ELSEWHERE = "choose another --output"
ANEW = "the command that began it, with that --output, writes it anew and goes on"
REPORT = {"results", "errors", "training", "adaptation", "figures"}  # names but for their ends


def asked_plan(arguments):
    """The plan that is asked for, and its folder."""
    given = overrides(arguments)
    if arguments.resume is not None:
        file = given.pop("tasks") if is_file(given.get("tasks")) else None  # where it lies now
        if given or any((arguments.protocol, arguments.methods, arguments.output, arguments.seeds)):
            raise ValueError("--resume goes on with the settings kept in its folder; give no "
                             "others beside it")
        return _read_plan(arguments.resume, f"--resume {arguments.resume}: ",
                          file=file), arguments.resume
    protocol, given = protocol_of(arguments, given, "quick")
    plan = {"protocol": protocol, "overrides": given}
    if arguments.methods or protocol in OWN:
        plan["methods"] = arguments.methods or ["maml", "fomaml", "reptile", "joint"]
    if arguments.seeds and len(seeds := _seeds(arguments)) > 1:
        plan["seeds"] = seeds  # --seeds 1 is --seed 0, which is so without it
    settings = next(iter(settings_of(plan).values()))  # wrong settings fail now
    tell_idle(arguments, plan.get("methods", COMPARED))
    shown = by_hand(arguments, given)
    if arguments.methods:
        shown["methods"] = arguments.methods
    folder = folder_for(protocol, shown, *plan.get("seeds", [settings.seed]))
    return plan, checked_folder(arguments.output) or folder


def _seeds(arguments):
    """The seeds: those that are given, or, for one number, so many from 0 on."""
    seeds = arguments.seeds
    if arguments.seed is not None:
        raise ValueError("seed is given beside seeds; expected one of them")
    if len(seeds) == 1:
        count = whole_number("seeds", seeds[0], minimum=1)
        if count > MOST_SEEDS:
            raise ValueError(f"seeds is {count}; expected at most {MOST_SEEDS}, all with a file "
                             "for each method")
        return list(range(count))
    for i, seed in enumerate(seeds):
        seed_number(f"seeds[{i}]", seed)
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds is {seeds}; expected each only once")
    return seeds


def keep_plan(plan, folder):
    """Write the plan into a folder, unless it is there; CheckpointError for something else."""
    path = Path(folder, PLAN)
    clear_left_over(path)
    others = files_of(folder) - {PLAN}
    there, runs = path.exists() and path.stat().st_size > 0, _are_of(plan, folder, others)
    foreign = {name for name in others - runs if Path(name).stem not in REPORT}
    ours = runs and not foreign
    if there and not (ours and _is_damaged(folder)):
        if differing := _differing(folder, plan):
            raise CheckpointError(f"{folder} holds another comparison ({'; '.join(differing)}); "
                                  f"{ELSEWHERE}")
    elif others and not ours:
        empty = f" ({path} is empty)" if path.exists() else ""
        away = f", or move {', '.join(sorted(foreign))} away" if runs else ""
        raise CheckpointError(f"{folder} is not empty, and holds no comparison{empty}; "
                              f"{ELSEWHERE}{away}")
    else:
        if ours:
            tell(f"note: {path} is {'damaged' if there else 'missing or empty'}, and written anew: "
                 f"the runs in {folder} are this comparison's")
        write_json(path, plan)


def run_file(plan, method, seed):
    """The name of the file that a run of a comparison is kept in."""
    return f"{method}-seed{seed}.npz" if "seeds" in plan else f"{method}.npz"


def _are_of(plan, folder, names):
    """Those of the names in a folder that are runs of this plan; none if one is another's."""
    runs = {run_file(plan, *name): settings for name, settings in settings_of(plan).items()}
    found = names & runs.keys()
    try:
        kept = {name: load_checkpoint(os.path.join(folder, name)).settings for name in found}
    except (OSError, CheckpointError):
        return set()
    others = any(differences(kept[name], runs[name].as_dict()) for name in found)
    return set() if others else found


def _differing(folder, plan):
    """What differs between the plan in a folder and another one, in words."""
    return differences(_told(_read_plan(folder, check=False)), _told(plan))


def _is_damaged(folder):
    """Whether the plan in a folder cannot be read, or not be carried out."""
    try:
        _read_plan(folder)
    except CheckpointError as error:
        return not isinstance(error.__cause__, OSError)  # which may not be read
    return False


def _told(plan):
    """What a plan says, name -> value."""
    told = {"seed": 0, **plan, **plan["overrides"]}
    return {name: value for name, value in told.items() if name != "overrides"}


def _read_plan(folder, asked="", check=True, file=None):
    """The plan kept in a comparison's folder.  Raises CheckpointError where there is none.

    check: the plan is one that can be carried out; its curves may lie elsewhere now, in `file`.
    """
    path = Path(folder, PLAN)
    if os.path.isfile(folder):
        of_run = f", or: python -m tinymeta train --resume {quoted(folder)}"
        raise CheckpointError(f"{asked}{folder} is a file; expected a comparison's folder"
                              + (of_run if folder.endswith(".npz") else ""))
    try:
        if path.exists() and not path.is_file():
            raise OSError("no regular file")  # a pipe would be waited for
        plan = json.loads(path.read_text(encoding="utf-8-sig"))
        if not isinstance(plan, dict) or not isinstance(plan.get("overrides"), dict):
            raise ValueError("it has no overrides; expected the plan of a comparison")
        if file is not None:
            plan["overrides"]["file"] = file
        if check:
            settings_of(plan)
        return plan
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        advice = f"; {ANEW}" if asked else f"; {ELSEWHERE}, or move {folder} away"
        if asked and path.is_file() and isinstance(error, OSError):
            advice = ""  # it is the curves that are no longer there, or others
        elif asked and not path.exists() and len(runs := [*Path(folder).glob("*.npz")]) == 1:
            advice += f"; or, of one run: python -m tinymeta train --resume {quoted(str(runs[0]))}"
        raise CheckpointError(f"{asked}no comparison to go on with in {path} ({error}){advice}"
                              ) from error


def settings_of(plan):
    """(method, seed) -> Settings; TypeError or ValueError for a plan that cannot be."""
    unknown = sorted(set(plan) - {"protocol", "overrides", "methods", "seeds"})
    if unknown or "method" in plan["overrides"]:
        raise ValueError(f"it has the entries {unknown or ['method']}, which no plan has here")
    if plan.get("protocol") not in [*PROTOCOLS]:
        raise ValueError(f"protocol is {plan.get('protocol')!r}; expected one of {[*PROTOCOLS]}")
    for name in ("methods", "seeds"):
        several = plan.get(name, [None])
        if not isinstance(several, list) or len(set(map(str, several))) != max(1, len(several)):
            raise ValueError(f"{name} is {several!r}; expected a list of some, each only once")
    if unknown := [name for name in plan.get("methods", []) if name not in [*METHODS]]:
        raise ValueError(f"methods has {unknown[0]!r}; expected some of {[*METHODS]}")
    all_settings = {}
    for method in plan.get("methods", COMPARED):
        settings = changed(PROTOCOLS[plan["protocol"]](method), plan["overrides"])
        for seed in plan.get("seeds", [settings.seed]):
            of_seed = changed(settings, {"seed": seed})
            build(of_seed)  # which may be one with a seed that is no number
            all_settings[method, seed] = of_seed
    return all_settings


def write_json(path, content):
    """Write a file of JSON, whole or not at all."""
    write_whole(path, lambda file: file.write((json.dumps(content, indent=1) + "\n").encode()))
