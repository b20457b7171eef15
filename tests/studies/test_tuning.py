"""Tuned arms: equal budgets, edges extend everyone, divergence is the worst, reporting seeds refused."""

from dataclasses import dataclass

import pytest

from studies.harness import tuning

pytestmark = pytest.mark.once


@dataclass
class Result:
    value: float
    status: str = "completed"


class Recorder:
    def __init__(self):
        self.rows, self.tables = 0, {}

    def __call__(self, rows, X=None, y=None):
        self.rows += len(rows)
        return rows

    def record(self, name, table):
        self.tables[name] = table


def parabola(best):
    return lambda value, seed: Result((value / best - 1) ** 2 + 1e-3 * (seed % 3))


GRID = (0.25, 0.5, 1.0, 2.0, 4.0)


def test_the_best_median_wins_and_the_table_is_recorded():
    sweep = Recorder()
    tuned = tuning.tune(
        {"a": parabola(1.0), "b": parabola(2.0)}, dict.fromkeys("ab", GRID), lambda r: r.value, sweep=sweep
    )
    assert tuned.choice == {"a": 1.0, "b": 2.0}
    assert (tuned.extensions, tuned.edge, sweep.rows) == (0, (), 2 * 5 * 10)
    assert sweep.tables["tuning"].groupby("arm").chosen.sum().to_dict() == {"a": 1, "b": 1}


def test_an_edge_winner_extends_every_grid_and_only_new_points_run():
    sweep = Recorder()
    tuned = tuning.tune(
        {"a": parabola(1.0), "b": parabola(8.0)}, dict.fromkeys("ab", GRID), lambda r: r.value, sweep=sweep
    )
    assert tuned.choice == {"a": 1.0, "b": 8.0}
    assert tuned.extensions == 1
    assert {arm: len(g) for arm, g in tuned.grids.items()} == {"a": 7, "b": 7}
    assert sweep.rows == 2 * 7 * 10
    assert sorted(tuned.table["round"].unique()) == [0, 1]


def test_extensions_are_bounded_and_the_edge_is_admitted():
    tuned = tuning.tune(
        {"a": lambda v, s: Result(v)}, {"a": GRID}, lambda r: r.value, sweep=Recorder(), max_extensions=2
    )
    assert tuned.extensions == 2
    assert tuned.edge == ("a",)
    assert len(tuned.grids["a"]) == 9


def test_diverged_runs_count_as_the_worst():
    def arm(value, seed):
        return Result(0.0 if value > 1 else value, "diverged" if value > 1 else "completed")

    tuned = tuning.tune({"a": arm}, {"a": GRID}, lambda r: r.value, sweep=Recorder(), maximise=True)
    assert tuned.choice == {"a": 1.0}
    assert tuned.table.set_index("value").diverged[4.0] == 10


def test_an_arm_that_diverged_everywhere_is_at_the_lower_edge():
    """Its ties are no interior optimum: all grids grow downwards, until it can be trained."""

    def wild(value, seed):
        return Result((value / 0.0625 - 1) ** 2, "diverged" if value > 0.1 else "completed")

    sweep = Recorder()
    tuned = tuning.tune(
        {"a": parabola(1.0), "wild": wild}, dict.fromkeys(("a", "wild"), GRID), lambda r: r.value, sweep=sweep
    )
    assert tuned.extensions == 2  # 0.25 to 0.0625, whose best is at the edge, then to 0.0156
    assert {arm: len(g) for arm, g in tuned.grids.items()} == {"a": 9, "wild": 9}
    assert tuned.choice == {"a": 1.0, "wild": 0.0625}
    assert (tuned.edge, tuned.diverged) == ((), ())


def test_what_diverged_everywhere_to_the_end_is_named():
    arms = {"a": parabola(1.0), "wild": lambda value, seed: Result(value, "diverged")}
    tuned = tuning.tune(arms, dict.fromkeys(arms, GRID), lambda r: r.value, sweep=Recorder(), max_extensions=2)
    assert (tuned.extensions, tuned.edge, tuned.diverged) == (2, ("wild",), ("wild",))
    assert tuned.choice["wild"] == tuned.grids["wild"][0] == min(GRID) / 2**4


def test_half_of_an_even_number_of_runs_is_enough_to_have_no_winner():
    """Their medians are all the worst: a tie, of which the middle would pass for an interior optimum."""
    arms = {"wild": lambda value, seed: Result(value, "diverged" if seed % 2 else "completed")}
    tuned = tuning.tune(arms, {"wild": GRID}, lambda r: r.value, sweep=Recorder())
    assert (tuned.extensions, tuned.edge, tuned.diverged) == (3, ("wild",), ("wild",))


def test_ties_of_runs_that_did_not_diverge_extend_nothing():
    """Nobody reached the target, at any rate: a lower one is no more promising than a higher one."""
    arms = {"a": lambda value, seed: Result(float("inf"))}
    tuned = tuning.tune(arms, {"a": GRID}, lambda r: r.value, sweep=Recorder())
    assert (tuned.extensions, tuned.edge, tuned.diverged, tuned.choice["a"]) == (0, (), (), 1.0)


def test_only_tuning_seeds_and_equal_grids():
    with pytest.raises(ValueError, match=r"within 500..599"):
        tuning.tune({"a": parabola(1)}, {"a": GRID}, lambda r: r.value, sweep=Recorder(), seeds=[1000])
    with pytest.raises(ValueError, match="same length"):
        tuning.tune(
            {"a": parabola(1), "b": parabola(1)},
            {"a": GRID, "b": GRID[:4]},
            lambda r: r.value,
            sweep=Recorder(),
        )


def test_grid():
    grid = tuning.grid(0.1)
    assert len(grid) == 7
    assert grid[3] == 0.1
    assert grid[4] / grid[0] == pytest.approx(10, rel=1e-5)
