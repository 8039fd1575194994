"""Folders of TensorBoard: runs, splits, curves of `add_scalars`; several files, torn and empty ones; odd numbers."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from saltus import InputError, read_curves, reading_report
from saltus.read import folders
from saltus.read.formats.event_folders import roles_of_folders
from saltus.read.formats.tensorboard import open_events
from tests.read.helpers import event, field, record, simple, varint


def log(path: Path, tags: Iterable[str], steps: Iterable[int] = range(4), slope: float = 0.125) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    tags = list(tags)
    path.write_bytes(b"".join(record(event(step, *(simple(tag, slope * step) for tag in tags))) for step in steps))
    return path


def roles(tags: dict[str, tuple[str, ...]]) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Run and tag of the first tag in each folder, and the kinds of what is said of them."""
    named, findings = roles_of_folders(tags)
    return {folder: named(folder, first) for folder, (first, *_) in tags.items()}, [one.kind for one in findings]


def test_training_and_validation_are_splits_of_one_run() -> None:
    two = ("loss", "acc")
    assert roles({"train": two, "validation": two}) == (
        {"train": ("0", "train/loss"), "validation": ("0", "validation/loss")},
        ["folders of splits"],
    )
    assert roles({"seed1/train": two, "seed1/val": ("val/acc",), "seed2/train": two}) == (
        {
            "seed1/train": ("seed1", "train/loss"),
            "seed1/val": ("seed1", "val/acc"),
            "seed2/train": ("seed2", "train/loss"),
        },
        ["folders of splits"],
    )
    assert roles({".": two, "eval": two})[0] == {".": ("0", "loss"), "eval": ("0", "eval/loss")}
    assert roles({"a/eval": two, "b/eval": two}) == ({"a/eval": ("a/eval", "loss"), "b/eval": ("b/eval", "loss")}, [])


def test_folders_of_add_scalars_are_skills_unless_they_are_named_as_runs() -> None:
    kinds = ["folders of skills"]
    assert roles({".": ("lr",), "eval_acc_copy": ("eval/acc",), "eval_acc_sort": ("eval/acc",)}) == (
        {".": ("0", "lr"), "eval_acc_copy": ("0", "eval/acc_copy"), "eval_acc_sort": ("0", "eval/acc_sort")},
        kinds,
    )
    assert roles({"r1/loss_train": ("loss",), "r1/loss_val": ("loss",)})[0] == {
        "r1/loss_train": ("r1", "train/loss"),
        "r1/loss_val": ("r1", "val/loss"),
    }
    assert roles(
        {"r1": ("lr",), "r1/eval/acc/copy": ("eval/acc",), "r1/loss/val": ("loss",), "r1/loss/train": ("loss",)}
    ) == (
        {
            "r1": ("r1", "lr"),
            "r1/eval/acc/copy": ("r1", "eval/acc_copy"),
            "r1/loss/val": ("r1", "val/loss"),
            "r1/loss/train": ("r1", "train/loss"),
        },
        kinds,
    )
    assert roles({"acc_1": ("acc",), "acc_2": ("acc",)})[1] == []
    assert roles({"acc_seed1": ("acc",), "acc_seed2": ("acc",)})[1] == []
    assert roles({"copy": ("acc",), "sort": ("acc",)}) == (
        {"copy": ("0", "copy/acc"), "sort": ("0", "sort/acc")},
        kinds,
    )


@pytest.mark.parametrize(
    "names",
    [
        ("version_0", "version_1"),
        ("Nov25_12-00-00_host", "Nov26_09-30-00_host"),
        ("lr0.1", "lr0.01"),
        ("20240101-120000", "20240102-120000"),
        ("mlp/seed=3", "cnn/seed=3"),
        ("0", "1"),
    ],
)
def test_names_like_those_of_runs_are_runs(names: tuple[str, str]) -> None:
    assert roles(dict.fromkeys(names, ("acc",))) == ({name: (name, "acc") for name in names}, [])


def test_folders_with_several_tags_are_runs() -> None:
    tags = ("acc", "loss")
    assert roles({"big": tags, "small": tags}) == ({"big": ("big", "acc"), "small": ("small", "acc")}, [])


def test_curves_of_folders_and_what_is_said_of_them(tmp_path: Path) -> None:
    for name, slope in (("copy", 0.25), ("sort", 0.125)):
        log(tmp_path / f"acc_{name}" / "events.out.tfevents.1", ["acc"], slope=slope)
    table = open_events(tmp_path)
    columns = table.read(["value"], ["run", "tag", "folder"])
    assert columns.labels["run"].names == ("0",)
    assert columns.labels["tag"].names == ("acc_copy", "acc_sort")
    assert columns.labels["folder"].names == ("acc_copy", "acc_sort")
    np.testing.assert_array_equal(columns.numbers["value"][columns.labels["tag"].codes == 1], 0.125 * np.arange(4))
    assert [one.text for one in table.findings] == [
        "acc_copy, acc_sort were taken for curves of add_scalars, each a skill: "
        "run='folder' with skill='tag_in_folder' makes them runs"
    ]


@pytest.mark.parametrize(("names", "tag"), [(("acc_copy", "acc_sort"), "acc"), (("train", "val"), "acc")])
def test_folders_are_runs_if_the_user_says_so(names: tuple[str, str], tag: str, tmp_path: Path) -> None:
    for name in names:
        log(tmp_path / name / "events.out.tfevents.1", [tag])
    curves = read_curves(tmp_path, run="folder", skill="tag_in_folder")
    assert curves["run_name"].to_numpy().tolist() == list(names)
    assert curves["skill_name"].to_numpy().tolist() == [tag]


def test_files_of_a_folder_go_on_from_the_older_one_whatever_the_digits_of_their_times(tmp_path: Path) -> None:
    log(tmp_path / "events.out.tfevents.999.h", ["a"], range(3), 0.125)
    log(tmp_path / "events.out.tfevents.1000.h", ["a"], range(2, 5), 0.0625)
    curves = read_curves(tmp_path)
    assert curves["strength"].to_numpy().ravel().tolist() == [0, 0.125, 0.125, 0.1875, 0.25]


def test_torn_and_empty_files_beside_whole_ones(tmp_path: Path) -> None:
    log(tmp_path / "events.out.tfevents.1", ["a"])
    torn = log(tmp_path / "events.out.tfevents.2", ["a"], range(4, 8))
    torn.write_bytes(torn.read_bytes()[:-5])
    (tmp_path / "events.out.tfevents.3").touch()
    broken = log(tmp_path / "events.out.tfevents.4", ["a"])
    broken.write_bytes(b"x" + broken.read_bytes()[1:])
    curves = read_curves(tmp_path)
    assert curves["step"].to_numpy().tolist() == list(range(7))
    findings = {one.kind: one.count for one in open_events(tmp_path).findings}
    assert findings == {"unfinished files": 1, "damaged files": 1, "empty files": 1}
    assert {*findings} <= {one.kind for one in reading_report(curves).findings}


def test_settings_beside_the_files_of_every_run_are_those_that_all_share(tmp_path: Path) -> None:
    for i in range(2):
        log(tmp_path / f"version_{i}" / "events.out.tfevents.1", ["a"])
        (tmp_path / f"version_{i}" / "hparams.yaml").write_text(f"optimizer: AdamW\nlr: 0.00{i + 1}\n")
    table = open_events(tmp_path)
    assert table.settings == {"optimizer": "adamw"}
    assert [one.text for one in table.findings] == [
        "2 runs differ in learning_rate, not only by chance",
        "told by files beside: optimizer adamw",
    ]


def test_curves_and_hyperparameters_as_tensorboardx_writes_them(tmp_path: Path) -> None:
    tensorboard = pytest.importorskip("tensorboardX")
    with tensorboard.SummaryWriter(str(tmp_path / "run")) as writer:
        for step in range(4):
            writer.add_scalars("eval/acc", {"copy": step / 4, "sort": step / 8}, step)
            writer.add_scalar("lr", 0.5, step)
        writer.add_hparams({"lr": 0.5}, {"hparam/acc": 0.9})
    curves = read_curves(tmp_path)
    assert curves["skill_name"].to_numpy().tolist() == ["lr", "eval/acc_copy", "eval/acc_sort"]
    assert curves["run_name"].to_numpy().tolist() == ["run"]


def test_folders_of_hyperparameters_are_no_runs(tmp_path: Path) -> None:
    log(tmp_path / "events.out.tfevents.1", ["a"])
    log(tmp_path / "1795625241.185" / "events.out.tfevents.2", ["hparam/a"], [0])
    assert read_curves(tmp_path)["skill_name"].to_numpy().tolist() == ["a"]


def test_links_lead_to_files_but_folders_are_walked_once(tmp_path: Path) -> None:
    outside = log(tmp_path / "blobs" / "0123", ["a"])
    inside = tmp_path / "snapshot" / "run"
    inside.mkdir(parents=True)
    (inside / "events.out.tfevents.1").symlink_to(outside)
    (inside / "loop").symlink_to(tmp_path / "snapshot", target_is_directory=True)
    (inside / "gone.tfevents.1").symlink_to(tmp_path / "nowhere")
    os.mkfifo(inside / "pipe.tfevents.1")
    (inside / "null.tfevents.1").symlink_to("/dev/zero")
    curves = read_curves(tmp_path / "snapshot")
    assert curves["run_name"].to_numpy().tolist() == ["run"]
    assert curves["strength"].to_numpy().ravel().tolist() == [0, 0.125, 0.25, 0.375]


def test_folders_with_too_many_entries_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(6):
        (tmp_path / f"{i}.txt").touch()
    monkeypatch.setattr(folders, "MAX_ENTRIES", 5)
    with pytest.raises(InputError, match="a folder of curves must have at most 5 entries; received .*; give the fold"):
        open_events(tmp_path)


def test_a_pointer_of_git_lfs_is_named_whatever_the_format(tmp_path: Path) -> None:
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12345\n"
    for name in ("a.csv", "a.parquet", "a.npz", "run/x.tfevents.1"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        given = path.parent if "/" in name else path
        with pytest.raises(InputError) as caught:
            read_curves(given)
        rule = "a file of curves must hold its content, not a pointer of Git LFS"
        assert str(caught.value) == f"{rule}; received {path.name!r}; fetch it with: git lfs pull"


def tensor(dtype: int, numbers: bytes, plugin: bytes = b"scalars") -> bytes:
    return field(1, b"a") + field(8, b"\x08" + varint(dtype) + numbers) + field(9, field(1, field(1, plugin)))


@pytest.mark.parametrize(
    ("dtype", "numbers", "value"),
    [
        (3, field(4, struct.pack("<i", -3)), -3.0),
        (3, field(7, varint(-3)), -3.0),
        (3, b"\x38" + varint(7), 7.0),
        (9, field(10, varint(2**40)), 2.0**40),
        (9, field(4, struct.pack("<q", -(2**40))), -(2.0**40)),
        (10, b"\x58\x01", 1.0),
        (19, field(4, struct.pack("<e", 0.25)), 0.25),
        (19, field(13, varint(int.from_bytes(struct.pack("<e", 0.25), "little"))), 0.25),
        (14, field(4, struct.pack("<f", 1.5)[2:]), 1.5),
        (23, field(17, varint(12)), 12.0),
    ],
)
def test_numbers_of_every_kind_in_tensors(tmp_path: Path, dtype: int, numbers: bytes, value: float) -> None:
    path = tmp_path / "x.tfevents.1"
    path.write_bytes(record(event(1, tensor(dtype, numbers))) + record(event(2, tensor(dtype, numbers, b"text"))))
    columns = open_events(path).read(["step", "value"], [])
    assert (columns.numbers["step"].tolist(), columns.numbers["value"].tolist()) == ([1.0], [value])


@pytest.mark.parametrize(
    "numbers", [field(4, b"\x01" * 3), field(13, varint(-1)), field(13, b"\x80"), b"", field(2, b"x")]
)
def test_tensors_that_hold_no_number_give_none_or_one_line(tmp_path: Path, numbers: bytes) -> None:
    path = tmp_path / "x.tfevents.1"
    for dtype in (0, 1, 2, 3, 4, 9, 10, 14, 19, 99):
        path.write_bytes(record(event(1, tensor(dtype, numbers))))
        with pytest.raises(InputError, match="an event file must be whole: |event files must hold scalars"):
            open_events(path)
