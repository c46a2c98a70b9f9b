"""Logistic models over named features, fitted with scikit-learn, and splits that keep groups together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.extras import install
from knowledge.types import FloatArray, Logistic
from learning.training.config import TrainingFailed


def fit_classes(
    examples: Sequence[Mapping[str, float]],
    positive: NDArray[np.bool_],
    penalty: float,
    *,
    balanced: bool = False,
) -> Logistic:
    """The ridge-penalised model of examples that all have the same features; `penalty` is its inverse
    strength. `balanced`: both classes weigh the same. Raises `TrainingFailed` where scikit-learn is missing
    or there is only one class."""
    if not positive.any() or positive.all():
        raise TrainingFailed("there are examples of one class only")
    names = sorted(examples[0])
    rows = np.array([[example[name] for name in names] for example in examples])
    model = regression()(C=penalty, class_weight="balanced" if balanced else None, max_iter=3000)
    model.fit(rows, positive)
    return Logistic(dict(zip(names, map(float, model.coef_[0]), strict=True)), float(model.intercept_[0]))


def fit_kinds(
    vectors: FloatArray, kinds: NDArray[np.str_], penalty: float
) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
    """A multinomial model of vectors, every kind weighing the same: the kinds' names, weights of shape
    (kinds, dimension) and biases of shape (kinds,). There must be three kinds at least."""
    model = regression()(C=penalty, class_weight="balanced", max_iter=500).fit(vectors, kinds)
    weights, biases = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
    return tuple(map(str, model.classes_)), weights, biases


def plain(model: Logistic) -> dict[str, Any]:
    """The model as a card keeps it, rounded to three decimals."""
    return {
        "weights": {name: round(weight, 3) for name, weight in model.weights.items()},
        "bias": round(model.bias, 3),
    }


def average_precision(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """The area under the precision-recall curve, as a sum of steps."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(positive, scores))


def groups_apart(groups: Sequence[str], folds: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Row numbers seen and unseen, fold by fold; rows of one group are never on both sides."""
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    fold_of = np.array([places[group] % folds for group in groups])
    for fold in range(min(folds, len(places))):
        yield np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)


def regression() -> type[Any]:
    """scikit-learn's logistic regression. Raises `TrainingFailed` where it is missing."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError as error:
        raise TrainingFailed(f"scikit-learn is missing: {install('train')}") from error
    chosen: type[Any] = LogisticRegression
    return chosen
