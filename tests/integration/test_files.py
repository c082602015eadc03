#!/usr/bin/python3
"""apply, diff and export against a real controller: what they say, what they send, their exit
codes, and that what is exported is taken back."""

import concurrent.futures
import glob
import json
import os
import shutil
import tempfile
import unittest

import ruamel.yaml

import test_cli
from test_cli import SOURCE

EXAMPLES = os.path.join(SOURCE, "examples")
GROUP = """group:
  name: {name}
  min: 0
  max: 8
  template_id: lt-0123456789abcdef0
  template_version: "1"
  subnets: [{{zone: us-east-1a}}]
"""
POLICIES = """policies:
  - {name: cpu50, target: 50}
  - {name: cpu70, target: 70, preset: calm}
schedules:
  - {name: night, recurrence: "0 22 * * *", time_zone: Europe/Berlin, min: 0, max: 2}
"""


class FilesTest(test_cli.CliTest):
    """One controller; each test has a folder and groups of its own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="openasg-files-")
        self.addCleanup(shutil.rmtree, self.folder)

    def tearDown(self):
        for group in self.ask("group", "list"):
            self.run_cli("group", "delete", group["config"]["name"], "--force", "--yes")

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def revision(self):
        return self.ask("status")["revision"]

    def config(self, name):
        return self.ask("group", "show", name)["config"]

    # ---- apply ----

    def test_one_order_with_what_differs(self):
        path = self.write("web.yaml", GROUP.format(name="web") + POLICIES)
        self.run_cli("diff", "-f", path, code=1)
        applied = self.run_cli("apply", "-f", path)
        self.assertIn("+ group web\n", applied.stdout)
        self.assertIn("applied: 4 created; revision", applied.stderr)
        before = self.revision()
        again = self.run_cli("apply", "-f", path)
        self.assertEqual("", again.stdout)
        self.assertIn("nothing to change: 4 unchanged", again.stderr)
        self.assertEqual(before, self.revision())
        self.write("web.yaml", (GROUP.format(name="web") + POLICIES)
                   .replace("max: 8", "max: 9").replace("target: 50", "target: 55"))
        changed = self.run_cli("diff", "-f", path, code=1).stdout
        self.assertRegex(changed, r"(?m)^~ group web\n +max +8 → 9$")
        self.assertRegex(changed, r"(?m)^~ policy web/cpu50\n +target +50 → 55$")
        self.assertNotIn("cpu70", changed)
        self.run_cli("apply", path)  # a positional file as well
        self.assertEqual(before + 1, self.revision())
        self.run_cli("diff", "-f", path)

    def test_all_of_it_or_nothing(self):
        path = self.write("two.yaml", GROUP.format(name="one") + "---\n" +
                          GROUP.format(name="two").replace("max: 8", "max: 1")
                          .replace("min: 0", "min: 5"))
        refused = self.run_cli("apply", "-f", path, code=1)
        self.assertIn("group two: min 5 is above max 1", refused.stderr)
        self.assertIn(f"{path}:9", refused.stderr)  # where it is written
        self.assertEqual([], self.ask("group", "list"))
        policy = self.write("bad.yaml", GROUP.format(name="one") +
                            "policies:\n  - {name: ok, target: 50}\n"
                            "  - {name: bad, kind: step, threshold: 5}\n")
        self.assertIn("bad", self.run_cli("apply", "-f", policy, code=1).stderr)
        self.assertEqual([], self.ask("group", "list"))

    def test_a_folder_a_list_json_and_standard_input(self):
        self.write("b.yaml", GROUP.format(name="b") + POLICIES)
        self.write("a.json", json.dumps({"groups": [
            {"name": name, "min": 0, "max": 3, "template_id": "lt-1",
             "template_version": "1", "subnets": [{"zone": "us-east-1a"}],
             "policies": [{"name": "p", "target": 40}]} for name in ("a1", "a2")]}))
        self.write("c.yml", "policies:\n  - {group: b, name: extra, target: 61.5}\n")
        self.write("notes.txt", "not: read\n")
        self.write(".hidden.yaml", "not: read\n")
        self.run_cli("apply", "-f", self.folder)
        self.assertEqual(["a1", "a2", "b"],
                         sorted(g["config"]["name"] for g in self.ask("group", "list")))
        self.assertEqual(["cpu50", "cpu70", "extra"],
                         sorted(p["name"] for p in self.ask("policy", "list", "b")))
        self.assertEqual(["p"], [p["name"] for p in self.ask("policy", "list", "a2")])
        exported = self.run_cli("export").stdout
        self.assertEqual(0, self.pipe(exported, "diff", "-f", "-").returncode)
        empty = os.path.join(self.folder, "empty")
        os.mkdir(empty)
        self.assertIn("no *.yaml, *.yml or *.json file",
                      self.run_cli("apply", "-f", empty, code=2).stderr)

    def pipe(self, text, *words):
        import subprocess
        return subprocess.run([test_cli.OPENASG, *words], input=text, capture_output=True,
                              text=True, env=self.environment(), timeout=60)

    def test_what_is_wrong_is_said_with_its_place(self):
        for text, words in (
                (GROUP.format(name="x") + "---\n" + GROUP.format(name="x"),
                 "f.yaml:9: group x is defined a second time; the first is at {0}/f.yaml:1"),
                ("policies:\n  - {group: x, name: p, target: 5}\n"
                 "  - {group: x, name: p, target: 6}\n", "f.yaml:3: policy p of group x is "),
                ("policies:\n  - {name: p, target: 5}\n", "f.yaml:2: policy \"p\" has no group"),
                ("policies:\n  - {group: x, name: p, target: 5}\n",
                 "f.yaml:2: policy p is of group x, which does not exist"),
                ("group: {max: 5}\n", "f.yaml:1: the group has no name"),
                ("groups: 5\n", "f.yaml:1: groups must be a list"),
                ("gruops: []\n", "f.yaml:1: "),
                ("# nothing\n", "has no group, no policy and no scheduled action"),
                ("group: {name: x, colldown: 5m}\n", "did you mean \"cooldown\"")):
            path = self.write("f.yaml", text)
            words = words.format(self.folder)
            self.assertIn(words, self.run_cli("apply", "-f", path, code=2).stderr)
            self.assertIn(words, self.run_cli("diff", "-f", path, code=2).stderr)
        self.run_cli("apply", code=2)
        nosuch = os.path.join(self.folder, "nosuch.yaml")
        for words in (("apply", "-f", nosuch), ("diff", "-f", nosuch),
                      ("group", "create", "x", "-f", nosuch),
                      ("policy", "put", "x", "p", "-f", nosuch)):
            self.assertIn(f"{nosuch}: No such file", self.run_cli(*words, code=2).stderr)

    def test_what_a_link_leads_to_elsewhere_is_not_shown(self):
        away = self.write("away", "s3cret: $6$hash\n")
        inner = os.path.join(self.folder, "inner")
        os.mkdir(inner)
        link = os.path.join(inner, "web.yaml")
        os.symlink(away, link)
        for path in (link, inner):
            for command, text in (("apply", "s3cret: $6$hash\n"), ("diff", "root:$6$hash:1::\n"),
                                  ("apply", "group:\n  min: s3cret\n")):
                self.write("away", text)
                said = self.run_cli(command, "-f", path, code=2).stderr
                self.assertNotRegex(said, "s3cret|hash|root")
                self.assertRegex(said, f"{link}:[0-9]+: not what openasg reads; the words are not")
        self.assertIn("s3cret", self.run_cli("diff", "-f", away, code=2).stderr)  # it was named
        os.rename(away, os.path.join(inner, "..web"))
        os.remove(link)
        os.symlink("..web", link)  # as Kubernetes' ConfigMaps have it
        self.assertIn("s3cret", self.run_cli("diff", "-f", inner, code=2).stderr)

    def test_a_zero_is_no_way_to_say_the_default(self):
        for field in ("evaluation: 0s", "launch_timeout: 0s", "terminating_percent: 0",
                      "silence_percent: 0", "evaluation_ms: 0"):
            path = self.write("f.yaml", GROUP.format(name="x") + f"  {field}\n")
            self.assertIn(f"{field.split(':')[0]} cannot be \"{field.split(' ')[1]}\": write a value "
                          "above 0, or leave it out", self.run_cli("apply", "-f", path, code=2).stderr)
        for option in ("--evaluation=0s", "--launch-timeout=0s", "--terminating-percent=0",
                       "--terminated-percent=0", "--unhealthy-percent=0", "--silence-percent=0"):
            said = self.run_cli("group", "update", "x", option, code=2).stderr
            self.assertIn(f"{option.split('=')[0]} is 0", said)

    def test_what_a_controller_would_not_read_is_said_with_its_place(self):
        for text, words in (
                (GROUP.format(name="x") + "policies:\n  - {name: \"a\\tb\", target: 5}\n",
                 "f.yaml:9: group x, policy a"),
                (GROUP.format(name="x") + "schedules:\n  - {name: s, min: 1, recurrence: "
                 "\"0 0 * * *\", time_zone: Europe/Nowhere}\n",
                 "f.yaml:9: group x, scheduled action s: ")):
            path = self.write("f.yaml", text)
            self.assertIn(words, self.run_cli("apply", "-f", path, code=2).stderr)
        self.assertEqual([], self.ask("group", "list"))

    def test_json_as_others_write_it(self):
        tags = [{"key": "fish \U0001f41f", "value": "\\ud83d back\\slash \u00fc"}]
        group = {"name": "j", "min": 0, "max": 3, "template_id": "lt-1",
                 "template_version": "1", "subnets": [{"zone": "us-east-1a"}], "tags": tags}
        for text in (json.dumps({"group": group}), json.dumps({"group": group}, indent="\t"),
                     json.dumps({"group": group}, ensure_ascii=False)):
            path = self.write("j.json", text)
            self.run_cli("apply", "-f", path)
            self.assertEqual([(tag["key"], tag["value"]) for tag in tags],
                             [(tag["key"], tag["value"]) for tag in self.config("j")["tags"]])
            self.run_cli("diff", "-f", path)

    def test_diff_has_exit_codes_above_one_for_errors(self):
        path = self.write("web.yaml", GROUP.format(name="web"))
        self.run_cli("diff", "-f", path, code=1)
        self.run_cli("apply", "-f", path)
        self.run_cli("diff", "-f", path, code=0)
        self.run_cli("diff", "-f", path, "--controller", "tcp://127.0.0.1:1",
                     "--request-timeout", "1s", code=3)
        self.run_cli("diff", "-f", "/nowhere.yaml", code=2)
        said = self.run_cli("diff", "-f", "/nowhere.yaml", "-o", "json", code=2).stderr
        self.assertEqual(("Usage", 2), (json.loads(said)["error"]["code"],
                                        json.loads(said)["error"]["exit_code"]))

    def test_desired_is_for_creation(self):
        text = GROUP.format(name="web").replace("max: 8", "max: 8\n  desired: 2")
        path = self.write("web.yaml", text)
        self.assertIn("would launch 2 instances",
                      self.run_cli("apply", "-f", path, "--dry-run").stdout)
        self.assertEqual([], self.ask("group", "list"))
        self.run_cli("apply", "-f", path)
        self.run_cli("desired", "set", "web", "5")
        self.run_cli("diff", "-f", path)
        self.run_cli("apply", "-f", path)
        self.assertEqual(5, self.config("web")["desired"])
        self.assertRegex(self.run_cli("diff", "-f", path, "--set-desired", code=1).stdout,
                         r"desired +5 → 2")
        self.run_cli("apply", "-f", path, "--set-desired")
        self.assertEqual(2, self.config("web")["desired"])

    def test_a_dry_run_is_checked_by_the_controller_and_changes_nothing(self):
        path = self.write("web.yaml", GROUP.format(name="web") + POLICIES)
        before = self.revision()
        shown = json.loads(self.run_cli("apply", "-f", path, "--dry-run", "-o", "json").stdout)
        self.assertTrue(shown["is_dry_run"])
        self.assertFalse(shown["is_applied"])
        self.assertEqual((before, 4), (shown["revision"], shown["created"]))
        self.assertEqual(before, self.revision())
        self.assertEqual([], self.ask("group", "list"))
        self.write("web.yaml", GROUP.format(name="web").replace("min: 0", "min: 9"))
        self.assertIn("min 9 is above max 8",
                      self.run_cli("apply", "-f", path, "--dry-run", code=1).stderr)

    def test_prune_deletes_what_the_files_do_not_name(self):
        path = self.write("web.yaml", GROUP.format(name="web") + POLICIES)
        other = self.write("other.yaml", GROUP.format(name="other") + POLICIES)
        self.run_cli("apply", "-f", path, "-f", other)
        self.write("web.yaml", GROUP.format(name="web") +
                   "policies:\n  - {name: cpu50, target: 50}\n")
        self.run_cli("diff", "-f", path)
        self.assertIn("- policy web/cpu70\n- schedule web/night",
                      self.run_cli("diff", "-f", path, "--prune", code=1).stdout)
        asked = self.run_cli("apply", "-f", path, "--prune", code=2)
        self.assertIn("--yes", asked.stderr)
        self.assertEqual(2, len(self.ask("policy", "list", "web")))
        self.run_cli("apply", "-f", path, "--prune", "--yes")
        self.assertEqual(["cpu50"], [p["name"] for p in self.ask("policy", "list", "web")])
        self.assertEqual([], self.ask("schedule", "list", "web"))
        self.assertEqual(2, len(self.ask("policy", "list", "other")))
        self.assertEqual(2, len(self.ask("group", "list")))
        alone = self.write("alone.yaml", "policies:\n  - {group: web, name: x, target: 5}\n")
        self.assertIn("define no group",
                      self.run_cli("apply", "-f", alone, "--prune", "--yes", code=2).stderr)

    def test_if_revision_refuses_what_was_changed_since(self):
        path = self.write("web.yaml", GROUP.format(name="web"))
        self.run_cli("apply", "-f", path)
        planned = self.revision()
        self.run_cli("group", "update", "web", "--cooldown", "90s")
        self.write("web.yaml", GROUP.format(name="web").replace("max: 8", "max: 7"))
        refused = self.run_cli("apply", "-f", path, "--if-revision", str(planned), code=1)
        self.assertIn("Changed", refused.stderr)
        self.assertEqual(8, self.config("web")["max"])
        self.run_cli("apply", "-f", path, "--if-revision", str(self.revision()))
        self.assertEqual((7, 90000),
                         (self.config("web")["max"], self.config("web")["cooldown_ms"]))

    def test_others_at_the_same_time_are_compared_again(self):
        path = self.write("web.yaml", GROUP.format(name="web"))
        self.run_cli("apply", "-f", path)
        paths = [self.write(f"p{no}.yaml",
                            f"policies:\n  - {{group: web, name: p{no}, target: 5{no}}}\n")
                 for no in range(4)]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda one: self.run_cli("apply", "-f", one), paths))
        self.assertEqual([f"p{no}" for no in range(4)],
                         sorted(p["name"] for p in self.ask("policy", "list", "web")))

    def test_an_order_that_is_too_large_is_refused_with_its_size(self):
        tags = ",".join(f"{{key: k{no}, value: {'v' * 250}}}" for no in range(40))
        groups = "---\n".join(
            GROUP.format(name=f"g{no}") + f"  tags: [{tags}]\n" for no in range(900))
        path = self.write("large.yaml", groups)
        refused = self.run_cli("apply", "-f", path, code=2).stderr
        self.assertRegex(refused, r"the change is \d+\.\d MiB, and one request can have 8 MiB")
        self.assertIn("Split", refused)
        self.assertEqual([], self.ask("group", "list"))

    def test_what_has_run_is_not_created_again(self):
        path = self.write("web.yaml", GROUP.format(name="web") +
                          "schedules:\n  - {name: once, start: 2020-01-01T00:00:00Z, "
                          "desired: 1}\n")
        self.run_cli("apply", "-f", path)
        self.assertIn("1 past", self.run_cli("diff", "-f", path).stderr)

    # ---- export ----

    def test_what_is_exported_is_taken_back(self):
        self.run_cli("apply", "-f", self.write(
            "web.yaml", GROUP.format(name="web") + POLICIES))
        self.run_cli("group", "create", "odd", "--min", "0", "--max", "3", "--template-id",
                     "lt-1", "--template-version", "$Latest", "--zones",
                     "us-east-1a,us-east-1b/subnet-1", "--cooldown", "1500ms", "--tag",
                     "yes=1e3", "--tag", "team=a: b # c", "--on-demand-base", "1",
                     "--launch-set", "BlockDeviceMappings.1.Ebs.VolumeSize=20",
                     "--launch-set", "BlockDeviceMappings.1.DeviceName=/dev/xvda")
        self.run_cli("policy", "put", "odd", "# step: 1", "--kind", "step", "--metric", "cpu",
                     "--threshold", "60.5", "--step", "0:20:1", "--step", "20::3",
                     "--warmup", "45s")
        self.run_cli("schedule", "put", "odd", "ö: # 1", "--recurrence", "0 9 * * 1-5",
                     "--time-zone", "Asia/Kolkata", "--desired", "2")
        out = os.path.join(self.folder, "out")
        self.assertIn("2 groups written", self.run_cli("export", "--into-dir", out).stderr)
        self.assertEqual(["odd.yaml", "web.yaml"], sorted(os.listdir(out)))
        self.run_cli("diff", "-f", out, "--prune", "--set-desired")
        before = {name: self.config(name) for name in ("odd", "web")}
        with open(os.path.join(out, "odd.yaml"), encoding="utf-8") as file:
            read = ruamel.yaml.YAML(typ="safe").load(file)["group"]
        self.assertEqual([("yes", "1e3"), ("team", "a: b # c")],
                         [(tag["key"], tag["value"]) for tag in read["tags"]])
        for name in ("odd", "web"):
            self.run_cli("group", "delete", name, "--force", "--yes")
        test_cli.wait_for("the groups to be gone", lambda: self.ask("group", "list") == [])
        self.run_cli("apply", "-f", out)
        self.run_cli("diff", "-f", out, "--prune", "--set-desired")
        for name, config in before.items():
            after = self.config(name)
            config.pop("uuid", None)
            after.pop("uuid", None)
            self.assertEqual(config, after)

    def test_an_export_writes_files_of_its_own(self):
        """Not through what somebody has put into the folder; and names of any length."""
        long = "n" * 255
        self.run_cli("apply", "-f", self.write(
            "g.yaml", "\n---\n".join(GROUP.format(name=name) for name in ("web", long))))
        out = os.path.join(self.folder, "out")
        os.mkdir(out)
        target = self.write("target", "not yours\n")
        os.symlink(target, os.path.join(out, "web.yaml.new"))
        self.run_cli("export", "--into-dir", out)
        with open(target, encoding="utf-8") as file:
            self.assertEqual("not yours\n", file.read())
        self.assertFalse(os.path.islink(os.path.join(out, "web.yaml")))
        self.assertEqual(2, len(os.listdir(out)))
        self.run_cli("diff", "-f", out)

    def test_what_is_no_file_in_a_folder_is_refused(self):
        folder = os.path.join(self.folder, "pipes")
        os.mkdir(folder)
        os.mkfifo(os.path.join(folder, "a.yaml"))
        self.assertIn("a.yaml: not a regular file",
                      self.run_cli("apply", "-f", folder, code=2).stderr)

    def test_a_full_export_shows_every_change(self):
        self.run_cli("apply", "-f", self.write("web.yaml", GROUP.format(name="web")))
        short = self.write("short.yaml", self.run_cli("export", "web").stdout)
        full = self.write("full.yaml", self.run_cli("export", "web", "--full").stdout)
        self.run_cli("diff", "-f", full)
        self.run_cli("group", "update", "web", "--cooldown", "90s")
        self.run_cli("diff", "-f", short)
        self.assertRegex(self.run_cli("diff", "-f", full, code=1).stdout,
                         r"cooldown +1m30s → 5m|cooldown +90s → 5m")
        self.assertIn("there is no group \"nosuch\"",
                      self.run_cli("export", "nosuch", code=1).stderr)

    # ---- examples ----

    def test_every_example_is_applied_and_exported(self):
        self.run_cli("apply", "-f", os.path.join(EXAMPLES, "target-tracking.yaml"))
        for path in sorted(glob.glob(os.path.join(EXAMPLES, "*.yaml"))):
            self.run_cli("apply", "-f", path, "--yes")
            self.run_cli("diff", "-f", path)
        for path in sorted(glob.glob(os.path.join(EXAMPLES, "*", ""))):
            self.run_cli("apply", "-f", path, "--yes")
            self.run_cli("diff", "-f", path)
        exported = self.run_cli("export").stdout
        self.assertEqual(0, self.pipe(exported, "diff", "-f", "-", "--prune").returncode)


# The tests of the class that the fixture comes from are not these.
for name in [name for name in dir(test_cli.CliTest) if name.startswith("test_")]:
    if name not in FilesTest.__dict__:
        setattr(FilesTest, name, None)
del test_cli.CliTest

if __name__ == "__main__":
    unittest.main()
