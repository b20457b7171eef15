"""The criteria of the study `batch_norm`, fixed before it runs."""

from studies.harness import Criteria
from studies.normalization._batch_norm_exact_criteria import EXACT
from studies.normalization._batch_norm_trained_criteria import TRAINED

CRITERIA = Criteria(*EXACT, *TRAINED)
