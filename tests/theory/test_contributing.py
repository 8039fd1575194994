"""The rule for sums over skills: its nodes and the two moments beyond them, against sums over every skill."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import expit

from saltus import Frequencies, Multilinear, PowerLaw
from saltus.theory.contributing import relevant_skills
from saltus.theory.frequencies import SkillFrequencies

N_SKILLS = 30_000


def model(frequencies: SkillFrequencies, n_parameters: float | None, start: float = 0.01) -> Multilinear:
    return Multilinear(frequencies, initial_strength=start, n_parameters=n_parameters)


@pytest.mark.parametrize("n_parameters", [2000, 20_000, None])
@pytest.mark.parametrize("growth", [1e-5, 3e-4])
def test_skills_too_rare_for_nodes_are_known_by_their_mass_and_mean(growth: float, n_parameters: int | None) -> None:
    law = PowerLaw(0.6, N_SKILLS, 2.0)
    rule = relevant_skills(model(law, n_parameters), growth, growth)
    p = law.first()[: n_parameters or N_SKILLS]
    # Skills that move by less than 1e-8 have no nodes.
    noded = np.count_nonzero(p * growth > 1e-8)
    assert 0 < noded < p.size
    assert rule.weight.sum() == pytest.approx(noded, rel=1e-12)
    assert math.fsum(rule.weight * rule.frequency) == pytest.approx(math.fsum(p[:noded]), rel=1e-12)
    assert rule.mass_beyond == pytest.approx(math.fsum(p[noded:]), rel=1e-11)
    assert rule.mean_beyond == pytest.approx(math.fsum(p[noded:] ** 2) / math.fsum(p[noded:]), rel=1e-11)


@pytest.mark.parametrize("law", [PowerLaw(0.6, N_SKILLS), Frequencies(np.arange(1.0, 501) ** -1.6)])
@pytest.mark.parametrize("start", [1e-8, 0.01, 0.8])
@pytest.mark.parametrize("spread", [1.0, 12.0])
@pytest.mark.parametrize("growth", [1.0, 300.0, 1e5, 1e7])
def test_one_rule_serves_growths_from_slowest_to_fastest(
    law: SkillFrequencies, start: float, spread: float, growth: float
) -> None:
    asked = model(law, None, start)
    rule = relevant_skills(asked, growth, spread * growth)
    assert rule.frequency.size < 4000
    for x in (growth, spread * growth):

        def missing(q: np.ndarray, x: float = x) -> np.ndarray:
            return np.asarray(expit(-(asked.initial_logit + x * q)) ** 2)

        p = law.first()
        expected = math.fsum(p * missing(p))
        moved = 1 - 2 * expit(asked.initial_logit) * x * rule.mean_beyond
        beyond = expit(-asked.initial_logit) ** 2 * rule.mass_beyond * moved
        found = math.fsum(rule.weight * rule.frequency * missing(rule.frequency)) + beyond
        # An exponentially small sum carries the rounding of its exponents.
        assert found == pytest.approx(expected, rel=1e-12 - 1e-14 * math.log(max(expected, 1e-300)), abs=1e-300)


def test_few_samples_end_the_nodes_as_little_growth_does() -> None:
    # Skills that 100 samples show less than 1e-8 times have no nodes: none of 30,000, and most of infinitely many.
    few = relevant_skills(model(PowerLaw(0.6, N_SKILLS), None), 1e9, 1e9, data=100.0)
    assert few.mass_beyond == few.mean_beyond == 0
    rule = relevant_skills(model(PowerLaw(0.6), None), 1e9, 1e9, data=100.0)
    assert rule.frequency.min() == pytest.approx(1e-8 / 100, rel=1e-3)
    total = math.fsum(rule.weight * rule.frequency) + rule.mass_beyond
    assert total == pytest.approx(1.0, rel=1e-12)
