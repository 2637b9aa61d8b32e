"""Checks, each in an environment of its own: ``nox``, or one of them with ``nox -s lint``."""

import os
import shutil
import zipfile
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "imports", "package", "tests"]
nox.options.reuse_existing_virtualenvs = True
nox.needs_version = ">=2024.4"

LINTERS = ("ruff==0.17.6", "codespell==2.4.3")
TYPES = ("mypy==2.4.1",)
IMPORTS = ("import-linter==2.16",)
PACKAGING = ("build==1.6.1", "twine==7.0.0")
TORCH = "torch==2.13.0"
KERAS = "keras==3.15.1"


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests and the examples of the docs, with coverage."""
    session.install(".[test]")
    session.run("pytest", "-n", "auto", "--cov", "--cov-branch", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, format and spelling."""
    session.install(*LINTERS)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("codespell")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types."""
    session.install(".[all]", *TYPES)
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Check that imports run one way."""
    session.install(".", *IMPORTS)
    session.run("lint-imports")


@nox.session
def package(session: nox.Session) -> None:
    """Build the package, look into it, and import it with NumPy alone."""
    session.install(*PACKAGING)
    dist = Path(session.create_tmp()) / "dist"
    shutil.rmtree(dist, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(dist))
    session.run("twine", "check", "--strict", *map(str, sorted(dist.iterdir())))
    (wheel,) = dist.glob("*.whl")
    check_contents(session, wheel)
    alone = dist.parent / "alone"
    session.run("python", "-m", "venv", "--clear", str(alone))
    python = str(alone / ("Scripts" if os.name == "nt" else "bin") / "python")
    session.run(python, "-m", "pip", "install", "--quiet", str(wheel), external=True)
    # away from the checkout, so that the installed package is the one that is imported
    session.chdir(dist.parent)
    session.run(python, "-c", ALONE, external=True)


CORE = ("nn", "optim", "training", "data", "estimators", "export", "tracking", "notebook")
EXTRAS = (
    "",
    "cli",
    "sklearn",
    "fast",
    "export",
    "tensorboard",
    "mlflow",
    "notebook",
    "study",
    "cluster",
)


@nox.session
@nox.parametrize("extra", EXTRAS, ids=[extra or "none" for extra in EXTRAS])
def wheel(session: nox.Session, extra: str) -> None:
    """Run the tests of the core on the built wheel, with NumPy alone or one extra."""
    built = Path(session.create_tmp()) / "wheel"
    shutil.rmtree(built, ignore_errors=True)
    session.run("python", "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(built), ".")
    (file,) = built.glob("*.whl")
    package = f"{file}[{extra}]" if extra else str(file)
    session.install(package, "pytest", "pytest-xdist", "hypothesis")
    folders = [f"tests/{folder}" for folder in CORE]
    modules = map(str, sorted(Path("tests").glob("test_*.py")))
    session.run("pytest", "-n", "auto", "-q", *folders, *modules, *session.posargs)


@nox.session
def parity(session: nox.Session) -> None:
    """Compare with PyTorch and Keras."""
    session.install(".[test]", TORCH, KERAS)
    session.run("pytest", "-n", "auto", "tests/parity", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site of the documentation, tutorials included, and follow the links within it.

    A warning is an error.
    """
    session.install(".[docs]")
    out = "docs/_build/html"
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", "html", "docs", out)
    session.run("python", "docs/check_links.py", out)
    session.log(f"open {out}/index.html")


@nox.session
def links(session: nox.Session) -> None:
    """Ask for every address that the documentation leads to; needs the internet."""
    session.install(".[docs]")
    session.run("sphinx-build", "-q", "-b", "linkcheck", "docs", "docs/_build/links")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure glassnet beside PyTorch, JAX and scikit-learn; nothing else should run meanwhile."""
    session.install(".[bench]")
    session.run("python", "-m", "benchmarks", *session.posargs)


def check_contents(session: nox.Session, wheel: Path) -> None:
    """Refuse a wheel that lacks a data file or has files that don't belong there."""
    names = set(zipfile.ZipFile(wheel).namelist())
    source = Path("src")
    wanted = {
        path.relative_to(source).as_posix()
        for path in source.rglob("*")
        if path.suffix in {".py", ".toml", ".jinja"} or path.name == "py.typed"
    }
    missing = sorted(wanted - names)
    others = sorted(n for n in names if not n.startswith(("glassnet/", "glassnet-")))
    if missing or others:
        session.error(f"{wheel.name} lacks {missing or 'nothing'} and should not have {others}")
    session.log(f"{wheel.name}: {len(names)} files, {wheel.stat().st_size:,} bytes")


ALONE = """
import importlib.metadata

import glassnet

installed = {d.metadata["Name"] for d in importlib.metadata.distributions()} - {"pip", "setuptools"}
assert installed == {"glassnet", "numpy"}, installed
network = glassnet.Network([glassnet.Dense(2, "softmax")], input_shape=3)
assert network.predict([[1.0, 2.0, 3.0]]).shape == (1, 2)
network.save("alone.npz")
assert glassnet.Network.load("alone.npz").theta.size == 8
print("glassnet", glassnet.__version__, "works with NumPy alone")
"""
