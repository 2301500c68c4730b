"""A law for lm_loss (Loss against learning rate, batch size, data and model size), written by lawsmith.

    lm_loss = exp(intercept + a * log(lr) + b * log(bsz) + c * log(data_size) + d * log(non_embedding_param_size))

lr: Peak learning rate.
bsz: Batch size. [sequences per step]
data_size: Training tokens seen. [tokens]
non_embedding_param_size: Parameters outside the embedding layers. [parameters]
lm_loss: Language-modelling loss after training. [nats per token]
Constants differ by group: One group, all_data.

Needs only Python's standard library.

Published by: SLDBench leaderboard, https://linhaowei1.github.io/scaling_law_discovery: OpenHands + GPT-5, best run
Test R² as published: -0.773483
"""

from __future__ import annotations

import math

FEATURES = ('lr', 'bsz', 'data_size', 'non_embedding_param_size')
TARGETS = ('lm_loss',)
CONSTANTS = {
    'all_data': {'intercept': 3.080501739652768, 'a': 0.008636919053849154, 'b': -0.0005162836622543873, 'c': -0.04700957690670233, 'd': -0.05174150134631459},
}


def safe_exp(value):
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def safe_log(value):
    if value > 0:
        return math.log(value)
    return -math.inf if value == 0 else math.nan


def form(x, p):
    return safe_exp(p['intercept'] + p['a'] * safe_log(x['lr']) + p['b'] * safe_log(x['bsz']) + p['c'] * safe_log(x['data_size']) + p['d'] * safe_log(x['non_embedding_param_size']))


def checked_group(group, groups):
    if not isinstance(group, str) or group not in groups:
        known = ', '.join((repr(name) for name in list(groups)[:50]))
        raise ValueError(f"unknown group {group!r}: this law knows {known}{(', ...' if len(groups) > 50 else '')}")
    return group


def checked_rows(input_data, features):
    if isinstance(input_data, (str, bytes, dict)) or not hasattr(input_data, '__iter__'):
        raise ValueError('input_data must be a list of dicts, one for each row')
    rows = []
    for place, row in enumerate(input_data):
        missing = [name for name in features if not hasattr(row, 'keys') or name not in row]
        if missing:
            raise ValueError(f"row {place} has no {missing[0]!r}: each row is a dict with {', '.join(features)}")
        rows.append({name: checked_number(row[name], f'{name!r} in row {place}') for name in features})
    return rows


def checked_number(value, what):
    try:
        number = math.nan if isinstance(value, (str, bytes, bool)) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f'{what} must be a finite number, not {repr(value)[:60]}')
    return number


def checked_prediction(value, targets, place):
    values = value if isinstance(value, (list, tuple)) else [value]
    named = value if isinstance(value, dict) else dict(zip(targets, values, strict=True))
    prediction = {target: float(named[target]) for target in targets}
    if not all(map(math.isfinite, prediction.values())):
        raise ValueError(f'the law gives no finite prediction for row {place}: {prediction}')
    return prediction


def law(input_data: list[dict[str, float]], group: str = 'all_data') -> list[dict[str, float]]:
    """The predictions for rows that all belong to one group.

    Each row of `input_data` is a dict with the keys in FEATURES; the result has one dict for each row, in the
    same order, with the keys in TARGETS. Raises ValueError for an unknown group, and for a row that lacks a
    feature, has one that is no finite number, or has no finite prediction.
    """
    p = CONSTANTS[checked_group(group, CONSTANTS)]
    rows = checked_rows(input_data, FEATURES)
    return [checked_prediction(form(x, p), TARGETS, place) for place, x in enumerate(rows)]
