"""The numeric library as candidates find it: what the warm process imports, before any of them starts or for one.

A candidate's process opens no file, so all that it may import is in memory before: the modules below from the start,
and a part of scipy once the source of a candidate names it.
"""

import functools
import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path

PARTS = frozenset(
    (
        *("cluster", "fft", "integrate", "interpolate", "linalg", "ndimage", "optimize", "signal", "sparse"),
        *("spatial", "special", "stats"),
    )
)
"""Of scipy, for candidates."""
FROM_THE_START = (
    *("ast", "copy", "ctypes", "dataclasses", "functools", "importlib.util", "inspect", "itertools", "json", "math"),
    *("multiprocessing.pool", "pickle", "pprint", "random", "statistics", "struct", "textwrap", "threading"),
    *("typing", "urllib.parse", "numpy.char", "numpy.ctypeslib", "numpy.dtypes", "numpy.exceptions", "numpy.fft"),
    *("numpy.lib.stride_tricks", "numpy.linalg", "numpy.ma", "numpy.polynomial", "numpy.random", "numpy.rec"),
    *("numpy.strings", "numpy.typing"),
)
_LATE = {
    "integrate": ("scipy.interpolate", "scipy.optimize"),
    "interpolate": ("scipy.interpolate._cubic",),
    "linalg": ("scipy.fft", "scipy.special", "scipy.sparse.linalg", "scipy.linalg._matfuncs_inv_ssq"),
    "optimize": (
        "scipy._lib.cobyqa",
        "scipy._lib.pyprima",
        "scipy.linalg._matfuncs_inv_ssq",
        "scipy.optimize.elementwise",
    ),
    "sparse": ("scipy.sparse.linalg", "scipy.sparse.csgraph"),
    "spatial": ("scipy.interpolate", "scipy.spatial.transform"),
    "special": ("scipy.linalg", "scipy.optimize.elementwise"),
    "stats": ("scipy.signal", "scipy.stats.qmc"),
}
"""What functions of a part of scipy import only when they are called."""
_ALL_OF_NUMPY = ("numpy.core", "numpy.f2py", "numpy.testing")
"""What `from numpy import *` imports beyond the modules that are there from the start."""
_WORD = re.compile(r"[a-z][a-z0-9_]*")


def wanted(modules: Iterable[str]) -> list[str]:
    """The public modules that exist and that these imports name, with what they want late; sorted."""
    found: set[str] = set()
    for name in modules:
        if name == "numpy.*":
            found |= set(_ALL_OF_NUMPY)
        head, _, rest = name.partition(".")
        part, _, below = rest.partition(".")
        if head != "scipy" or part not in PARTS:
            continue
        found |= {f"scipy.{part}", *_LATE.get(part, ())}
        child = below.partition(".")[0]
        if child in _children(part):
            found.add(f"scipy.{part}.{child}")
    return sorted(found)


@functools.cache
def _children(part: str) -> frozenset[str]:
    """The public modules of one part, by its folder: nothing is imported to tell."""
    spec = importlib.util.find_spec("scipy")
    if spec is None or spec.origin is None:
        return frozenset()
    folder = Path(spec.origin).parent / part
    modules = (e for e in folder.iterdir() if e.suffix in (".py", ".so") or (e / "__init__.py").is_file())
    names = {module.name.partition(".")[0] for module in modules}
    return frozenset(name for name in names if _WORD.fullmatch(name) and name not in ("tests", "setup"))
