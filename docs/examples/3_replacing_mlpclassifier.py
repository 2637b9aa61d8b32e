"""
Replacing MLPClassifier
=======================

`NeuralNetworkClassifier` has the parameters, defaults and attributes of scikit-learn's
`MLPClassifier`: replace the class name, and all else stays. Then use what the other lacks.
"""

# %%
# The same model
# --------------
# Breast cancer data, scaled, in a pipeline, judged by cross-validation; first with scikit-learn's
# class, then with glassnet's.

from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from glassnet import NeuralNetworkClassifier, TrainingHistoryDisplay

x, y = load_breast_cancer(return_X_y=True)
settings = {"hidden_layer_sizes": (32,), "max_iter": 1000, "random_state": 0}
for estimator in (MLPClassifier, NeuralNetworkClassifier):
    model = make_pipeline(StandardScaler(), estimator(**settings))
    scores = cross_val_score(model, x, y)
    print(f"{estimator.__name__:24} {scores.mean():.2%} ± {scores.std():.2%}")

# %%
# What is new: dropout, other activations, weights of classes, a validation set of one's own
# ------------------------------------------------------------------------------------------

x_train, x_test, y_train, y_test = train_test_split(x, y, stratify=y, random_state=0)
x_fit, x_val, y_fit, y_val = train_test_split(x_train, y_train, stratify=y_train, random_state=0)
scaler = StandardScaler().fit(x_fit)
model = NeuralNetworkClassifier(
    hidden_layer_sizes="64-32",
    activation=["gelu", "relu"],
    dropout=0.2,
    class_weight="balanced",
    early_stopping=True,
    n_iter_no_change=20,
    max_iter=300,
    random_state=0,
)
model.fit(scaler.transform(x_fit), y_fit, X_val=scaler.transform(x_val), y_val=y_val)
print(f"{model.score(scaler.transform(x_test), y_test):.2%} on the test part")

# %%
# The history of the training is kept, and drawn by a display as scikit-learn's are:

TrainingHistoryDisplay.from_estimator(model).figure_

# %%
# A search
# --------
# An architecture is two numbers, so that a search can vary it.

search = GridSearchCV(
    make_pipeline(
        StandardScaler(),
        NeuralNetworkClassifier(learning_rate_init=0.01, early_stopping=True, random_state=0),
    ),
    {
        "neuralnetworkclassifier__n_layers": [1, 2],
        "neuralnetworkclassifier__n_units": [8, 32],
        "neuralnetworkclassifier__dropout": [0.0, 0.3],
    },
    cv=3,
)
search.fit(x_train, y_train)
print(search.best_params_)
print(f"{search.score(x_test, y_test):.2%} on the test part")
