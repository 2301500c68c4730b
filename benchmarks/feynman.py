"""Equations of Feynman's Lectures on Physics, after the tables of AI Feynman.

Udrescu and Tegmark, Science Advances 6 (2020): numbers of the equations, and ranges that features are measured over.
Asked for are rows beyond these. Here are 51 of their hundred, of all kinds. They are easier than the originals: natural
constants, which are features there, are numbers here, and I.9.18 has two coordinates of three.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.known_laws import Known, even
from lawsmith.tasks import Array

WIDE, NARROW, SHORT = (1.0, 5.0, 8.0), (1.0, 3.0, 4.0), (1.0, 2.0, 3.0)
SLOW, FAST = (1.0, 2.0, 2.5), (3.0, 10.0, 10.0)  # speeds, and those that they stay below
Span = tuple[float, float, float]
"""From, to, and to where a feature is asked for."""


def _of(law: Callable[..., Array], **spans: Span) -> Known:
    return Known({n: (even(a, b), even(b, c) if c > b else even(a, b)) for n, (a, b, c) in spans.items()}, law)


FEYNMAN = {
    "I.6.2a": _of(lambda th: np.exp(-(th**2) / 2) / np.sqrt(2 * np.pi), th=NARROW),
    "I.6.2": _of(lambda th, sg: np.exp(-((th / sg) ** 2) / 2) / (np.sqrt(2 * np.pi) * sg), th=NARROW, sg=NARROW),
    "I.8.14": _of(lambda x1, x2, y1, y2: np.sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2), x1=WIDE, x2=WIDE, y1=WIDE, y2=WIDE),
    "I.9.18": _of(
        lambda m1, m2, r1, r2, z1, z2: m1 * m2 / ((r2 - r1) ** 2 + (z2 - z1) ** 2 + 1),
        m1=NARROW,
        m2=NARROW,
        r1=(1, 2, 2),
        r2=(3, 4, 5),
        z1=(1, 2, 2),
        z2=(3, 4, 5),
    ),
    "I.10.7": _of(lambda m, v, c: m / np.sqrt(1 - v**2 / c**2), m=WIDE, v=SLOW, c=FAST),
    "I.11.19": _of(lambda a, b, c, d, f, g: a * b + c * d + f * g, a=WIDE, b=WIDE, c=WIDE, d=WIDE, f=WIDE, g=WIDE),
    "I.12.11": _of(lambda q, E, B, v, th: q * (E + B * v * np.sin(th)), q=WIDE, E=WIDE, B=WIDE, v=WIDE, th=WIDE),
    "I.13.12": _of(lambda m1, m2, r1, r2: m1 * m2 * (1 / r2 - 1 / r1), m1=WIDE, m2=WIDE, r1=WIDE, r2=WIDE),
    "I.15.3x": _of(
        lambda x, u, t, c: (x - u * t) / np.sqrt(1 - u**2 / c**2), x=(5, 10, 14), u=SLOW, t=SHORT, c=(3, 20, 20)
    ),
    "I.15.3t": _of(lambda x, c, u, t: (t - u * x / c**2) / np.sqrt(1 - u**2 / c**2), x=WIDE, u=SLOW, t=WIDE, c=FAST),
    "I.16.6": _of(lambda u, v, c: (u + v) / (1 + u * v / c**2), u=WIDE, v=WIDE, c=WIDE),
    "I.18.4": _of(lambda m1, m2, r1, r2: (m1 * r1 + m2 * r2) / (m1 + m2), m1=WIDE, m2=WIDE, r1=WIDE, r2=WIDE),
    "I.24.6": _of(lambda m, w, w0, x: 0.25 * m * (w**2 + w0**2) * x**2, m=NARROW, w=NARROW, w0=NARROW, x=NARROW),
    "I.26.2": _of(lambda n, th: np.arcsin(n * np.sin(th)), n=(0.1, 0.9, 0.9), th=(1, 1.4, 1.55)),
    "I.27.6": _of(lambda d1, d2, n: 1 / (1 / d1 + n / d2), d1=WIDE, d2=WIDE, n=WIDE),
    "I.29.16": _of(
        lambda x1, x2, t1, t2: np.sqrt(x1**2 + x2**2 - 2 * x1 * x2 * np.cos(t1 - t2)),
        x1=WIDE,
        x2=WIDE,
        t1=WIDE,
        t2=WIDE,
    ),
    "I.30.3": _of(lambda J, th, n: J * np.sin(n * th / 2) ** 2 / np.sin(th / 2) ** 2, J=WIDE, th=NARROW, n=(2, 5, 6)),
    "I.32.17": _of(
        lambda E, r, w, w0: E**2 * r**2 * w**4 / (w**2 - w0**2) ** 2, E=SHORT, r=SHORT, w=SLOW, w0=(3, 5, 6)
    ),
    "I.34.14": _of(lambda c, v, w: (1 + v / c) / np.sqrt(1 - v**2 / c**2) * w, c=FAST, v=SLOW, w=WIDE),
    "I.37.4": _of(lambda a, b, d: a + b + 2 * np.sqrt(a * b) * np.cos(d), a=WIDE, b=WIDE, d=WIDE),
    "I.40.1": _of(lambda n, m, g, x, T: n * np.exp(-m * g * x / T), n=WIDE, m=SHORT, g=SHORT, x=SHORT, T=(4, 8, 10)),
    "I.41.16": _of(lambda h, w, T: h * w**3 / (np.pi**2 * 9 * (np.exp(h * w / T) - 1)), h=NARROW, w=NARROW, T=WIDE),
    "I.44.4": _of(lambda n, T, V1, V2: n * T * np.log(V2 / V1), n=WIDE, T=WIDE, V1=WIDE, V2=WIDE),
    "I.47.23": _of(lambda g, p, r: np.sqrt(g * p / r), g=WIDE, p=WIDE, r=WIDE),
    "I.48.2": _of(lambda m, v, c: m * c**2 / np.sqrt(1 - v**2 / c**2), m=WIDE, v=SLOW, c=(3, 10, 14)),
    "I.50.26": _of(
        lambda x, w, t, a: x * (np.cos(w * t) + a * np.cos(w * t) ** 2), x=NARROW, w=NARROW, t=NARROW, a=NARROW
    ),
    "II.2.42": _of(lambda k, T1, T2, A, d: k * (T2 - T1) * A / d, k=WIDE, T1=WIDE, T2=WIDE, A=WIDE, d=WIDE),
    "II.6.11": _of(lambda p, th, r: p * np.cos(th) / (4 * np.pi * r**2), p=NARROW, th=NARROW, r=NARROW),
    "II.6.15a": _of(
        lambda p, x, v, z, r: 3 / (4 * np.pi) * p * z / r**5 * np.sqrt(x**2 + v**2),
        p=NARROW,
        x=NARROW,
        v=NARROW,
        z=NARROW,
        r=NARROW,
    ),
    "II.6.15b": _of(
        lambda p, th, r: 3 / (4 * np.pi) * p * np.cos(th) * np.sin(th) / r**3, p=NARROW, th=NARROW, r=NARROW
    ),
    "II.11.20": _of(lambda n, p, E, T: n * p**2 * E / (3 * T), n=WIDE, p=WIDE, E=WIDE, T=WIDE),
    "II.11.27": _of(lambda n, a, E: n * a / (1 - n * a / 3) * E, n=(0, 1, 1.3), a=(0, 1, 1.3), E=WIDE),
    "II.11.28": _of(lambda n, a: 1 + n * a / (1 - n * a / 3), n=(0, 1, 1.3), a=(0, 1, 1.3)),
    "II.15.4": _of(lambda m, B, th: -m * B * np.cos(th), m=WIDE, B=WIDE, th=WIDE),
    "II.21.32": _of(lambda q, r, v, c: q / (4 * np.pi * r * (1 - v / c)), q=WIDE, r=WIDE, v=SLOW, c=FAST),
    "II.24.17": _of(lambda w, c, d: np.sqrt(w**2 / c**2 - np.pi**2 / d**2), w=(4, 6, 8), c=(1, 2, 2), d=(2, 4, 6)),
    "II.35.18": _of(
        lambda n, m, B, T: n / (np.exp(m * B / T) + np.exp(-m * B / T)), n=NARROW, m=NARROW, B=NARROW, T=NARROW
    ),
    "II.35.21": _of(lambda n, m, B, T: n * m * np.tanh(m * B / T), n=WIDE, m=WIDE, B=WIDE, T=WIDE),
    "II.36.38": _of(lambda m, B, T, a, M: m * B / T + m * a * M / T, m=NARROW, B=NARROW, T=NARROW, a=NARROW, M=NARROW),
    "II.38.14": _of(lambda Y, chi: Y / (2 * (1 + chi)), Y=WIDE, chi=WIDE),
    "III.4.32": _of(lambda h, w, T: 1 / (np.exp(h * w / T) - 1), h=NARROW, w=NARROW, T=WIDE),
    "III.4.33": _of(lambda h, w, T: h * w / (np.exp(h * w / T) - 1), h=NARROW, w=NARROW, T=WIDE),
    "III.8.54": _of(lambda E, t, h: np.sin(E * t / h) ** 2, E=SLOW, t=SLOW, h=WIDE),
    "III.9.52": _of(
        lambda p, E, t, w, w0: p * E * t * np.sin((w - w0) * t / 2) ** 2 / ((w - w0) * t / 2) ** 2,
        p=NARROW,
        E=NARROW,
        t=NARROW,
        w=WIDE,
        w0=WIDE,
    ),
    "III.10.19": _of(lambda m, x, v, z: m * np.sqrt(x**2 + v**2 + z**2), m=WIDE, x=WIDE, v=WIDE, z=WIDE),
    "III.13.18": _of(lambda E, d, k, h: 2 * E * d**2 * k / h, E=WIDE, d=WIDE, k=WIDE, h=WIDE),
    "III.14.14": _of(lambda J, q, V, T: J * (np.exp(q * V / T) - 1), J=WIDE, q=SLOW, V=SLOW, T=(1, 2, 2)),
    "III.15.12": _of(lambda U, k, d: 2 * U * (1 - np.cos(k * d)), U=WIDE, k=NARROW, d=NARROW),
    "III.17.37": _of(lambda b, a, th: b * (1 + a * np.cos(th)), b=WIDE, a=WIDE, th=WIDE),
    "III.19.51": _of(lambda m, q, h, n: -m * q**4 / (2 * h**2 * n**2), m=WIDE, q=WIDE, h=WIDE, n=WIDE),
    "III.21.20": _of(lambda r, q, A, m: -r * q * A / m, r=WIDE, q=WIDE, A=WIDE, m=WIDE),
}
