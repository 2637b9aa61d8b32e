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
