"""Names that people give to columns and files, by role; in lower case, their words joined by ``_``."""

from __future__ import annotations


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


UPDATES, CHECKPOINTS, TOKENS, SAMPLES, COMPUTE, SIZES, DATA_SIZES, EPOCHS = range(8)
"""Kinds of counters, the truest clock of training first."""
STEPS = ("step", "_step", "global_step", "trainer/global_step")
"""Names of updates that are plainer than all others; two of them must agree."""
COUNTERS = {
    UPDATES: _names("""
        step steps global_step global_steps trainer_global_step iteration iterations iter iters it update updates
        num_updates n_updates train_step train_steps training_step training_steps optimizer_step current_step
        current_steps batch"""),
    CHECKPOINTS: _names("checkpoint checkpoints ckpt checkpoint_step"),
    TOKENS: _names("""
        tokens token n_tokens num_tokens total_tokens tokens_seen consumed_tokens train_tokens training_tokens
        num_input_tokens_seen"""),
    SAMPLES: _names("""
        samples samples_seen num_samples n_samples consumed_samples consumed_train_samples examples examples_seen
        timesteps total_timesteps num_timesteps env_steps environment_steps"""),
    COMPUTE: _names("flops total_flops train_flops flos total_flos compute"),
    SIZES: _names("parameters params n_parameters n_params num_parameters num_params param_count size model_size"),
    DATA_SIZES: _names("data n_data data_size dataset_size train_size training_set_size n_train"),
    EPOCHS: _names("epoch epochs episode episodes"),
}
UNITS = _names("k m b t bn millions billions trillions")
"""Words that may follow a counter, as in ``params_B``; its numbers are taken as they are."""
RUNS = _names("run run_id run_name trial trial_id replicate seed random_seed run_seed rng_seed")
"""Columns that name runs, the ones that tell most first."""
SKILLS = _names("""
    skill skill_name task task_name subtask tag metric metric_name metrics key variable name benchmark eval evaluation
    dataset subject category series prompt_name template_name""")
METRICS = _names("tag metric metric_name metrics key variable name prompt_name template_name")
"""Columns of skills that name metrics as well, and can stand beside one that names tasks."""
NUMBERED_SKILLS = _names("skill task tag")
"""Columns of skills whose names may be numbers."""
SPLITS = _names("split subset phase partition fold stage mode set")
VALUES = _names("value values score result measurement")
SIZES_OF_SAMPLES = _names("n n_items num_items n_examples num_examples n_questions num_questions count")
SETTINGS = frozenset(
    _names("""
    model model_name model_size size arch architecture family config config_name experiment exp exp_name group variant
    method version width depth hidden hidden_size d_model n_layers num_layers layers n_heads batch_size bs optimizer
    optim dataset data_name fewshot num_fewshot n_shot shots temperature weight_decay wd dropout alpha beta prompt""")
)
BOOKKEEPING = frozenset(
    _names("""
    wall_time walltime time timestamp date datetime runtime elapsed elapsed_time eta duration seconds hours secs
    step_time iter_time epoch_time data_time batch_time total_time throughput grad_norm gradient_norm gnorm param_norm
    norm weight_norm update_norm
    loss_scale memory mem gpu_memory gpu_mem max_memory max_mem peak_memory memory_gb clip ups wps wpb bsz mfu tflops
    percentage progress total_steps max_steps total_epochs max_epochs num_epochs best_epoch best_step
    acc_step acc_steps accumulation_step accumulation_steps unnamed_0 index note notes comment comments hostname pid""")
)
BOOKKEEPING_GROUPS = frozenset(_names("speed memory throughput time timing time_metrics system perf"))
"""First parts, behind which a group of bookkeeping stands, as in ``memory/max_active_gib``."""
BOOKKEEPING_ENDS = ("per_second", "per_sec", "_runtime", "_time", "_seconds", "_ms", "_grad_norm", "_memory")
FILE_SEEDS = frozenset(_names("seed seeds s rs rng trial trials rep reps replicate replica repeat fold"))
FILE_RUNS = frozenset(_names("run runs version versions v exp experiment experiments job attempt try id"))
FILE_SKILLS = frozenset(_names("tag tags task tasks skill skills benchmark"))
FILE_MODELS = frozenset(_names("model models size sizes params width d depth layers l arch architecture dim"))
FILE_SETTINGS = frozenset(
    _names("""
    lr shot shots fewshot wd bs batch batchsize alpha beta eta mu optimizer opt optim dropout schedule warmup""")
)
FILE_OPTIMIZERS = frozenset(
    _names("sgd adam adamw lion muon adafactor shampoo soap rmsprop adagrad lamb sophia momentum")
)
"""Words in the paths of files: beside what its set holds, or, of optimisers, the name itself."""
