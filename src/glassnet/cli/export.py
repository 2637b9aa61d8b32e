"""``glassnet export``: a model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import model, options
from glassnet.cli.console import say
from glassnet.nn import Network

NAME = "export"
EXAMPLES = """Examples:

glassnet export runs/digits --to digits.onnx

glassnet export model.npz --to model.onnx --raw-images --layout nchw

glassnet export model.npz --to model.safetensors"""


def command(
    target: options.Model,
    *,
    to: Annotated[
        Path, typer.Option(help="The file to write: .onnx or .safetensors.", show_default=False)
    ],
    raw_images: Annotated[
        bool,
        typer.Option("--raw-images", help="Take bytes, 0 to 255; the file scales them. ONNX only."),
    ] = False,
    layout: Annotated[
        str,
        typer.Option(help="Where images have their channels: nhwc, last, or nchw. ONNX only."),
    ] = "nhwc",
) -> None:
    """Write a model as a file that other programs read."""
    kind = to.suffix.lower()
    if kind not in (".onnx", ".safetensors"):
        raise ValueError(f"--to takes a file that ends in .onnx or .safetensors, got {to}")
    if layout.lower() not in ("nhwc", "nchw"):
        raise ValueError(f"--layout is nhwc or nchw, got {layout!r}")
    if kind == ".safetensors" and (raw_images or layout.lower() != "nhwc"):
        raise ValueError(
            "--raw-images and --layout are for .onnx: a .safetensors has weights alone"
        )
    network, _ = model.load(target)
    if kind == ".onnx":
        _write_onnx(network, to, raw_images=raw_images, layout=layout.upper())
    else:
        _write_safetensors(network, to)


def _write_onnx(network: Network, to: Path, *, raw_images: bool, layout: str) -> None:
    from glassnet.export.onnx import OPSET, to_onnx

    made = to_onnx(network, to, raw_images=raw_images, layout=layout)
    say(f"{to}  {to.stat().st_size:,} bytes, {len(made.graph.node)} operators of opset {OPSET}")
    for what, value in (("takes", made.graph.input[0]), ("gives", made.graph.output[0])):
        of = value.type.tensor_type
        axes = ", ".join(axis.dim_param or str(axis.dim_value) for axis in of.shape.dim)
        dtype = "uint8" if raw_images and what == "takes" else "float32"
        say(f"{what}  {value.name}, {dtype}, shape ({axes}): {value.doc_string.split(';')[0]}")
    say()
    say("In Python, with onnxruntime:")
    say("  import onnxruntime")
    say(f"  session = onnxruntime.InferenceSession({str(to)!r})")
    say('  (outputs,) = session.run(["output"], {"input": x})')


def _write_safetensors(network: Network, to: Path) -> None:
    from glassnet.export import save_safetensors

    save_safetensors(network, to)
    say(f"{to}  {to.stat().st_size:,} bytes, {len(network.numbers())} tensors")
    say()
    say("In Python:")
    say("  from glassnet.export import load_safetensors")
    say(f"  network = load_safetensors({str(to)!r})")
