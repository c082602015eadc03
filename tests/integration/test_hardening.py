#!/usr/bin/python3
"""What docs/security.md says of the programs is read off the binaries, and tried on the
processes: nobody else may look into them, and files that others may change are refused."""

import os
import platform
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
PROGRAMS = ["openasg-controller", "openasg-worker", "openasg-agent", "openasg",
            "openasg-ec2local"]
STRANGER = 65534
ENDBR64 = bytes.fromhex("f30f1efa")
# A page of a large frame is touched: orq $0,(%rsp) of gcc, movq $0,(%rsp) of clang.
PROBES = bytes.fromhex("48830c2400"), bytes.fromhex("48c7042400000000")


def program(name):
    return os.path.join(BUILD, "bin", name)


def read(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=120,
                          env={"LC_ALL": "C", "PATH": os.environ["PATH"]}).stdout


def cache(name):
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as file:
        found = re.search(rf"^{name}:\w+=(.*)$", file.read(), re.M)
    return found.group(1) if found else ""


IS_SHIPPED = not any(cache(f"ASG_{kind}") == "ON"
                     for kind in ("SANITIZE", "THREAD_SANITIZE", "FUZZ"))
IS_X86 = platform.machine() == "x86_64"


@unittest.skipUnless(IS_SHIPPED, "a build with sanitizers is not shipped")
class Binaries(unittest.TestCase):
    def test_addresses_are_drawn_and_tables_are_shut(self):
        for path in map(program, PROGRAMS):
            with self.subTest(program=os.path.basename(path)):
                self.assertIn("DYN (Position-Independent Executable", read("readelf", "-hW", path))
                dynamic = read("readelf", "-dW", path)
                self.assertRegex(dynamic, r"FLAGS_1\).*NOW.*PIE")
                self.assertIn("BIND_NOW", dynamic)
                for bad in ("TEXTREL", "RPATH", "RUNPATH"):
                    self.assertNotIn(bad, dynamic)

    def test_nothing_is_written_and_executable(self):
        for path in map(program, PROGRAMS):
            with self.subTest(program=os.path.basename(path)):
                segments = read("readelf", "-lW", path)
                self.assertIn("GNU_RELRO", segments)
                rows = re.findall(r"^  (\w+) +(?:0x\w+ +){5}([R ][W ][E ])", segments, re.M)
                self.assertEqual([flags for name, flags in rows if name == "GNU_STACK"], ["RW "])
                self.assertEqual([row for row in rows if "W" in row[1] and "E" in row[1]], [])

    def test_copies_and_frames_are_checked(self):
        with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
            commands = file.read()
        level = 3 if cache("ASG_HAS_FORTIFY_3") else 2
        self.assertIn(f"-D_FORTIFY_SOURCE={level} ", commands)
        for path in map(program, PROGRAMS):
            with self.subTest(program=os.path.basename(path)):
                symbols = read("readelf", "-sW", "--dyn-syms", path)
                for name in ("__stack_chk_fail", "__snprintf_chk", "__memcpy_chk"):
                    self.assertIn(name, symbols)

    @unittest.skipUnless(IS_X86, "of x86")
    def test_large_frames_touch_each_page(self):
        for path in map(program, PROGRAMS):
            with self.subTest(program=os.path.basename(path)):
                with open(path, "rb") as file:
                    data = file.read()
                self.assertTrue(any(probe in data for probe in PROBES), "no page is touched")

    @unittest.skipUnless(IS_X86, "of x86")
    def test_functions_may_be_jumped_to_at_their_begin_only(self):
        for path in map(program, PROGRAMS):
            with self.subTest(program=os.path.basename(path)):
                begins = list(self.begins(path))
                self.assertGreater(len(begins), 100)
                bare = [name for name, code in begins if code != ENDBR64]
                self.assertEqual(bare[:5], [])

    def begins(self, path):
        """Name and first bytes of each function of ours."""
        sections = read("readelf", "-SW", path)
        address, offset = re.search(r"\.text +PROGBITS +(\w+) (\w+)", sections).groups()
        shift = int(offset, 16) - int(address, 16)
        with open(path, "rb") as file:
            data = file.read()
        row = re.compile(r": (\w+) +\d+ FUNC +GLOBAL +\w+ +\d+ (asg_\w+)$", re.M)
        for value, name in row.findall(read("readelf", "-sW", path)):
            at = int(value, 16) + shift
            yield name, data[at:at + 4]

    @unittest.skipUnless(IS_X86, "of x86")
    def test_the_mark_is_there_when_the_c_library_has_it(self):
        """One object without it takes it from the whole program; Debian 12's start files
        have none."""
        cc = cache("CMAKE_C_COMPILER")
        start = read(cc, "-print-file-name=Scrt1.o").strip()
        wanted = "IBT" in read("readelf", "-nW", start)
        for path in map(program, PROGRAMS):
            with self.subTest(program=os.path.basename(path)):
                self.assertEqual("IBT, SHSTK" in read("readelf", "-nW", path), wanted)
        ours = read("readelf", "-nW", os.path.join(BUILD, "libasg_base.a"))
        self.assertEqual(ours.count("File: "), ours.count("IBT, SHSTK"))


class Processes(unittest.TestCase):
    """As a user of their own when root runs the tests."""

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="asg-hard-")
        self.user = STRANGER if os.geteuid() == 0 else os.geteuid()
        self.give(self.dir)
        self.running = []

    def tearDown(self):
        for process in self.running:
            process.kill()
            process.communicate()
        shutil.rmtree(self.dir)

    def give(self, path):
        if os.geteuid() == 0:
            os.chown(path, self.user, self.user)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def start(self, name, *words, environment=()):
        as_user = {"user": self.user, "group": self.user, "extra_groups": []} \
            if os.geteuid() == 0 else {}
        environment = {"PATH": os.environ["PATH"], "HOME": self.dir, **dict(environment)}
        process = subprocess.Popen(
            [program(name), *words], stdin=subprocess.DEVNULL, cwd=self.dir,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment,
            **as_user)
        self.running.append(process)
        return process

    def controller(self, *words):
        return self.start("openasg-controller", "--dir", self.path("state"),
                          "--listen-agents", "tcp://127.0.0.1:*",
                          "--listen-workers", "tcp://127.0.0.1:*",
                          "--listen-admin", "tcp://127.0.0.1:*", "--listen-enrol",
                          "127.0.0.1:0", "--listen-http", "127.0.0.1:0",
                          "--endpoint-file", self.path("endpoints"), *words)

    def wait_for(self, what, condition, process):
        end = time.monotonic() + 30
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            if process.poll() is not None:
                self.fail(f"{what}: it ended and said {process.stdout.read()}")
            time.sleep(0.01)
        self.fail(f"waited 30 s for {what}")

    def check_hidden(self, process):
        def is_hidden():  # what others of its user may not read belongs to root then
            return os.stat(f"/proc/{process.pid}/environ").st_uid == 0
        if cache("ASG_SANITIZE") == "ON":
            self.skipTest("the leak check of the address sanitizer looks into its process")
        self.wait_for("a process that is shut", is_hidden, process)
        with open(f"/proc/{process.pid}/limits", encoding="ascii") as file:
            self.assertRegex(file.read(), r"(?m)^Max core file size +0 ")

    def test_the_controller_is_shut(self):
        self.check_hidden(self.controller())

    def test_ec2local_is_shut(self):
        self.check_hidden(self.start("openasg-ec2local", "--dir", self.path("ec2"),
                                     "--port", "0"))

    def test_the_agent_is_shut(self):
        self.check_hidden(self.start("openasg-agent", "--metadata-endpoint",
                                     "http://127.0.0.1:9/", "--private-ip", "127.0.0.1"))

    def test_the_worker_is_shut(self):
        with open(self.path("any.pub"), "w", encoding="utf-8") as file:
            file.write("public: " + "0123456789" * 4 + "\n")  # nobody answers
        self.check_hidden(self.start(
            "openasg-worker", "--dir", self.path("worker"), "--controller",
            "tcp://127.0.0.1:9", "--controller-key", self.path("any.pub"), "--region",
            "us-east-1", environment={"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
                                      "AWS_SECRET_ACCESS_KEY": "secret"}))

    # ---- files ----

    def refused(self, *needles):
        process = self.controller()
        said, _ = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1, said)
        for needle in needles:
            self.assertIn(needle, said)

    def make_state(self):
        process = self.controller()
        self.wait_for("its endpoints", lambda: os.path.exists(self.path("endpoints")), process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
        self.assertEqual(process.returncode, 0)
        os.unlink(self.path("endpoints"))

    def test_files_that_others_may_change_or_read_end_the_start(self):
        self.make_state()
        for name, mode in (("", 0o700), ("workers.d", 0o700), ("admins.d", 0o700),
                           ("controller.key", 0o600), ("join.secret", 0o600),
                           ("ca.key", 0o600), ("admin.key", 0o600), ("ca.pem", 0o644),
                           ("admins.d/admin.pub", 0o644)):
            path = self.path("state", name).rstrip("/")
            self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), mode)
            loose = mode | 0o020
            os.chmod(path, loose)
            if name != "admins.d/admin.pub":
                self.refused(path, f"{loose:04o}", "`chmod")
            os.chmod(path, mode)
        if os.geteuid() == 0:
            for name in ("", "workers.d", "ca.pem"):
                path = self.path("state", name).rstrip("/")
                os.chown(path, 4711, 4711)
                self.refused(path, "4711")
                self.give(path)
        self.make_state()  # and all is well again

    def test_a_link_put_in_the_way_is_not_written_through(self):
        self.make_state()
        prey = self.path("prey")
        with open(prey, "w", encoding="utf-8") as file:
            file.write("dear\n")
        self.give(prey)
        for name in ("endpoints.new", "state/ca.pem.new", "state/api-endpoint.new"):
            os.symlink(prey, self.path(name))
        os.unlink(self.path("state", "ca.pem"))
        self.make_state()
        with open(prey, encoding="utf-8") as file:
            self.assertEqual(file.read(), "dear\n")


if __name__ == "__main__":
    unittest.main()
