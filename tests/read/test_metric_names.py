"""Names of metrics as loggers and harnesses write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saltus.read.metric_names import metric_named, split_named


@pytest.mark.parametrize(
    ("name", "skill", "split", "quantity", "statistic"),
    [
        ("eval_g0_accuracy", "g0", "held-out", "accuracy", "value"),
        ("val_accuracy", "", "validation", "accuracy", "value"),
        ("train/loss", "", "train", "loss", "value"),
        ("eval/add_acc", "add", "held-out", "accuracy", "value"),
        ("acc_copy", "copy", None, "accuracy", "value"),
        ("acc3", "3", None, "accuracy", "value"),
        ("test_acc", "", "test", "accuracy", "value"),
        ("eval_rouge1", "", "held-out", "accuracy", "value"),
        ("lambada_openai.acc_stderr", "lambada openai", None, "accuracy", "error"),
        ("lambada_openai/acc_stderr,none", "lambada openai", None, "accuracy", "error"),
        ("mmlu/exact_match", "mmlu", None, "accuracy", "value"),
        ("em_4tok", "4tok", None, "accuracy", "value"),
        ("wer", "", None, "error_rate", "value"),
        ("val_error", "", "validation", "error_rate", "value"),
        ("top1_acc", "", None, "accuracy", "value"),
        ("perplexity", "", None, "perplexity", "value"),
        ("eval/c4_en-validation/CrossEntropyLoss", "c4 en", "validation", "loss", "value"),
        ("eval/downstream_bpb/piqa_val_bpb", "downstream piqa", "validation", "bits", "value"),
        ("valLoss", "", "validation", "loss", "value"),
        ("strength_error", "", None, "strength", "error"),
        ("accuracy_error", "", None, "accuracy", "error"),
        ("acc_std", "", None, "accuracy", "other"),
        ("acc_std,none", "", None, "accuracy", "other"),
        ("acc_std_err", "", None, "accuracy", "error"),
        ("acc_standard_error,none", "", None, "accuracy", "error"),
        ("acc_max", "", None, "accuracy", "other"),
        ("max", "max", None, None, "value"),
        ("top_1_error", "", None, "error_rate", "value"),
        ("val_top1_error", "", "validation", "error_rate", "value"),
        ("copy_word_error_rate_error", "copy", None, "error_rate", "error"),
        ("training_error", "", "train", "error_rate", "value"),
        ("copy_error", "copy error", None, None, "value"),
        ("eval_val_acc", "", "validation", "accuracy", "value"),
        ("val_eval_acc", "", "validation", "accuracy", "value"),
        ("arc_easy", "arc easy", None, None, "value"),
        ("f1", "f1", None, None, "value"),  # a function of that name, perhaps
        ("eval_f1", "", "held-out", "accuracy", "value"),
        ("weight_norm", "weight norm", None, None, "value"),
    ],
)
def test_a_name_is_taken_apart(name: str, skill: str, split: str, quantity: str, statistic: str) -> None:
    metric = metric_named(name)
    assert (" ".join(metric.skill), metric.split, metric.quantity, metric.statistic) == (
        skill,
        split,
        quantity,
        statistic,
    )


def test_the_plainest_measure_of_a_quantity_comes_first() -> None:
    for names in (("acc", "em", "acc_norm", "pass@1", "top1", "top5", "x_f1"), ("loss", "ce_loss", "nll", "mse")):
        ranks = [metric_named(f"x_{name}").rank for name in names]
        assert ranks == sorted(ranks)
        assert len({*ranks}) == len(ranks)


def test_labels_name_splits_only_as_a_whole() -> None:
    assert [split_named(name) for name in ("train", "Validation", "held-out", "dev set", "test_of_time_and_space")] == [
        "train",
        "validation",
        "held-out",
        "validation",
        None,
    ]


@given(st.text(max_size=40))
def test_any_text_is_a_name(name: str) -> None:
    metric = metric_named(name)
    assert metric.statistic in ("value", "error", "other")
    split_named(name)


@pytest.mark.parametrize(
    ("name", "skill", "quantity", "statistic"),
    [
        ("eval_rewards/accuracies", ("rewards",), "accuracy", "value"),
        ("losses.ner", ("ner",), "loss", "value"),
        ("eval_rougeLsum", (), "accuracy", "value"),
        ("bbox/AP50", ("bbox", "50"), "accuracy", "value"),
        ("bbox/APs", ("bbox", "s"), "accuracy", "value"),
        ("metrics/mAP50-95(B)", ("50", "95", "b"), "accuracy", "value"),
        ("mIoU", (), "accuracy", "value"),
        ("best_validation_accuracy", (), "accuracy", "other"),
        ("nq_open.exact_match_stderr,remove_whitespace", ("nq", "open", "remove", "whitespace"), "accuracy", "error"),
        ("map", ("map",), None, "value"),
    ],
)
def test_names_of_other_programs(name: str, skill: tuple[str, ...], quantity: str | None, statistic: str) -> None:
    metric = metric_named(name)
    assert (metric.skill, metric.quantity, metric.statistic) == (skill, quantity, statistic)
