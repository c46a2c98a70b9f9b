"""What others report on public sets, with the address where they say so."""

from __future__ import annotations

from dataclasses import dataclass

HINT3 = "https://github.com/hellohaptik/HINT3 (arXiv:2009.13833)"
CLINC150 = "https://github.com/clinc/oos-eval (arXiv:1909.02027)"
STACK_FAQ = "https://github.com/ML-Recipes/BERT-FAQ"


@dataclass(frozen=True, slots=True)
class Published:
    """A figure of somebody else's: of which `system`, how it was come by, and its `source`."""

    system: str
    figure: float
    how: str
    source: str


_BEST_ON_TEST = "best of five systems, each with its best threshold on the test set"

OF = {
    "hint3/curekart": (Published("BERT", 0.631, _BEST_ON_TEST, HINT3),),
    "hint3/sofmattress": (Published("Dialogflow", 0.680, _BEST_ON_TEST, HINT3),),
    "hint3/powerplay11": (Published("Haptik", 0.432, _BEST_ON_TEST, HINT3),),
    "clinc150/in scope": (Published("BERT", 0.962, "threshold chosen on the validation set", CLINC150),),
    "clinc150/out of scope": (Published("BERT", 0.523, "threshold chosen on the validation set", CLINC150),),
    "stackfaq": (Published("BERT-FAQ", 0.978, "trained on the set's queries", STACK_FAQ),),
}
"""By anchor. Of MTRAG none: what is published searches the whole corpora, which a knowledge base is not."""
