"""Logistic models over named features, fitted with scikit-learn, and splits that keep groups together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from knowledge.types import Logistic
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
    try:
        from sklearn.linear_model import LogisticRegression
    except ModuleNotFoundError as error:
        raise TrainingFailed("scikit-learn is missing: pip install 'candor[train]'") from error
    if not positive.any() or positive.all():
        raise TrainingFailed("there are examples of one class only")
    names = sorted(examples[0])
    rows = np.array([[example[name] for name in names] for example in examples])
    model = LogisticRegression(C=penalty, class_weight="balanced" if balanced else None, max_iter=3000)
    model.fit(rows, positive)
    return Logistic(dict(zip(names, map(float, model.coef_[0]), strict=True)), float(model.intercept_[0]))


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
