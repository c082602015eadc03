#!/usr/bin/python3
"""./dev: its help, how far a build is, and that a copied tree builds its own sources."""

import os
import shutil
import subprocess
import tempfile
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

CMAKE = """cmake_minimum_required(VERSION 3.20)
project(small C)
foreach(i RANGE 1 30)
  file(WRITE ${CMAKE_BINARY_DIR}/f${i}.c "int f${i}(void) { return ${i}; }\n")
  list(APPEND files ${CMAKE_BINARY_DIR}/f${i}.c)
endforeach()
add_executable(small small.c ${files})
"""


class DevTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openasg-dev-")
        self.first = os.path.join(self.folder, "first")
        os.mkdir(self.first)
        shutil.copy(os.path.join(SOURCE, "dev"), self.first)
        self.write(self.first, "CMakeLists.txt", CMAKE)
        self.write(self.first, "small.c", program("first"))

    def tearDown(self):
        shutil.rmtree(self.folder)

    def write(self, tree, name, text):
        with open(os.path.join(tree, name), "w", encoding="utf-8") as file:
            file.write(text)

    def dev(self, tree, *words, code=0, **environment):
        env = {name: value for name, value in os.environ.items()
               if name not in ("ASG_BUILD", "CMAKE_C_COMPILER_LAUNCHER")}
        result = subprocess.run([os.path.join(tree, "dev"), *words], capture_output=True,
                                text=True, env={**env, "ASG_JOBS": "1", **environment},
                                timeout=120, stdin=subprocess.DEVNULL)
        self.assertEqual(code, result.returncode, result.stdout + result.stderr)
        return result.stdout + result.stderr

    def run_small(self, tree):
        return subprocess.run([os.path.join(tree, "build", "small")], capture_output=True,
                              text=True, check=True, timeout=20).stdout

    def test_help_is_no_error(self):
        for word in ("--help", "-h", "help"):
            self.assertIn("./dev build", self.dev(self.first, word))
        self.assertIn("no such command: biuld", self.dev(self.first, "biuld", code=1))

    def test_help_of_up_builds_nothing(self):
        shutil.copytree(os.path.join(SOURCE, "deploy"), os.path.join(self.first, "deploy"))
        said = self.dev(self.first, "up", "--help")
        self.assertIn("--workers", said)
        self.assertNotIn("building", said)

    def test_a_build_says_how_far_it_is(self):
        said = self.dev(self.first, "build")
        self.assertIn("building in build", said)
        self.assertRegex(said, r"(?m)^  \d+ of 3\d steps$")
        self.assertGreaterEqual(said.count(" steps\n"), 8)
        self.assertLessEqual(said.count("\n"), 14)
        self.write(self.first, "small.c", "this is no C\n")
        self.assertIn("small.c:1", self.dev(self.first, "build", code=1))

    def test_a_copy_builds_its_own_sources(self):
        self.dev(self.first, "build")
        second = os.path.join(self.folder, "second")
        shutil.copytree(self.first, second, symlinks=True)
        self.write(second, "small.c", program("second"))
        said = self.dev(second, "build")
        self.assertIn(f"builds {self.first}, not this tree", said)
        self.assertEqual("second\n", self.run_small(second))
        self.assertEqual("first\n", self.run_small(self.first))
        other = os.path.join(self.first, "build")
        self.assertIn("give ASG_BUILD another folder",
                      self.dev(second, "build", code=1, ASG_BUILD=other))


def program(word):
    return f'#include <stdio.h>\nint main(void) {{ return puts("{word}") < 0; }}\n'


if __name__ == "__main__":
    unittest.main()
