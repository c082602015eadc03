"""The tables of docs/metrics.md, from the tables of the programs: written between the markers
of that page by --write, compared by test_metrics_page.py."""

import os
import re
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGE = os.path.join(ROOT, "docs", "metrics.md")

# section of the page -> (file, macro), in the order in which they are printed
SECTIONS = {
    "groups": [("controller/group_metrics.h", "ASG_GROUP_METRICS")],
    "controller": [("controller/metrics.h", "ASG_CONTROLLER_METRICS"),
                   ("controller/group_metrics.h", "ASG_CLUSTER_METRICS")],
    "worker": [("worker/serve_http.h", "ASG_WORKER_METRICS"),
               ("lib/aws/ec2_meter.h", "ASG_EC2_METER_METRICS")],
    "process": [("lib/base/process_metrics.h", "ASG_PROCESS_METRICS")],
}
TEXT = r'"((?:[^"\\]|\\.)*)"'
ROW = re.compile(r"\bX\(\s*(\w+),\s*" + TEXT + r",\s*" + TEXT + r",\s*(\w+),\s*((?:" + TEXT +
                 r"\s*)+)\)")
LABEL = re.compile(r'(\w+)=\\"((?:[^"\\])*)\\"')


def rows(path, macro):
    """[(name, kind, {label: [its values]}, help)] of a table, one for each family."""
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        text = file.read()
    body = re.search(r"#define " + macro + r"\(X\)((?:.*\\\n)*.*\n)", text).group(1)
    body = body.replace("\\\n", "\n")
    families = {}
    found = 0
    for match in ROW.finditer(body):
        found += 1
        name, labels, kind = match.group(2), match.group(3), match.group(4)
        words = "".join(re.findall(TEXT, match.group(5))).replace('\\"', '"')
        family = families.setdefault(name, (name, kind, {}, words))
        assert family[1] == kind and family[3] == words, f"{name} is told in two ways"
        if "=" in labels:
            for label, value in LABEL.findall(labels):
                family[2].setdefault(label, []).append(value)
        elif labels:
            for label in labels.split(","):
                family[2].setdefault(label, [])
    assert found == len(re.findall(r"\bX\(", body)) > 0, f"{path}: a row could not be read"
    return list(families.values())


def families(section):
    return [row for table in SECTIONS[section] for row in rows(*table)]


def kind_word(kind):
    """As # TYPE says it."""
    return "histogram" if kind.startswith("HISTOGRAM") else kind.split("_")[0].lower()


def table(section):
    lines = ["| name | type | labels | meaning |", "| --- | --- | --- | --- |"]
    for name, kind, labels, words in families(section):
        told = []
        for label, values in labels.items():
            told.append(f"`{label}`" + (": " + ", ".join(values) if values else ""))
        lines.append(f"| `{name}` | {kind.lower().replace('_milli', '').replace('_', ', ')} | "
                     f"{'; '.join(told)} | {words} |")
    return "\n".join(lines)


def main():
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    text = page
    for section in SECTIONS:
        begin, end = f"<!-- {section}: begin -->", f"<!-- {section}: end -->"
        before, rest = text.split(begin)
        text = before + begin + "\n" + table(section) + "\n" + end + rest.split(end)[1]
    if "--write" in sys.argv[1:]:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    if page != text:
        print("docs/metrics.md does not say what the tables of metrics say: "
              "run tests/tidy/metrics_page.py --write")
        return 1
    print("docs/metrics.md says what the tables of metrics say")
    return 0


if __name__ == "__main__":
    sys.exit(main())
