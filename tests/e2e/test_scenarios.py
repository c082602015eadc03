"""Scenario files: every one of them is understood, a wrong line is named with the nearest
known statement, and one runs against real processes (all: ./dev e2e)."""

import glob
import os
import sys
import tempfile

root = os.environ["ASG_SOURCE_DIR"]
build = os.environ["ASG_BUILD_DIR"]
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import scenarios  # noqa: E402

FOLDER = os.path.join(root, "tests", "sim", "scenarios")
WRONG = (
    ("kil worker 1", 'nearest known one is "kill worker N"'),
    ("at 5s expect no launch thrice", 'nearest known one is "expect no launch twice"'),
    ("wait until web has six in_service within 5s",
     'nearest known one is "wait until NAME has N in_service within T"'),
    ("kill worker 1 now", "unknown statement"),
    ("# nothing", "there is no statement in it"),
)


def trouble_of(text):
    with tempfile.NamedTemporaryFile("w", suffix=".scn") as file:
        file.write(text + "\n")
        file.flush()
        try:
            scenarios.parse(file.name)
        except scenarios.Wrong as wrong:
            return file.name, str(wrong)
    raise AssertionError(f"{text!r} was understood")


def main():
    files = sorted(glob.glob(os.path.join(FOLDER, "*.scn")))
    assert len(files) >= 6, files
    for path in files:
        assert len(scenarios.parse(path)) >= 3, path
    print(f"ok {len(files)} scenario files are understood")
    for text, part in WRONG:
        path, said = trouble_of(text)
        assert part in said and said.startswith(path), said
    path, said = trouble_of("kill controller\n\nsink worker 1\nsink worker 2")
    assert f"{path}:3:" in said and f"{path}:4:" in said, said
    print("ok wrong statements are named with file, line and the nearest known one")
    assert scenarios.run_file(build, os.path.join(FOLDER, "agent_dies.scn"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
