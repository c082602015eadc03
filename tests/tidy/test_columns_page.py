"""The reader of metrics in docs/log-format.md reads the bytes beside it, which are those
that lib/wire writes (tests/unit/wire/test_columns.c)."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
ROWS = [(no, 0, 11, 10, 10, 9100, 700, 1150) for no in (1, 2)]


def main():
    with open(os.path.join(ROOT, "docs", "log-format.md"), encoding="utf-8") as file:
        section = file.read().split("## The metrics of a tick")[1].split("\n## ")[0]
    names = {}
    exec(re.search(r"```python\n(.*?)```", section, re.S).group(1), names)
    data = bytes.fromhex(re.search(r"```\n([0-9a-f ]+)\n```", section).group(1))
    with open(os.path.join(ROOT, "tests", "unit", "wire", "test_columns.c"),
              encoding="utf-8") as file:
        tested = re.search(r"page\[\] = \{(.*?)\}", file.read(), re.S).group(1)
    if bytes(int(byte, 16) for byte in re.findall(r"0x\w\w", tested)) != data:
        print("docs/log-format.md and test_columns.c have different bytes")
        return 1
    rows = names["read_columns"](data)
    if rows != ROWS:
        print(f"docs/log-format.md reads {rows}, not {ROWS}")
        return 1
    print("the reader of docs/log-format.md reads its example")
    return 0


if __name__ == "__main__":
    sys.exit(main())
