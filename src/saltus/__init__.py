"""Saltus simulates, verifies and forecasts emergence: the sudden appearance of skills while a network trains.

The names below are the public interface. Each is imported on first use, so that ``import saltus`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from saltus.curves import emergence_times as emergence_times
    from saltus.curves import tidy_table as tidy_table
    from saltus.errors import InputError as InputError
    from saltus.errors import StoppedError as StoppedError
    from saltus.errors import TrainingWarning as TrainingWarning
    from saltus.forecast.assess import assess as assess
    from saltus.forecast.calibrate import calibrate as calibrate
    from saltus.forecast.calibrate import load_calibration as load_calibration
    from saltus.forecast.calibrate_size import calibrate_data as calibrate_data
    from saltus.forecast.calibrate_size import calibrate_parameters as calibrate_parameters
    from saltus.forecast.calibrate_time import calibrate_time as calibrate_time
    from saltus.forecast.calibration import Calibration as Calibration
    from saltus.forecast.plan import plan_budget as plan_budget
    from saltus.forecast.plan import plan_frequency as plan_frequency
    from saltus.forecast.plan import plan_skills as plan_skills
    from saltus.forecast.read.reading import read_curves as read_curves
    from saltus.forecast.read.report import reading_report as reading_report
    from saltus.forecast.size_calibration import DataCalibration as DataCalibration
    from saltus.forecast.size_calibration import ParameterCalibration as ParameterCalibration
    from saltus.forecast.unknown import fit_frequencies as fit_frequencies
    from saltus.lawfit.compare import compare_forms as compare_forms
    from saltus.lawfit.compare import hold_out as hold_out
    from saltus.lawfit.fit import fit_law as fit_law
    from saltus.lawfit.implied import implied_alphas as implied_alphas
    from saltus.lawfit.implied import implied_exponent as implied_exponent
    from saltus.parity.strength import skill_strengths as skill_strengths
    from saltus.parity.task import MultitaskSparseParity as MultitaskSparseParity
    from saltus.parity.torch_data import ParityDataset as ParityDataset
    from saltus.parity.torch_data import ParityStream as ParityStream
    from saltus.sweep.dataset import read_store as read_store
    from saltus.sweep.recorder import SkillRecorder as SkillRecorder
    from saltus.sweep.run import sweep as sweep
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
    from saltus.train.configuration import MLPTraining as MLPTraining
    from saltus.train.gated import GatedPerceptron as GatedPerceptron
    from saltus.train.gradient_descent import train_data_emergence as train_data_emergence
    from saltus.train.gradient_descent import train_multilinear as train_multilinear
    from saltus.train.gradient_descent import train_parameter_emergence as train_parameter_emergence
    from saltus.train.network import NetworkTraining as NetworkTraining
    from saltus.train.perceptron import Perceptron as Perceptron
    from saltus.train.run import Job as Job
    from saltus.train.run import train_mlp as train_mlp
    from saltus.train.run import train_network as train_network
    from saltus.train.transformer import Transformer as Transformer
    from saltus.train.transformer import train_transformer as train_transformer

_HOME_OF = {
    "Calibration": "saltus.forecast.calibration",
    "DataCalibration": "saltus.forecast.size_calibration",
    "DataEmergence": "saltus.theory.extended",
    "DeepMultilinear": "saltus.theory.variants.deep",
    "DiscreteMultilinear": "saltus.theory.variants.discrete",
    "Frequencies": "saltus.theory.frequencies",
    "GatedPerceptron": "saltus.train.gated",
    "InputError": "saltus.errors",
    "Job": "saltus.train.run",
    "Linear": "saltus.theory.variants.linear",
    "MLPTraining": "saltus.train.configuration",
    "Multilinear": "saltus.theory.multilinear",
    "MultitaskSparseParity": "saltus.parity.task",
    "NetworkTraining": "saltus.train.network",
    "ParameterCalibration": "saltus.forecast.size_calibration",
    "ParameterEmergence": "saltus.theory.extended",
    "ParityDataset": "saltus.parity.torch_data",
    "ParityStream": "saltus.parity.torch_data",
    "Perceptron": "saltus.train.perceptron",
    "PowerLaw": "saltus.theory.frequencies",
    "SkillRecorder": "saltus.sweep.recorder",
    "StoppedError": "saltus.errors",
    "TrainingWarning": "saltus.errors",
    "Transformer": "saltus.train.transformer",
    "UnbalancedMultilinear": "saltus.theory.variants.unbalanced",
    "assess": "saltus.forecast.assess",
    "calibrate": "saltus.forecast.calibrate",
    "calibrate_data": "saltus.forecast.calibrate_size",
    "calibrate_parameters": "saltus.forecast.calibrate_size",
    "calibrate_time": "saltus.forecast.calibrate_time",
    "compare_forms": "saltus.lawfit.compare",
    "compute_optimal": "saltus.theory.allocation",
    "corrected_time_law": "saltus.theory.scaling",
    "emergence_times": "saltus.curves",
    "fit_frequencies": "saltus.forecast.unknown",
    "fit_law": "saltus.lawfit.fit",
    "hold_out": "saltus.lawfit.compare",
    "implied_alphas": "saltus.lawfit.implied",
    "implied_exponent": "saltus.lawfit.implied",
    "load_calibration": "saltus.forecast.calibrate",
    "local_exponent": "saltus.theory.scaling",
    "loss_staircase": "saltus.theory.stages",
    "n_emerged": "saltus.theory.stages",
    "plan_budget": "saltus.forecast.plan",
    "plan_frequency": "saltus.forecast.plan",
    "plan_skills": "saltus.forecast.plan",
    "read_curves": "saltus.forecast.read.reading",
    "read_store": "saltus.sweep.dataset",
    "reading_report": "saltus.forecast.read.report",
    "scaling_law": "saltus.theory.scaling",
    "skill_strengths": "saltus.parity.strength",
    "small_start_law": "saltus.theory.scaling",
    "stage_like": "saltus.theory.stages",
    "sweep": "saltus.sweep.run",
    "tidy_table": "saltus.curves",
    "train_data_emergence": "saltus.train.gradient_descent",
    "train_mlp": "saltus.train.run",
    "train_network": "saltus.train.run",
    "train_multilinear": "saltus.train.gradient_descent",
    "train_parameter_emergence": "saltus.train.gradient_descent",
    "train_transformer": "saltus.train.transformer",
    "with_feature_rate": "saltus.theory.extended",
    "with_momentum": "saltus.theory.variants.momentum",
}

__all__ = [*_HOME_OF, "__version__"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("saltus")
    if name not in _HOME_OF:
        raise AttributeError(f"module 'saltus' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
