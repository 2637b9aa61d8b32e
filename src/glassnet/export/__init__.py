"""Networks for other libraries: ONNX, safetensors, weights of PyTorch and Keras."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glassnet.lazy import lazy_names

if TYPE_CHECKING:
    from glassnet.export.onnx import to_onnx as to_onnx
    from glassnet.export.operators import OPERATORS as OPERATORS
    from glassnet.export.safetensors import load_safetensors as load_safetensors
    from glassnet.export.safetensors import save_safetensors as save_safetensors
    from glassnet.export.weights import load_keras_weights as load_keras_weights
    from glassnet.export.weights import load_torch_state_dict as load_torch_state_dict
    from glassnet.export.weights import to_keras_weights as to_keras_weights
    from glassnet.export.weights import to_torch_state_dict as to_torch_state_dict
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "OPERATORS": "glassnet.export.operators",
            "load_keras_weights": "glassnet.export.weights",
            "load_safetensors": "glassnet.export.safetensors",
            "load_torch_state_dict": "glassnet.export.weights",
            "save_safetensors": "glassnet.export.safetensors",
            "to_keras_weights": "glassnet.export.weights",
            "to_onnx": "glassnet.export.onnx",
            "to_torch_state_dict": "glassnet.export.weights",
        },
    )

__all__ = [
    "OPERATORS",
    "load_keras_weights",
    "load_safetensors",
    "load_torch_state_dict",
    "save_safetensors",
    "to_keras_weights",
    "to_onnx",
    "to_torch_state_dict",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
