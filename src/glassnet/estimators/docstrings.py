"""What the docstrings of both estimators have in common, written once."""

from __future__ import annotations

import inspect

_TRAINING = """
hidden_layer_sizes : int, sequence of int, or str, default (100,)
    Units of the hidden layers, 1 or more each; also as text, ``"128-64"``.
activation : str or Activation, or a list of them, default "relu"
    Of the hidden layers, any of glassnet's; ``"logistic"`` is the sigmoid. A list has one for
    each layer.
solver : {"adam", "sgd", "lbfgs"}, default "adam"
    What makes the loss small: Adam or SGD, batch by batch, or L-BFGS, which takes all examples
    at once.
alpha : float, 0 or more, default 0.0001
    Strength of the penalty ``alpha / 2 ‖W‖²``, which is divided by the examples of a batch (the
    sum of their weights); biases have none.
batch_size : int, 1 or more, or "auto", default "auto"
    Examples in a step of "adam" and "sgd"; "auto" is all of them, 200 at most.
learning_rate : {"constant", "invscaling", "adaptive"} or Schedule, default "constant"
    What becomes of the rate of "sgd": it stays; it is divided by ``(t + 1) ** power_t`` after t
    examples; or by 5 where training would stop, down to 1e-6. A schedule of glassnet sets the rate
    of "adam" too; it runs over `max_iter` epochs, and `partial_fit` takes none.
learning_rate_init : float, above 0, default 0.001
    The rate that "adam" and "sgd" begin with.
power_t : float, 0 or more, default 0.5
    The exponent of "invscaling".
max_iter : int, 1 or more, default 200
    Epochs at most; of "lbfgs" iterations.
shuffle : bool, default True
    Whether the examples come in another order in each epoch.
random_state : int, RandomState or None, default None
    Decides the first weights, the order of the examples, which of them are held out, and what
    layers with chance in them draw. None draws all of it anew each time.
tol : float, 0 or more, default 0.0001
    An improvement that is smaller is none. "lbfgs" ends where no entry of the gradient is larger.
verbose : bool or int, default False
    Whether every epoch writes a line.
warm_start : bool, default False
    Whether `fit` goes on with the network that is there; the labels are then of the same classes.
momentum : float, in [0, 1), default 0.9
    How much of its velocity "sgd" keeps from step to step.
nesterovs_momentum : bool, default True
    Whether that momentum is Nesterov's.
early_stopping : bool, default False
    Whether a part is held out, its score decides when training ends, and the network with the
    best score is kept. "lbfgs" holds nothing out.
validation_fraction : float, in (0, 1), default 0.1
    The part that is held out for it where `fit` is given no `X_val`.
beta_1 : float, in [0, 1), default 0.9
    How much of the mean gradient "adam" keeps from step to step.
beta_2 : float, in [0, 1), default 0.999
    How much of the mean squared gradient "adam" keeps from step to step.
epsilon : float, above 0, default 1e-8
    What "adam" adds to the root of the latter before it divides by it.
n_iter_no_change : int, 1 or more, or inf, default 10
    Training ends after more than so many epochs in a row without an improvement by `tol`: of the
    training loss, or with `early_stopping` of the score.
max_fun : int, 1 or more, default 15000
    Evaluations of the loss by "lbfgs" at most.
"""

_NETWORK = """
dropout : float, or sequence of float, default 0.0
    Rate of dropout after the hidden layers, in [0, 1); a sequence has one for each. Not with
    "lbfgs".
layers : list of Layer or of dict, default None
    The hidden layers, or their configurations, in place of `hidden_layer_sizes`, `activation`
    and `dropout`, which are refused beside them. The output layer is put behind them, and a
    `Flatten` where one is missing.
input_shape : tuple of int, default None
    With `layers`: the shape that the features of an example have, ``(28, 28, 1)``. Not needed
    where `X` itself has shape (n, 28, 28, 1). Bytes (uint8) of images are divided by 255.
n_layers : int, 0 or more, default None
    How many hidden layers there are, all of one size: with `n_units` a pair of numbers for a
    search space, in place of `hidden_layer_sizes`.
n_units : int, 1 or more, default None
    How many units each of them has.
callbacks : sequence of Callback, default ()
    Called by the trainer. Not with "lbfgs".
engine : {"auto", "numpy", "numba"}, default "auto"
    What computes the steps; see `Trainer`.
"""

_FITTED = """
network_ : Network
    To save, export or look into.
history_ : History
    The record of every epoch.
coefs_ : list of ndarray
    Weights of each layer that has some, of dense layers shape (inputs, units): the network's own
    arrays.
intercepts_ : list of ndarray, shape (units,)
    Biases of each layer that has some: the network's own arrays.
loss_curve_ : list of float
    The training loss of each epoch, with the penalty.
loss_ : float
    The last of them.
best_loss_ : float or None
    The least of them; None with `early_stopping`.
validation_scores_ : list of float or None
    The score on the validation data after each epoch; None without such data.
best_validation_score_ : float or None
    The best of them.
validation_loss_curve_ : list of float or None
    The loss on the validation data after each epoch, without the penalty.
n_iter_ : int
    Epochs of the last `fit` or `partial_fit`.
t_ : int
    Examples seen in all epochs.
stopped_ : bool
    Whether training ended because there was no more progress.
n_layers_ : int
    Layers with weights, and one for the inputs.
n_outputs_ : int
    Outputs of the network.
out_activation_ : str
    What the last layer ends with: "softmax", "logistic", "identity" or "exp".
n_features_in_ : int
    Columns of `X`.
feature_names_in_ : ndarray of str, shape (features,)
    Their names, where `X` had names.
"""

_SHARED = {"training": _TRAINING, "network": _NETWORK, "fitted": _FITTED}


def completed(docstring: str | None) -> str | None:
    """Return a docstring with the shared entries where it has ``{training}`` and the like.

    Examples
    --------
    >>> completed("{fitted}").splitlines()[:2]
    ['network_ : Network', '    To save, export or look into.']
    """
    if docstring is None:  # of a subclass without one, or under python -OO
        return None
    whole = inspect.cleandoc(docstring)
    for name, entries in _SHARED.items():
        whole = whole.replace(f"{{{name}}}", entries.strip())
    return whole
