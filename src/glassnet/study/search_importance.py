"""Which hyperparameter matters in trials that form no grid."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from glassnet.extras import require
from glassnet.names import unknown


def search_importance(
    table: pd.DataFrame,
    factors: Sequence[str],
    response: str,
    *,
    log: Collection[str] = (),
    seed: int = 0,
) -> dict[str, float]:
    """Return the importance of each hyperparameter in trials that form no grid, by fANOVA.

    Parameters
    ----------
    table : DataFrame
        A row a trial.
    factors : sequence of str
        Columns of the hyperparameters. Numbers are a range, all else are categories.
    response : str
        Column of the number to explain; rows without one are left out.
    log : collection of str
        Factors that were searched on a logarithmic scale, such as a learning rate.
    seed : int
        Of the random forest.

    Returns
    -------
    dict of str to float
        Share of the variance that each factor explains alone, the largest first. What is missing
        from 1 is interactions.

    Raises
    ------
    ValueError
        If a column is missing, fewer than two trials have a response, or all have the same.
    MissingExtraError
        If Optuna or scikit-learn isn't installed.

    References
    ----------
    Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing hyperparameter
    importance", ICML 2014.

    Examples
    --------
    >>> trials = pd.DataFrame({"rate": [0.1, 0.2, 0.3, 0.4] * 3, "hidden": [10, 20, 30] * 4})
    >>> trials["accuracy"] = 1 - trials["rate"]
    >>> list(search_importance(trials, ["hidden", "rate"], "accuracy"))
    ['rate', 'hidden']
    """
    optuna = require("optuna", "study")
    require("sklearn", "sklearn")  # grows Optuna's forest
    for column in [*factors, response]:
        if column not in table.columns:
            raise ValueError(unknown(column, table.columns, "column"))
    for factor in log:
        if factor not in factors:
            raise ValueError(unknown(factor, factors, "factor"))
    trials = table[np.isfinite(table[response].to_numpy(dtype=np.float64))]
    if trials[response].nunique() < 2:
        raise ValueError(
            f"{response!r} must differ between two trials or more, {len(trials)} have a number; "
            "search on"
        )
    columns, ranges = {}, {}
    for factor in factors:
        column = trials[factor]
        if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            if factor in log and column.min() <= 0:
                raise ValueError(
                    f"{factor!r} has {column.min()}; a logarithmic scale is for numbers above 0"
                )
            numbers = np.log(column) if factor in log else column
            columns[factor] = numbers.astype(float).tolist()
            ranges[factor] = optuna.distributions.FloatDistribution(
                min(columns[factor]), max(columns[factor])
            )
        else:
            columns[factor] = column.map(str).tolist()
            ranges[factor] = optuna.distributions.CategoricalDistribution(
                sorted(set(columns[factor]))
            )
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # that a study was created is no news
    try:
        study = optuna.create_study()
    finally:
        optuna.logging.set_verbosity(verbosity)
    study.add_trials(
        optuna.trial.create_trial(
            params=dict(zip(columns, values, strict=True)), distributions=ranges, value=value
        )
        for *values, value in zip(*columns.values(), trials[response].tolist(), strict=True)
    )
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    return {factor: float(share) for factor, share in evaluator.evaluate(study).items()}
