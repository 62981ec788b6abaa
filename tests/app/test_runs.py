"""Training runs: their bits, what they keep, and how they end."""

import signal
import threading
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_runs import press_ctrl_c, small, trained

import tinymeta as tm
from tinymeta.app import runs
from tinymeta.app.protocols import finn2017, reptile2018
from tinymeta.app.recipes import COMPARED
from tinymeta.app.settings import build


def same_bits(one, other):
    assert_array_equal(one.theta, other.theta)
    assert_array_equal(one.losses, other.losses)
    assert one.iteration == other.iteration and one.rng_state == other.rng_state


@pytest.mark.parametrize("method", COMPARED)
def test_a_run_has_the_bits_of_the_library_s_loop(method, tmp_path):
    settings = small(method, seed=5, shots=4, queries=6, init="xavier")
    parts, rng = build(settings), np.random.default_rng(5)
    omega = parts.method.init(rng, np.float32, "xavier")
    steps = list(tm.meta_train(parts.method, parts.tasks, omega, parts.optimizer, 12, rng, 3,
                               4 if "maml" in method else 10, 6))
    run = runs.train(settings, tmp_path / "run.npz")
    assert (run.settings, run.stopped, run.error) == (settings, False, None)
    assert_array_equal(run.checkpoint.theta, steps[-1].theta)
    assert_array_equal(run.checkpoint.losses, [step.loss for step in steps])
    assert run.checkpoint.theta.dtype == np.float32 and run.checkpoint.iteration == 12
    loaded = runs.load_run(tmp_path / "run.npz")
    assert (loaded.settings, loaded.stopped, loaded.error) == (settings, False, None)
    same_bits(run.checkpoint, loaded.checkpoint)


def test_ctrl_c_while_a_file_is_claimed_is_noted(tmp_path, monkeypatch):
    presses, holds = [signal.SIGINT], runs.Claim.holds

    def press(claim):
        if presses:
            signal.raise_signal(presses.pop())
        return holds(claim)

    monkeypatch.setattr(runs.Claim, "holds", press)
    run = runs.train(small(), tmp_path / "run.npz")
    assert (run.stopped, run.checkpoint.iteration) == (130, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.parametrize("method, protocol", [("maml", finn2017), ("reptile", reptile2018)])
def test_ctrl_c_stops_after_the_step_and_resuming_gives_the_same_bits(
        method, protocol, tmp_path, monkeypatch):
    settings = replace(protocol(method), iterations=12, n_tasks=2, widths=(1, 6, 1))
    whole = runs.train(settings, tmp_path / "whole.npz")
    with monkeypatch.context() as context:
        press_ctrl_c(context, 5)
        cut = runs.train(settings, tmp_path / "cut.npz")
    assert cut.stopped and cut.error is None
    assert cut.checkpoint.iteration == len(cut.checkpoint.losses) == 5
    resumed = runs.train(settings, tmp_path / "cut.npz")
    assert not resumed.stopped
    same_bits(resumed.checkpoint, whole.checkpoint)
    assert resumed.checkpoint.seconds > cut.checkpoint.seconds > 0


def test_ctrl_c_is_again_what_it_was_when_a_run_ends_even_by_an_error(tmp_path, monkeypatch):
    before, seen = signal.getsignal(signal.SIGINT), []

    def fail(tasks, *sizes):
        seen.append(signal.getsignal(signal.SIGINT))
        raise RuntimeError("no tasks today")

    trained(tmp_path)
    assert signal.getsignal(signal.SIGINT) is before
    monkeypatch.setattr(tm.SinusoidTasks, "sample", fail)
    with pytest.raises(RuntimeError, match="no tasks today"):
        runs.train(small(seed=1), tmp_path / "other.npz")
    assert signal.getsignal(signal.SIGINT) is before and seen[0] is not before


def test_a_run_may_go_on_in_a_thread_which_gets_no_signals(tmp_path):
    found = []
    thread = threading.Thread(target=lambda: found.append(trained(tmp_path)))
    thread.start(), thread.join()
    assert found[0].checkpoint.iteration == 12


@pytest.mark.parametrize("every, saved", [(0.0, [1, 2, 3, 4, 4]), (1e9, [4])])
def test_a_run_is_saved_every_so_many_seconds_and_at_its_end(every, saved, tmp_path, monkeypatch):
    found, save = [], runs.save_checkpoint

    def save_and_look(path, *arguments):
        save(path, *arguments)
        checkpoint = runs.load_run(path).checkpoint
        assert len(checkpoint.losses) == checkpoint.optimizer_state["t"] == checkpoint.iteration
        found.append(checkpoint.iteration)

    monkeypatch.setattr(runs, "SAVE_EVERY", every)
    monkeypatch.setattr(runs, "save_checkpoint", save_and_look)
    trained(tmp_path, iterations=4)
    assert found == saved


def test_the_seconds_between_saves_count_from_the_last_one(tmp_path, monkeypatch):
    clock, save, found = [0.0], runs.save_checkpoint, []
    monkeypatch.setattr(runs, "SAVE_EVERY", 2.5)
    monkeypatch.setattr(runs.time, "perf_counter", lambda: clock[0])
    monkeypatch.setattr(runs, "save_checkpoint",
                        lambda path, omega, done, *rest: (found.append(done),
                                                          save(path, omega, done, *rest)))
    sample = tm.SinusoidTasks.sample

    def slow(tasks, *sizes):
        clock[0] += 1.0
        return sample(tasks, *sizes)

    monkeypatch.setattr(tm.SinusoidTasks, "sample", slow)
    run = trained(tmp_path, iterations=7)
    assert found == [3, 6, 7] and run.checkpoint.seconds == 7
    resumed = runs.train(small(iterations=9), tmp_path / "maml.npz", more=True)
    assert resumed.checkpoint.seconds == 9  # of both calls


def test_the_same_run_in_the_same_place_is_not_begun_anew(tmp_path):
    first, before = trained(tmp_path), (tmp_path / "maml.npz").read_bytes()
    same_bits(trained(tmp_path).checkpoint, first.checkpoint)
    assert (tmp_path / "maml.npz").read_bytes() == before  # its seconds too


def test_a_run_may_be_extended_at_a_constant_rate(tmp_path):
    whole = trained(tmp_path)
    runs.train(small(iterations=4), tmp_path / "short.npz")
    extended = runs.train(small(), tmp_path / "short.npz", more=True)
    same_bits(extended.checkpoint, whole.checkpoint)
    assert runs.load_run(tmp_path / "short.npz").settings.iterations == 12
    with pytest.raises(ValueError, match="iterations is 11; expected at least 12, the number"):
        runs.train(small(iterations=11), tmp_path / "short.npz", more=True)


def test_a_run_that_is_extended_and_stopped_at_once_keeps_what_was_asked_for(tmp_path, monkeypatch):
    trained(tmp_path)
    monkeypatch.setattr(runs.Stop, "steps", lambda stop, steps: iter(()))
    runs.train(small(iterations=20), tmp_path / "maml.npz", more=True)
    kept = runs.load_run(tmp_path / "maml.npz")
    assert (kept.settings.iterations, kept.checkpoint.iteration) == (20, 12)


@pytest.mark.parametrize("changes, words", [
    ({"alpha": 0.02}, "alpha 0.01 there, 0.02 here"), ({"iterations": 13}, "iterations 12 there"),
    ({"seed": 1, "max_norm": 2.0}, "max_norm 0.0 there, 2.0 here; seed 0 there, 1 here"),
    ({"widths": (1, 7, 1)}, r"widths \[1, 6, 1\] there, \[1, 7, 1\] here")], ids=str)
def test_a_run_with_other_settings_is_neither_overwritten_nor_continued(changes, words, tmp_path):
    trained(tmp_path)
    before = (tmp_path / "maml.npz").read_bytes()
    with pytest.raises(tm.CheckpointError, match=f"other settings .{words}.*choose another"):
        trained(tmp_path, **changes)
    if "iterations" not in changes:
        with pytest.raises(tm.CheckpointError, match=words):
            runs.train(small(**changes), tmp_path / "maml.npz", more=True)
    assert (tmp_path / "maml.npz").read_bytes() == before


# Divergence.


def test_a_diverged_run_keeps_the_last_good_step_and_diverges_there_again(tmp_path):
    settings = replace(finn2017(), alpha=0.03, inner_steps=5, iterations=150, n_tasks=5,
                       widths=(1, 20, 20, 1))
    first = runs.train(settings, tmp_path / "maml.npz")
    again = runs.train(settings, tmp_path / "maml.npz")
    assert first.error.iteration == again.error.iteration == first.checkpoint.iteration + 1 < 150
    same_bits(first.checkpoint, again.checkpoint)
    assert not first.stopped


def test_an_update_that_overflows_is_a_divergence_too(tmp_path):
    run = trained(tmp_path, learning_rate=3e38, optimizer="sgd", iterations=5)
    assert "the updated parameters are not finite" in str(run.error)
    assert np.isfinite(run.checkpoint.theta).all()
    assert run.checkpoint.optimizer_state["t"] == run.checkpoint.iteration


# Files.


@pytest.mark.parametrize("change, words", [
    ({"method": "zz"}, "method is 'zz'"), ({"eval_shots": []}, "eval_shots"),
    ({"widths": 5}, "widths is 5"), ({"positive": "yes"}, "positive"), ({"decay": "no"}, "decay"),
    ({"phase": None}, "phase"), ({"eval_shots": 10}, "eval_shots is 10"),
    ({"eval_shots": [5, "a"]}, r"eval_shots.1. is 'a'"), ({"colour": "red"}, "colour"),
    ({"content": None}, "content is None"),
    ({"names": ["x", "y"]}, "names is .'x', 'y'.; expected none"),
    ({"scales": 3}, "scales is 3; expected a list"), ({"scales": ["a"]}, "scales.0. is 'a'"),
    ({"widths": [1, 7, 1]}, r"shape \(19,\) and dtype float32; expected \(22,\)"),
    ({"dtype": "float64"}, "expected .19,. and float64")], ids=str)
def test_a_checkpoint_with_odd_settings_is_an_error(change, words, tmp_path):
    checkpoint = trained(tmp_path).checkpoint
    tm.save_checkpoint(tmp_path / "odd.npz", checkpoint.theta,
                       settings={**checkpoint.settings, **change})
    message = f"odd.npz cannot be used: .*{words}"
    with pytest.raises(tm.CheckpointError, match=message):
        runs.load_run(tmp_path / "odd.npz")


def test_a_checkpoint_of_one_s_own_is_not_taken_for_a_run(tmp_path):
    """Without settings nobody can know which network the parameters belong to."""
    settings = {**small().as_dict()}
    del settings["seed"], settings["dtype"]
    tm.save_checkpoint(tmp_path / "own.npz", np.zeros(19), settings=settings)
    with pytest.raises(tm.CheckpointError, match="its settings lack dtype, seed"):
        runs.load_run(tmp_path / "own.npz")


def test_runs_are_named_by_method_and_by_file_where_methods_repeat(tmp_path):
    for name, settings in (("a", small()), ("b", small("joint")), ("c", small(seed=1))):
        runs.train(settings, tmp_path / f"{name}.npz")
    a, b, c = (str(tmp_path / f"{name}.npz") for name in "abc")
    loaded = runs.load_runs([a, b, c])
    assert list(loaded) == [a, "joint training", c]
    assert loaded[c].settings.seed == 1 and loaded["joint training"].settings.method == "joint"
    assert list(runs.load_runs([a, b])) == ["MAML", "joint training"]