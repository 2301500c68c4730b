"""Attacks on the kernel, on memory, and on what a candidate's process shares with the command."""

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

MEMORY = {
    "8 GB in one array": "np.empty(8 << 30, dtype=np.uint8)",
    "8 GB of shared memory": "imp('mmap').mmap(-1, 8 << 30)",
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
