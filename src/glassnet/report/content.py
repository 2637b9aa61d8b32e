"""What the page of a run shows, gathered from the run's files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from glassnet.report.numbers import duration, is_number, number, percent, plural, wilson_interval
from glassnet.report.run_folder import RunContents
from glassnet.report.wording import describe, words

_LONG = 15  # tables with more rows fold
_UNLISTED = {"steps", "validation_seconds"}  # no column of the table of epochs


class _Column(NamedTuple):
    key: str
    heading: str
    form: Any  # value -> str


class _Headline(NamedTuple):
    value: str
    label: str
    notes: list[str]


def page_content(run: RunContents) -> dict[str, Any]:
    """Return what the template shows."""
    result = run.result or {}
    training = _table(run.recipe, "training")
    data = _table(run.recipe, "data")
    test = _table(result, "test")
    validation_name = str(result.get("validation_name") or "validation")
    best = _best_epoch(run.history)
    return {
        "title": str(run.recipe.get("title") or run.recipe.get("name") or "A training run"),
        "description": str(run.recipe.get("description") or ""),
        "status": _status(run),
        "headline": _headline(run, test, validation_name, best),
        "facts": _facts(run, data, training, result),
        "history": run.history,
        "columns": _columns(run.history, validation_name),
        "best": best,
        "best_text": _best_text(best, validation_name),
        "validation_name": validation_name,
        "has_validation": any(key.startswith("validation_") for r in run.history for key in r),
        "pictures": run.pictures,
        "calculated_filters": any(
            layer.get("type") == "Whitening2D"
            for layer in _tables(_table(run.recipe, "network"), "layers")
        ),
        "recalls": _recalls(test, result.get("class_names")),
        "summary": _summary(run, result),
        "phases": _phases(training),
        "recipe_text": run.recipe_text,
        "versions": _versions(run.versions),
        "long": _LONG,
    }


def _table(owner: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = owner.get(key)
    return value if isinstance(value, dict) else {}


def _tables(owner: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = owner.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _status(run: RunContents) -> str:
    """Return why the page may not be the whole story; nothing for a finished run."""
    done = plural(len(run.history), "epoch")
    if run.result is None:
        if not run.history:
            return "This run has not finished its first epoch: it still goes on, or was killed."
        return f"This run has not ended: it still goes on, or was killed. It did {done} so far."
    status = run.result.get("status")
    message = str(run.result.get("message") or "").strip()
    if status == "finished":
        return ""
    if status == "diverged":
        return f"The training diverged after {done}. {message}".strip()
    return f"The training was stopped after {done}. {message}".strip()


def _headline(
    run: RunContents, test: dict[str, Any], validation_name: str, best: Mapping[str, Any] | None
) -> _Headline | None:
    examples = test["examples"] if isinstance(test.get("examples"), int) else 0
    accuracy = test.get("accuracy")
    if is_number(accuracy):
        notes = []
        if examples > 0:
            right = round(accuracy * examples)
            low, high = wilson_interval(right, examples)
            notes.append(f"{right:,} of {plural(examples, 'test example')} right")
            notes.append(f"95 % interval {percent(low)} to {percent(high)}")
        averaged = test.get("test_time_accuracy")
        if is_number(averaged):
            notes.append(f"{percent(averaged)} as a mean over views of each image")
        notes += _weights(run, best)
        return _Headline(percent(accuracy), "test accuracy", notes)
    notes = [f"on {plural(examples, 'test example')}"] if examples > 0 else []
    for key, label in (("mean_squared_error", "test mean squared error"), ("loss", "test loss")):
        if is_number(test.get(key)):
            return _Headline(number(test[key]), label, notes + _weights(run, best))
    if best is None:
        return None
    key = next(key for key in _CRITERIA if is_number(best.get(key)))
    value = percent(best[key]) if key.endswith("accuracy") else number(best[key])
    name = key.replace("_", " ").replace("validation", validation_name)
    name = name if key.startswith("validation_") else f"training {name}"
    return _Headline(value, f"best {name}", [f"epoch {best['epoch']} of {len(run.history):,}"])


def _weights(run: RunContents, best: Mapping[str, Any] | None) -> list[str]:
    """Say which epoch's weights were measured, if the run noted it."""
    epoch = (run.result or {}).get("measured_epoch")
    if not isinstance(epoch, int):
        return []
    if "moving_average" in _table(run.recipe, "training"):
        return [f"with the average of the weights after epoch {epoch:,}"]
    if best is not None and epoch == best["epoch"]:
        return [f"with the weights of the best epoch, {epoch:,}"]
    if epoch == len(run.history):
        return [f"with the weights of the last epoch, {epoch:,}"]
    return [f"with the weights of epoch {epoch:,}, which early stopping put back"]


_CRITERIA = ("validation_accuracy", "validation_loss", "accuracy", "loss")


def _best_epoch(history: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Return the first record that is best by the first criterion that any record has."""
    for key in _CRITERIA:
        having = [record for record in history if is_number(record.get(key))]
        if having:
            choose = max if key.endswith("accuracy") else min
            return choose(having, key=lambda record: record[key])
    return None


def _best_text(best: Mapping[str, Any] | None, validation_name: str) -> str:
    """Say which epoch was best, and by what."""
    if best is None:
        return ""
    parts = []
    for key in _CRITERIA:
        if is_number(best.get(key)):
            value = percent(best[key]) if key.endswith("accuracy") else number(best[key])
            name = key.replace("validation_", f"{validation_name} ")
            parts.append(f"{name if key.startswith('validation_') else 'training ' + key} {value}")
    return f"Best epoch: {best['epoch']:,} ({', '.join(parts)})."


def _facts(
    run: RunContents, data: dict[str, Any], training: dict[str, Any], result: dict[str, Any]
) -> list[tuple[str, str]]:
    """Return what was trained on what, as names and values."""
    layers = [str(row["layer"]) for row in _summary(run, result)]
    facts = [("Data", describe({k: v for k, v in data.items() if k != "validation"}))]
    if "validation" in data:
        part = data["validation"]
        is_share = is_number(part) and part < 1
        value = f"{percent(part, 0)} of the training examples" if is_share else words(part)
        facts.append(("Validation", value))
    if layers:
        shown = layers if len(layers) <= 12 else [*layers[:6], "…", *layers[-3:]]
        facts.append(("Network", " → ".join(shown)))
    if is_number(result.get("parameters")):
        facts.append(("Parameters", number(result["parameters"])))
    if "loss" in training:
        facts.append(("Loss", words(training["loss"])))
    facts += _regularisation(training)
    planned = sum(
        p["epochs"] for p in _tables(training, "phases") if isinstance(p.get("epochs"), int)
    )
    done = len(run.history)
    facts.append(("Epochs", f"{done:,}" if done >= planned else f"{done:,} of {planned:,} planned"))
    seconds = result.get("seconds")
    if not is_number(seconds):
        seconds = sum(r["seconds"] for r in run.history if is_number(r.get("seconds")))
    if seconds:
        each = f" ({duration(seconds / done)} an epoch)" if done else ""
        facts.append(("Time", duration(seconds) + each))
    if "seed" in training:
        facts.append(("Seed", str(training["seed"])))
    return facts


def _regularisation(training: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what kept the network from learning the training examples by heart."""
    facts = []
    changes = _tables(training, "augmentation")
    if changes:
        facts.append(("Augmentation", "; ".join(map(describe, changes))))
    for key, name in (
        ("moving_average", "Average of the weights"),
        ("early_stopping", "Early stopping"),
        ("test_time", "Views of a test image"),
    ):
        if key in training:
            facts.append((name, words(training[key])))
    return facts


def _summary(run: RunContents, result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the layers: as the run built them, else as the recipe has them."""
    rows = _tables(result, "summary")
    if rows:
        return [
            {
                "name": str(row.get("name", "")),
                "layer": str(row.get("layer", "")),
                "output_shape": " × ".join(map(str, row.get("output_shape") or ())),
                "parameters": row.get("parameters"),
            }
            for row in rows
        ]
    return [
        {"name": "", "layer": describe(layer), "output_shape": "", "parameters": None}
        for layer in _tables(_table(run.recipe, "network"), "layers")
    ]


def _versions(noted: dict[str, Any]) -> dict[str, str]:
    """Return the versions; of those that went on with the run later, what was different."""
    shown = {key: str(value) for key, value in noted.items() if not isinstance(value, list)}
    for part in _tables(noted, "resumed with"):
        others = [f"{key} {value}" for key, value in part.items() if noted.get(key) != value]
        before = [shown["resumed with"]] if "resumed with" in shown else []
        shown["resumed with"] = "; ".join([*before, ", ".join(others)])
    return shown


def _phases(training: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "epochs": number(phase.get("epochs")),
            "batch_size": number(phase.get("batch_size")),
            "optimizer": words(phase.get("optimizer", "–")),
            "schedule": words(phase.get("schedule", "constant")),
            "others": ", ".join(
                f"{key.replace('_', ' ')} {words(value)}"
                for key, value in phase.items()
                if key not in {"epochs", "batch_size", "optimizer", "schedule"}
            ),
        }
        for phase in _tables(training, "phases")
    ]


def _recalls(test: dict[str, Any], class_names: object) -> list[tuple[str, float | None]]:
    """Return class names and recalls, the worst first, those without examples last."""
    values = test.get("per_class_recall")
    if not isinstance(values, list):
        return []
    names = class_names if isinstance(class_names, list) else []
    if len(names) != len(values):
        names = [f"class {index}" for index in range(len(values))]
    rows = [
        (str(name), float(value) if is_number(value) else None)
        for name, value in zip(names, values, strict=True)
    ]
    return sorted(rows, key=lambda row: 2.0 if row[1] is None else row[1])


def _columns(history: Sequence[Mapping[str, Any]], validation_name: str) -> list[_Column]:
    """Return the columns that any epoch has a value for."""
    columns = [
        _Column("epoch", "Epoch", number),
        _Column("phase", "Phase", number),
        _Column("loss", "Training loss", number),
        _Column("accuracy", "Training accuracy", percent),
        _Column(
            "validation_loss", f"{validation_name[:1].upper() + validation_name[1:]} loss", number
        ),
        _Column(
            "validation_accuracy",
            f"{validation_name[:1].upper() + validation_name[1:]} accuracy",
            percent,
        ),
        _Column("learning_rate", "Learning rate", number),
        _Column("batch_size", "Batch size", number),
        _Column("seconds", "Time", duration),
    ]
    known = {column.key for column in columns} | _UNLISTED
    others = {k: None for record in history for k, v in record.items() if is_number(v)}
    for key in others:
        if key not in known:
            words = key.replace("validation_", f"{validation_name}_").replace("_", " ")
            columns.append(_Column(key, words[:1].upper() + words[1:], number))
    return [c for c in columns if any(record.get(c.key) is not None for record in history)]
