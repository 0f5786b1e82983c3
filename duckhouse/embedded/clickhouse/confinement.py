"""Takes rights from this program that the engine does not need: other files, running programs, network connections.

SQL can hide in a string that the engine parses only while it runs (`format(Values, …, '(file(''/etc/passwd''))')`), so
checking statements cannot find every call. The kernel refuses the file instead (Landlock, Linux 5.19 and later).
"""

import ctypes
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from duckhouse.settings import PROJECT

# linux/landlock.h and linux/prctl.h; the numbers of the calls are the same on every machine that Python runs on.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
PR_SET_NO_NEW_PRIVS = 38

LIBC = ctypes.CDLL(None, use_errno=True)

READ_FILE, READ_DIR = 1 << 2, 1 << 3
WRITES = 1 << 1 | (1 << 14) - (1 << 4)  # writing to, removing, making and moving files and folders
EXECUTE_AND_DEVICES = 1 << 0 | 1 << 6 | 1 << 11
# What each version of Landlock can forbid. Version 1 also forbids moves between folders, which the engine needs.
RIGHTS_BY_VERSION = {2: (1 << 14) - 1, 3: (1 << 15) - 1}
BIND_AND_CONNECT_TCP = 0b11
FIRST_VERSION, FIRST_VERSION_WITH_TCP = 2, 4

READABLE_FILES = ("/dev/urandom", "/etc/ld.so.cache", "/proc/meminfo", "/proc/cpuinfo")
LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store")
READABLE_FOLDERS = (*LIBRARIES, "/usr/share/zoneinfo", "/sys/devices/system/cpu", "/sys/fs/cgroup")
# What the engine reads about its own process while it is loaded: where its stack is, and the auxiliary vector. Where it
# cannot read the vector, it looks behind the environment, which Python has moved, and takes whatever is there.
ABOUT_PROGRAM = ("/proc/self/maps", "/proc/self/auxv")


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def landlock_version() -> int:
    """The kernel's version of Landlock; versions below FIRST_VERSION are not enough here."""
    return _call(CREATE_RULESET, None, 0, CREATE_RULESET_VERSION) if sys.platform == "linux" else 0


@contextmanager
def confinement(data: Path) -> Iterator[bool]:
    """Confines this thread, and all that it starts from now on, to the files below `data`, and to reading those of
    Python and the system's libraries. Open files stay open. Gives False where the kernel cannot do that: then nothing
    has changed.

    Load the engine in the block: ABOUT_PROGRAM is certain to be readable only there.
    """
    version = landlock_version()
    if version < FIRST_VERSION:
        yield False
        return
    with ExitStack() as held:
        _restrict(data, version, held)
        yield True


def _restrict(data: Path, version: int, held: ExitStack) -> None:
    rights = RIGHTS_BY_VERSION[min(version, 3)]
    with_tcp = version >= FIRST_VERSION_WITH_TCP
    rules = _Ruleset(rights, BIND_AND_CONNECT_TCP if with_tcp else 0)
    # Kernels without network rules take a shorter structure.
    size = ctypes.sizeof(rules) if with_tcp else ctypes.sizeof(ctypes.c_uint64)
    folders = dict.fromkeys((*READABLE_FOLDERS, *_folders_of_python()), READ_FILE | READ_DIR)
    files = dict.fromkeys((*READABLE_FILES, *ABOUT_PROGRAM), READ_FILE)
    _enforce(rules, size, {**folders, **files, str(data): rights & ~EXECUTE_AND_DEVICES}, held)


def write_only_below(*folders: Path) -> bool:
    """Lets this thread, and all that it starts from now on, write only below these folders; it can read everything.
    False where the kernel cannot do that: then nothing has changed.
    """
    if landlock_version() < FIRST_VERSION:
        return False
    with ExitStack() as held:
        rules = _Ruleset(WRITES, 0)
        _enforce(rules, ctypes.sizeof(ctypes.c_uint64), dict.fromkeys(map(str, folders), WRITES), held)
    return True


def _enforce(rules: _Ruleset, size: int, allowed_below: Mapping[str, int], held: ExitStack) -> None:
    ruleset = _check(_call(CREATE_RULESET, ctypes.byref(rules), size, 0))
    held.callback(os.close, ruleset)
    for path, allowed in allowed_below.items():
        if os.access(path, os.R_OK):
            # The kernel recreates files of /proc when no process holds them; a rule covers only the file that it saw.
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            held.callback(os.close, descriptor)
            rule = _PathBeneath(allowed, descriptor)
            _check(_call(ADD_RULE, ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), 0))
    _check(LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _check(_call(RESTRICT_SELF, ruleset, 0))


def _folders_of_python() -> set[str]:
    libraries = {f"{prefix}/{name}" for prefix in (sys.prefix, sys.base_prefix) for name in ("lib", "lib64")}
    packages = {path for path in sys.path if path.endswith("-packages")}
    return libraries | packages | {str(PROJECT / "duckhouse")}


def _call(number: int, *arguments: object) -> int:
    return int(LIBC.syscall(number, *arguments))


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
