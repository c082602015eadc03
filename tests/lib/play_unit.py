#!/usr/bin/python3
"""play_unit - as much of systemd as deploy/README.md needs, for hosts without one.

It is systemctl and journalctl on a host that a test made (a mount namespace with a root of
its own). Of a unit it plays what decides whether a program works: the user, the groups, no
privileges, limits, umask, state directory, credentials, environment, a read-only system with
a /tmp of its own, the system calls and address families that are allowed, restarts. Not
played: cgroups (MemoryMax is compared with what the program took), the kernel's knobs.
The unit's words that it does not know it refuses.
"""

import contextlib
import ctypes
import glob
import json
import os
import pwd
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

PLACES = ("/etc/systemd/system", "/usr/lib/systemd/system")
STATE = "/run/play"  # logs, process ids, what is enabled
NOT_PLAYED = {
    "MemoryHigh", "MemoryMax", "PrivateDevices", "ProtectKernelTunables",
    "ProtectKernelModules", "ProtectKernelLogs", "ProtectControlGroups", "ProtectClock",
    "ProtectHostname", "RestrictNamespaces", "RestrictRealtime", "RestrictSUIDSGID",
    "LockPersonality", "RemoveIPC", "SystemCallArchitectures", "TimeoutStartSec",
    "DevicePolicy", "PrivateMounts", "PrivateUsers"}
PLAYED = {
    "ExecStart", "ExecReload", "Restart", "RestartSec", "StateDirectory",
    "StateDirectoryMode", "LimitNOFILE", "LimitCORE", "TasksMax", "TimeoutStopSec",
    "DynamicUser", "User", "Group", "CapabilityBoundingSet", "AmbientCapabilities",
    "NoNewPrivileges", "ProtectSystem", "ProtectHome", "PrivateTmp", "UMask",
    "MemoryDenyWriteExecute", "RestrictAddressFamilies", "SystemCallFilter",
    "EnvironmentFile", "Environment", "LoadCredential", "Type", "WatchdogSec",
    "ProtectProc", "ProcSubset"}

libc = ctypes.CDLL(None, use_errno=True)


# ---- units ----

def read_unit(name):
    """Of [Service]: name -> list of values, drop-ins after the unit itself."""
    own = [os.path.join(place, name) for place in PLACES]
    own = [path for path in own if os.path.isfile(path)][:1]
    if not own:
        raise SystemExit(f"Unit {name} could not be found.")
    values, section = {}, ""
    for path in own + sorted(glob.glob(f"/etc/systemd/system/{name}.d/*.conf")):
        with open(path) as file:
            for line in file:
                line = line.strip()
                if line.startswith("["):
                    section = line
                if section != "[Service]" or line.startswith(("#", "[")) or not line:
                    continue
                key, value = line.split("=", 1)
                if key not in PLAYED | NOT_PLAYED:
                    raise SystemExit(f"{path}: {key}= is not played: teach it to play_unit.py")
                values.setdefault(key, [])
                values[key] = values[key] + [value] if value else [""]
    return values


def last(unit, key, default=""):
    return unit.get(key, [default])[-1]


def user_of(name, unit):
    """Uid, gid, name."""
    if last(unit, "DynamicUser") == "yes":
        with open("/etc/hostname") as file:  # another on every host: limits are per user
            seed = sum(ord(letter) * 31 ** place for place, letter in
                       enumerate(file.read().strip() + name))
        uid = 61184 + seed % (65519 - 61184)
        return uid, uid, name.removesuffix(".service")
    entry = pwd.getpwnam(last(unit, "User"))
    return entry.pw_uid, entry.pw_gid, entry.pw_name


def give(path, uid, gid):
    for folder, folders, files in os.walk(path):
        for entry in [folder] + [os.path.join(folder, file) for file in folders + files]:
            os.lchown(entry, uid, gid)


def make_state(unit, uid, gid):
    """The state directory and where it really lies."""
    name = last(unit, "StateDirectory")
    path = real = "/var/lib/" + name
    if last(unit, "DynamicUser") == "yes":
        os.makedirs("/var/lib/private", mode=0o700, exist_ok=True)
        real = "/var/lib/private/" + name
        if not os.path.islink(path):
            os.symlink("private/" + name, path)
    os.makedirs(real, exist_ok=True)
    os.chmod(real, int(last(unit, "StateDirectoryMode", "0755"), 8))
    if os.stat(real).st_uid != uid:
        give(real, uid, gid)
    return path, real


def load_credentials(name, unit, uid, gid):
    folder = "/run/credentials/" + name
    shutil.rmtree(folder, ignore_errors=True)
    if "LoadCredential" not in unit:
        return None
    os.makedirs(folder, mode=0o755)
    for entry in unit["LoadCredential"]:
        key, path = entry.split(":", 1)
        copy = os.path.join(folder, key)
        shutil.copyfile(path, copy)
        os.chmod(copy, 0o400)
        os.chown(copy, uid, gid)
    os.chmod(folder, 0o500)
    os.chown(folder, uid, gid)
    return folder


def environment(unit, state, credentials, user, notify):
    variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                 "LANG": "C.UTF-8", "STATE_DIRECTORY": state}
    if "User" in unit:
        variables.update(USER=user, LOGNAME=user, HOME=state, SHELL="/usr/sbin/nologin")
    if credentials is not None:
        variables["CREDENTIALS_DIRECTORY"] = credentials
    if last(unit, "Type") == "notify":
        variables["NOTIFY_SOCKET"] = notify
    if "WatchdogSec" in unit:
        variables["WATCHDOG_USEC"] = last(unit, "WatchdogSec") + "000000"
    if os.path.exists(STATE + "/environment"):
        with open(STATE + "/environment") as file:
            variables.update(json.load(file))
    for entry in unit.get("Environment", []):
        key, value = entry.split("=", 1)
        variables[key] = value.replace("%d", credentials or "%d")
    for path in unit.get("EnvironmentFile", []):
        try:
            with open(path.removeprefix("-")) as file:
                lines = [line.strip() for line in file]
        except FileNotFoundError:
            if not path.startswith("-"):
                raise
            continue
        variables.update(line.split("=", 1) for line in lines
                         if line and not line.startswith("#"))
    return variables


# ---- the child ----

def mount(source, target, kind, flags, data=None):
    if libc.mount(source, target, kind, flags, data) != 0:
        raise OSError(ctypes.get_errno(), "mount", target.decode())


def wall_in(unit, state, real):
    """A mount namespace in which only the state directory can be written."""
    BIND, REC, PRIVATE, REMOUNT, READ_ONLY = 4096, 16384, 1 << 18, 32, 1
    if libc.unshare(0x00020000) != 0:  # CLONE_NEWNS
        raise OSError(ctypes.get_errno(), "unshare")
    mount(None, b"/", None, REC | PRIVATE)
    where = real.encode()
    mount(where, where, None, BIND)
    if real != state:  # /var/lib/private is root's alone outside
        handle = os.open(real, os.O_PATH)
        mount(b"tmpfs", b"/var/lib/private", b"tmpfs", 0, b"mode=755")
        os.makedirs(real)
        mount(f"/proc/self/fd/{handle}".encode(), where, None, BIND)
        os.close(handle)
    if last(unit, "PrivateTmp") == "yes":
        mount(b"tmpfs", b"/tmp", b"tmpfs", 0, b"mode=1777")
    if last(unit, "ProtectHome") == "yes":
        for home in (b"/home", b"/root"):
            mount(b"tmpfs", home, b"tmpfs", READ_ONLY, b"mode=0")
    hidden = [word for key, word in (("ProtectProc", b"hidepid=invisible"),
                                     ("ProcSubset", b"subset=pid")) if last(unit, key)]
    if hidden:
        mount(b"proc", b"/proc", b"proc", 0, b",".join(hidden))
    if last(unit, "ProtectSystem") == "strict":
        mount(None, b"/", None, REMOUNT | BIND | READ_ONLY)


def allowed_calls(unit):
    """The names that SystemCallFilter= leaves; none where nobody can say."""
    if shutil.which("systemd-analyze") is None:
        return []
    done = subprocess.run(["systemd-analyze", "syscall-filter"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True)
    sets, name = {}, None
    for line in done.stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            sets[name] = []
        elif name and line.startswith(" ") and not line.strip().startswith("#"):
            sets[name].append(line.strip())

    def expand(word):
        return {call for part in sets[word] for call in expand(part)} \
            if word.startswith("@") else {word}
    calls = expand("@default")
    for line in unit["SystemCallFilter"]:
        words = {call for word in line.removeprefix("~").split() for call in expand(word)}
        calls = calls - words if line.startswith("~") else calls | words
    return sorted(calls)


def confine(path, command):
    """Last steps, already as the unit's user: the filter, then the program itself."""
    with open(path) as file:
        want = json.load(file)
    os.umask(int(want["umask"], 8))
    try:
        seccomp = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        seccomp = None
    if seccomp is not None and want["calls"]:
        class Compare(ctypes.Structure):
            _fields_ = [("arg", ctypes.c_uint), ("op", ctypes.c_int),
                        ("a", ctypes.c_uint64), ("b", ctypes.c_uint64)]
        seccomp.seccomp_init.restype = ctypes.c_void_p
        context = ctypes.c_void_p(seccomp.seccomp_init(ctypes.c_uint32(0x80000000)))  # kill
        allow, refuse = ctypes.c_uint32(0x7fff0000), ctypes.c_uint32(0x00050000 | 97)
        for name in want["calls"]:
            number = seccomp.seccomp_syscall_resolve_name(name.encode())
            if number >= 0 and name != "socket":
                seccomp.seccomp_rule_add_array(context, allow, number, 0, None)
        number = seccomp.seccomp_syscall_resolve_name(b"socket")
        families = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
        open_ones = [families[name] for name in want["families"]]
        for family in range(46):
            what = allow if family in open_ones else refuse
            seccomp.seccomp_rule_add_array(context, what, number, 1,
                                           ctypes.byref(Compare(0, 4, family, 0)))
        if seccomp.seccomp_load(context) != 0:
            raise SystemExit("the filter of system calls cannot be loaded")
    if want["no_write_execute"]:
        libc.prctl(65, 1, 0, 0, 0)  # PR_SET_MDWE, of Linux 6.3: an older one says no
    os.execve(command[0], command, want["environment"])


def limit(option, wanted):
    """Or less, where this machine lets even root have no more."""
    most = resource.getrlimit(getattr(resource, "RLIMIT_" + option.upper()))[1]
    with open("/proc/self/status") as file:
        may_raise = int(file.read().split("CapEff:")[1].split()[0], 16) >> 24 & 1
    return wanted if may_raise or most == resource.RLIM_INFINITY else min(wanted, most)


def start_child(name, unit):
    uid, gid, user = user_of(name, unit)
    state, real = make_state(unit, uid, gid)
    credentials = load_credentials(name, unit, uid, gid)
    wish = f"{STATE}/{name}.json"
    if os.path.exists(wish):
        os.unlink(wish)
    with open(os.open(wish, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        os.fchown(file.fileno(), uid, gid)
        json.dump({"environment": environment(unit, state, credentials, user,
                                               f"{STATE}/{name}.notify"),
                   "umask": last(unit, "UMask", "0022"), "calls": allowed_calls(unit),
                   "families": last(unit, "RestrictAddressFamilies").split(),
                   "no_write_execute": last(unit, "MemoryDenyWriteExecute") == "yes"}, file)
    limits = [f"--core={last(unit, 'LimitCORE', '0')}"]
    for key, option in (("LimitNOFILE", "nofile"), ("TasksMax", "nproc")):
        if key in unit:
            most = limit(option, int(last(unit, key)))
            limits.append(f"--{option}={most}:{most}")
    assert last(unit, "CapabilityBoundingSet", "-") == "", "this unit keeps privileges"
    groups = "--clear-groups" if last(unit, "DynamicUser") == "yes" else "--init-groups"
    command = ["prlimit", *limits, "setpriv", f"--reuid={uid}", f"--regid={gid}", groups,
               "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all",
               "--ambient-caps=-all", "/usr/bin/python3", os.path.abspath(__file__),
               "confine", wish, *last(unit, "ExecStart").split()]
    return subprocess.Popen(
        command, env={"PATH": os.environ["PATH"]}, stdin=subprocess.DEVNULL, cwd="/",
        preexec_fn=lambda: wall_in(unit, state, real))


def run(name):
    """The program of a unit, again whenever it ends, until SIGTERM."""
    ending = []
    child = None

    def end(*_):
        ending.append(True)
        if child is not None:
            child.terminate()
    signal.signal(signal.SIGTERM, end)
    os.makedirs(STATE, exist_ok=True)
    log = os.open(f"{STATE}/{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with open(f"{STATE}/{name}.pid", "w") as file:
        file.write(str(os.getpid()))
    notify = open_notify(name)
    while not ending:
        unit = read_unit(name)
        told(name, "starting")
        try:
            child = start_child(name, unit)
            with open(f"{STATE}/{name}.main", "w") as file:
                file.write(str(child.pid))
            if last(unit, "Type") != "notify":
                told(name, "ready")
            watch(name, unit, child, notify)
            sys.stderr.write(f"systemd: {name} ended with {child.returncode}\n")
        except (OSError, KeyError) as trouble:
            sys.stderr.write(f"systemd: {name} cannot start: {trouble}\n")
        sys.stderr.flush()
        told(name, "ended")
        if not ending:
            time.sleep(float(last(unit, "RestartSec", "0.1")))


def told(name, word):
    with open(f"{STATE}/{name}.is", "w") as file:
        file.write(word)


def open_notify(name):
    path = f"{STATE}/{name}.notify"
    if os.path.exists(path):
        os.unlink(path)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    found.bind(path)
    os.chmod(path, 0o777)
    found.settimeout(0.1)
    return found


def watch(name, unit, child, notify):
    """Until the child has ended: what it tells, and whether its watchdog is fed."""
    patience = float(last(unit, "WatchdogSec", "inf"))
    fed, is_ready = time.monotonic(), False
    while child.poll() is None:
        try:
            words = notify.recv(4096).decode().split("\n")
        except TimeoutError:
            words = []
        if "READY=1" in words:
            is_ready = True
            told(name, "ready")
        if words:
            fed = time.monotonic()
        if is_ready and time.monotonic() - fed > patience:
            sys.stderr.write(f"systemd: {name} watchdog timeout\n")
            child.send_signal(signal.SIGABRT)
            fed = time.monotonic()


# ---- what people type ----

def supervisor(name):
    try:
        with open(f"{STATE}/{name}.pid") as file:
            pid = int(file.read())
        os.kill(pid, 0)
        return pid
    except (OSError, ValueError):
        return None


def stop(name):
    pid = supervisor(name)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    until = time.monotonic() + 30
    while supervisor(name) is not None:
        if time.monotonic() > until:
            raise SystemExit(f"{name} does not stop")
        time.sleep(0.02)
    os.unlink(f"{STATE}/{name}.pid")


def start(name):
    read_unit(name)
    if supervisor(name) is not None:
        return
    if os.path.exists(f"{STATE}/{name}.is"):
        os.unlink(f"{STATE}/{name}.is")
    subprocess.Popen([sys.executable, os.path.abspath(__file__), "run", name],
                     start_new_session=True, stdin=subprocess.DEVNULL,
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            with open(f"{STATE}/{name}.is") as file:
                state = file.read()
        except FileNotFoundError:
            state = ""
        if state == "ready":
            return
        if state == "ended":
            break
        time.sleep(0.02)
    raise SystemExit(f"Job for {name} failed. See journalctl -u {name}")


def full(name):
    return name if name.endswith(".service") else name + ".service"


def parent_is_boot(name):
    """What an instance booted belongs to its processes and must stay one of them."""
    pid = supervisor(name)
    if pid is None:
        return False
    with open(f"/proc/{pid}/stat") as file:
        parent = int(file.read().rsplit(")", 1)[1].split()[1])
    with open(f"/proc/{parent}/cmdline") as file:
        return "\0boot\0" in file.read()


def systemctl(words):
    verb, names = words[0], [full(word) for word in words[1:] if not word.startswith("-")]
    if verb == "daemon-reload":
        return
    for name in names:
        if verb == "enable":
            read_unit(name)
            wants = "/etc/systemd/system/multi-user.target.wants"
            os.makedirs(wants, exist_ok=True)
            if not os.path.lexists(f"{wants}/{name}"):
                os.symlink(f"/usr/lib/systemd/system/{name}", f"{wants}/{name}")
            if "--now" in words:
                start(name)
        elif verb == "start":
            start(name)
        elif verb == "stop":
            stop(name)
        elif verb == "restart" and parent_is_boot(name):
            with open(f"{STATE}/{name}.main") as file, \
                    contextlib.suppress(ProcessLookupError):  # between two lives
                os.kill(int(file.read()), signal.SIGTERM)  # it is started again
        elif verb == "restart":
            stop(name)
            start(name)
        else:
            raise SystemExit(f"systemctl {verb} is not played")


def sysusers():
    """Where the machine has no systemd-sysusers: users alone."""
    for path in sorted(glob.glob("/usr/lib/sysusers.d/openasg*.conf")):
        with open(path) as file:
            for line in file:
                if line.startswith("u "):
                    _, name, _, rest = line.split(" ", 3)
                    home = rest.rsplit(" ", 1)[1].strip()
                    subprocess.run(["useradd", "-r", "-U", "-M", "-d", home, "-s",
                                    "/usr/sbin/nologin", name], check=True)


def journalctl(words):
    with open(f"{STATE}/{full(words[words.index('-u') + 1])}.log", errors="replace") as file:
        print(file.read(), end="")


def boot(words):
    """An instance: what is enabled runs, then its user data; both until it is ended."""
    os.makedirs(STATE, exist_ok=True)
    keep = {key: value for key, value in os.environ.items() if key.startswith("AWS_EC2_META")}
    with open(STATE + "/environment", "w") as file:
        json.dump(keep, file)
    units = [subprocess.Popen([sys.executable, os.path.abspath(__file__), "run", name])
             for name in os.listdir("/etc/systemd/system/multi-user.target.wants")
             if name.startswith("openasg")]
    subprocess.run(words)
    for unit in units:
        unit.wait()


def main():
    called = os.path.basename(sys.argv[0])
    words = sys.argv[1:]
    if called == "play_unit.py":
        called, words = words[0], words[1:]
    if called == "confine":
        confine(words[0], words[1:])
    elif called == "run":
        run(words[0])
    elif called == "systemd-sysusers":
        sysusers()
    else:
        {"systemctl": systemctl, "journalctl": journalctl, "boot": boot}[called](words)


if __name__ == "__main__":
    main()
