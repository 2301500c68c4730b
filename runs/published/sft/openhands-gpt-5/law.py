"""A law for sft_loss (Fine-tuning loss against fine-tuning data), written by lawsmith.

    sft_loss = L_inf + A * (sft_data_size + N0) ** (-alpha)

sft_data_size: Examples of supervised fine-tuning seen. [examples]
sft_loss: Test loss after supervised fine-tuning. [nats per token]
Constants differ by group: Pre-trained model and fine-tuning data set, as a pair.

Needs only Python's standard library.

Published by: SLDBench leaderboard, https://linhaowei1.github.io/scaling_law_discovery: OpenHands + GPT-5, best run
Test R² as published: 0.980774
"""

from __future__ import annotations

import math

FEATURES = ('sft_data_size',)
TARGETS = ('sft_loss',)
CONSTANTS = {
    "('MBZUAI/LaMini-GPT-124M', 'flan')": {'L_inf': 7.513537115452152e-19, 'A': 12.637662723245858, 'alpha': 0.1356422946308357, 'N0': 3172.8234615970255},
    "('MBZUAI/LaMini-GPT-124M', 'gigaword')": {'L_inf': 0.6937084191591344, 'A': 138.475864361185, 'alpha': 0.4319714494892222, 'N0': 12511.93839001269},
    "('MBZUAI/LaMini-GPT-124M', 'wikiword')": {'L_inf': 1.0206229440881137e-17, 'A': 4.233489059121407, 'alpha': 0.07460410614106631, 'N0': 436.68578725705436},
    "('MBZUAI/LaMini-GPT-774M', 'flan')": {'L_inf': 5.771185265216725e-13, 'A': 8.922240202337477, 'alpha': 0.11739594638060982, 'N0': 3069.4072808413994},
    "('MBZUAI/LaMini-GPT-774M', 'gigaword')": {'L_inf': 0.4915948055655003, 'A': 53.72381415310685, 'alpha': 0.3538491551556386, 'N0': 8208.078494045174},
    "('MBZUAI/LaMini-GPT-774M', 'wikiword')": {'L_inf': 8.90283225961531e-12, 'A': 2.98964853548588, 'alpha': 0.057353092134821475, 'N0': 140.71016365962777},
    "('cerebras/Cerebras-GPT-1.3B', 'flan')": {'L_inf': 7.922840714698336e-23, 'A': 4.062878403423333, 'alpha': 0.0593450063793996, 'N0': 426.0340629722131},
    "('cerebras/Cerebras-GPT-1.3B', 'gigaword')": {'L_inf': 4.773561525935189e-21, 'A': 6.336184773328725, 'alpha': 0.11920127411802653, 'N0': 1084.1135998708885},
    "('cerebras/Cerebras-GPT-1.3B', 'wikiword')": {'L_inf': 1.517421441147456e-13, 'A': 3.410133433394907, 'alpha': 0.05695995513379545, 'N0': 363.71063540276225},
    "('cerebras/Cerebras-GPT-256M', 'flan')": {'L_inf': 5.42717575289633e-22, 'A': 5.319361930050178, 'alpha': 0.06450031828613492, 'N0': 1162.8526629118423},
    "('cerebras/Cerebras-GPT-256M', 'gigaword')": {'L_inf': 4.909682704025436e-18, 'A': 10.792521127129737, 'alpha': 0.16678589880904315, 'N0': 2909.7266453907},
    "('cerebras/Cerebras-GPT-256M', 'wikiword')": {'L_inf': 4.5242433354929804e-14, 'A': 4.756329380404737, 'alpha': 0.07520634113820168, 'N0': 197.06923273179166},
    "('facebook/bart-base', 'flan')": {'L_inf': 1.5286971660491316e-21, 'A': 9.466989939384886, 'alpha': 0.11633031124644934, 'N0': 1218.0919778829946},
    "('facebook/bart-base', 'gigaword')": {'L_inf': 0.589465987763009, 'A': 108.9287557326785, 'alpha': 0.41880696190951294, 'N0': 6405.929121106376},
    "('facebook/bart-base', 'wikiword')": {'L_inf': 1.2241278764977892, 'A': 14.59891742710114, 'alpha': 0.296828658414929, 'N0': 550.521670297086},
    "('facebook/bart-large', 'flan')": {'L_inf': 5.832015840256426e-16, 'A': 5.6114061665463435, 'alpha': 0.08269306439188706, 'N0': 269.41968725510077},
    "('facebook/bart-large', 'gigaword')": {'L_inf': 0.4362129751477876, 'A': 61.03054917850299, 'alpha': 0.36845014177095686, 'N0': 4178.035700437793},
    "('facebook/bart-large', 'wikiword')": {'L_inf': 0.7814633673363819, 'A': 2.620750836079541, 'alpha': 0.11520372047236672, 'N0': 5.180818493558634e-14},
    "('facebook/opt-1.3b', 'flan')": {'L_inf': 1.1316583743515148e-22, 'A': 3.4371667100475456, 'alpha': 0.055193141005927544, 'N0': 323.5207095871402},
    "('facebook/opt-1.3b', 'gigaword')": {'L_inf': 0.30332705190985243, 'A': 10.781988597837117, 'alpha': 0.1955634435440943, 'N0': 1844.5396893552465},
    "('facebook/opt-1.3b', 'wikiword')": {'L_inf': 3.9141285827544074e-07, 'A': 2.371032850371497, 'alpha': 0.04262916146737927, 'N0': 42.5301080109429},
    "('facebook/opt-350m', 'flan')": {'L_inf': 4.2674637946839605e-16, 'A': 5.627449810983308, 'alpha': 0.07867998315936497, 'N0': 1427.2928357832131},
    "('facebook/opt-350m', 'gigaword')": {'L_inf': 0.31706165374107204, 'A': 21.45158456370562, 'alpha': 0.2548383122166841, 'N0': 2967.513761443967},
    "('facebook/opt-350m', 'wikiword')": {'L_inf': 3.5590982935776697e-22, 'A': 3.257814404162361, 'alpha': 0.055926984195821164, 'N0': 15.871413989109369},
    "('facebook/opt-6.7b', 'flan')": {'L_inf': 4.2644970195159805e-14, 'A': 2.2398829331455485, 'alpha': 0.019392179443575755, 'N0': 27.449781010659894},
    "('facebook/opt-6.7b', 'gigaword')": {'L_inf': 1.6339449437277602, 'A': 1.8526050324609111, 'alpha': 0.1921479853226732, 'N0': 5578.3067117739565},
    "('facebook/opt-6.7b', 'wikiword')": {'L_inf': 0.8797151506622773, 'A': 1.3801605110048245, 'alpha': 0.09031157116373217, 'N0': 150.71617039785826},
    "('google/mt5-base', 'flan')": {'L_inf': 1.232418501438689e-13, 'A': 4.936124720414789, 'alpha': 0.07082556472140153, 'N0': 268.2657756261108},
    "('google/mt5-base', 'gigaword')": {'L_inf': 9.480350087694752e-18, 'A': 3.6572076010535848, 'alpha': 0.03726124500081199, 'N0': 549.5371511626752},
    "('google/mt5-base', 'wikiword')": {'L_inf': 5.35037342401675e-20, 'A': 5.558671250833143, 'alpha': 0.10787587016761085, 'N0': 388.2635195507181},
    "('google/mt5-large', 'flan')": {'L_inf': 5.7920010957389166e-18, 'A': 3.7361033508459114, 'alpha': 0.05908541375466829, 'N0': 296.7919612429739},
    "('google/mt5-large', 'gigaword')": {'L_inf': 1.83149199016038e-18, 'A': 4.3017011973884225, 'alpha': 0.05417536318773349, 'N0': 2255.1426458690694},
    "('google/mt5-large', 'wikiword')": {'L_inf': 8.699958466661408e-18, 'A': 4.0703650010924015, 'alpha': 0.08159499533768094, 'N0': 84.73574435600484},
    "('gpt2', 'flan')": {'L_inf': 3.7452280964370062e-19, 'A': 14.341235592859249, 'alpha': 0.14433096493029524, 'N0': 3987.9517915485044},
    "('gpt2', 'gigaword')": {'L_inf': 0.4725951278107461, 'A': 41.02620690711993, 'alpha': 0.3190894513361641, 'N0': 5570.914537658549},
    "('gpt2', 'wikiword')": {'L_inf': 2.6976723637732368e-21, 'A': 4.388935593147535, 'alpha': 0.07808812590174437, 'N0': 365.9998321536758},
    "('t5-base', 'flan')": {'L_inf': 7.711004005995666e-14, 'A': 3.8842460457017833, 'alpha': 0.06076616814840782, 'N0': 454.699932883066},
    "('t5-base', 'gigaword')": {'L_inf': 0.4167409915611956, 'A': 1.8233794054589314, 'alpha': 0.16745997554820544, 'N0': 1.3061379770078428e-12},
    "('t5-base', 'wikiword')": {'L_inf': 3.993146342850097e-08, 'A': 2.391754931704299, 'alpha': 0.04983123791682506, 'N0': 303.9976838601239},
    "('t5-small', 'flan')": {'L_inf': 2.694601719196041e-16, 'A': 4.42887183234571, 'alpha': 0.06092223893566932, 'N0': 428.3934206520134},
    "('t5-small', 'gigaword')": {'L_inf': 0.558550377467407, 'A': 2.424820633524021, 'alpha': 0.20909832005384368, 'N0': 173.82805296646535},
    "('t5-small', 'wikiword')": {'L_inf': 2.3866123781231927e-14, 'A': 3.005468118241334, 'alpha': 0.057697528021941544, 'N0': 352.6601969040518},
}


def safe_power(base, exponent):
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        if base != 0:
            return math.nan
        return math.copysign(math.inf, base) if exponent % 2 == 1 else math.inf


def form(x, p):
    return p['L_inf'] + p['A'] * safe_power(x['sft_data_size'] + p['N0'], -p['alpha'])


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


def law(input_data: list[dict[str, float]], group: str) -> list[dict[str, float]]:
    """The predictions for rows that all belong to one group.

    Each row of `input_data` is a dict with the keys in FEATURES; the result has one dict for each row, in the
    same order, with the keys in TARGETS. Raises ValueError for an unknown group, and for a row that lacks a
    feature, has one that is no finite number, or has no finite prediction.
    """
    p = CONSTANTS[checked_group(group, CONSTANTS)]
    rows = checked_rows(input_data, FEATURES)
    return [checked_prediction(form(x, p), TARGETS, place) for place, x in enumerate(rows)]
