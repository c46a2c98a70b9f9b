from __future__ import annotations

import time

import numpy as np
import pytest

from learning.evaluation.records import Estimate
from learning.evaluation.statistics.bootstrap import Bootstrap
from learning.evaluation.statistics.statistics import (
    Floats,
    Statistic,
    auroc,
    calibration_error,
    hit_at,
    precision_recall,
    quantile,
    reciprocal_rank,
    risk_coverage,
    risk_coverage_area,
    share,
)

RANDOM = np.random.default_rng(7)
SCORES = np.round(RANDOM.random(300), 2)  # with ties
TRUTH = RANDOM.random(300) < SCORES


def test_auroc_counts_a_tie_as_half() -> None:
    assert float(auroc([0.1, 0.5, 0.5, 0.9], [False, True, False, True])) == 3.5 / 4
    assert float(auroc([0.3, 0.3], [True, False])) == 0.5


def test_auroc_agrees_with_scikit_learn_with_and_without_weights() -> None:
    from sklearn.metrics import roc_auc_score

    weights = RANDOM.integers(0, 4, (3, 300)).astype(float)
    assert float(auroc(SCORES, TRUTH)) == pytest.approx(roc_auc_score(TRUTH, SCORES))
    expected = [roc_auc_score(TRUTH, SCORES, sample_weight=row) for row in weights]
    assert auroc(SCORES, TRUTH, weights) == pytest.approx(expected)


@pytest.mark.parametrize("truth", [[], [True, True], [False]])
def test_auroc_of_one_class_is_not_defined(truth: list[bool]) -> None:
    assert np.isnan(auroc([0.5] * len(truth), truth))


def test_a_share_counts_only_the_rows_it_is_asked_of() -> None:
    assert float(share([1, 0, 1, 1], [1, 1, 0, 1])) == pytest.approx(2 / 3)
    assert share([1, 0], [1, 1], np.array([[3.0, 1.0], [0.0, 0.0]])) == pytest.approx(
        [0.75, np.nan], nan_ok=True
    )


def test_precision_and_recall_at_the_threshold_itself() -> None:
    precision, recall = precision_recall([0.5, 0.5, 0.4, 0.9], [True, False, True, True], 0.5)
    assert (float(precision), float(recall)) == pytest.approx((2 / 3, 2 / 3))


def test_calibration_error_is_the_mean_distance_of_the_bins_by_size() -> None:
    said, truth = [0.15, 0.15, 0.95, 1.0], [False, True, True, True]
    assert float(calibration_error(said, truth)) == pytest.approx((2 * 0.35 + 2 * 0.025) / 4)
    assert float(calibration_error([0.0, 1.0], [False, True])) == 0


def test_calibration_errors_in_opposite_directions_cancel_only_inside_a_bin() -> None:
    assert float(calibration_error([0.5, 0.5], [True, False])) == 0
    assert float(calibration_error([0.4, 0.6], [True, False])) == pytest.approx(0.6)


def test_adaptive_bins_hold_equally_many_rows() -> None:
    """All in one bin of equal width, where errors cancel that bins of equal size show."""
    said = np.linspace(0.901, 0.999, 20)
    truth = np.arange(20) < 19
    assert float(calibration_error(said, truth)) == pytest.approx(0.0, abs=1e-3)
    assert float(calibration_error(said, truth, adaptive=True)) > 0.05


def test_risk_falls_as_less_is_covered() -> None:
    confidence, wrong = [0.9, 0.8, 0.8, 0.1], [False, False, True, True]
    assert risk_coverage(confidence, wrong) == ((0.25, 0), (0.75, 1 / 3), (1, 0.5))
    assert float(risk_coverage_area(confidence, wrong)) == pytest.approx((0 + 2 / 3 + 0.5) / 4)
    assert risk_coverage([], []) == ()


def test_weights_count_like_repeated_rows() -> None:
    """Every measure must see a row of weight 2 as two rows."""
    confidence, wrong, values = (
        np.array([0.9, 0.4, 0.4, 0.2]),
        np.array([0.0, 1, 0, 1]),
        np.array([3.0, 9, 1, 5]),
    )
    counts = np.array([2, 0, 3, 1])
    again = np.repeat(np.arange(4), counts)
    every = np.ones(4)
    measures: list[tuple[Statistic, Floats]] = [
        (
            lambda w: risk_coverage_area(confidence, wrong, w),
            risk_coverage_area(confidence[again], wrong[again]),
        ),
        (lambda w: auroc(confidence, wrong, w), auroc(confidence[again], wrong[again])),
        (
            lambda w: calibration_error(confidence, wrong, w),
            calibration_error(confidence[again], wrong[again]),
        ),
        (lambda w: quantile(values, 0.5, w), quantile(values[again], 0.5)),
        (lambda w: share(values, every, w), share(values[again], every[:1].repeat(6))),
    ]
    for weighted, repeated in measures:
        assert weighted(counts.astype(float)[None]) == pytest.approx([float(repeated)])


def test_quantile_is_a_value_that_occurs() -> None:
    assert float(quantile([5, 1, 3, 2, 4], 0.5)) == 3
    assert float(quantile(range(100), 0.99)) == 98
    assert np.isnan(quantile([], 0.5))


def test_ranks() -> None:
    assert hit_at("abc", "c", 3) and not hit_at("abc", "c", 2) and not hit_at("abc", "", 3)
    assert reciprocal_rank("abc", "cb") == 0.5
    assert reciprocal_rank("abc", "d") == 0


def estimated(found: Estimate | None) -> Estimate:
    assert found
    return found


def mean_of(values: Floats) -> Statistic:
    return lambda weights: share(values, np.ones(len(values)), weights)


def test_the_interval_of_a_mean_is_that_of_theory() -> None:
    values = np.repeat([0.0, 1.0], [300, 100])
    found = estimated(Bootstrap(list(map(str, range(400)))).estimate(mean_of(values)))
    spread = 1.96 * (0.25 * 0.75 / 400) ** 0.5
    assert (found.value, found.n) == (0.25, 400)
    assert (found.low, found.high) == pytest.approx((0.25 - spread, 0.25 + spread), abs=0.006)


def test_rows_of_one_unit_are_drawn_together() -> None:
    """Ten units of forty equal rows know no more than ten rows do."""
    values = np.repeat([0.0, 1.0] * 5, 40)
    together = estimated(Bootstrap([str(row // 40) for row in range(400)]).estimate(mean_of(values)))
    apart = estimated(Bootstrap(list(map(str, range(400)))).estimate(mean_of(values)))
    assert together.n == 10
    assert together.high - together.low > 4 * (apart.high - apart.low)


def test_draws_are_the_same_for_the_same_seed() -> None:
    values = SCORES
    first, again, other = (
        Bootstrap(list(map(str, range(300))), seed=seed).estimate(mean_of(values)) for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_subset_is_estimated_from_its_own_rows() -> None:
    values = np.array([1.0, 0.0])
    found = estimated(Bootstrap(["a", "b", "b", "c"]).estimate(mean_of(values), np.array([0, 3])))
    assert (found.value, found.n) == (0.5, 2)


def test_the_difference_of_two_systems_on_the_same_draws_is_a_paired_one() -> None:
    """The second is right wherever the first is and on ten rows more: surely better, though their intervals
    overlap."""
    before = np.repeat([1.0, 0.0], [200, 200])
    after = np.repeat([1.0, 0.0], [212, 188])
    bootstrap = Bootstrap(list(map(str, range(400))))
    low, high = (estimated(bootstrap.estimate(mean_of(each))) for each in (before, after))
    change = estimated(bootstrap.estimate(lambda w: mean_of(after)(w) - mean_of(before)(w)))
    assert low.high > high.low
    assert change.low > 0


def test_what_is_not_defined_has_no_estimate() -> None:
    assert Bootstrap([]).estimate(mean_of(np.empty(0))) is None
    assert Bootstrap(["a", "b"]).estimate(lambda w: auroc([0.1, 0.2], [True, True], w)) is None


def test_a_thousand_resamples_of_three_thousand_rows_are_quick() -> None:
    """Half a second on an idle core; row by row it would be half a minute."""
    scores = RANDOM.random(3000)
    truth = RANDOM.random(3000) < scores
    units = list(map(str, range(3000)))
    started = time.process_time()
    found = estimated(Bootstrap(units).estimate(lambda w: auroc(scores, truth, w)))
    assert time.process_time() - started < 3
    assert found.low < found.value < found.high
