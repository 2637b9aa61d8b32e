"""
How sure? Quantiles
===================

A regression that says how far off it may be: one network for the tenth, one for the median, one
for the ninetieth percentile, by the same loss with another weight on what lies above.
"""

# %%
# Data whose noise grows

import numpy as np
from matplotlib.figure import Figure

import glassnet as gn

rng = np.random.default_rng(0)
x = rng.uniform(0, 10, 2000)
y = np.sin(x) + 0.05 * (1 + x) * rng.normal(size=2000)

# %%
# The loss weighs errors above by ``q`` and below by ``1 - q``: least where a share ``q`` of the
# targets lies below.

line = np.linspace(0, 10, 300)
found = {}
for q in (0.1, 0.5, 0.9):
    model = gn.NeuralNetworkRegressor(
        hidden_layer_sizes=(64, 64),
        activation="tanh",
        loss=gn.Quantile(q),
        learning_rate_init=0.005,
        max_iter=500,
        random_state=0,
    )
    model.fit(x[:, None] / 10, y)
    found[q] = model.predict(line[:, None] / 10)
    below = np.mean(y <= model.predict(x[:, None] / 10))
    print(f"quantile {q}: {below:.1%} of the examples lie below")

# %%
# Most examples lie between the outer two, and the band widens where the noise does.

figure = Figure(figsize=(7, 3.6), layout="constrained")
axes = figure.add_subplot()
axes.scatter(x, y, s=4, color="0.75", linewidths=0, label="examples")
axes.fill_between(line, found[0.1], found[0.9], color="#0072B2", alpha=0.2, label="10 % to 90 %")
axes.plot(line, found[0.5], color="#0072B2", label="median")
axes.set(xlabel="x", ylabel="y")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, loc="upper left")
figure
