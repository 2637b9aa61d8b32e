"""
The thesis in an hour
=====================

glassnet began as the system of a bachelor's thesis, *Building a Deep Neural Network From Scratch*
(KTH, 2023). This page goes its way: a layer by hand, the gradient by hand, the gradient by the
library, and what learning rate, momentum and batch size do. All of it on the 8 x 8 digits, so that
it takes seconds.
"""

# %%
# A layer by hand
# ---------------
# A layer multiplies its inputs by weights, adds biases, and bends the result: ``z = x W + b``,
# ``a = σ(z)`` (the thesis, Eq. 1 to 7). With NumPy that is two lines; the library's layer does the
# same.

import numpy as np

import glassnet as gn
from glassnet import figures

train, test = gn.load_dataset("digits")
layers = [gn.Flatten(), gn.Dense(16, "sigmoid"), gn.Dense(10, "softmax")]
network = gn.Network(layers, input_shape=(8, 8, 1), dtype="float64", seed=0)
hidden, output = network.layers[1:]

x = train.x[:5].reshape(5, 64).astype(np.float64)
a = 1 / (1 + np.exp(-(x @ hidden.W.value + hidden.b.value)))
z = a @ output.W.value + output.b.value
p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
difference = np.abs(p - network.predict(train.x[:5].astype(np.float64)))
print("largest difference:", difference.max())

# %%
# The gradient by hand
# --------------------
# Backpropagation is the chain rule, from the loss back to each weight (Eq. 13 to 15). For softmax
# with cross-entropy the error of the output is ``p - t``; each layer hands it on through its
# weights and the slope of its activation.

t = gn.one_hot(train.y[:5], 10)
error = (p - t) / 5
dW_output = a.T @ error
error = error @ output.W.value.T * a * (1 - a)
dW_hidden = x.T @ error

# %%
# And what the library finds:

loss = gn.CategoricalCrossEntropy()
network.gradient(train.x[:5].astype(np.float64), t, loss)
print("output layer:", np.abs(dW_output - output.W.grad).max())
print("hidden layer:", np.abs(dW_hidden - hidden.W.grad).max())

# %%
# Whether a gradient is right can be seen without any derivation: move each parameter a little and
# look at the loss. `gradient_check` does that for a network of any layers.

gn.gradient_check(network, loss, train.x[:5].astype(np.float64), t)

# %%
# Learning rate
# -------------
# Too small and not much happens in time, too large and the steps jump over the valley: then
# nothing is learned at all. The same network from the same start, with four rates:


def trained(learning_rate=0.1, momentum=0.0, batch_size=10, epochs=15, seed=0):
    """Train the thesis' kind of network and return its history."""
    layers = [gn.Flatten(), gn.Dense(32, "sigmoid"), gn.Dense(10, "softmax")]
    network = gn.Network(layers, input_shape=(8, 8, 1), seed=seed)
    trainer = gn.Trainer(
        network,
        loss="categorical_cross_entropy",
        optimizer=gn.SGD(learning_rate=learning_rate, momentum=momentum),
        batch_size=batch_size,
        seed=seed,
    )
    return trainer.fit(train, epochs=epochs, validation=0.2)


def compare(name, values, **others):
    """Print the best validation accuracy of three seeds for each value."""
    for value in values:
        best = [
            trained(**{name: value}, **others, seed=seed).best("validation_accuracy")
            for seed in range(3)
        ]
        shown = " ".join(f"{record['validation_accuracy']:7.2%}" for record in best)
        print(f"{name} = {value:<6} {shown}")


compare("learning_rate", [0.01, 0.1, 1.0, 10.0])

# %%
# Of these four 1 is best; 10 is too large.

# %%
# Momentum
# --------
# With momentum μ a step goes on in the direction of the last ones; along a valley it adds up to
# ``1 / (1 - μ)`` times the rate. With 0.9 the rate 0.01 does what 0.1 did without:

compare("momentum", [0.0, 0.5, 0.9], learning_rate=0.01)

# %%
# Batch size
# ----------
# A batch's gradient is a mean: less noise, but fewer steps in an epoch. At the same rate and the
# same number of epochs the small batch has taken many more steps.

compare("batch_size", [1, 10, 100, "full"], learning_rate=0.1)

# %%
# One training as a picture:

figures.learning_curves(trained(learning_rate=0.1, momentum=0.9, epochs=30))

# %%
# Three seeds are too few for a verdict. The thesis' questions with ten seeds each, paired
# differences and verdicts in words are ``glassnet study run thesis``; what came out is in
# :doc:`the thesis, run again </thesis/README>`.
