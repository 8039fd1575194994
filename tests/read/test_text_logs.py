"""Text logs as programs write them: their pairs of name and number, headings, progress bars, epochs."""

from __future__ import annotations

import gzip
import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from saltus import InputError
from saltus.read import files
from saltus.read.formats import textlog
from saltus.read.formats.pairs import MARK, NUMBER, shape_of
from saltus.read.formats.textlog import is_text_log, open_text_log
from saltus.read.readers import open_table
from tests.helpers import shared_data

NAN = math.nan
BAR = "[==============================]"

LOGS: dict[str, tuple[str, dict[str, list[float]]]] = {
    "nanoGPT": (
        "step 0: train loss 10.9, val loss 10.8\niter 0: loss 10.97, time 3456.12ms, mfu -100.00%\n"
        "iter 5: loss 9.1, time 120.1ms, mfu 3.20%\nstep 10: train loss 8.9, val loss 9.0\n",
        {
            "step": [0, 0, 5, 10],
            "train_loss": [10.9, NAN, NAN, 8.9],
            "val_loss": [10.8, NAN, NAN, 9.0],
            "loss": [NAN, 10.97, 9.1, NAN],
            "mfu": [NAN, -1, 0.032, NAN],
        },
    ),
    "modded nanoGPT": (
        "step:0/4578 val_loss:10.8258 train_time:0ms step_avg:nanms\n"
        "step:1/4578 train_time:250ms step_avg:nanms\nstep:250/4578 val_loss:4.5 train_time:30000ms step_avg:120.5ms\n",
        {"step": [0, 250], "val_loss": [10.8258, 4.5]},
    ),
    "llm.c": (
        "s:0 tel:11.0092\ns:0 trl:11.0091 lr:0.000001 norm:15.37\ns:1 trl:10.9598 lr:0.000002 norm:15.24\n",
        {
            "step": [0, 0, 1],
            "val_loss": [11.0092, NAN, NAN],
            "train_loss": [NAN, 11.0091, 10.9598],
            "lr": [NAN, 1e-6, 2e-6],
            "norm": [NAN, 15.37, 15.24],
        },
    ),
    "Keras": (
        f"Epoch 1/3\n  1/1875 [....] - ETA: 5s - loss: 2.3 - accuracy: 0.1\r1875/1875 {BAR} - 4s 2ms/step - loss: 0.3"
        f" - val_accuracy: 0.93\nEpoch 2/3\n1875/1875 {BAR} - 4s 2ms/step - loss: 0.2 - val_accuracy: 0.95\n",
        {"epoch": [1, 2], "loss": [0.3, 0.2], "accuracy": [NAN, NAN], "val_accuracy": [0.93, 0.95]},
    ),
    "Keras 3 with colours": (
        "Epoch 1/2\n\x1b[1m 1/100\x1b[0m \x1b[37m━━━\x1b[0m \x1b[1m10s\x1b[0m 100ms/step - loss: 2.3\n"
        "\x1b[1m100/100\x1b[0m \x1b[32m━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m1s\x1b[0m 3ms/step - loss: 0.3\n",
        {"epoch": [1], "loss": [0.3]},
    ),
    "Hugging Face's console": (
        " 10%|█         | 10/100 [00:01<00:09,  9.9it/s]{'loss': 2.5, 'learning_rate': 5e-05, 'epoch': 0.1}\n"
        "{'eval_loss': 2.2, 'eval_accuracy': 0.3, 'epoch': 0.1}\n"
        "{'loss': nan, 'learning_rate': 4.5e-05, 'epoch': 0.2}\n",
        {
            "epoch": [0.1, 0.1, 0.2],
            "loss": [2.5, NAN, NAN],
            "learning_rate": [5e-5, NAN, 4.5e-5],
            "eval_loss": [NAN, 2.2, NAN],
            "eval_accuracy": [NAN, 0.3, NAN],
        },
    ),
    "fairseq": (
        '2024-01-01 00:00:01 | INFO | train_inner | {"epoch": 1, "loss": "8.074", "num_updates": "100", '
        '"lr": "0.0003"}\n'
        '2024-01-01 00:00:02 | INFO | valid | {"epoch": 1, "valid_loss": "4.1", "valid_num_updates": "500"}\n',
        {
            "epoch": [1, 1],
            "num_updates": [100, 500],
            "loss": [8.074, NAN],
            "lr": [0.0003, NAN],
            "valid_loss": [NAN, 4.1],
        },
    ),
    "PyTorch's MNIST": (
        "Train Epoch: 1 [0/60000 (0%)]\tLoss: 2.3\nTrain Epoch: 1 [30000/60000 (50%)]\tLoss: 1.3\n\n"
        "Test set: Average loss: 0.0474, Accuracy: 9848/10000 (98%)\n",
        {
            "epoch": [0, 0.5, 0.5],
            "Loss": [2.3, 1.3, NAN],
            "test/Average_loss": [NAN, NAN, 0.0474],
            "test/Accuracy": [NAN, NAN, 0.9848],
        },
    ),
    "PyTorch's ImageNet": (
        "Epoch: [0][  10/5005]\tTime  0.5 ( 0.6)\tLoss 6.9e+00 (6.9e+00)\tAcc@1   0.39 (  0.28)\n"
        " * Acc@1 10.2 Acc@5 25\n",
        {
            "epoch": [10 / 5005] * 2,
            "Loss": [6.9, NAN],
            "Acc@1": [0.39, NAN],
            "test/Acc@1": [NAN, 10.2],
            "test/Acc@5": [NAN, 25],
        },
    ),
    "torchvision": (
        "Epoch: [0]  [  0/100]  eta: 0:30:00  lr: 0.1  loss: 6.9 (6.9)  acc1: 0.5 (0.5)\n"
        "Test:   [ 0/19]  eta: 0:01:00  loss: 1.0 (1.0)  acc1: 80.0 (80.0)\nTest:  Acc@1 30.5 Acc@5 60.5\n",
        {
            "epoch": [0, 0],
            "lr": [0.1, NAN],
            "loss": [6.9, NAN],
            "acc1": [0.5, NAN],
            "test/Acc@1": [NAN, 30.5],
            "test/Acc@5": [NAN, 60.5],
        },
    ),
    "build-nanogpt": (
        "0 val 10.9505\n0 hella 0.2463\n0 train 10.955029\n1 train 9.5\n",
        {
            "step": [0, 0, 0, 1],
            "val_loss": [10.9505, NAN, NAN, NAN],
            "hellaswag_acc": [NAN, 0.2463, NAN, NAN],
            "train_loss": [NAN, NAN, 10.955029, 9.5],
        },
    ),
    "Megatron-LM": (
        " iteration       10/     500 | elapsed time per iteration (ms): 718.9 | learning rate: 1.5E-04"
        " | lm loss: 8.5E+00 | loss scale: 65536.0 | number of skipped iterations:   0 |\n"
        " validation loss at iteration 10 | lm loss value: 8.6E+00 | lm loss PPL: 5.4E+03 | \n",
        {
            "iteration": [10, 10],
            "learning_rate": [1.5e-4, NAN],
            "lm_loss": [8.5, NAN],
            "loss_scale": [65536, NAN],
            "validation/lm_loss_value": [NAN, 8.6],
            "validation/lm_loss_PPL": [NAN, 5400],
        },
    ),
    "DeepSpeed": (
        "steps: 10 loss: 9.8 iter time (s): 2.1 samples/sec: 100.1\n"
        "[INFO] [Rank 0] step=10, skipped=0, lr=[0.0006, 0.0006]\n",
        {"step": [10, 10], "loss": [9.8, NAN], "lr": [NAN, 0.0006]},
    ),
    "PyTorch's word language model": (
        "| epoch   1 |   200/ 2983 batches | lr 20.00 | ms/batch 12.5 | loss  7.63\n"
        "| end of epoch   1 | time: 50.0s | valid loss  5.5\n",
        {"epoch": [200 / 2983, 1], "lr": [20, NAN], "loss": [7.63, NAN], "valid_loss": [NAN, 5.5]},
    ),
    "steps that start again in each epoch": (
        "Epoch [1/2], Step [100/600], Loss: 2.2\nEpoch [1/2], Step [600/600], Loss: 1.2\n"
        "Epoch [2/2], Step [100/600], Loss: 0.9\n",
        {"step": [100, 600, 700], "epoch": [1, 1, 2], "Loss": [2.2, 1.2, 0.9]},
    ),
    "Lightning's progress bar": (
        "Epoch 0: 100%|██| 200/200 [00:05<00:00, 35.9it/s, loss=0.5, v_num=3]\n"
        "Epoch 1:  50%|█ | 100/200 [00:05<00:00, 35.9it/s, loss=0.4, v_num=3]\n"
        "Epoch 1: 100%|██| 200/200 [00:05<00:00, 35.9it/s, loss=0.3, v_num=3]\n",
        {"epoch": [0, 1], "loss": [0.5, 0.3]},
    ),
    "a logger's time in front": (
        "INFO:root:batch_size: 32, warmup: 7\n2024-01-01 12:00:00,123 INFO [train.py:45] step=100 loss=2.3 lr=1.0e-3\n"
        "[12:30:01] step: 0.2k loss: -0.5 acc: 93% tokens/s: 12k h100.gpu: 1.2.3\nsaved model 12 to step_200.pt\n",
        {"step": [100, 200], "loss": [2.3, -0.5], "lr": [1e-3, NAN], "acc": [NAN, 0.93]},
    ),
    "sections of a line": (
        "[Train] epoch 1 loss 0.5 acc 0.8\nEpoch 2 | Train: loss 0.4 acc 0.9 | Val: loss 0.6 acc 0.75\n",
        {
            "epoch": [1, 2],
            "train/loss": [0.5, 0.4],
            "train/acc": [0.8, 0.9],
            "val/loss": [NAN, 0.6],
            "val/acc": [NAN, 0.75],
        },
    ),
}


def write(folder: Path, text: str, name: str = "run.log") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("name", LOGS)
def test_logs_of_many_programs(name: str, tmp_path: Path) -> None:
    text, expected = LOGS[name]
    path = write(tmp_path, text)
    assert is_text_log(path)
    table = open_table(path)
    assert table.kind == "text log"
    assert sorted(table.names) == sorted(expected)
    for column, values in expected.items():
        np.testing.assert_allclose(table.read([column], []).numbers[column], values, rtol=1e-12, err_msg=column)


def test_lines_without_measurements_are_counted(tmp_path: Path) -> None:
    text = "loading\nstep 1 loss 2.0 time: 5ms\nstep 2 saved\n\nstep 3 loss 1.0 time: 5ms\n"
    said = {one.kind: one.text for one in open_table(write(tmp_path, text)).findings}
    assert said == {
        "lines passed over": "3 of 5 lines hold no measurement",
        "columns left out": "1 name of times, memory or speeds: time",
    }


def test_steps_counted_on_and_joined_are_said(tmp_path: Path) -> None:
    text = "".join(f"epoch {e} step {s}/4 loss {9 - e - s / 8}\n" for e in range(1, 4) for s in range(1, 5))
    table = open_table(write(tmp_path, text + "update: 13 val_loss: 4\n"))
    assert table.read(["step"], []).numbers["step"].tolist() == list(range(1, 14))
    assert [one.text for one in table.findings] == [
        "step starts again in each epoch: counted through all of them, 4 an epoch",
        "update and step are never in one line, and were taken for one count, step",
    ]


def test_a_restart_within_an_epoch_is_left_to_the_order_of_steps(tmp_path: Path) -> None:
    steps = [1, 2, 3, 2, 3, 4]
    text = "".join(f"epoch {s // 3} step {s} loss 0.5\n" for s in steps)
    assert open_table(write(tmp_path, text)).read(["step"], []).numbers["step"].tolist() == steps


def test_logs_of_powershell_are_utf_16(tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_bytes("step: 1 loss: 0.5\r\nstep: 2 loss: 0.25\r\n".encode("utf-16"))
    assert open_table(path).read(["loss"], []).numbers["loss"].tolist() == [0.5, 0.25]


def test_packed_logs_are_read_up_to_a_tear(tmp_path: Path) -> None:
    path = tmp_path / "run.log.gz"
    packed = gzip.compress("".join(f"step {i} loss {i / 7:.9f}\n" for i in range(2000)).encode())
    path.write_bytes(packed)
    table = open_table(path)
    assert (len(table.read(["loss"], []).numbers["loss"]), list(table.findings)) == (2000, [])
    path.write_bytes(packed[:-3000])
    table = open_table(path)
    assert 100 < len(table.read(["loss"], []).numbers["loss"]) < 2000
    assert table.findings[0].text == "run.log.gz ends within what is packed: read up to there"


@pytest.mark.parametrize(
    "text",
    ["step,loss\n0,0.5\n1,0.25\n", "epoch;accuracy\n0;0,5\n", "step\tloss 1\n0\t0.5\n", "a text of 7 words\n", ""],
)
def test_tables_and_prose_are_no_logs(text: str, tmp_path: Path) -> None:
    assert not is_text_log(write(tmp_path, text, "a.txt"))
    assert not is_text_log(write(tmp_path, "step 1 loss 2.0\n", "a.csv"))


def test_a_log_without_measurements_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_table(write(tmp_path, "starting 8 workers\nloss went down by 3\n"))
    rule = "a log must have lines of steps and measurements, e.g. 'step: 100 loss: 2.5'"
    assert str(caught.value) == f"{rule}; received 'run.log: none in 2 lines'; export it as CSV or JSON"


def test_a_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "".join(f"step {i} loss 0.5\n" for i in range(100)))
    monkeypatch.setattr(files, "MAX_NUMBERS", 150)
    with pytest.raises(InputError, match="curves must hold at most 150 numbers; received 'run.log: 200'"):
        open_text_log(path)
    monkeypatch.setattr(files, "MAX_NUMBERS", 10_000)
    monkeypatch.setattr(textlog, "_MAX_PAIRS", 50)
    path = write(tmp_path, "".join(f"step {i} loss_{chr(97 + i // 26)}{chr(97 + i % 26)}: 0.5\n" for i in range(100)))
    with pytest.raises(InputError, match="the lines of a log must be of few kinds, with at most 50 pairs; received 'r"):
        open_text_log(path)


@pytest.mark.parametrize(
    "line",
    [
        "train " * 10_000,
        "a" * 60_000,
        "a " + " " * 60_000 + "1",
        "step" + ":" * 50_000 + "1",
        "1_" * 30_000 + "a: 1",
        "a: 1 " * 13_000,
        "[train] " * 8000 + "loss: 1",
        "\0" * 1000 + " a: 5",
        "9" * 60_000,
        "a: 1e" + "9" * 500,
    ],
)
def test_lines_made_to_take_long_do_not(line: str, tmp_path: Path) -> None:
    path = write(tmp_path, f"step: 1 loss: 2\n{line}\nstep: 2 loss: 1\n")
    assert open_text_log(path).read(["loss"], []).numbers["loss"][[0, -1]].tolist() == [2, 1]


def test_numbers_of_a_line_and_its_shape_make_up_the_line() -> None:
    line = "2024-01-01 step:250/4578 val_loss_2:3.1 x1 acc@5: 1e-3, -2.5 1.2.3"
    parts = NUMBER.split(line)
    assert parts[1::2] == ["2024", "01", "01", "250", "4578", "3.1", "1e-3", "2.5", "1.2"]
    assert "".join(parts) == line
    assert [pair.name for pair in shape_of(MARK.join(parts[::2])).pairs] == ["step", "val_loss_2", "acc@5"]


WORDS = [
    "step",
    "loss",
    "epoch",
    "val acc",
    "Train:",
    "1",
    "2.5",
    "nan",
    "-inf",
    "[3/4]",
    "10%|",
    "{",
    "'",
    '"',
    "\0",
    "\r",
]
TEXT = st.lists(st.one_of(st.sampled_from([*WORDS, ":", "=", " ", ", ", "\n", "1e999", "0/0"]), st.text(max_size=3)))


@settings(deadline=None, max_examples=60)
@given(TEXT.map("".join))
@example("step 1 loss nan\nepoch: [0][0/0] acc 0/0")
def test_any_text_gives_a_table_or_one_line(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.log"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            table = open_text_log(path)
        except InputError as error:
            line = str(error)
        else:
            sizes = {len(column) for column in table.read(table.names, []).numbers.values()}
            assert len(sizes) == 1
            line = ""
        assert "\n" not in line


@pytest.mark.parametrize(("name", "names"), [("text-log/main.log", "step"), ("jsonl/fairseq.log", "num_updates")])
def test_logs_of_others(name: str, names: str) -> None:
    table = open_table(shared_data(f"field/{name}"))
    steps = table.read([names], []).numbers[names]
    assert (np.diff(steps) >= 0).all()
    assert len(steps) == (6291 if names == "step" else 30)
