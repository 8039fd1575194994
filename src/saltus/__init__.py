"""Saltus simulates, verifies and forecasts emergence: the sudden appearance of skills while a network trains.

The names below are the public interface. Each is imported on first use, so that ``import saltus`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

# The one table of public names, by the module that defines them. `tests/test_public_names.py` holds that the imports
# for type checkers below and docs/api.md name the same.
_PUBLIC = {
    "saltus.curves.crossings": "EmergenceTimes crossing_times emergence_times",
    "saltus.curves.report": "Finding ReadingReport reading_report",
    "saltus.curves.schema": "curves_from",
    "saltus.curves.table": "tidy_table total_loss",
    "saltus.errors": "InputError StoppedError TrainingWarning",
    "saltus.forecast.assess": "Assessment assess",
    "saltus.forecast.backtest": "Backtest BacktestScore PastForecast RefusedMoment backtest",
    "saltus.forecast.base.calibration": "AnyCalibration",
    "saltus.forecast.base.results": "Distribution EmergenceForecast Uncertainty",
    "saltus.forecast.base.verdict": "Evidence Still Verdict",
    "saltus.forecast.calibrate": "calibrate load_calibration",
    "saltus.forecast.plan": "FrequencyPlan SkillPlan plan_budget plan_frequency plan_skills",
    "saltus.forecast.size.calibrate": "calibrate_data calibrate_parameters",
    "saltus.forecast.size.calibration": "DataCalibration ParameterCalibration SizeCalibration",
    "saltus.forecast.teach": "teach",
    "saltus.forecast.time.calibrate": "calibrate_time",
    "saltus.forecast.time.calibration": "Calibration",
    "saltus.forecast.time.constants": "TimeConstants",
    "saltus.forecast.time.departure": "PAPER Departure DepartureFit DepartureLaw fit_departure shipped_departure",
    "saltus.forecast.time.frequency_fit": "FrequencyFit FrequencyForm fit_frequencies",
    "saltus.forecast.time.laws": "Coverage Law Recipe",
    "saltus.forecast.time.recipes": "load_recipe save_recipe",
    "saltus.forecast.time.scatter": "Scatter",
    "saltus.lawfit.alphas": "implied_alphas implied_exponent",
    "saltus.lawfit.compare": "HoldOut Rival compare_forms hold_out",
    "saltus.lawfit.fit": "LawFit Status fit_law",
    "saltus.lawfit.points": "Points",
    "saltus.lawfit.study": "LossStudy study_losses",
    "saltus.lawfit.theory_comparison": "BesideTheory beside_theory",
    "saltus.parity.batch": "Batch",
    "saltus.parity.strength": "SkillStrengths skill_strengths",
    "saltus.parity.task": "MultitaskSparseParity",
    "saltus.parity.torch_data": "ParityDataset ParityStream",
    "saltus.read.reading": "read_curves",
    "saltus.runs.driver": "Tally",
    "saltus.runs.sweep": "Outcome sweep",
    "saltus.simulate.gradient_descent": "train_data_emergence train_multilinear train_parameter_emergence",
    "saltus.store.dataset": "read_store",
    "saltus.store.plan": "Shard",
    "saltus.store.recorder": "SkillRecorder",
    "saltus.store.status": "Standing",
    "saltus.theory.allocation": "Allocation compute_optimal",
    "saltus.theory.clock": "RateClock",
    "saltus.theory.crossovers": "data_and_parameters time_and_parameters",
    "saltus.theory.extended": "DataEmergence ParameterEmergence with_feature_rate",
    "saltus.theory.frequencies": "Frequencies PowerLaw SkillFrequencies",
    "saltus.theory.multilinear": "Multilinear",
    "saltus.theory.protocols": "Clock SkillModel",
    "saltus.theory.sampling": "SkillCounts",
    "saltus.theory.scaling": "ScalingLaw corrected_time_law local_exponent scaling_law small_start_law",
    "saltus.theory.schedules": "RateTable Schedule read_schedule",
    "saltus.theory.stages": "Staircase loss_staircase n_emerged stage_like",
    "saltus.theory.validity": "Condition LawCheck",
    "saltus.theory.variants.deep": "DeepMultilinear",
    "saltus.theory.variants.discrete": "DiscreteMultilinear",
    "saltus.theory.variants.linear": "Linear",
    "saltus.theory.variants.momentum": "with_momentum",
    "saltus.theory.variants.unbalanced": "UnbalancedMultilinear",
    "saltus.train.configuration": "Training",
    "saltus.train.job": "Job",
    "saltus.train.kernel.training": "MLPTraining",
    "saltus.train.learner": "Learner",
    "saltus.train.networks": "train_mlp train_network train_transformer",
    "saltus.train.torch.gated_perceptron": "GatedPerceptron",
    "saltus.train.torch.network": "Architecture NetworkTraining",
    "saltus.train.torch.perceptron": "Perceptron",
    "saltus.train.torch.transformer": "Transformer",
}
_HOME_OF = {name: module for module, names in _PUBLIC.items() for name in names.split()}

if TYPE_CHECKING:
    from saltus.curves.crossings import EmergenceTimes as EmergenceTimes
    from saltus.curves.crossings import crossing_times as crossing_times
    from saltus.curves.crossings import emergence_times as emergence_times
    from saltus.curves.report import Finding as Finding
    from saltus.curves.report import ReadingReport as ReadingReport
    from saltus.curves.report import reading_report as reading_report
    from saltus.curves.schema import curves_from as curves_from
    from saltus.curves.table import tidy_table as tidy_table
    from saltus.curves.table import total_loss as total_loss
    from saltus.errors import InputError as InputError
    from saltus.errors import StoppedError as StoppedError
    from saltus.errors import TrainingWarning as TrainingWarning
    from saltus.forecast.assess import Assessment as Assessment
    from saltus.forecast.assess import assess as assess
    from saltus.forecast.backtest import Backtest as Backtest
    from saltus.forecast.backtest import BacktestScore as BacktestScore
    from saltus.forecast.backtest import PastForecast as PastForecast
    from saltus.forecast.backtest import RefusedMoment as RefusedMoment
    from saltus.forecast.backtest import backtest as backtest
    from saltus.forecast.base.calibration import AnyCalibration as AnyCalibration
    from saltus.forecast.base.results import Distribution as Distribution
    from saltus.forecast.base.results import EmergenceForecast as EmergenceForecast
    from saltus.forecast.base.results import Uncertainty as Uncertainty
    from saltus.forecast.base.verdict import Evidence as Evidence
    from saltus.forecast.base.verdict import Still as Still
    from saltus.forecast.base.verdict import Verdict as Verdict
    from saltus.forecast.calibrate import calibrate as calibrate
    from saltus.forecast.calibrate import load_calibration as load_calibration
    from saltus.forecast.plan import FrequencyPlan as FrequencyPlan
    from saltus.forecast.plan import SkillPlan as SkillPlan
    from saltus.forecast.plan import plan_budget as plan_budget
    from saltus.forecast.plan import plan_frequency as plan_frequency
    from saltus.forecast.plan import plan_skills as plan_skills
    from saltus.forecast.size.calibrate import calibrate_data as calibrate_data
    from saltus.forecast.size.calibrate import calibrate_parameters as calibrate_parameters
    from saltus.forecast.size.calibration import DataCalibration as DataCalibration
    from saltus.forecast.size.calibration import ParameterCalibration as ParameterCalibration
    from saltus.forecast.size.calibration import SizeCalibration as SizeCalibration
    from saltus.forecast.teach import teach as teach
    from saltus.forecast.time.calibrate import calibrate_time as calibrate_time
    from saltus.forecast.time.calibration import Calibration as Calibration
    from saltus.forecast.time.constants import TimeConstants as TimeConstants
    from saltus.forecast.time.departure import PAPER as PAPER
    from saltus.forecast.time.departure import Departure as Departure
    from saltus.forecast.time.departure import DepartureFit as DepartureFit
    from saltus.forecast.time.departure import DepartureLaw as DepartureLaw
    from saltus.forecast.time.departure import fit_departure as fit_departure
    from saltus.forecast.time.departure import shipped_departure as shipped_departure
    from saltus.forecast.time.frequency_fit import FrequencyFit as FrequencyFit
    from saltus.forecast.time.frequency_fit import FrequencyForm as FrequencyForm
    from saltus.forecast.time.frequency_fit import fit_frequencies as fit_frequencies
    from saltus.forecast.time.laws import Coverage as Coverage
    from saltus.forecast.time.laws import Law as Law
    from saltus.forecast.time.laws import Recipe as Recipe
    from saltus.forecast.time.recipes import load_recipe as load_recipe
    from saltus.forecast.time.recipes import save_recipe as save_recipe
    from saltus.forecast.time.scatter import Scatter as Scatter
    from saltus.lawfit.alphas import implied_alphas as implied_alphas
    from saltus.lawfit.alphas import implied_exponent as implied_exponent
    from saltus.lawfit.compare import HoldOut as HoldOut
    from saltus.lawfit.compare import Rival as Rival
    from saltus.lawfit.compare import compare_forms as compare_forms
    from saltus.lawfit.compare import hold_out as hold_out
    from saltus.lawfit.fit import LawFit as LawFit
    from saltus.lawfit.fit import Status as Status
    from saltus.lawfit.fit import fit_law as fit_law
    from saltus.lawfit.points import Points as Points
    from saltus.lawfit.study import LossStudy as LossStudy
    from saltus.lawfit.study import study_losses as study_losses
    from saltus.lawfit.theory_comparison import BesideTheory as BesideTheory
    from saltus.lawfit.theory_comparison import beside_theory as beside_theory
    from saltus.parity.batch import Batch as Batch
    from saltus.parity.strength import SkillStrengths as SkillStrengths
    from saltus.parity.strength import skill_strengths as skill_strengths
    from saltus.parity.task import MultitaskSparseParity as MultitaskSparseParity
    from saltus.parity.torch_data import ParityDataset as ParityDataset
    from saltus.parity.torch_data import ParityStream as ParityStream
    from saltus.read.reading import read_curves as read_curves
    from saltus.runs.driver import Tally as Tally
    from saltus.runs.sweep import Outcome as Outcome
    from saltus.runs.sweep import sweep as sweep
    from saltus.simulate.gradient_descent import train_data_emergence as train_data_emergence
    from saltus.simulate.gradient_descent import train_multilinear as train_multilinear
    from saltus.simulate.gradient_descent import train_parameter_emergence as train_parameter_emergence
    from saltus.store.dataset import read_store as read_store
    from saltus.store.plan import Shard as Shard
    from saltus.store.recorder import SkillRecorder as SkillRecorder
    from saltus.store.status import Standing as Standing
    from saltus.theory.allocation import Allocation as Allocation
    from saltus.theory.allocation import compute_optimal as compute_optimal
    from saltus.theory.clock import RateClock as RateClock
    from saltus.theory.crossovers import data_and_parameters as data_and_parameters
    from saltus.theory.crossovers import time_and_parameters as time_and_parameters
    from saltus.theory.extended import DataEmergence as DataEmergence
    from saltus.theory.extended import ParameterEmergence as ParameterEmergence
    from saltus.theory.extended import with_feature_rate as with_feature_rate
    from saltus.theory.frequencies import Frequencies as Frequencies
    from saltus.theory.frequencies import PowerLaw as PowerLaw
    from saltus.theory.frequencies import SkillFrequencies as SkillFrequencies
    from saltus.theory.multilinear import Multilinear as Multilinear
    from saltus.theory.protocols import Clock as Clock
    from saltus.theory.protocols import SkillModel as SkillModel
    from saltus.theory.sampling import SkillCounts as SkillCounts
    from saltus.theory.scaling import ScalingLaw as ScalingLaw
    from saltus.theory.scaling import corrected_time_law as corrected_time_law
    from saltus.theory.scaling import local_exponent as local_exponent
    from saltus.theory.scaling import scaling_law as scaling_law
    from saltus.theory.scaling import small_start_law as small_start_law
    from saltus.theory.schedules import RateTable as RateTable
    from saltus.theory.schedules import Schedule as Schedule
    from saltus.theory.schedules import read_schedule as read_schedule
    from saltus.theory.stages import Staircase as Staircase
    from saltus.theory.stages import loss_staircase as loss_staircase
    from saltus.theory.stages import n_emerged as n_emerged
    from saltus.theory.stages import stage_like as stage_like
    from saltus.theory.validity import Condition as Condition
    from saltus.theory.validity import LawCheck as LawCheck
    from saltus.theory.variants.deep import DeepMultilinear as DeepMultilinear
    from saltus.theory.variants.discrete import DiscreteMultilinear as DiscreteMultilinear
    from saltus.theory.variants.linear import Linear as Linear
    from saltus.theory.variants.momentum import with_momentum as with_momentum
    from saltus.theory.variants.unbalanced import UnbalancedMultilinear as UnbalancedMultilinear
    from saltus.train.configuration import Training as Training
    from saltus.train.job import Job as Job
    from saltus.train.kernel.training import MLPTraining as MLPTraining
    from saltus.train.learner import Learner as Learner
    from saltus.train.networks import train_mlp as train_mlp
    from saltus.train.networks import train_network as train_network
    from saltus.train.networks import train_transformer as train_transformer
    from saltus.train.torch.gated_perceptron import GatedPerceptron as GatedPerceptron
    from saltus.train.torch.network import Architecture as Architecture
    from saltus.train.torch.network import NetworkTraining as NetworkTraining
    from saltus.train.torch.perceptron import Perceptron as Perceptron
    from saltus.train.torch.transformer import Transformer as Transformer

__all__ = [*_HOME_OF, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from saltus._version import __version__

        return __version__
    if name not in _HOME_OF:
        raise AttributeError(f"module 'saltus' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
