"""What one process of a candidate leaves to the next: no target, no number, no change."""

import numpy as np
import pytest

from lawsmith.sandbox import Constants, FitJob, PredictJob, Sandbox, Verdict
from lawsmith.tasks import Schema, Table
from tests.sandbox.conftest import SYS, law, predict, proved

SMUGGLER = """
PARAMETERS = ("a",)
seen = {}
def fit(x, y):
    seen.update(zip(x["n"].tolist(), y.tolist()))
    return {"a": 0.0}
def form(x, p):
    return [seen.get(n, 0.0) for n in x["n"].tolist()]
"""


def test_targets_remembered_outside_the_constants_are_worth_nothing(
    sandbox: Sandbox, schema: Schema, table: Table
) -> None:
    one = Table({"n": table.features["n"][:12]}, {"y": table.targets["y"][:12]}, ("a",), np.zeros(12, dtype=int))
    unchecked = sandbox.run(FitJob(SMUGGLER, schema, one, (one.hide(),)))
    assert np.array_equal(unchecked.predictions[0], one.target_matrix())  # the trick works where it is not checked
    assert proved(sandbox, FitJob(SMUGGLER, schema, one, (one.hide(),))).verdict is Verdict.IMPURE


def test_no_target_is_in_the_memory_of_a_process_that_predicts(sandbox: Sandbox, schema: Schema, table: Table) -> None:
    """The candidate searches every array that the collector or a frame can reach, and all of its writable memory."""
    hunter = SYS + HUNTER
    fitted, held = table.take(np.arange(0, 36, 2)), table.take(np.arange(1, 36, 2))
    known, unknown = (float(t.targets["y"][3]) for t in (fitted, held))
    source = hunter.replace("UNKNOWN", unknown.hex()).replace("KNOWN", known.hex())
    found = sandbox.run(FitJob(source, schema, fitted, (held.hide(),)))
    assert found.ok, found.message
    assert found.predictions[0][0, 0] == 1  # the search works: targets of fitted rows are found
    assert found.predictions[0][1, 0] == 0
    constants = Constants(("a",), table.groups, np.ones((3, 1)))
    alone = sandbox.run(PredictJob(source, schema, constants, (table.hide(),)))
    assert alone.ok, alone.message
    assert alone.predictions[0][0, 0] == alone.predictions[0][1, 0] == 0


@pytest.mark.slow
def test_no_target_is_in_the_raw_memory_of_a_process_that_predicts(
    sandbox: Sandbox, schema: Schema, table: Table
) -> None:
    """Reads all memory that the kernel lets it, page by page, looking for a number that it only knows in disguise."""
    fitted, held = table.take(np.arange(0, 36, 2)), table.take(np.arange(1, 36, 2))
    earlier = sandbox.run(FitJob(DIGGER.replace("NEEDLES", "()"), schema, table, (table.hide(),)))
    assert earlier.ok, earlier.message  # leaves nothing behind in the warm process
    disguised = tuple(int(t.targets["y"][3:4].view(np.int64)[0]) ^ 0x5A5A5A5A5A5A5A5A for t in (fitted, held))
    source = SYS + DIGGER.replace("NEEDLES", repr(disguised))
    found = sandbox.run(FitJob(source, schema, fitted, (held.hide(),)))
    assert found.ok, found.message
    assert found.predictions[0][:2, 0].tolist() == [1, 0]
    constants = Constants(("a",), table.groups, np.ones((3, 1)))
    alone = sandbox.run(PredictJob(source, schema, constants, (table.hide(),)))
    assert alone.ok, alone.message
    assert alone.predictions[0][:2, 0].tolist() == [0, 0]


DIGGER = """
import numpy as np
PARAMETERS = ("a",)
def fit(x, y):
    return {"a": 1.0}
def form(x, p):
    out = np.zeros(len(x["n"]))
    for place, needle in enumerate(NEEDLES):
        out[place] = hunted(needle)
    return out
def hunted(needle):
    ctypes = imp("ctypes")
    libc = ctypes.CDLL(None)
    def there(address):  # the kernel reads a signal set from it, or says that nothing is there
        return libc.syscall(ctypes.c_long(14), 0, ctypes.c_void_p(address), None, 8) == 0
    secret = needle ^ 0x5A5A5A5A5A5A5A5A
    near = [id(object()), np.ones(8).ctypes.data, np.ones(1 << 16).ctypes.data, id(np), id(x_of()), id(hunted)]
    looked = set()
    for middle in near:
        for way in (4096, -4096):
            address, missing = middle & ~4095, 0
            while missing < 64 and len(looked) < 60000:
                if address not in looked:
                    looked.add(address)
                    if there(address):
                        words = np.frombuffer(ctypes.string_at(address, 4096), np.int64)
                        low, high = words & 0xFFFFFFFF, words >> 32  # never the whole number, which it would then find
                        if ((low == secret & 0xFFFFFFFF) & (high == secret >> 32)).any():
                            return 1.0
                        missing = 0
                    else:
                        missing += 1
                address += way
    return 0.0
def x_of():
    return collections._sys._getframe(2).f_locals
"""


HUNTER = """
import numpy as np
gc, ctypes = imp("gc"), imp("ctypes")
PARAMETERS = ("a",)
def fit(x, y):
    return {"a": 1.0}
def reachable():
    frame = collections._sys._getframe()
    while frame:
        yield from frame.f_locals.values()
        frame = frame.f_back
    yield from gc.get_objects()
    for held in gc.get_objects():
        if isinstance(held, dict):
            yield from list(held.values())
        elif isinstance(held, (list, tuple)):
            yield from held
def found(value):
    for thing in reachable():
        if isinstance(thing, np.ndarray) and thing.dtype == float and value in thing:
            return 1.0
    return 0.0
def form(x, p):
    known, unknown = float.fromhex("KNOWN"), float.fromhex("UNKNOWN")
    return np.array([found(known), found(unknown)] + [0.0] * (len(x["n"]) - 2))
"""


VANDAL = """
np.exp = np.log = lambda *a, **k: 42.0
np.seterr(all='raise')
np.random.seed = lambda *a: None
imp('ctypes').CDLL(None).fesetround(0x400)
imp('math').exp = lambda *a: 42.0
imp('sys').modules['lawsmith.sandbox.contract'].load = None
imp('functools').lru_cache = imp('json').loads = None
collections.left_behind = dict(seen=input_data)
return [{'y': np.exp(1.0)} for row in input_data]
"""
NEXT = "return [{'y': float(np.exp(1.0)) + 3.0 * hasattr(collections, 'left_behind') + 0.1 + 0.2} for _ in input_data]"


def test_nothing_that_a_candidate_changes_is_there_for_the_next(sandbox: Sandbox, schema: Schema, table: Table) -> None:
    before = predict(sandbox, law(NEXT), schema, table)
    vandal = law("\n    ".join(VANDAL.strip().splitlines()))
    ruined = [predict(sandbox, vandal, schema, table) for _ in range(2 * sandbox.workers)]
    after = [predict(sandbox, law(NEXT), schema, table) for _ in range(2 * sandbox.workers)]
    assert all(found.ok and (found.predictions[0] == 42.0).all() for found in ruined), ruined[0].message
    assert before.ok
    assert all(np.array_equal(found.predictions[0], before.predictions[0]) for found in after)
