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

KERNEL = {
    "bpf": ("b = ctypes.create_string_buffer(64)\nb[0], b[4], b[8], b[12] = 2, 4, 4, 1\nsyscall_ok(321, 0, b, 64)"),
    "userfaultfd": "syscall_ok(323, 1)",
    "perf counters": (
        "b = ctypes.create_string_buffer(128)\nb[0], b[4] = 1, 112\nb[40] = 0x60\nsyscall_ok(298, b, 0, -1, -1, 0)"
    ),
    "eventfd": "syscall_ok(290, 0, 0)",
    "pipe": "imp('os').pipe()",
    "alarm clock": "syscall_ok(37, 100)",
    "semaphores": "kept(syscall(64, 0, 1, 0o1600), 66, 0, 0)",
    "handle of a file": (
        "b = ctypes.create_string_buffer(128)\n"
        "b[0] = 120\n"
        "syscall_ok(303, -100, bait['secret'].encode(), b, ctypes.create_string_buffer(8), 0)"
    ),
    "file system's figures": "imp('os').statvfs(bait['folder'])",
    "personality": "if syscall(135, 0xFFFFFFFF) < 0: raise OSError",
    "host's name set": "if syscall(170, b'x', 0) not in (0,): raise OSError",
    "protection keys": "syscall_ok(330, 0, 0)",
    "lock memory": ("if syscall(149, ctypes.addressof(ctypes.create_string_buffer(4096)), 4096) < 0: raise OSError"),
    "memfd": "imp('os').memfd_create('x')",
    "anonymous file by shm_open": "syscall_ok(319, b'x', 0)",
    "io_uring": "b = imp('ctypes').create_string_buffer(200)\nsyscall_ok(425, 4, b)",
    "user namespace": "syscall_ok(272, 0x10000000)",
    "new session keyring": "syscall_ok(250, 1, 0)",
    "epoll": "imp('select').epoll()",
    "inotify": "syscall_ok(294, 0)",
    "timer": "imp('signal').setitimer(0, 1000)",
    "limits raised or read": "r = imp('resource')\nr.getrlimit(r.RLIMIT_AS)",
    "death signal cleared": "syscall_ok(157, 1, 0)",
    "affinity": "imp('os').sched_setaffinity(0, imp('os').sched_getaffinity(0))",
    "nice": "imp('os').nice(1)",
    "shared memory": "kept(syscall(29, 0, 4096, 0o1600), 31, 0, 0)",
    "message queue": "kept(syscall(68, 0, 0o1600), 71, 0, 0)",
    "change directory": "imp('os').chdir('/')",
    "change root": "imp('os').chdir('/')\nimp('os').umask(0)",
    "duplicate a terminal": "imp('fcntl').ioctl(1, 0x5451)",
}

MEMORY = {
    "8 GB in one array": "np.empty(8 << 30, dtype=np.uint8)",
    "8 GB of shared memory": "imp('mmap').mmap(-1, 8 << 30)",
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

MORE_KERNEL = {
    "write another's memory": "if syscall(311, bait['sibling'], 0, 0, 0, 0, 0) < 0: raise OSError",
    "a program from memory": (
        "fd = syscall(319, b'x', 0)\n"
        "if fd < 0: raise OSError\n"
        "if syscall(322, fd, b'', 0, 0, 0x1000) < 0 and ctypes.get_errno() not in (8, 14): raise OSError"
    ),
    "timer by timer_create": "b = ctypes.create_string_buffer(8)\nsyscall_ok(222, 0, None, b)",
    "timerfd": "syscall_ok(283, 1, 0)",
    "signalfd": "b = ctypes.create_string_buffer(8)\nsyscall_ok(289, -1, b, 8, 0)",
    "fanotify": "syscall_ok(300, 0, 0)",
    "key added": "syscall_ok(248, b'user', b'lawsmith', b'x', 1, -2)",
    "message queue by name": (
        "name = b'lawsmith%d' % imp('os').getpid()\nsyscall_ok(240, name, 0o102, 0o600, 0)\nsyscall(241, name)"
    ),
    "secret memory": "syscall_ok(447, 0)",
    "landlock ruleset": "syscall_ok(444, 0, 0, 1)",
    "a filter of its own": "syscall_ok(317, 2, 0, ctypes.create_string_buffer(b'\\0\\0\\0\\0', 4))",
    "file system context": "syscall_ok(430, b'tmpfs', 0)",
    "mount tree": "syscall_ok(428, -100, b'/', 0)",
    "process group": "imp('os').setpgid(0, 0)",
    "session": "imp('os').getsid(0)",
    "core file": "r = imp('resource')\nr.setrlimit(r.RLIMIT_CORE, r.getrlimit(r.RLIMIT_CORE))",
    "copy of a file": "imp('os').sendfile(1, imp('os').open(bait['secret'], 0), 0, 1)",
    "splice": "os = imp('os')\nr, w = os.pipe()\nos.splice(os.open(bait['secret'], 0), w, 1)",
    "membarrier": "if syscall(324, 0, 0, 0) < 0: raise OSError",
    "memory policy": "if syscall(239, 0, 0, 0, 0, 0) < 0: raise OSError",
    "robust futexes of another": (
        "a, b = (ctypes.create_string_buffer(8) for _ in 'ab')\nif syscall(274, 0, a, b) < 0: raise OSError"
    ),
    "thread by clone3": (
        "b = ctypes.create_string_buffer(88)\n"
        "b[:8] = (0x50F00).to_bytes(8, 'little')\n"  # VM | FS | FILES | SIGHAND | THREAD | SYSVSEM
        "b[49] = 1\n"  # the size of a stack, but no stack: EINVAL; two threads on one stack could end the process
        "if syscall(435, b, 64) < 0 and ctypes.get_errno() in (1, 38): raise OSError"
    ),
}

MORE_MEMORY = {
    "8 GB in pieces": "kept = [np.empty(1 << 27, dtype=np.uint8) for _ in range(64)]",
    "8 GB without reserve": "imp('mmap').mmap(-1, 8 << 30, flags=0x4022)",
    "8 GB of program break": (
        "libc.sbrk.restype = ctypes.c_void_p\n"
        "if libc.sbrk(ctypes.c_ssize_t(1 << 32)) in (None, 2 ** 64 - 1): raise MemoryError"
    ),
    "a stack that grows": (
        "libc.mmap.restype = ctypes.c_void_p\n"
        "if libc.mmap(None, ctypes.c_size_t(8 << 30), 3, 0x4122, -1, 0) == 2 ** 64 - 1: raise MemoryError"
    ),
}

CHANNELS = {
    "wake whoever waits on a library's page": "if syscall(202, page(), 1, 1, 0, 0, 0) < 0: raise OSError",
    "wait on a library's page": (
        "if syscall(202, page(), 0, 1, 0, 0, 0) < 0 and ctypes.get_errno() != 11: raise OSError"
    ),
    "wait on a library's page for some bits": (
        "if syscall(202, page(), 9, 1, 0, 0, 1) < 0 and ctypes.get_errno() != 11: raise OSError"
    ),
    "a futex asks whether a process lives": (  # no such process, says the kernel
        "word = ctypes.c_int(4194302)\n"
        "past = (ctypes.c_long * 2)(1, 0)\n"
        "if syscall(202, ctypes.byref(word), 134, 0, past, 0, 0) < 0 and ctypes.get_errno() != 3: raise OSError"
    ),
    "waitv on a library's page": (
        "b = ctypes.create_string_buffer(24)\n"
        "b[:8], b[8:16], b[16] = (1).to_bytes(8, 'little'), page().to_bytes(8, 'little'), 2\n"
        "if syscall(449, b, 1, 0, 0, 1) < 0 and ctypes.get_errno() != 11: raise OSError"
    ),
    "wake somebody at its own end": "syscall_ok(273, ctypes.create_string_buffer(24), 24)",
    "another's CPU time": "imp('time').clock_gettime((~bait['sibling'] << 3) | 2)",
    "another's CPU time, by its resolution": "imp('time').clock_getres((~bait['sibling'] << 3) | 2)",
    "its CPU time by another name": "imp('time').clock_gettime((~imp('os').getpid() << 3) | 2)",
    "another's affinity": "imp('os').sched_getaffinity(bait['sibling'])",
    "another's priority": "imp('os').getpriority(0, bait['sibling'])",
    "another's group": "imp('os').getpgid(bait['sibling'])",
    "another's time slice": "syscall_ok(148, bait['sibling'], ctypes.create_string_buffer(16))",
    "another's input and output class": "syscall_ok(252, 1, bait['sibling'])",
    "free memory": "syscall_ok(99, ctypes.create_string_buffer(128))",
    "load": "imp('os').getloadavg()",
    "its processor": "syscall_ok(309, ctypes.create_string_buffer(8), None, None)",
    "faults": "r = imp('resource')\nr.getrusage(r.RUSAGE_SELF)",
    "faults of its thread": "r = imp('resource')\nr.getrusage(r.RUSAGE_THREAD)",
    "faults of its children": "r = imp('resource')\nr.getrusage(r.RUSAGE_CHILDREN)",
    "times": "if syscall(100, ctypes.create_string_buffer(64)) < 0: raise OSError",
    "which pages are in memory": "syscall_ok(27, page(), 4096, ctypes.create_string_buffer(8))",
    "a library's page put out": "syscall_ok(28, page(), 4096, 21)",
    "a library's page made cold": "syscall_ok(28, page(), 4096, 20)",
    "a library's page fetched": "syscall_ok(28, page(), 4096, 3)",
    "a library's page filled in": "if syscall(28, page(), 4096, 22) < 0 and ctypes.get_errno() != 22: raise OSError",
    "a library's pages read at random": "syscall_ok(28, page(), 4096, 1)",
    "its pages shared with equal ones": (
        "if syscall(28, page(), 4096, 12) < 0 and ctypes.get_errno() != 22: raise OSError"
    ),
    "a library's file opened": "open_(np.__file__, 'rb').close()",
    "a library's file looked at": "imp('os').stat(np.__file__)",
    "a library's folder listed": "imp('os').listdir(imp('os').path.dirname(np.__file__))",
    "a library's file mapped": (
        "os, m = imp('os'), imp('mmap')\nm.mmap(os.open(np.__file__, 0), 0, flags=m.MAP_SHARED, prot=1)"
    ),
    "a descriptor mapped": "imp('mmap').mmap(imp('os').dup(bait_file(bait)), 0, prot=1)",
    "a module from its file": "s = imp('sys')\ns.modules.pop('wave', None)\nimp('wave')",
    "a lock on a file": "f = imp('fcntl')\nf.flock(1, f.LOCK_EX)",
    "a lock on a part of a file": "f = imp('fcntl')\nf.lockf(1, f.LOCK_EX)",
    "flags of an open file": "f = imp('fcntl')\nf.fcntl(1, f.F_SETFL, 0)",
    "a lease": "f = imp('fcntl')\nif f.fcntl(1, 1025) < 0: raise OSError",
    "the size of a pipe": "f = imp('fcntl')\nr, w = imp('os').pipe()\nf.fcntl(r, 1031, 4096)",
    "a file's number": "imp('os').fstat(1)",
    "a file's figures by statx": ("syscall_ok(332, 1, b'', 0x1000, 0x7ff, ctypes.create_string_buffer(256))"),
    "terminal's input": "imp('fcntl').ioctl(1, 0x541B, ctypes.create_string_buffer(8))",
    "large pages of the machine": "imp('mmap').mmap(-1, 2 << 20, flags=0x40022)",
}

MESSAGES = {
    "its own name": "syscall_ok(157, 15, b'message', 0, 0, 0)",
    "its own name in /proc": "open_('/proc/self/comm', 'w').write('message')",
    "how likely the system is to kill it": "open_('/proc/self/oom_score_adj', 'w').write('7')",
    "its timer slack": "syscall_ok(157, 29, 77777, 0, 0, 0)",
    "its limits": "r = imp('resource')\nr.setrlimit(r.RLIMIT_STACK, (1 << 20, r.getrlimit(r.RLIMIT_STACK)[1]))",
    "its scheduling class": "syscall_ok(144, 0, 3, ctypes.create_string_buffer(8))",
    "its scheduling, by attributes": "syscall_ok(315, 0, ctypes.create_string_buffer(64), 64, 0)",
    "its input and output class": "syscall_ok(251, 1, 0, 3 << 13)",
    "its umask": "imp('os').umask(0o77)",
    "its working folder": "imp('os').getcwd()",
    "a semaphore by its key": "kept(syscall(64, 0x1A53, 1, 0o1666), 66, 0, 0)",
    "a message queue by its key": "kept(syscall(68, 0x1A53, 0o1666), 71, 0, 0)",
    "shared memory by its key": "kept(syscall(29, 0x1A53, 4096, 0o1666), 31, 0, 0)",
    "a key in the user's ring": "syscall_ok(250, 0, -4, 1)",
    "the state of the clock": "syscall_ok(159, ctypes.create_string_buffer(256))",
    "the state of a clock by its number": "syscall_ok(305, 0, ctypes.create_string_buffer(256))",
    "pages that are in the cache": (
        "a, b = ctypes.create_string_buffer(16), ctypes.create_string_buffer(40)\nsyscall_ok(451, 1, a, b, 0)"
    ),
    "a futex by the newer call": "syscall_ok(454, page(), 1, 1, 2)",
    "waiting by the newer call": (
        "if syscall(455, page(), 1, 1, 2, None, 1) < 0 and ctypes.get_errno() != 11: raise OSError"
    ),
    "input and output without waiting": "syscall_ok(206, 1, ctypes.create_string_buffer(8))",
    "locked pages": "syscall_ok(325, page(), 4096, 1)",
    "a segment of its own": "b = ctypes.create_string_buffer(16)\nif syscall(154, 0, b, 16) < 0: raise OSError",
    "the messages of the kernel": "syscall_ok(103, 10, None, 0)",
    "a name on the local bus": (
        "s = imp('socket')\ns.socket(s.AF_UNIX, s.SOCK_DGRAM).bind('\\0lawsmith%d' % imp('os').getpid())"
    ),
    "a socket of the machine": "s = imp('socket')\ns.socket(40, s.SOCK_STREAM)",
    "cryptography of the kernel": "s = imp('socket')\ns.socket(38, s.SOCK_SEQPACKET)",
    "a packet to itself": "s = imp('socket')\ns.socket(s.AF_INET6, s.SOCK_DGRAM).bind(('::1', 0))",
    "a named pipe": "imp('os').mkfifo(bait['folder'] + '/p%d' % imp('os').getpid())",
    "a mark on a file": "imp('os').setxattr(bait['secret'], 'user.x', b'message')",
    "the time of a file": "imp('os').utime(bait['secret'])",
    "a place taken on the disk": "open_(bait['folder'] + '/big', 'wb').truncate(1 << 20)",
    "a watch on a folder": (
        "fd = syscall(294, 0)\nif fd < 0 or syscall(254, fd, bait['folder'].encode(), 2) < 0: raise OSError"
    ),
    "a lock that another sees": (
        "os, f = imp('os'), imp('fcntl')\nf.flock(os.open(bait['secret'], 0), f.LOCK_SH | f.LOCK_NB)"
    ),
    "memory of another by madvise": (
        "fd = syscall(434, bait['sibling'], 0)\n"
        "if fd < 0 or (syscall(440, fd, None, 0, 20, 0) < 0 and ctypes.get_errno() == 1): raise OSError"
    ),
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
