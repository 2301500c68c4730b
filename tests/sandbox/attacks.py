"""Hostile code. Each attack is a function body that returns normally when it succeeds and raises when it is stopped.

`bait` (a dict) and `imp` (an import that nothing restricts) are there for each. The same text runs unprotected in an
ordinary process, where it must succeed, and as a candidate in every tier, where it must not.
"""

import textwrap

FILES = {
    "open": "open_(bait['secret']).read()",
    "open a private file": "open_(bait['private']).read()",
    "os.open": "imp('os').open(bait['secret'], 0)",
    "np.fromfile": "np.fromfile(bait['secret'], dtype=np.uint8)",
    "np.genfromtxt": "np.genfromtxt(bait['numbers'])",
    "np.loadtxt": "np.loadtxt(bait['numbers'])",
    "np.load": "np.load(bait['array'])",
    "np.memmap": "np.memmap(bait['secret'], dtype=np.uint8, mode='r')",
    "scipy.io.mmread": "imp('scipy.io').io.mmread(bait['matrix'])",
    "libc through np.ctypeslib": (
        "libc = imp('numpy.ctypeslib').ctypeslib.ctypes.CDLL(None)\n"
        "if libc.open(bait['secret'].encode(), 0) < 0: raise OSError"
    ),
    "linecache": "if not imp('linecache').getlines(bait['secret']): raise OSError",
    "list a folder": "imp('os').listdir(bait['folder'])",
    "stat": "imp('os').stat(bait['secret'])",
    "the parent's environment": (
        "if b'LAWSMITH_TEST_KEY' not in open_('/proc/%d/environ' % bait['parent'], 'rb').read(): raise OSError"
    ),
    "its own environment": "imp('os').environ['LAWSMITH_TEST_KEY']",
    "its own environment in /proc": (
        "if b'LAWSMITH_TEST_KEY' not in open_('/proc/self/environ', 'rb').read(): raise OSError"
    ),
    "the machine's users": "open_('/etc/passwd').read()",
    "our own source": "open_(bait['source']).read()",
    "write": "open_(bait['folder'] + '/w', 'w').write('x')",
    "append": "open_(bait['secret'], 'a').close()",
    "np.save": "np.save(bait['folder'] + '/w.npy', np.ones(3))",
    "np.tofile": "np.ones(3).tofile(bait['folder'] + '/t')",
    "np.memmap for writing": "np.memmap(bait['folder'] + '/m', dtype=np.uint8, mode='w+', shape=8)",
    "change numpy": "open_(np.__file__, 'r+b').close()",
    "mkdir": "imp('os').mkdir(bait['folder'] + '/d%d' % imp('os').getpid())",
    "symlink": "imp('os').symlink('/etc', bait['folder'] + '/l%d' % imp('os').getpid())",
    "hard link": "imp('os').link(bait['secret'], bait['folder'] + '/h%d' % imp('os').getpid())",
    "chmod": "imp('os').chmod(bait['secret'], 0o644)",
    "truncate": "imp('os').truncate(bait['secret'], 16)",
    "remove": "open_(bait['folder'] + '/r', 'w').close(); imp('os').remove(bait['folder'] + '/r')",
    "many small files": "for i in range(500): open_(bait['folder'] + '/f%d' % i, 'w').write('x')",
    "subclass walk to a file": (
        "found = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'FileLoader'][0]\n"
        "found('x', bait['secret']).get_data(bait['secret'])"
    ),
}

LIBRARIES = {
    "np.load of a pickle": "if np.load(bait['pickled'], allow_pickle=True)[0] != 1: raise OSError",
    "np.fromfile of its own memory": "np.fromfile('/proc/self/maps', dtype=np.uint8)",
    "np.lib.format.open_memmap": "np.lib.format.open_memmap(bait['array'], mode='r')",
    "np.lib.npyio.DataSource": ("imp('numpy.lib.npyio').lib.npyio.DataSource(None).open(bait['numbers']).read()"),
    "np.genfromtxt of an address": "np.genfromtxt(bait['url'])",
    "urllib through numpy": "imp('urllib.request').request.urlopen(bait['url'], timeout=2).read()",
    "np.ctypeslib.load_library": "imp('numpy.ctypeslib').ctypeslib.load_library(bait['shared'], '/')",
    "np.savez": "np.savez(bait['folder'] + '/z.npz', np.ones(3))",
    "scipy.io.loadmat": "imp('scipy.io').io.loadmat(bait['matlab'])",
    "scipy.io.wavfile": "imp('scipy.io.wavfile').io.wavfile.read(bait['sound'])",
    "scipy.io.netcdf_file": "imp('scipy.io').io.netcdf_file(bait['netcdf'], mmap=False)",
    "scipy.io.savemat": "imp('scipy.io').io.savemat(bait['folder'] + '/w.mat', {'a': np.ones(1)})",
    "scipy.sparse.load_npz": "imp('scipy.sparse').sparse.load_npz(bait['sparse'])",
    "shared object by ctypes": "ctypes.CDLL(bait['shared'])",
    "sqlite": "imp('sqlite3').connect(bait['folder'] + '/db').execute('create table if not exists t (a)')",
    "import from a path": "s = imp('sys')\ns.path.insert(0, bait['folder'])\nimp('planted')",
    "importlib": (
        "u = imp('importlib.util').util\nspec = u.spec_from_file_location('p', bait['folder'] + '/planted.py')\n"
        "spec.loader.exec_module(u.module_from_spec(spec))"
    ),
    "a module's hidden sys": "imp('functools'); imp('typing').sys.modules['posix'].listdir(bait['folder'])",
    "dataclasses' inspect": ("if not imp('dataclasses').inspect.linecache.updatecache(bait['secret']): raise OSError"),
    "zip import": "imp('zipimport').zipimporter(bait['zipped']).load_module('planted')",
    "temporary file": "imp('tempfile').TemporaryFile(dir=bait['folder'])",
    "logging to a file": "imp('logging').FileHandler(bait['folder'] + '/log').close()",
    "faulthandler's thread": "imp('faulthandler').dump_traceback_later(600)",
    "debugger's shell": "imp('pdb'); imp('pty').fork()",
    "shared memory by name": (
        "imp('multiprocessing.shared_memory').shared_memory.SharedMemory(bait['abstract'], True, 64).unlink()"
    ),
    "a file in /dev/shm": (
        "name = '/dev/shm/file-' + bait['abstract']\nopen_(name, 'w').write('x')\nimp('os').unlink(name)"
    ),
}

NETWORK = {
    "TCP": "imp('socket').create_connection(('127.0.0.1', bait['port']), timeout=2)",
    "UDP": ("s = imp('socket')\ns.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', bait['port']))"),
    "unix socket": "s = imp('socket')\ns.socket(s.AF_UNIX).connect(bait['folder'] + '/socket')",
    "abstract unix socket": "s = imp('socket')\ns.socket(s.AF_UNIX).connect('\\0' + bait['abstract'])",
    "listen": "s = imp('socket').socket()\ns.bind(('127.0.0.1', 0))\ns.listen()",
    "socket pair": "imp('socket').socketpair()",
    "raw netlink": "s = imp('socket')\ns.socket(s.AF_NETLINK, s.SOCK_RAW, 0)",
}

PROCESSES = {
    "thread bomb": "t = imp('threading')\nfor i in range(64): t.Thread(target=int).start()",
    "pool of threads": ("imp('concurrent.futures.thread').futures.thread.ThreadPoolExecutor(2).submit(int).result()"),
    "pool of a library": (
        "imp('scipy.optimize').optimize.differential_evolution(sum, [(0, 1)] * 2, workers=2, "
        "updating='deferred', maxiter=1)"
    ),
    "os.system": "if imp('os').system('true'): raise OSError",
    "signal its process group": "imp('os').killpg(imp('os').getpgid(imp('os').getppid()), 0)",
    "queue a signal": (
        "b = ctypes.create_string_buffer(128)\nctypes.memset(ctypes.byref(b, 8), 255, 4)\n"
        "if syscall(129, bait['sibling'], 0, b) < 0: raise OSError"
    ),
    "signal a thread elsewhere": "if syscall(234, bait['sibling'], bait['sibling'], 0) < 0: raise OSError",
    "another's descriptor": (
        "fd = syscall(434, bait['sibling'], 0)\nif fd < 0 or syscall(438, fd, 0, 0) < 0: raise OSError"
    ),
    "compare processes": "if syscall(312, bait['sibling'], bait['sibling'], 0, 0, 0) < 0: raise OSError",
    "another's limits": "imp('resource').prlimit(bait['sibling'], 0)",
    "another's scheduler": "imp('os').sched_getscheduler(bait['sibling'])",
    "clone3": (
        "b = ctypes.create_string_buffer(64)\n"
        "b[32] = 17\n"
        "if syscall(435, b, 64) == 0: imp('os')._exit(0)\n"
        "imp('os').wait()"
    ),
    "fork": "os = imp('os')\nchild = os.fork()\nif child == 0: os._exit(0)\nos.waitpid(child, 0)",
    "daemon": (
        "os = imp('os')\nchild = os.fork()\n"
        "if child == 0:\n    os.setsid(); os._exit(0 if os.fork() >= 0 else 1)\n"
        "if os.waitpid(child, 0)[1]: raise OSError"
    ),
    "raw clone": (
        "child = syscall(56, 17, 0, 0, 0, 0)\nif child == 0: imp('os')._exit(0)\nif child < 0: raise OSError"
    ),
    "thread": "imp('threading').Thread(target=int).start()",
    "exec": "imp('os').execv(bait['true'], ['true'])",
    "spawn": "os = imp('os')\nos.waitpid(os.posix_spawn(bait['true'], ['true'], {}), 0)",
    "subprocess": "imp('subprocess').run([bait['true']], check=True)",
    "installed package that spawns": (
        "p = imp('multiprocessing').get_context('fork').Process(target=int)\np.start(); p.join()"
    ),
    "signal a sibling": "imp('os').kill(bait['sibling'], 0)",
    "signal the parent": "imp('os').kill(bait['parent'], 0)",
    "signal its group's leader": "imp('os').kill(imp('os').getppid(), 0)",
    "pidfd of a sibling": "imp('os').pidfd_open(bait['sibling'])",
    "trace a sibling": "if syscall(101, 0x4206, bait['sibling'], 0, 0) < 0: raise OSError",
    "read a sibling's memory": "if syscall(310, bait['sibling'], 0, 0, 0, 0, 0) < 0: raise OSError",
    "signals by fcntl": ("fcntl = imp('fcntl')\nr = imp('os').dup(1)\nfcntl.fcntl(r, fcntl.F_SETOWN, bait['sibling'])"),
    "lower a sibling's priority": "imp('os').setpriority(0, bait['sibling'], 19)",
}

REACH = {
    "an inherited descriptor": (
        "os = imp('os')\n"
        "for fd in range(4, 1024):\n"
        "    try: imp('fcntl').fcntl(fd, 1)\n"
        "    except OSError: continue\n"
        "    return\n"
        "raise OSError"
    ),
    "many descriptors": "f = imp('fcntl')\nfor _ in range(200): f.fcntl(1, f.F_DUPFD, 0)",
    "its memory as a file": "open_('/proc/self/mem', 'rb').close()",
    "its memory written as a file": "open_('/proc/self/mem', 'r+b', 0).close()",
    "its descriptors as files": "open_('/proc/self/fd/1', 'wb').close()",
    "its own links": "imp('os').readlink('/proc/self/exe')",
    "the first process": "open_('/proc/1/stat').read()",
    "its leader's memory map": "open_('/proc/%d/maps' % bait['parent']).read(1)",
    "the command line of another": "open_('/proc/%d/cmdline' % bait['sibling']).read()",
    "what the machine runs": "if len([p for p in imp('os').listdir('/proc') if p.isdigit()]) < 2: raise OSError",
    "kernel settings": "open_('/proc/sys/kernel/hostname').read()",
    "devices": "open_('/dev/zero', 'rb').read(1)",
    "random devices": "open_('/dev/urandom', 'rb').read(1)",
    "temporary folder": "imp('os').listdir('/tmp')",
    "home folder": "imp('os').listdir(imp('os').path.expanduser('~root') if not imp('os').getuid() else '/home')",
    "installed programs": "open_('/bin/true', 'rb').read(4)",
    "np.load mapped": "np.load(bait['array'], mmap_mode='r')",
    "np.savetxt": "np.savetxt(bait['folder'] + '/w.txt', np.ones(3))",
    "np.fromregex": "np.fromregex(bait['numbers'], r'(\\d)', [('a', int)])",
    "np.frombuffer of a mapped file": (
        "os = imp('os')\nfd = os.open(bait['secret'], 0)\nnp.frombuffer(imp('mmap').mmap(fd, 0, prot=1), np.uint8)"
    ),
    "Python through ctypes.pythonapi": (
        "code = b'open(%r).close()' % bait['secret'].encode()\n"
        "if ctypes.pythonapi.PyRun_SimpleString(code.replace(b'(b', b'(')): raise OSError"
    ),
    "a pointer to a library's function": (
        "address = ctypes.cast(libc.open, ctypes.c_void_p).value\n"
        "opened = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int)(address)\n"
        "if opened(bait['secret'].encode(), 0) < 0: raise OSError"
    ),
    "scipy.LowLevelCallable": (
        "scipy = imp('scipy.integrate')\n"
        "kind = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)\n"
        "done = []\n"
        "def f(x):\n"
        "    done or done.append(libc.open(bait['secret'].encode(), 0))\n"
        "    return 1.0\n"
        "scipy.integrate.quad(scipy.LowLevelCallable(kind(f)), 0, 1)\n"
        "if done[0] < 0: raise OSError"
    ),
    "machine code": (
        "m = imp('mmap')\nroom = m.mmap(-1, 4096, prot=7)\n"
        "room.write(bytes.fromhex('b8290000000f05c3'))\n"  # mov eax, 41 (socket); syscall; ret
        "at = ctypes.addressof(ctypes.c_char.from_buffer(room))\n"
        "if ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int)(at)(1, 1, 0) < 0: raise OSError"
    ),
    "32-bit system calls": (
        "m = imp('mmap')\nroom = m.mmap(-1, 4096, prot=7)\n"
        "room.write(bytes.fromhex('b814000000cd80c3'))\n"  # mov eax, 20 (getpid); int 0x80; ret
        "at = ctypes.addressof(ctypes.c_char.from_buffer(room))\n"
        "if ctypes.CFUNCTYPE(ctypes.c_int)(at)() <= 0: raise OSError"
    ),
    "x32 system calls": "if syscall(0x40000000 + 39) < 0: raise OSError",
    "code objects from marshal": (
        "m = imp('marshal')\n"
        "source = 'import io; io.open(%r).close()' % bait['secret']\n"
        "b = imp('builtins')\n"
        "b.exec(m.loads(m.dumps(b.compile(source, 'x', 'exec'))), {'__builtins__': b})"
    ),
    "a loader from a frame": (
        "frame = collections._sys._getframe()\n"
        "while frame.f_back: frame = frame.f_back\n"
        "frame.f_builtins['__import__']('io').open(bait['secret'])"
    ),
    "a pickled command": ("p = imp('pickle')\nif p._loads(b\"cposix\\nsystem\\n(S'true'\\ntR.\"): raise OSError"),
    "readlines of fileinput": "next(imp('fileinput').input(bait['secret']))",
    "tokenize.open": "imp('tokenize').open(bait['secret'])",
    "codecs.open": "imp('codecs').open(bait['secret']).read()",
    "a traceback's source line": (
        "t = imp('linecache')\nt.clearcache()\nif 'canary' not in t.getline(bait['secret'], 1): raise OSError"
    ),
    "a script by runpy": "imp('runpy').run_path(bait['folder'] + '/planted.py')",
    "reloaded from elsewhere": (
        "import_, s = imp('importlib'), imp('sys')\n"
        "s.path.insert(0, bait['folder'])\n"
        "s.modules['planted'] = type(s)('planted')\n"
        "import_.reload(s.modules['planted'])"
    ),
    "signals by sigqueue to all": "imp('os').kill(-1, 0)",
}
"""Where one process may leave, or find, a word for another."""

PRELUDE = """
import collections
import numpy as np
imp = collections._sys.modules["builtins"].__import__
open_ = imp("io").open
ctypes = imp("ctypes")
libc = ctypes.PyDLL(None, use_errno=True)
def syscall(*arguments):
    return libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
def syscall_ok(*arguments):
    if syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "refused")
def kept(made, remove, *how):
    if made < 0:
        raise OSError(ctypes.get_errno(), "refused")
    syscall(remove, made, *how)
def page():
    return ctypes.cast(libc.getpid, ctypes.c_void_p).value & ~4095
def bait_file(bait):
    return imp("os").open(bait["secret"], 0)
def attack(bait):
"""


CONTROL = """
import json, os, sys, traceback
import numpy, scipy.integrate, scipy.io, scipy.optimize, scipy.sparse
failed = {}
for name, source in json.load(sys.stdin).items():
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(os.open("/dev/null", os.O_RDWR), 1)
        try:
            exec(source, {})
            os._exit(0)
        except BaseException:
            os.write(writer, traceback.format_exc().encode()[-300:])
            os._exit(1)
    os.close(writer)
    if os.waitpid(child, 0)[1]:
        failed[name] = os.read(reader, 300).decode()
    os.close(reader)
print(json.dumps(failed))
"""
"""A script that makes each attack in an ordinary process of its own, and prints those that failed."""

HOST_MAY_FORBID = {  # what containers, hardened kernels or a system-wide installation deny to everybody
    "change numpy",
    "io_uring",
    "user namespace",
    "new session keyring",
    "trace a sibling",
    "another's descriptor",
    "compare processes",
    "bpf",
    "userfaultfd",
    "perf counters",
    "protection keys",
    "host's name set",
    "handle of a file",
    "read a sibling's memory",
    "write another's memory",
    "32-bit system calls",
    "x32 system calls",
    "fanotify",
    "key added",
    "message queue by name",
    "secret memory",
    "landlock ruleset",
    "file system context",
    "mount tree",
    "memory policy",
    "8 GB without reserve",
    "8 GB of program break",
    "waitv on a library's page",
    "large pages of the machine",
    "terminal's input",
    "a lease",
    "its own name in /proc",
    "how likely the system is to kill it",
    "a key in the user's ring",
    "pages that are in the cache",
    "a futex by the newer call",
    "waiting by the newer call",
    "a segment of its own",
    "the messages of the kernel",
    "a socket of the machine",
    "cryptography of the kernel",
    "a packet to itself",
    "a mark on a file",
    "memory of another by madvise",
    "locked pages",
}


def unprotected(body: str, bait: dict[str, object]) -> str:
    """The attack as source for an ordinary process; it raises where it is stopped."""
    return f"{PRELUDE}{textwrap.indent(body, '    ')}\nattack({bait!r})\n"


def candidate(body: str, bait: dict[str, object]) -> str:
    """A closed law that makes the attack before it predicts; the verdict OK means that it succeeded."""
    law = f"def law(input_data, group):\n    attack({bait!r})\n    return [{{'y': 1.0}} for _ in input_data]\n"
    return f"{PRELUDE}{textwrap.indent(body, '    ')}\n{law}"


SLIPS = ("NameError", "SyntaxError", "TypeError", "AttributeError", "KeyError: 'bait", "IndexError")
"""What an attack's own code raises where it is wrong, instead of being stopped."""


def together(bodies: list[str], bait: dict[str, object]) -> str:
    """A closed law that makes attacks one after the other, and predicts 0 where one was stopped, else 1."""
    functions = "".join(
        f"def attack_{place}(bait):\n{textwrap.indent(body, '    ')}\n" for place, body in enumerate(bodies)
    )
    names = ", ".join(f"attack_{place}" for place in range(len(bodies)))
    return f"""{PRELUDE}    return
{functions}
def law(input_data, group):
    found = [1.0] * len(input_data)
    for place, attack in enumerate([{names}]):
        try:
            attack({bait!r})
        except BaseException as error:
            found[place] = float(f"{{type(error).__name__}}: {{error}}".startswith({SLIPS!r}))
    return [{{'y': value}} for value in found]
"""
