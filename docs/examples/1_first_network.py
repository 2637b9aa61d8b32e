"""
A first network
===============

From the data to a network that reads handwritten digits, and to pictures of what it has learned and
where it is wrong. Nothing is downloaded: the digits are scikit-learn's.
"""

# %%
# The data
# --------
# `load_dataset` gives two data sets, for training and for testing: small grey images and their
# labels.

import tempfile

import glassnet as gn
from glassnet import figures

train, test = gn.load_dataset("digits")
figures.samples(train.x, train.y, train.class_names, per_class=10)

# %%
# The network
# -----------
# Layers in a row. `Flatten` makes a vector of each image; a hidden layer of 64 units with ReLU sees
# all of it, and ten units with softmax give a probability for each digit. What the shapes are
# follows from the shape of an image.

network = gn.Network(
    [gn.Flatten(), gn.Dense(64, "relu"), gn.Dense(10, "softmax")],
    input_shape=train.input_shape,
    class_names=train.class_names,
    seed=0,
)
print(network.summary())

# %%
# Training
# --------
# Stochastic gradient descent with momentum makes the cross-entropy smaller, 32 images at a step. A
# tenth of the training images is held out: after each epoch the network is measured on them. The
# seed decides everything that is random, so these numbers come out again on your machine.

trainer = gn.Trainer(
    network,
    loss="categorical_cross_entropy",
    optimizer=gn.SGD(learning_rate=0.05, momentum=0.9),
    batch_size=32,
    seed=0,
)
history = trainer.fit(train, epochs=40, validation=0.1)
figures.learning_curves(history)

# %%
# How good is it?
# ---------------
# The test images were not looked at so far. `evaluate` measures the network on them, once.

measured = trainer.evaluate(test)
print(f"{measured['accuracy']:.2%} of {len(test)} test images are right")

# %%
# Which digits are taken for which? The diagonal is what is right.

outputs = network.predict(test.x)
figures.confusion_matrix(test.y, gn.predicted_labels(outputs), test.class_names)

# %%
# And the images themselves, those first about which it was most sure:

figures.misclassified(test.x, test.y, outputs, test.class_names)

# %%
# What has it learned?
# --------------------
# Each hidden unit has a weight for each pixel. Drawn in the shape of the image they are what the
# unit looks for: ink in the red, none in the blue.

figures.first_layer_weights(network.layers[1].W.value, network.input_shape)

# %%
# Keeping it
# ----------
# A model file holds numbers and a description of the layers, nothing that is executed when it is
# read.

with tempfile.TemporaryDirectory() as folder:
    network.save(f"{folder}/digits.npz")
    loaded = gn.Network.load(f"{folder}/digits.npz")
assert (loaded.predict(test.x) == outputs).all()

# %%
# On the command line all of this is ``glassnet train``, with a page of the pictures from ``glassnet
# report``.
