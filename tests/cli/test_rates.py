from __future__ import annotations

import re
import shlex
import tomllib

FEW = ("--steps", 60)


def test_a_rate_is_suggested_with_a_picture_and_the_command_that_uses_it(
    glassnet, workplace
) -> None:
    done = glassnet("rates", *FEW)
    assert done.code == 0, done.err
    rate = re.search(r"Learning rate\s+(\S+)", done.out)
    assert rate is not None
    assert 1e-3 < float(rate[1]) < 1
    assert f"glassnet train digits --learning-rate {rate[1]}" in done.out
    assert (workplace / "digits-rates.png").read_bytes().startswith(b"\x89PNG")


def test_settings_are_part_of_the_command_that_uses_the_rate(glassnet, workplace) -> None:
    change = "training.phases.0.batch_size=16"
    done = glassnet("rates", *FEW, "--set", change, "--out", workplace / "here.png")
    assert done.code == 0, done.err
    assert f"glassnet train digits --set {change} --learning-rate" in done.out
    assert (workplace / "here.png").exists()


def test_the_rate_of_an_optimizer_around_another_one_is_set_in_the_other(glassnet) -> None:
    changes = (
        "training.phases.0.epochs=1",
        'training.phases.0.optimizer={type = "Lookahead", optimizer = {type = "AdamW"}}',
        "training.early_stopping={patience = 3}",
    )
    settings = [word for change in changes for word in ("--set", change)]
    done = glassnet("rates", *FEW, *settings)
    assert done.code == 0, done.err
    command = next(line for line in done.out.splitlines() if "glassnet train" in line)
    assert "--set training.phases.0.optimizer.optimizer.learning_rate=" in command
    trained = glassnet(*shlex.split(command)[1:], "--out", "run")
    assert trained.code == 0, trained.err


def test_where_the_loss_does_not_fall_it_says_so(glassnet) -> None:
    done = glassnet("rates", *FEW, "--lowest", 1e-9, "--highest", 1e-8)
    assert done.code == 1
    assert "No learning rate: the loss did not fall at any rate up to 1e-08" in done.out
    assert "glassnet rates digits --steps 120" in done.out


def test_where_the_loss_grows_at_once_lower_rates_are_advised(glassnet) -> None:
    done = glassnet("rates", *FEW, "--lowest", 5, "--highest", 500)
    assert done.code == 1
    assert "No learning rate: the loss grew from the first rates on, 5 to" in done.out
    command = next(line for line in done.out.splitlines() if "glassnet rates" in line)
    assert "--lowest 0.005" in command


def test_the_command_trains_with_the_rate_whatever_was_set(glassnet, workplace) -> None:
    optimizer = 'training.phases.0.optimizer={type = "Adam", learning_rate = 0.5}'
    more = "training.phases.0.optimizer.learning_rate=0.25"
    short = "training.phases.0.epochs=1"
    settings = [word for change in (optimizer, more, short) for word in ("--set", change)]
    data = workplace / "data"
    data.mkdir()
    done = glassnet("rates", *FEW, *settings, "--data-dir", data)
    assert done.code == 0, done.err
    rate = re.search(r"Learning rate\s+(\S+)", done.out)
    command = next(line for line in done.out.splitlines() if "glassnet train" in line)
    assert str(data) in command
    assert glassnet(*shlex.split(command)[1:], "--out", "run").code == 0
    recipe = tomllib.loads((workplace / "run" / "recipe.toml").read_text("utf-8"))
    trained_with = recipe["training"]["phases"][0]["optimizer"]
    assert trained_with == {"type": "Adam", "learning_rate": float(rate[1])}


def test_where_every_rate_was_borne_it_says_so_and_how_to_look_further(glassnet, workplace) -> None:
    done = glassnet("rates", *FEW, "--highest", 0.05)
    assert done.code == 1
    assert "No learning rate: the loss did not rise at any rate up to 0.05" in done.out
    assert "Learning rate  " not in done.out
    assert (workplace / "digits-rates.png").read_bytes().startswith(b"\x89PNG")
    command = next(line for line in done.out.splitlines() if "glassnet rates" in line)
    assert glassnet(*shlex.split(command)[1:]).code == 0


def test_mistakes_are_told_in_a_line(glassnet, workplace) -> None:
    for arguments, message in (
        (("--phase", 2), "--phase is 2, and digits has 1"),
        (("--lowest", 3, "--highest", 2), "highest must be a finite number, above 3, got 2"),
        (("--out", "nowhere/rates.png"), "nowhere"),
        (("--steps", 3), "10"),
    ):
        done = glassnet("rates", *arguments)
        assert done.code == 2
        assert message in done.err
    assert list(workplace.iterdir()) == []
