"""
How sure? Quantiles
===================

A regression that says how far off it may be: one network for the tenth, one for the median, one
for the ninetieth percentile, by the same loss with another weight on what lies above.
"""

# %%
# Data whose noise grows
# ----------------------
# A sine with normal noise, eleven times as wide at the right end as at the left.

from statistics import NormalDist

import numpy as np
from matplotlib.figure import Figure

import glassnet as gn

rng = np.random.default_rng(0)
x = rng.uniform(0, 10, 2000)
y = np.sin(x) + 0.05 * (1 + x) * rng.normal(size=2000)

# %%
# Three networks
# --------------
# The loss weighs errors above by ``q`` and below by ``1 - q``: least where a share ``q`` of the
# targets lies below. Its slope does not get smaller near the target, so neither do the steps of
# Adam: a moving average of the weights takes their noise out. The input is standardised, and
# training goes on until 30 epochs have brought nothing.


def standardized(values):
    """Return the input of the networks, shape (n, 1)."""
    return ((values - x.mean()) / x.std())[:, None]


line = np.linspace(0, 10, 300)
found = {}
for q in (0.1, 0.5, 0.9):
    model = gn.NeuralNetworkRegressor(
        loss="quantile",
        quantile=q,
        hidden_layer_sizes=(64, 64),
        activation="tanh",
        learning_rate_init=0.005,
        n_iter_no_change=30,
        max_iter=1000,
        callbacks=[gn.MovingAverage(0.99)],
        random_state=0,
    )
    model.fit(standardized(x), y)
    found[q] = model.predict(standardized(line))
    below = np.mean(y <= model.predict(standardized(x)))
    print(f"quantile {q}: {below:.1%} of the examples lie below")

# %%
# Are they right?
# ---------------
# Here the truth is known: the sine, and the deviation of the noise times a quantile of the normal
# distribution.

for q, curve in found.items():
    true = np.sin(line) + 0.05 * (1 + line) * NormalDist().inv_cdf(q)
    away = np.abs(curve - true).mean()
    print(f"quantile {q}: {away:.3f} away from the true one, in the mean")
    assert away < 0.1

# %%
# About four fifths of the examples lie between the outer two, and the band widens as the noise
# does.

width = found[0.9] - found[0.1]
print(f"the band is {width[0]:.2f} wide at the left end, {width[-1]:.2f} at the right")

figure = Figure(figsize=(7, 3.6), layout="constrained")
axes = figure.add_subplot()
axes.scatter(x, y, s=4, color="0.75", linewidths=0, label="examples")
band = {"color": "#0072B2", "alpha": 0.2, "label": "10 % to 90 %"}
axes.fill_between(line, found[0.1], found[0.9], **band)
axes.plot(line, found[0.5], color="#0072B2", label="median")
axes.set(xlabel="x", ylabel="y")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, loc="upper left")
figure
