"""
Replacing MLPClassifier
=======================

`NeuralNetworkClassifier` has the parameters, defaults and attributes of scikit-learn's
`MLPClassifier`: replace the class name, and all else stays. Then use what the other lacks.
"""

# %%
# The same model
# --------------
# Handwritten digits, a row of 64 pixels each, and 600 of them to learn from. Two classes, the same
# settings, judged by cross-validation; the test part is put aside for the end.

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler

import glassnet as gn
from glassnet import NeuralNetworkClassifier, TrainingHistoryDisplay

x, y = load_digits(return_X_y=True)
split = train_test_split(x, y, train_size=600, stratify=y, random_state=0)
x_train, x_test, y_train, y_test = split
settings = {"learning_rate_init": 0.005, "tol": 0.001, "random_state": 0}


def pipeline(classifier):
    """Return the classifier behind a scaler."""
    return Pipeline([("scaler", MinMaxScaler()), ("network", classifier)])


old = pipeline(MLPClassifier(**settings))
new = pipeline(NeuralNetworkClassifier(**settings))
for model in (old, new):
    scores = cross_val_score(model, x_train, y_train, cv=3)
    print(f"{type(model[-1]).__name__:24} {scores.mean():.1%}")

# %%
# They do the same within what chance does, as they should.
#
# What is new
# -----------
# Dropout, other activations, label smoothing, weights of classes, validation data of one's own
# (:doc:`all of it </estimators>`), and ``layers``: the network may be any. These rows are images,
# so let it be convolutional. Whether any of this helps here is a question to a search, which varies
# it like every other parameter.

convolutional = [
    gn.Conv2D(16, 3, "relu", padding="same"),
    gn.MaxPooling2D(),
    gn.Conv2D(32, 3, "relu"),
    gn.Flatten(),
    gn.Dropout(0.5),
]
candidates = {
    "as it is": {},
    "dropout": {"dropout": [0.3]},
    "GELU": {"activation": ["gelu"]},
    "convolutional": {
        "layers": [convolutional],
        "input_shape": [(8, 8, 1)],
        "batch_size": [32],
    },
    "the same, with smoothed labels": {
        "layers": [convolutional],
        "input_shape": [(8, 8, 1)],
        "batch_size": [32],
        "label_smoothing": [0.1],
    },
}
grid = [
    {f"network__{name}": values for name, values in changes.items()}
    for changes in candidates.values()
]
search = GridSearchCV(new, grid, cv=3).fit(x_train, y_train)
for name, score in zip(candidates, search.cv_results_["mean_test_score"], strict=True):
    print(f"{score:.1%}  {name}")

# %%
# Dropout and another activation change next to nothing here, convolution does. On the test part,
# once: the network to be replaced, and the one that the search chose.

old.fit(x_train, y_train)
for name, model in {"MLPClassifier": old, "chosen": search}.items():
    print(f"{model.score(x_test, y_test):.1%}  {name}")

# %%
# The history of a training is kept, and drawn by a display as scikit-learn's are:

TrainingHistoryDisplay.from_estimator(search.best_estimator_[-1]).figure_
