"""Text that is packed, torn or no text, settings beside a log, and moments in names."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from saltus import InputError
from saltus.read import files
from saltus.read.beside import settings_beside
from saltus.read.positions import position_in_name
from saltus.read.text import first_bytes, open_bytes, open_text, suffix_of

TEXT = "step,a\n" + "".join(f"{step},{step / 7}\n" for step in range(500))


def test_text_is_the_same_plain_packed_and_packed_in_parts(tmp_path: Path) -> None:
    plain, half = TEXT.encode(), len(TEXT) // 2
    parts = gzip.compress(plain[:half]) + gzip.compress(plain[half:]) + bytes(512)
    for content in (plain, b"\xef\xbb\xbf" + plain, gzip.compress(plain), parts):
        path = tmp_path / "a.csv"
        path.write_bytes(content)
        with open_text(path) as file:
            assert file.read() == TEXT
        assert first_bytes(path, 6) == b"step,a"


def test_damage_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv.gz"
    packed = gzip.compress(TEXT.encode())
    for content, text in {
        packed[:-20]: "a packed file must be whole gzip; received 'a.csv.gz'; copy it again when it is complete",
        packed[:40]
        + b"\xff" * 20
        + packed[60:]: "a packed file must be whole gzip; received 'a.csv.gz'; pack it again",
        gzip.compress("é".encode("latin-1")): "a table must be UTF-8 text; received 'a.csv.gz'; save it in UTF-8",
    }.items():
        path.write_bytes(content)
        with pytest.raises(InputError) as caught, open_text(path) as file:
            file.read()
        assert str(caught.value) == text
    monkeypatch.setattr(files, "MAX_BYTES", 2**20)
    path.write_bytes(gzip.compress(bytes(2**22)))
    with pytest.raises(InputError, match="at most 1 MiB, unpacked"), open_text(path) as file:
        file.read()


def test_a_torn_file_is_read_up_to_the_tear_where_that_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(TEXT.encode())[:-100])
    torn = []
    with open_bytes(path, lambda: torn.append(True)) as file:
        content = file.read().decode()
    assert torn
    assert TEXT.startswith(content)
    assert len(content) > len(TEXT) / 2


def test_the_ending_is_that_below_gz() -> None:
    assert [suffix_of(Path(name)) for name in ("a.JSONL.gz", "a.gz", "a.csv")] == [".jsonl", "", ".csv"]


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("1.4b_step1000.json", ("step", 1000)),
        ("runs/checkpoint-500/trainer_state.json", ("step", 500)),
        ("iter_0001000", ("step", 1000)),
        ("epoch=3-step=500.ckpt", ("step", 500)),
        ("step10k-tokens4B", ("step", 10_000)),
        ("tokens4B", ("tokens", 4e9)),
        ("model_epoch_2.5", ("epoch", 2.5)),
        ("global_step20", ("step", 20)),
        ("step3/step7", ("step", 7)),
        ("seed1", None),
        ("stepwise", None),
        ("limit5", None),
        ("1000.json", None),
    ],
)
def test_moments_in_names(name: str, place: tuple[str, float] | None) -> None:
    assert position_in_name(name) == place


def test_settings_are_found_beside(tmp_path: Path) -> None:
    (tmp_path / "training_args.bin").write_bytes(b"\x80\x04never loaded")
    args = {"optim": "adamw_torch_fused", "learning_rate": 3e-4, "lr_scheduler_type": "cosine", "warmup_steps": 100}
    (tmp_path / "args.json").write_text(json.dumps(args | {"per_device_train_batch_size": 8, "seed": 4}))
    folder = tmp_path / "checkpoint-500"
    folder.mkdir()
    expected = {"optimizer": "adamw", "learning_rate": 3e-4, "schedule": "cosine", "warmup_steps": 100}
    expected |= {"batch_size": 8, "seed": 4}
    for path in (tmp_path, tmp_path / "log.jsonl", folder, folder / "trainer_state.json"):
        assert settings_beside(path) == expected


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("lr: 0.1\noptimizer: SGD # plain\nseed: 3", {"lr": 0.1, "optimizer": "sgd", "seed": 3}),
        ("optimizer:\n  _target_: torch.optim.AdamW\n  lr: 1e-3\n", {"optimizer": "adamw", "lr": 1e-3}),
        ("optimizer: FusedAdam\nbatch_size: 1e400\nseed: !!python/object:os.system 1", {"optimizer": "adam"}),
        ("- a\n\0: {{\n\tlr: 3", {}),
        ("seed: true\nlr: high", {}),
    ],
)
def test_settings_in_flat_text(text: str, settings: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "hparams.yaml").write_text(text)
    if "lr" in settings:
        settings = {"learning_rate": settings.pop("lr")} | settings
    assert settings_beside(tmp_path / "metrics.csv") == settings


@pytest.mark.parametrize(
    "content", ["[" * 10**5, "[1]", '{"seed": 1' + "0" * 5000 + "}", '{"seed": NaN, "lr": []}', "é"]
)
def test_settings_that_cannot_be_read_tell_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / "args.json").write_text(content, encoding="latin-1")
    assert settings_beside(tmp_path) == {}
