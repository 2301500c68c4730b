import numpy as np
import pytest

from lawsmith.tasks.metrics import Scores, nmae, nmse, r2, scores


def test_scores_are_normalised_per_target_and_averaged():
    measured = np.array([[0.0, 10.0], [2.0, 30.0], [4.0, 50.0]])
    predicted = measured + np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0]])
    # First target: MSE 1, variance 8/3, MAE 1, mean absolute deviation 4/3; the second is exact.
    assert nmse(measured, predicted) == pytest.approx((3 / 8) / 2)
    assert nmae(measured, predicted) == pytest.approx((3 / 4) / 2)
    assert r2(measured, predicted) == pytest.approx(1 - 3 / 16)


def test_predicting_the_mean_scores_zero_and_is_not_clipped_below():
    measured = np.array([[1.0], [2.0], [6.0]])
    assert r2(measured, np.full((3, 1), 3.0)) == pytest.approx(0.0)
    assert r2(measured, np.full((3, 1), 300.0)) < -1000


def test_a_constant_target_scores_one_or_minus_infinity_never_nan():
    # 0.1 * 3 sums inexactly, so its variance is not exactly zero.
    measured = np.full((3, 1), 0.1)
    assert r2(measured, measured) == 1
    assert r2(measured, measured + 1e-9) == -np.inf


def test_infinite_scores_survive_json():
    measured = np.full((3, 1), 0.1)
    lost = scores(measured, measured + 1)
    assert Scores.model_validate_json(lost.model_dump_json()) == lost
    assert lost.nmse == np.inf


@pytest.mark.parametrize("shape", [(3,), (2, 1), (3, 2), (0, 1)])
def test_other_shapes_are_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match="shape"):
        r2(np.zeros((3, 1)) if shape != (0, 1) else np.zeros(shape), np.zeros(shape))
