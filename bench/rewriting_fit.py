"""Fits the rewriter's two small models on conversational questions with human rewrites, and prints them.

    python -m bench.rewriting_fit FOLDER

FOLDER holds `dev_*.jsonl` with history, utterance, rewrite, needs_rewrite, conversation_id and dataset.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.rewriting import conversations, history_of, previous_of
from pipeline.stages.dependence import TOKEN, features
from pipeline.stages.history_terms import candidates, stem_of


def main(folder: Path) -> None:
    rows = [row for row in conversations(folder) if history_of(row)]
    fit_dependence(rows)
    fit_referents([row for row in rows if row["needs_rewrite"]])


def fit_dependence(rows: list[dict[str, Any]]) -> None:
    """Figures by cross-validation over conversations; weights from all rows."""
    _fit(
        [features(row["utterance"], previous_of(row)) for row in rows],
        np.array([row["needs_rewrite"] for row in rows]),
        [row["conversation_id"] for row in rows],
        balanced=True,
    )


def fit_referents(rows: list[dict[str, Any]], per_set: int = 450) -> None:
    """A word of the history is wanted where the human rewrite has it. No set may outweigh the others."""
    taken: Counter[str] = Counter()
    samples, labels, groups = list[dict[str, float]](), list[bool](), list[str]()
    for row in random.Random(0).sample(rows, len(rows)):  # noqa: S311 - a sample, no secret
        taken[row["dataset"]] += 1
        if taken[row["dataset"]] > per_set:
            continue
        wanted = {stem_of(word) for word in TOKEN.findall(row["rewrite"])}
        for _, key, found in candidates(row["utterance"], history_of(row)):
            samples.append(found)
            labels.append(key in wanted)
            groups.append(row["conversation_id"])
    _fit(samples, np.array(labels), groups, balanced=False)


def _fit(
    samples: list[dict[str, float]], labels: NDArray[np.bool_], groups: list[str], *, balanced: bool
) -> None:
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import GroupKFold, cross_val_predict

    vectorizer = DictVectorizer(sparse=False)
    matrix = vectorizer.fit_transform(samples)
    model = LogisticRegression(C=0.5, class_weight="balanced" if balanced else None, max_iter=3000)
    scores = cross_val_predict(
        model, matrix, labels, groups=groups, cv=GroupKFold(5), method="predict_proba"
    )[:, 1]
    print(f"rows {len(labels)}, positive {labels.mean():.3f}, AUROC {roc_auc_score(labels, scores):.3f}")
    for share in (0.90, 0.93, 0.95, 0.97):
        bar = float(np.quantile(scores[~labels], share))
        print(f"  {share:.2f} of the negatives below {bar:.3f}: recall {(scores[labels] > bar).mean():.3f}")
    model.fit(matrix, labels)
    for name, weight in zip(vectorizer.get_feature_names_out(), model.coef_[0], strict=True):
        print(f'    "{name}": {weight:.2f},')
    print(f"    bias={model.intercept_[0]:.2f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
