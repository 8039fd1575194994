"""Files that hold no curves that can be read, each kind with its way out."""

from __future__ import annotations

from pathlib import Path

from saltus.errors import InputError
from saltus.read.text import suffix_of

_EXPORT = "save it as CSV, e.g. with pandas: {} and to_csv"
_PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".dill")
_TABLES = {
    ".xlsx": "read_excel",
    ".xls": "read_excel",
    ".ods": "read_excel",
    ".feather": "read_feather",
    ".arrow": "read_feather",
    ".dta": "read_stata",
    ".sav": "read_spss",
}
_OTHERS = {
    **dict.fromkeys((".h5", ".hdf5"), "write its arrays to .npz with h5py and numpy.savez"),
    ".mat": "write its arrays to .npz with scipy.io.loadmat and numpy.savez",
    ".npy": "save its columns by name in an .npz file with numpy.savez",
    **dict.fromkeys((".safetensors", ".bin", ".gguf"), "it holds weights: give the log of the training"),
    ".ipynb": "write the numbers to CSV from the notebook",
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".rar"), "unpack it and name the folder"),
    **dict.fromkeys((".rds", ".rdata"), "save it from R: write.csv(curves, 'curves.csv', row.names = FALSE)"),
    **dict.fromkeys((".bz2", ".xz", ".zst"), "unpack it, or pack it as .gz"),
}


def refusal_of(path: Path) -> InputError:
    """The error for a file of no format that is read, with the way to one that is."""
    suffix = suffix_of(path)
    if suffix in _PICKLES:
        rule = "a file must hold numbers without code: pickles are not opened"
        return InputError(rule, path.name, "where it was made, save the numbers as CSV, JSON or .npz")
    rule = "a file of curves must be a table, a log or a store in a format that is known by its name or content"
    if suffix in _TABLES:
        return InputError(rule, path.name, _EXPORT.format(_TABLES[suffix]))
    return InputError(rule, path.name, _OTHERS.get(suffix, "export it as .csv, .tsv, .parquet, .npz, .json or .jsonl"))
