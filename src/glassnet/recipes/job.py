"""A recipe with its data loaded and its network built."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from glassnet.data import Dataset
from glassnet.data.augmentation import augmentation_from_config
from glassnet.data.download import Progress as DownloadProgress
from glassnet.nn import LayerError, Loss, Network
from glassnet.optim import Optimizer, optimizer_from_config, schedule_from_config
from glassnet.recipes.loading import load_data
from glassnet.recipes.recipe import Recipe, layer_of
from glassnet.recipes.settings import RecipeError
from glassnet.training import Callback, EarlyStopping, MovingAverage, Trainer
from glassnet.training.compiled import choose_steps
from glassnet.training.progress import batch_of
from glassnet.training.slots import slots_of
from glassnet.training.views import TestTimeAugmentation, views_from_config


@dataclass
class Job:
    """A recipe with its data loaded and its network built: ready to train.

    Attributes
    ----------
    recipe : Recipe
    train, test : Dataset
        `train` without what is held out.
    validation : Dataset or None
        What each epoch is measured on.
    network : Network
        Its statistics taken from `train`, its parameters untrained.

    Examples
    --------
    >>> from glassnet.recipes import load_recipe
    >>> job = prepare(load_recipe("digits"))
    >>> len(job.train), len(job.validation), len(job.test), job.network.output_shape
    (1294, 144, 359, (10,))
    >>> history = job.trainer().fit(job.train, epochs=1)
    """

    recipe: Recipe
    train: Dataset
    test: Dataset
    validation: Dataset | None
    network: Network

    def trainer(self, callbacks: Sequence[Callback] = ()) -> Trainer:
        """Return a trainer with the recipe's settings and the callbacks that it asks for."""
        training = self.recipe.training
        own: list[Callback] = []
        if training.moving_average is not None:
            own.append(MovingAverage(**training.moving_average.model_dump()))
        if training.early_stopping is not None:
            own.append(EarlyStopping(**training.early_stopping.model_dump()))
        return Trainer(
            self.network,
            loss=training.loss,  # type: ignore[arg-type]
            metrics=training.metrics,
            engine=training.engine,
            augmentation=list(map(augmentation_from_config, training.augmentation or ())),
            callbacks=[*own, *callbacks],
            seed=training.seed,
        )

    @property
    def test_time(self) -> TestTimeAugmentation | None:
        """How the test set is measured a second time."""
        table = self.recipe.training.test_time
        return None if table is None else views_from_config(table)

    def check(self) -> None:
        """Refuse what cannot be trained.

        Raises
        ------
        ValueError
            If data, network and training don't fit each other.
        """
        classes, outputs = self.train.n_classes, self.network.output_shape[-1]
        if classes and outputs not in {classes, 1 if classes == 2 else classes}:
            raise ValueError(
                f"{self.recipe.data.name} has {classes} classes and the network {outputs} outputs; "
                'give its last layer units = "classes"'
            )
        if self.test_time is not None:
            self.test_time.check(self.network.input_shape)
        trainer = self.trainer()
        for number, phase in enumerate(self.recipe.training.phases):
            trainer.schedule = schedule_from_config(phase.schedule)
            trainer.batch_size, trainer.drop_last = phase.batch_size, bool(phase.drop_last)
            trainer.check(self.train, self.validation)
            optimizer = optimizer_from_config(phase.optimizer)
            try:
                optimizer.bind(slots_of(self.network))
            except ValueError as error:
                raise RecipeError(f"training.phases.{number}.optimizer: {error}") from None
            if trainer.engine == "numba":
                self._check_compiled(trainer.loss, optimizer, phase.batch_size)

    def _check_compiled(self, loss: Loss, optimizer: Optimizer, batch_size: int | str) -> None:
        """Refuse what there are no compiled steps for."""
        try:
            choose_steps(
                "numba",
                self.network,
                loss,
                optimizer,
                batch_size=batch_of(batch_size, len(self.train)),
                n_steps=1,
                weighted=self.train.weights is not None,
            )
        except ValueError as error:
            raise RecipeError(
                f'training.engine = "numba": {error}; with "auto" NumPy makes such steps'
            ) from None

    @property
    def validation_name(self) -> str:
        """What the epochs are measured on."""
        return "test" if self.recipe.data.validation == "test" else "validation"


def prepare(
    recipe: Recipe,
    *,
    data_dir: str | Path | None = None,
    progress: DownloadProgress | None = None,
) -> Job:
    """Load the data and build the network of a recipe; nothing is written.

    Parameters
    ----------
    recipe : Recipe
    data_dir : path-like, optional
        Where data sets of the catalogue lie; see `load_dataset`.
    progress : callable, optional
        Called while data is downloaded, with a file's name, the bytes that are there and the bytes
        in total.

    Raises
    ------
    ValueError, OSError
        If the data is missing or wrong, or layers and data don't fit.

    Examples
    --------
    >>> from glassnet.recipes import load_recipe
    >>> job = prepare(load_recipe("digits"))
    >>> job.train
    Dataset('digits', 1294 examples of shape (8, 8, 1), 10 classes)
    """
    whole, test = load_data(recipe.data, data_dir=data_dir, progress=progress)
    return job_on(recipe, whole, test)


def job_on(recipe: Recipe, whole: Dataset, test: Dataset) -> Job:
    """Build the network of a recipe for data that was loaded.

    Parameters
    ----------
    recipe : Recipe
    whole, test : Dataset
        From `load_data`; what the recipe holds out is taken from `whole`.

    Raises
    ------
    ValueError
        If layers and data don't fit.

    Examples
    --------
    >>> from glassnet.recipes import load_data, load_recipe
    >>> recipe = load_recipe("digits")
    >>> whole, test = load_data(recipe.data)
    >>> jobs = [job_on(recipe.changed({"training.seed": seed}), whole, test) for seed in (0, 1)]
    >>> bool((jobs[0].network.theta == jobs[1].network.theta).all())
    False
    """
    train, validation = whole, None
    if recipe.data.validation == "test":
        validation = test
    elif isinstance(recipe.data.validation, float):
        train, validation = whole.split(recipe.data.validation, seed=recipe.training.seed)
    outputs = train.n_classes or train.y.shape[1]
    network = build_network(recipe, train.input_shape, outputs)
    job = Job(recipe, train, test, validation, network)
    job.check()
    network.class_names = train.class_names
    try:
        network.adapt(train.x)
    except ValueError as error:
        raise RecipeError(str(error)) from None
    return job


def build_network(recipe: Recipe, input_shape: tuple[int, ...], outputs: int) -> Network:
    """Return a recipe's network, untrained, for data of a shape and with so many outputs.

    Raises
    ------
    RecipeError
        If a layer cannot take what the one before it gives; names the recipe's key.

    Examples
    --------
    >>> from glassnet.recipes import load_recipe
    >>> build_network(load_recipe("digits"), (8, 8, 1), 10).layers
    (Flatten(), Dense(64, ReLU()), Dense(10, Softmax()))
    """
    try:
        return Network(
            [layer_of(layer, outputs) for layer in recipe.network.layers],
            input_shape=input_shape,
            seed=recipe.training.seed,
            dtype=recipe.network.dtype,
        )
    except LayerError as error:
        raise RecipeError(f"network.layers.{error.index}: {error}") from None
