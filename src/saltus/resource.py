"""The resources along which skills emerge, as data: steps, samples, parameters. One entry here names each everywhere.

The theory speaks of time T, data D and parameters N (``Nam et al. 2024``); curves run over ``step``, ``data`` or
``parameters``. Every word, label, name of a field and number of digits of a resource is read from here.
"""

from __future__ import annotations

from dataclasses import dataclass

from saltus.errors import InputError


@dataclass(frozen=True)
class Resource:
    """Names and words of one resource.

    Attributes:
        name: dimension of curves, column of tables, value of ``--over``.
        law: name in the theory's laws, and the last word of result fields such as ``emergence_time``.
        symbol: letter in formulas.
        unit: plural noun for amounts.
        axis: label of a figure's axis.
        setting: field of a training that holds the amount; None where the run itself passes through all of them.
        digits: decimals of amounts in tables.
        moment: template for titles; says up to which amount measurements were used.
        now: legend entry of the line up to which measurements were used.
        later: legend entry of the measurements beyond it.
    """

    name: str
    law: str
    symbol: str
    unit: str
    axis: str
    setting: str | None
    digits: int
    moment: str
    now: str
    later: str

    @property
    def emergence(self) -> str:
        """Field of results for the amount at which a skill is forecast to emerge."""
        return f"emergence_{self.law}"

    @property
    def observed(self) -> str:
        """Field of results for the amount at which a skill was seen to emerge."""
        return f"observed_{self.law}"

    @property
    def form(self) -> str:
        """Format specification of amounts in tables."""
        return f".{self.digits}f"


STEP = Resource(
    name="step",
    law="time",
    symbol="T",
    unit="steps",
    axis="training step",
    setting=None,
    digits=0,
    moment="at step {:g}",
    now="now",
    later="measured later, not used",
)
DATA = Resource(
    name="data",
    law="data",
    symbol="D",
    unit="samples",
    axis="size of the training set  $D$",
    setting="n_data",
    digits=0,
    moment="from data up to {:g}",
    now="used up to here",
    later="measured beyond, not used",
)
PARAMETERS = Resource(
    name="parameters",
    law="parameters",
    symbol="N",
    unit="hidden nodes",
    axis="hidden nodes  $N$",
    setting="width",
    digits=1,
    moment="from parameters up to {:g}",
    now="used up to here",
    later="measured beyond, not used",
)
RESOURCES = {resource.name: resource for resource in (STEP, DATA, PARAMETERS)}


def resource_named(name: str) -> Resource:
    """The resource of that name.

    Raises:
        InputError: if there is none.
    """
    if name not in RESOURCES:
        raise InputError(f"a resource must be one of {', '.join(RESOURCES)}", name, "choose one of them")
    return RESOURCES[name]
