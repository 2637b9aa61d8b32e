"""What help() says of an estimator is all that it takes, as it takes it."""

import ast
import inspect
import re

import pytest

from glassnet import NeuralNetworkClassifier, NeuralNetworkRegressor
from glassnet.estimators.docstrings import completed

BOTH = pytest.mark.parametrize("estimator", [NeuralNetworkClassifier, NeuralNetworkRegressor])
INTERNAL = {"architecture_", "convergence_", "optimizer_state_", "partial_", "seed_"}


def entries(estimator, section):
    """Return the entries of a section: what stands behind the colon, by name."""
    text = inspect.getdoc(estimator)
    (body,) = re.findall(rf"^{section}\n-+\n(.*?)(?=\n\n|\Z)", text, re.MULTILINE | re.DOTALL)
    return dict(re.findall(r"^(\w+) : (.*)$", body, re.MULTILINE))


@BOTH
def test_every_parameter_is_told_in_its_place_with_its_default(estimator):
    told = entries(estimator, "Parameters")
    parameters = inspect.signature(estimator).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    assert list(told) == list(defaults)
    for name, kind in told.items():
        assert ast.literal_eval(kind.rpartition(", default ")[2]) == defaults[name], name


@BOTH
def test_every_attribute_of_a_fitted_one_is_told(estimator, iris):
    fitted = estimator(solver="lbfgs", tol=1e9).fit(*iris)
    told = entries(estimator, "Attributes").keys()
    known = {name for name in dir(fitted) if re.fullmatch(r"[a-z]\w*_", name)}
    assert known - INTERNAL == told - {"feature_names_in_"}


def test_a_docstring_of_ones_own_stays_as_it_is():
    class Mine(NeuralNetworkClassifier):
        """Mine."""

    class Silent(NeuralNetworkClassifier):
        pass

    assert (Mine.__doc__, Silent.__doc__) == ("Mine.", None)
    assert completed("  {other}") == "{other}"
