"""
Deploying with ONNX
===================

From a trained network to one file that another runtime reads: pictures as bytes go in, the
probabilities of named classes come out, and glassnet is not needed any more.
"""

# %%
# A small convolutional network
# -----------------------------

import json
import tempfile

import numpy as np
import onnxruntime
from matplotlib.figure import Figure

import glassnet as gn
from glassnet.export import to_onnx

train, test = gn.load_dataset("digits")
names = ["zero", "one", "two", "three", "four"]
names += ["five", "six", "seven", "eight", "nine"]
network = gn.Network(
    [
        gn.Conv2D(16, 3, "relu", padding="same"),
        gn.MaxPooling2D(),
        gn.Conv2D(32, 3, "relu"),
        gn.Flatten(),
        gn.Dropout(0.3),
        gn.Dense(10, "softmax"),
    ],
    input_shape=train.input_shape,
    class_names=names,
    seed=0,
)
trainer = gn.Trainer(
    network,
    loss="categorical_cross_entropy",
    optimizer=gn.Adam(learning_rate=0.003),
)
trainer.fit(train, epochs=20, validation=0.1)
print(f"{trainer.evaluate(test)['accuracy']:.2%} of the test images")
network

# %%
# The file
# --------
# With ``raw_images`` the graph begins with the division by 255, so that it takes what image files
# hold. Dropout is gone: it is for training.

folder = tempfile.mkdtemp()
path = f"{folder}/digits.onnx"
model = to_onnx(network, path, raw_images=True)

# %%
# Where it is used
# ----------------
# Nothing but onnxruntime from here on.

session = onnxruntime.InferenceSession(path)
classes = json.loads(session.get_modelmeta().custom_metadata_map["class_names"])
images = np.rint(test.x[:5] * 255).astype(np.uint8)
(probabilities,) = session.run(None, {"input": images})
for row, label in zip(probabilities, test.y[:5], strict=True):
    best = int(row.argmax())
    print(f"{classes[best]:6} {row[best]:7.2%}   (it is {classes[label]})")

# %%
# The same answers
# ----------------
# On all test images, beside the network itself:

pixels = np.rint(test.x * 255).astype(np.uint8)
(everything,) = session.run(None, {"input": pixels})
own = network.predict(gn.scale_to_unit(pixels))
print("largest difference of a probability:", np.abs(everything - own).max())

# %%
# Where it hesitates
# ------------------
# The test images whose most probable class is the least probable: bars are what onnxruntime says
# of each class, dots what the network says. The bar of the right class is orange.

sure = everything.max(axis=1)
hardest = sure.argsort()[:5]
print(f"of these {sure[hardest].max():.0%} at most")
print(f"of half of all images {np.median(sure):.1%} or more")

figure = Figure(figsize=(8, 4), layout="constrained")
grid = figure.subplots(2, 5, sharey="row", height_ratios=[1, 1.5])
for image, bars, at in zip(*grid, hardest, strict=True):
    image.imshow(pixels[at, ..., 0], cmap="gray_r")
    image.set_axis_off()
    colors = ["#D55E00" if k == test.y[at] else "#56B4E9" for k in range(10)]
    bars.barh(classes, everything[at], color=colors)
    bars.plot(own[at], classes, "o", color="black", markersize=3, clip_on=False)
    bars.set(xlim=(0, 1), xticks=[0, 0.5], xticklabels=["0", "50 %"])
    bars.tick_params(length=0)
    bars.spines[["top", "right", "left"]].set_visible(False)
grid[1, 0].invert_yaxis()
figure
