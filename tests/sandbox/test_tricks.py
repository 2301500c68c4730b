"""Candidates that cheat, forge, stall or exhaust from inside what they are allowed to do."""

import signal
import time
from collections.abc import Iterator

import numpy as np
import pytest

from lawsmith.sandbox import Limits, Sandbox, Verdict
from lawsmith.sandbox.clean import OUTPUT_CHARACTERS
from lawsmith.sandbox.law.parse import read_candidate
from lawsmith.sandbox.pool.execute import Order, result
from lawsmith.sandbox.pool.warm_process import Outcome
from lawsmith.tasks import Schema, Table
from tests.sandbox.conftest import law, predict


@pytest.fixture(scope="module")
def brisk(sandbox: Sandbox) -> Iterator[Sandbox]:
    """The same isolation with tight limits."""
    limits = Limits(wall_seconds=0.6, cpu_seconds=10, memory_bytes=256 << 20, output_bytes=4096)
    with Sandbox(limits, workers=2, tier=sandbox.tier) as made:
        assert made.tier is sandbox.tier  # once warm
        yield made


HONEST = "[{'y': row['n']} for row in input_data]"


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "imp('time').sleep(1000)",
        "imp('re').match('(a+)+$', 'a' * 40 + 'b')",
        "9 ** 9 ** 8 % 7",
        "imp('signal').signal(24, 1)\n    while True: pass",
        "os.close(3)\n    while True: pass",
        "while True: os.write(3, b'x'); imp('time').sleep(0.01)",  # byte by byte, for as long as it is listened to
        "while os.read(3, 1): pass",  # for more of the job, which never comes
        "imp('sys').set_int_max_str_digits(0); str(10 ** 10 ** 7)",
        "imp('sys').settrace(lambda *a: imp('time').sleep(9)); sorted([1])",
        "imp('threading').Lock().acquire(); imp('queue').SimpleQueue().get()",
        "imp('signal').pthread_sigmask(0, range(1, 65))\n    while True: pass",
        "np.linalg.eig(np.random.rand(1500, 1500))",
    ],
)
def test_endless_work_is_stopped_at_the_deadline(body: str, brisk: Sandbox, schema: Schema, table: Table) -> None:
    began = time.monotonic()
    found = predict(brisk, law(body), schema, table)
    assert found.verdict is Verdict.TIMEOUT
    assert time.monotonic() - began < 120  # instead of for ever; what used no CPU is tried twice
    assert "0.6 s" in found.message


def test_the_cpu_limit_cannot_be_ignored(sandbox: Sandbox, schema: Schema, table: Table) -> None:
    with Sandbox(Limits(cpu_seconds=1, wall_seconds=30), workers=1, tier=sandbox.tier) as made:
        source = law("imp('signal').signal(24, 1)\n    while True: pass")
        found = predict(made, source, schema, table)
    assert found.verdict is Verdict.TIMEOUT
    assert 1 <= found.usage.cpu < 3


@pytest.mark.parametrize(
    ("ended_by", "cpu", "verdict"),
    [
        (signal.SIGXCPU, 0.996, Verdict.TIMEOUT),  # the reported clock is coarser than the one that decides
        (signal.SIGKILL, 2.0, Verdict.TIMEOUT),
        (signal.SIGKILL, 0.5, Verdict.MEMORY),
        (signal.SIGSEGV, 2.0, Verdict.CRASH),
    ],
)
def test_the_signal_tells_which_limit_was_met(
    ended_by: signal.Signals, cpu: float, verdict: Verdict, schema: Schema, table: Table
) -> None:
    order = Order(read_candidate(law(HONEST)), schema, table.groups, (table.hide(),), constants=(None,))
    outcome = Outcome(None, ended_by, True, b"", b"", wall=2.0, cpu=cpu, peak_bytes=0)
    assert result(order, outcome, Limits(cpu_seconds=1)).verdict is verdict


@pytest.mark.parametrize("stream", ["print('x' * 1000)", "os.write(2, b'y' * 1000)"])
def test_endless_output_is_stopped(stream: str, sandbox: Sandbox, schema: Schema, table: Table) -> None:
    found = predict(sandbox, law(f"while True: {stream}"), schema, table)
    assert found.verdict is Verdict.OUTPUT_LIMIT
    assert len(found.output) <= OUTPUT_CHARACTERS + len("\n… cut for length")


@pytest.mark.parametrize(
    "body",
    [
        "keep = [np.ones(1 << 20) for _ in range(1000)]",
        "b'x' * (1 << 33)",
        "x = [0]\n    while True: x += x",
        "return np.broadcast_to(1.0, (10 ** 9,)).copy()",
    ],
)
def test_memory_is_bounded(body: str, sandbox: Sandbox, schema: Schema, table: Table) -> None:
    found = predict(sandbox, law(body), schema, table)
    assert found.verdict is Verdict.MEMORY
    assert found.usage.peak_bytes < 600 << 20


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        # Out of turn, ended early, partial, too long, or with other counts than asked for.
        ("os._exit(0)", Verdict.CRASH),
        ("os._exit(97)", Verdict.CRASH),
        ("os.write(3, b'\\0'); os._exit(0)", Verdict.CRASH),
        ("os.write(3, frame(0, 0, b'', b'', b'', b'')); os._exit(0)", Verdict.CRASH),
        ("os.write(3, frame(0, 0, b'', b'', b'', b'') + b'\\1' * 36 * 8); os._exit(1)", Verdict.CRASH),
        ("os.write(3, frame(0, 0, b'', b'', b'', b'') + b'\\1' * 37 * 8); os._exit(0)", Verdict.CRASH),
        ("os.write(3, frame(0, 65535, b'', b'', b'', b'')); os._exit(0)", Verdict.CRASH),
        ("os.write(3, struct.pack('<BHIIII', 0, 0, *[2 ** 32 - 1] * 4)); os._exit(0)", Verdict.CRASH),
        ("os.write(3, frame(13, 0, b'', b'', b'', b'')); os._exit(0)", Verdict.CRASH),
        ("os.write(3, frame(200, 0, b'', b'', b'', b'')); os._exit(0)", Verdict.CRASH),
        ("while True: os.write(3, b'x' * 65536)", Verdict.WRONG_SHAPE),
        # Not a number, however it is spelt: a signalling NaN, one with a payload, an infinity.
        (
            "os.write(3, frame(0, 0, b'', b'', b'', b'') + struct.pack('<Q', 0x7FF0DEADBEEF0001) * 36); os._exit(0)",
            Verdict.NON_FINITE,
        ),
        ("np.isfinite = lambda *a, **k: np.True_; return [{'y': float('nan')}] * len(input_data)", None),
        (
            "imp('sys').modules['lawsmith.sandbox.pool.job_main'].np.flatnonzero = lambda a: []; "
            "return [{'y': 1e400}] * len(input_data)",
            None,
        ),
        # Ways to end a process that a result was expected from.
        ("raise SystemExit(0)", Verdict.CRASH),
        ("raise KeyboardInterrupt", Verdict.CRASH),
        ("os.abort()", Verdict.CRASH),
        ("imp('ctypes').string_at(0)", Verdict.CRASH),
        ("imp('atexit').register(print, 'boo'); raise ValueError('no')", Verdict.CRASH),
        (
            "imp('sys').setrecursionlimit(10 ** 9); x = []\n    for _ in range(3 * 10 ** 5): x = [x]\n    repr(x)",
            Verdict.CRASH,
        ),
        ("f = lambda: f(); f()", Verdict.CRASH),
        ("collections._sys.modules.clear(); imp('gc').collect(); raise ValueError", Verdict.CRASH),
        ("imp('faulthandler').enable(); os.abort()", Verdict.CRASH),
        ("os.close(3); return [{'y': 1.0}] * len(input_data)", Verdict.CRASH),
        ("os.close(0); os.close(1); os.close(2); os.close(3); raise ValueError", Verdict.CRASH),
        ("os.write(3, b'R'); return [{'y': 1.0}] * len(input_data)", Verdict.CRASH),
        ("[os.write(fd, frame(0, 0, b'', b'', b'', b'') + bytes(36 * 8)) for fd in range(3, 64)]", Verdict.CRASH),
        ("law.__code__ = law.__code__.replace(co_code=bytes(range(256)) * 8); return law(0, 0)", None),
        ("imp('sys').breakpointhook()", None),
        ("imp('sys').setprofile(lambda *a: os._exit(0))", Verdict.CRASH),
        ("imp('sys').settrace(lambda *a: 1 / 0); return sorted(input_data)", None),
        (
            "imp('importlib').reload(imp('sys').modules['lawsmith.sandbox.pool.job_main']); raise ValueError",
            Verdict.CRASH,
        ),
        ("imp('numpy').seterrcall(os._exit); np.seterr(all='call'); np.log(np.zeros(1))", Verdict.CRASH),
        ("np.lib.stride_tricks.as_strided(np.ones(1), (1 << 40,), (1 << 12,)).sum()", Verdict.CRASH),
        ("np.frombuffer((imp('ctypes').c_char * (1 << 40)).from_address(1), np.uint8).sum()", Verdict.CRASH),
        (
            "imp('gc').collect(); [setattr(f, '__code__', law.__code__) for f in imp('gc').get_objects() "
            "if type(f) is type(law)]; raise ValueError",
            None,
        ),
        # Wrong results.
        ("return []", Verdict.WRONG_SHAPE),
        ("return [{'z': 1.0}] * len(input_data)", Verdict.WRONG_SHAPE),
        ("return [{'y': 'many'}] * len(input_data)", Verdict.WRONG_SHAPE),
        ("return [{'y': 1j}] * len(input_data)", Verdict.WRONG_SHAPE),
        ("return [{'y': np.ones(3)}] * len(input_data)", Verdict.WRONG_SHAPE),
        ("return None", Verdict.WRONG_SHAPE),
        ("return [{'y': float('inf')}] * len(input_data)", Verdict.NON_FINITE),
        ("class L(list):\n        def __len__(self): return 10 ** 9\n    return L()", None),
    ],
)
def test_no_result_is_believed_that_is_not_whole(
    body: str, verdict: Verdict | None, sandbox: Sandbox, schema: Schema, table: Table
) -> None:
    found = predict(sandbox, law(body), schema, table)
    assert not found.ok
    assert found.predictions == ()
    assert verdict is None or found.verdict is verdict, found.message


def test_a_forged_frame_gains_nothing_over_returning_the_same_numbers(
    sandbox: Sandbox, schema: Schema, table: Table
) -> None:
    forged = "os.write(3, frame(0, 0, b'', b'', b'', b'') + np.ones(36).tobytes()); os._exit(0)"
    found = predict(sandbox, law(forged), schema, table)
    assert found.ok
    assert np.array_equal(found.predictions[0], np.ones((36, 1)))
    by_place = forged.replace("np.ones(36)", "np.arange(36.0)")
    assert predict(sandbox, law(by_place), schema, table, check=True).verdict is Verdict.IMPURE


@pytest.mark.parametrize(
    "body",
    [
        "mean = sum(r['n'] for r in input_data) / len(input_data); return [{'y': mean} for r in input_data]",
        "return [{'y': r['n'] + i} for i, r in enumerate(input_data)]",
        "return [{'y': r['n'] * np.random.default_rng().normal()} for r in input_data]",
        "return [{'y': r['n'] * np.random.normal()} for r in input_data]",
        "law.calls = getattr(law, 'calls', 0) + 1; return [{'y': r['n'] + (law.calls > 3)} for r in input_data]",
        "return [{'y': imp('time').time() % 1} for r in input_data]",
        "return [{'y': float(len(input_data))} for r in input_data]",
        "return [{'y': float(id(law))} for r in input_data] if len(input_data) > 1 else [{'y': 0.0}]",
        "class F(float):\n        def __float__(self): law.n = getattr(law, 'n', 0) + 1; return float(law.n)\n"
        "    return [{'y': F()} for r in input_data]",
        "class D(dict):\n        def __getitem__(self, k): law.n = getattr(law, 'n', 0) + 1; return law.n\n"
        "    return [D(y=1.0) for r in input_data]",
        "return [{'y': float(np.lib.stride_tricks.as_strided(np.empty(1), (64,), (8,)).view(np.uint32)"
        "[np.arange(128) % 128].sum() % 977)} if len(input_data) > 1 else {'y': -1.0} for r in input_data]",
        "return [{'y': float(imp('threading').get_ident() % 1009 + len(input_data))} for r in input_data]",
        "return [{'y': float(os.getpid())} for r in input_data]",
    ],
    ids=[
        "batch mean",
        "order",
        "entropy",
        "seeded stream",
        "time bomb",
        "clock",
        "batch size",
        "lone row",
        "counting __float__",
        "counting dict",
        "memory beside an array",
        "thread",
        "process",
    ],
)
def test_what_depends_on_more_than_the_row_is_impure(body: str, sandbox: Sandbox, schema: Schema, table: Table) -> None:
    found = predict(sandbox, law(body), schema, table, check=True)
    assert found.verdict is Verdict.IMPURE
    assert found.stage == "verify"
    assert predict(sandbox, law(f"return {HONEST}"), schema, table, check=True).ok


def test_words_of_a_candidate_are_cleaned(sandbox: Sandbox, schema: Schema, table: Table) -> None:
    body = "raise ValueError('\\x1b[31mred\\x00 \\u202e /home/me/secret/file.py ' + 'long ' * 10000)"
    found = predict(sandbox, law(body), schema, table)
    assert found.verdict is Verdict.CRASH
    assert found.message.startswith("ValueError: red …/file.py long")
    assert found.message.isprintable()
    assert len(found.message) <= 600


def test_an_exception_that_cannot_be_described_is_described(sandbox: Sandbox, schema: Schema, table: Table) -> None:
    body = "class E(Exception):\n        def __str__(self): raise E\n    raise E"
    found = predict(sandbox, law(body), schema, table)
    assert found.verdict is Verdict.CRASH
    assert found.message.startswith("E (line ")
