"""TensorBoard event files, written here bit by bit and, where it is installed, by tensorboardX."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from saltus import InputError, read_curves, reading_report
from saltus.read.formats.crc32c import masked_crc32c, masked_crcs32c
from tests.read.helpers import crc32c_by_long_division, event, field, masked, record, simple, varint


def tensor(tag: str, dtype: int, content: bytes, shape: bytes = b"") -> bytes:
    """As TensorFlow 2 writes it, with the name of the plugin as metadata."""
    body = b"\x08" + varint(dtype) + field(2, shape) + content
    return field(1, tag.encode()) + field(8, body) + field(9, field(1, field(1, b"scalars")))


def write(path: Path, events: Iterable[bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    version = b"\x09" + struct.pack("<d", 1.7e9) + field(3, b"brain.Event:2")
    path.write_bytes(b"".join(map(record, [version, *events])))
    return path


def curves_or_refusal(path: Path) -> xr.Dataset | str:
    try:
        return read_curves(path)
    except InputError as error:
        return str(error)


def test_checksum_meets_the_published_check_value_and_long_division() -> None:
    # RFC 3720, appendix B.4, and the customary check value of CRC-32C
    published = {bytes(32): 0x8A9136AA, b"\xff" * 32: 0x62A8AB43, b"123456789": 0xE3069283}
    for data, crc in published.items():
        assert crc32c_by_long_division(data) == crc
        assert masked_crc32c(data) == masked(data)
    rng = np.random.default_rng(0)
    for size in (0, 1, 7, 300):
        data = rng.bytes(size)
        assert masked_crc32c(data) == masked(data)


def test_checksums_of_many_pieces_are_those_of_each() -> None:
    rng = np.random.default_rng(1)
    data = rng.bytes(5000)
    sizes = np.concatenate([rng.integers(0, 60, 100), [0, 3000]])
    starts = rng.integers(0, len(data) - sizes + 1)
    expected = [masked_crc32c(data[start : start + size]) for start, size in zip(starts, sizes, strict=True)]
    assert masked_crcs32c(data, starts, sizes).tolist() == expected
    assert masked_crcs32c(b"", starts[:0], sizes[:0]).tolist() == []


def test_scalars_in_all_their_forms(tmp_path: Path) -> None:
    histogram = field(1, b"weights") + field(5, b"\x09" + struct.pack("<d", 0.0))
    vector = tensor("vector", 1, field(4, struct.pack("<2f", 1, 2)), shape=field(2, b"\x08\x02"))
    single = tensor("single", 1, field(4, struct.pack("<f", 1)), shape=field(2, b"\x08\x01"))
    text = tensor("text", 7, field(8, b"words"))
    events = [
        event(0, simple("a", 0.25), simple("b", 0.5), histogram, vector, single, text),
        event(300, simple("a", 0.75), tensor("b", 1, field(4, struct.pack("<f", 0.125)))),
        event(
            2**40, tensor("a", 2, field(6, struct.pack("<d", 0.1))), tensor("b", 1, b"\x2d" + struct.pack("<f", 1.5))
        ),
    ]
    curves = read_curves(write(tmp_path / "events.out.tfevents.1", events))
    assert curves["skill_name"].to_numpy().tolist() == ["a", "b"]
    assert curves["step"].to_numpy().tolist() == [0, 300, 2**40]
    assert curves["strength"].to_numpy().tolist() == [[[0.25, 0.75, 0.1], [0.5, 0.125, 1.5]]]


def test_folders_are_runs_and_files_of_one_folder_go_on_from_each_other(tmp_path: Path) -> None:
    def line(steps: Iterable[int], slope: float) -> list[bytes]:
        return [event(step, simple("skill", slope * step)) for step in steps]

    write(tmp_path / "seed1" / "events.out.tfevents.100.host", line(range(8), 0.0625))
    write(tmp_path / "seed1" / "events.out.tfevents.200.host", line(range(4, 12), 0.03125))
    write(tmp_path / "seed0" / "eval" / "events.out.tfevents.100.host", line(range(12), 0.0625))
    curves = read_curves(tmp_path)
    assert curves["run_name"].to_numpy().tolist() == ["seed0/eval", "seed1"]
    steps = np.arange(12)
    np.testing.assert_array_equal(curves["strength"][0, 0], 0.0625 * steps)
    np.testing.assert_array_equal(curves["strength"][1, 0], np.where(steps < 4, 0.0625, 0.03125) * steps)
    findings = {finding.kind: finding for finding in reading_report(curves).findings}
    assert findings["rewound steps"].count == 4


def test_large_records_are_passed_over_and_counted(tmp_path: Path) -> None:
    image = event(0, field(1, b"image") + field(4, bytes(70_000)))
    events = [image, *(event(step, simple("a", step / 4)) for step in range(4))]
    curves = read_curves(write(tmp_path / "x.tfevents.1", events))
    assert curves["strength"].to_numpy().ravel().tolist() == [0, 0.25, 0.5, 0.75]
    assert "large records: 1 record above 64 KiB (images, graphs), not read" in reading_report(curves).lines


def test_a_file_cut_off_anywhere_is_read_up_to_there(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tfevents.1", [event(step, simple("a", step / 4)) for step in range(4)])
    whole = path.read_bytes()
    last = len(record(event(3, simple("a", 0.75))))
    n_read = n_unfinished = 0
    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        curves = curves_or_refusal(path)
        if isinstance(curves, str):
            torn = "an event file must be whole: it ends within a record; received 'x.tfevents.1, byte "
            too_few = ("event files must hold scalars; ", "a curve must have at least two measurements; ")
            assert curves.startswith((torn, *too_few))
            continue
        n_read += 1
        np.testing.assert_array_equal(curves["strength"].to_numpy().ravel(), curves["step"] / 4)
        n_unfinished += any(
            line.startswith("unfinished files: x.tfevents.1 ends within a record at byte ")
            for line in reading_report(curves).lines
        )
    assert n_read == last + len(record(event(2, simple("a", 0.5))))
    assert n_unfinished == n_read - 2  # two of the cuts are between records


def test_any_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tfevents.1", [event(step, simple("a", step / 4)) for step in range(3)])
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        curves = curves_or_refusal(path)
        if isinstance(curves, str):
            damaged = "an event file must be whole: a checksum does not match; received 'x.tfevents.1, byte "
            assert curves.startswith((damaged, "a curve must have at least two measurements; "))
        else:
            assert curves["strength"].to_numpy().ravel().tolist() == [0, 0.25]
            (finding,) = [one for one in reading_report(curves).findings if one.kind == "damaged files"]
            at = len(whole) - len(record(event(2, simple("a", 0.5))))
            assert finding.text.startswith(f"x.tfevents.1: a checksum does not match at byte {at} of {len(whole)}: ")


def test_a_negative_step_is_refused_as_such(tmp_path: Path) -> None:
    path = write(tmp_path / "x.tfevents.1", [event(step, simple("a", 0.5)) for step in (-5, 1)])
    with pytest.raises(InputError, match="column 'step' must hold numbers of at least 0; received -5.0; "):
        read_curves(path)


@pytest.mark.parametrize(
    "content", [b"\xff" * 20, b"\x2a\x05\x0a", b"\x0b", field(5, field(1, field(1, b"\xff") + b"\x15" + bytes(4)))]
)
def test_valid_records_without_an_event_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.tfevents.1"
    path.write_bytes(record(content))
    with pytest.raises(InputError, match="an event file must be whole: a (record is no event|tag is not text); "):
        read_curves(path)


def test_files_of_tensorboardx_are_read_as_it_wrote_them(tmp_path: Path) -> None:
    tensorboard = pytest.importorskip("tensorboardX")
    rng = np.random.default_rng(1)
    steps = np.cumsum(rng.integers(1, 10_000, 50))
    values = {f"eval/task{k}": rng.random(50).astype(np.float32) for k in range(3)}
    with tensorboard.SummaryWriter(str(tmp_path / "run")) as writer:
        for i, step in enumerate(steps):
            writer.add_histogram("weights", rng.standard_normal(30), int(step))
            for tag, column in values.items():
                writer.add_scalar(tag, column[i], int(step))
    curves = read_curves(tmp_path, columns="eval/*")
    assert curves["step"].to_numpy().tolist() == steps.tolist()
    np.testing.assert_array_equal(curves["strength"][0], np.array(list(values.values()), dtype=float))
