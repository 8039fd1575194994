"""Saltus simulates, verifies and forecasts emergence: the sudden appearance of skills while a network trains.

The names below are the public interface. Each is imported on first use, so that ``import saltus`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saltus.curves.crossings import emergence_times as emergence_times
    from saltus.curves.table import tidy_table as tidy_table
    from saltus.errors import InputError as InputError
    from saltus.errors import StoppedError as StoppedError
    from saltus.errors import TrainingWarning as TrainingWarning
    from saltus.forecast.assess import assess as assess
    from saltus.forecast.calibrate import calibrate as calibrate
    from saltus.forecast.calibrate import load_calibration as load_calibration
    from saltus.forecast.plan import plan_budget as plan_budget
    from saltus.forecast.plan import plan_frequency as plan_frequency
    from saltus.forecast.plan import plan_skills as plan_skills
    from saltus.forecast.size.calibrate import calibrate_data as calibrate_data
    from saltus.forecast.size.calibrate import calibrate_parameters as calibrate_parameters
    from saltus.forecast.size.calibration import DataCalibration as DataCalibration
    from saltus.forecast.size.calibration import ParameterCalibration as ParameterCalibration
    from saltus.forecast.time.calibrate import calibrate_time as calibrate_time
    from saltus.forecast.time.calibration import Calibration as Calibration
    from saltus.forecast.time.frequency_fit import fit_frequencies as fit_frequencies
    from saltus.lawfit.alphas import implied_alphas as implied_alphas
    from saltus.lawfit.alphas import implied_exponent as implied_exponent
    from saltus.lawfit.compare import compare_forms as compare_forms
    from saltus.lawfit.compare import hold_out as hold_out
    from saltus.lawfit.fit import fit_law as fit_law
    from saltus.parity.strength import skill_strengths as skill_strengths
    from saltus.parity.task import MultitaskSparseParity as MultitaskSparseParity
    from saltus.parity.torch_data import ParityDataset as ParityDataset
    from saltus.parity.torch_data import ParityStream as ParityStream
    from saltus.read.reading import read_curves as read_curves
    from saltus.read.report import reading_report as reading_report
    from saltus.runs.sweep import sweep as sweep
    from saltus.simulate.gradient_descent import train_data_emergence as train_data_emergence
    from saltus.simulate.gradient_descent import train_multilinear as train_multilinear
    from saltus.simulate.gradient_descent import train_parameter_emergence as train_parameter_emergence
    from saltus.store.dataset import read_store as read_store
    from saltus.store.recorder import SkillRecorder as SkillRecorder
    from saltus.theory.allocation import compute_optimal as compute_optimal
    from saltus.theory.extended import DataEmergence as DataEmergence
    from saltus.theory.extended import ParameterEmergence as ParameterEmergence
    from saltus.theory.extended import with_feature_rate as with_feature_rate
    from saltus.theory.frequencies import Frequencies as Frequencies
    from saltus.theory.frequencies import PowerLaw as PowerLaw
    from saltus.theory.multilinear import Multilinear as Multilinear
    from saltus.theory.scaling import corrected_time_law as corrected_time_law
    from saltus.theory.scaling import local_exponent as local_exponent
    from saltus.theory.scaling import scaling_law as scaling_law
    from saltus.theory.scaling import small_start_law as small_start_law
    from saltus.theory.stages import loss_staircase as loss_staircase
    from saltus.theory.stages import n_emerged as n_emerged
    from saltus.theory.stages import stage_like as stage_like
    from saltus.theory.variants.deep import DeepMultilinear as DeepMultilinear
    from saltus.theory.variants.discrete import DiscreteMultilinear as DiscreteMultilinear
    from saltus.theory.variants.linear import Linear as Linear
    from saltus.theory.variants.momentum import with_momentum as with_momentum
    from saltus.theory.variants.unbalanced import UnbalancedMultilinear as UnbalancedMultilinear
    from saltus.train.job import Job as Job
    from saltus.train.kernel.training import MLPTraining as MLPTraining
    from saltus.train.networks import train_mlp as train_mlp
    from saltus.train.networks import train_network as train_network
    from saltus.train.networks import train_transformer as train_transformer
    from saltus.train.torch.gated_perceptron import GatedPerceptron as GatedPerceptron
    from saltus.train.torch.network import NetworkTraining as NetworkTraining
    from saltus.train.torch.perceptron import Perceptron as Perceptron
    from saltus.train.torch.transformer import Transformer as Transformer

_HOME_OF = {
    "Calibration": "saltus.forecast.time.calibration",
    "DataCalibration": "saltus.forecast.size.calibration",
    "DataEmergence": "saltus.theory.extended",
    "DeepMultilinear": "saltus.theory.variants.deep",
    "DiscreteMultilinear": "saltus.theory.variants.discrete",
    "Frequencies": "saltus.theory.frequencies",
    "GatedPerceptron": "saltus.train.torch.gated_perceptron",
    "InputError": "saltus.errors",
    "Job": "saltus.train.job",
    "Linear": "saltus.theory.variants.linear",
    "MLPTraining": "saltus.train.kernel.training",
    "Multilinear": "saltus.theory.multilinear",
    "MultitaskSparseParity": "saltus.parity.task",
    "NetworkTraining": "saltus.train.torch.network",
    "ParameterCalibration": "saltus.forecast.size.calibration",
    "ParameterEmergence": "saltus.theory.extended",
    "ParityDataset": "saltus.parity.torch_data",
    "ParityStream": "saltus.parity.torch_data",
    "Perceptron": "saltus.train.torch.perceptron",
    "PowerLaw": "saltus.theory.frequencies",
    "SkillRecorder": "saltus.store.recorder",
    "StoppedError": "saltus.errors",
    "TrainingWarning": "saltus.errors",
    "Transformer": "saltus.train.torch.transformer",
    "UnbalancedMultilinear": "saltus.theory.variants.unbalanced",
    "assess": "saltus.forecast.assess",
    "calibrate": "saltus.forecast.calibrate",
    "calibrate_data": "saltus.forecast.size.calibrate",
    "calibrate_parameters": "saltus.forecast.size.calibrate",
    "calibrate_time": "saltus.forecast.time.calibrate",
    "compare_forms": "saltus.lawfit.compare",
    "compute_optimal": "saltus.theory.allocation",
    "corrected_time_law": "saltus.theory.scaling",
    "emergence_times": "saltus.curves.crossings",
    "fit_frequencies": "saltus.forecast.time.frequency_fit",
    "fit_law": "saltus.lawfit.fit",
    "hold_out": "saltus.lawfit.compare",
    "implied_alphas": "saltus.lawfit.alphas",
    "implied_exponent": "saltus.lawfit.alphas",
    "load_calibration": "saltus.forecast.calibrate",
    "local_exponent": "saltus.theory.scaling",
    "loss_staircase": "saltus.theory.stages",
    "n_emerged": "saltus.theory.stages",
    "plan_budget": "saltus.forecast.plan",
    "plan_frequency": "saltus.forecast.plan",
    "plan_skills": "saltus.forecast.plan",
    "read_curves": "saltus.read.reading",
    "read_store": "saltus.store.dataset",
    "reading_report": "saltus.read.report",
    "scaling_law": "saltus.theory.scaling",
    "skill_strengths": "saltus.parity.strength",
    "small_start_law": "saltus.theory.scaling",
    "stage_like": "saltus.theory.stages",
    "sweep": "saltus.runs.sweep",
    "tidy_table": "saltus.curves.table",
    "train_data_emergence": "saltus.simulate.gradient_descent",
    "train_mlp": "saltus.train.networks",
    "train_network": "saltus.train.networks",
    "train_multilinear": "saltus.simulate.gradient_descent",
    "train_parameter_emergence": "saltus.simulate.gradient_descent",
    "train_transformer": "saltus.train.networks",
    "with_feature_rate": "saltus.theory.extended",
    "with_momentum": "saltus.theory.variants.momentum",
}

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
