"""Checkpoints of earlier versions load and resume.

The files in old_checkpoints/ were written by version 0.1.0 before its settings had None: they hold
0 where max_norm, inner_batch, grid and eval_queries are none.  Each is at iteration 40 of
`train --method M --widths 1 6 1 --n-tasks 3`; theta_after_80.json holds where that version ended
after 80.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_runs import small

import tinymeta as tm
from tinymeta.app.command_line import main
from tinymeta.app.recipes import METHODS
from tinymeta.app.runs import load_run
from tinymeta.app.settings import build

OLD = Path(__file__).parent / "old_checkpoints"
AFTER_80 = json.loads((OLD / "theta_after_80.json").read_text())


@pytest.mark.parametrize("method", AFTER_80)
def test_an_old_checkpoint_gives_its_settings(method):
    run = load_run(OLD / f"{method}.npz")
    assert run.settings == small(method, iterations=40)
    assert run.checkpoint.settings["max_norm"] == 0 and run.checkpoint.iteration == 40


@pytest.mark.parametrize("method", AFTER_80)
def test_an_old_checkpoint_is_resumed_as_its_own_version_would_have(method, tmp_path, capsys):
    file = tmp_path / f"{method}.npz"
    shutil.copy(OLD / file.name, file)
    assert main(["train", "--resume", str(file), "--iterations", "80"]) == 0
    assert METHODS[method].label in capsys.readouterr().out
    resumed = tm.load_checkpoint(file)
    error = np.linalg.norm(resumed.theta - AFTER_80[method]) / np.linalg.norm(AFTER_80[method])
    assert error < 1e-4  # float32, and sums in another order
    # The same bits as the library, started from the same place.
    settings, old, *_ = load_run(OLD / f"{method}.npz")
    parts, rng = build(replace(settings, iterations=80)), np.random.default_rng()
    old.restore(parts.optimizer, rng)
    *_, last = tm.meta_train(parts.method, parts.tasks, old.theta, parts.optimizer, 80, rng, 3,
                             parts.n_support, parts.n_query, start=40)
    assert_array_equal(resumed.theta, last.theta)
    assert len(resumed.losses) == 80 and resumed.losses[-1] == last.loss
