#!/usr/bin/python3
"""What the openasg command prints: columns, filters and order of lists, JSON as docs/json.md
describes it, errors as JSON, colours, local times and progress on a terminal and never
elsewhere."""

import fcntl
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("ASG_BUILD_DIR") or os.path.join(SOURCE, "build")
sys.path.insert(0, os.path.join(SOURCE, "deploy"))

from cluster import Cluster, wait_for  # noqa: E402

ROW = re.compile(r"^\| `([^`]+)` \| (.*) \|$")
LINK = re.compile(r"\[([a-z_-]+)\]\(#")


class Page:
    """docs/json.md: what each command prints, and the fields of each object."""

    def __init__(self):
        with open(os.path.join(SOURCE, "docs", "json.md"), encoding="utf-8") as file:
            text = file.read()
        self.commands, self.objects = {}, {}
        fields = self.objects
        for line in text.split("\n"):
            if line.startswith("## What each command"):
                fields = self.commands
            if line.startswith("### "):
                fields = self.objects.setdefault(line[4:], {})
            row = ROW.match(line)
            if row:
                fields[row.group(1)] = row.group(2)

    def check(self, value, kind, where):
        """`value` is what the page says of it; a list of what is wrong."""
        if value is None:
            return [] if kind.endswith(", or null") else [f"{where} is null: {kind}"]
        link = LINK.search(kind)
        if kind.startswith("list of "):
            if not isinstance(value, list):
                return [f"{where} is no list"]
            if kind.startswith("list of words"):
                return [f"{where} has {word}" for word in value if f"`{word}`" not in kind]
            inner = f"[{link.group(1)}](#" if link else kind[len("list of "):].rstrip("s")
            return [wrong for i, item in enumerate(value)
                    for wrong in self.check(item, inner, f"{where}[{i}]")]
        if link:
            return self.check_object(value, link.group(1), where)
        if kind.startswith("word: "):
            return [] if f"`{value}`" in kind else [f"{where} is {value}: {kind}"]
        wanted = {"true": bool, "text": str, "number": int, "length": int, "moment": int,
                  "the": str}[re.match(r"[a-z]+", kind).group(0)]
        wrong = [] if type(value) is wanted else [f"{where} is {value!r}: {kind}"]
        if kind.startswith("the same moment") and not re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(value)):
            wrong.append(f"{where} is no moment: {value}")
        return wrong

    def check_object(self, value, name, where):
        fields = self.objects[name]
        if not isinstance(value, dict):
            return [f"{where} is no object"]
        wrong = [f"{where} lacks {field}" for field in fields if field not in value]
        wrong += [f"{where} has {field}" for field in value if field not in fields]
        for field, kind in fields.items():
            if field in value:
                wrong += self.check(value[field], kind, f"{where}.{field}")
        return wrong


class Output(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="asg-output-")
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.cluster = Cluster(BUILD, cls.folder)
        cls.addClassCleanup(cls.cluster.stop_all)
        cls.cluster.start_ec2local("--boot-delay-ms", "30")
        cls.cluster.serves_api = True
        cls.cluster.start_controller()
        cls.cluster.start_worker("worker-1")
        cls.cluster.openasg("template", "create", "web", "--image", "ami-0123456789abcdef0",
                            "--instance-type", "t3.micro")
        for name, least, size in (("web", 1, 2), ("db", 0, 0), ("cache", 0, 1)):
            cls.cluster.openasg("group", "create", name, "--min", str(least), "--max", "12",
                                "--desired", str(size), "--template", "web", "--zones",
                                "us-east-1a", "--warmup", "0s", "--cooldown", "0s", "--wait")

    def environment(self, **more):
        env = {**self.cluster.env, "TERM": "xterm", "XDG_CONFIG_HOME": self.folder,
               **more}
        env.pop("NO_COLOR", None) if "NO_COLOR" not in more else None
        return env

    def run_cli(self, *words, code=0, **environment):
        command = self.cluster.openasg_command(*words)
        if "--controller" in words:  # the last one counts, and that is the cluster's
            command += words[words.index("--controller"):][:2]
        done = subprocess.run(command,
                              env=self.environment(**environment), capture_output=True,
                              text=True, timeout=120, stdin=subprocess.DEVNULL)
        self.assertEqual(code, done.returncode, f"{words}: {done.stdout}{done.stderr}")
        return done

    def ask(self, *words):
        return json.loads(self.out(*words, "-o", "json"))

    def out(self, *words, **environment):
        return self.run_cli(*words, **environment).stdout

    def on_terminal(self, *words, columns=100, out=True, code=0, **environment):
        """Run with standard error, and `out` standard output, on a terminal of that width;
        what it wrote there."""
        ours, theirs = os.openpty()
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = subprocess.Popen(self.cluster.openasg_command(*words),
                                   env=self.environment(**environment),
                                   stdout=theirs if out else subprocess.DEVNULL,
                                   stderr=theirs, stdin=subprocess.DEVNULL)
        os.close(theirs)
        text = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # the last that had it open ended
                break
            if not part:
                break
            text += part
        os.close(ours)
        self.assertEqual(code, process.wait(timeout=60), text)
        return text.decode().replace("\r\n", "\n")


class Lists(Output):
    def test_columns_filters_and_order(self):
        self.assertEqual("NAME   DESIRED\ncache        1\ndb           0\nweb          2\n",
                         self.out("group", "list", "--columns", "name,desired", "--sort",
                                  "name"))
        self.assertEqual("2  web\n1  cache\n0  db\n",
                         self.out("group", "list", "--columns", "desired,name",
                                  "--sort=-desired", "--no-header"))
        self.assertEqual("web\ncache\n", self.out("group", "list", "-q", "--sort=-desired",
                                                  "--filter", "desired!=0"))
        self.assertEqual("cache\n", self.out("group", "list", "--quiet", "--filter",
                                             "config.min=0", "--filter", "in-service=1"))
        self.assertEqual("config.name,config.max\n\"db\",12\n",
                         self.out("group", "list", "-ocsv", "--columns", "name,config.max",
                                  "--filter", "name=db"))
        rows = json.loads(self.out("group", "list", "-o", "json", "--sort=-name",
                                   "--filter", "desired!=0"))
        self.assertEqual(["web", "cache"], [row["config"]["name"] for row in rows])

    def test_what_cannot_be_is_said(self):
        said = self.run_cli("group", "list", "--columns", "name,desird", code=2).stderr
        self.assertIn("did you mean \"desired\"?", said)
        self.assertIn("There are name, min, desired, max", said)
        self.run_cli("group", "list", "--filter", "name", code=2)
        self.run_cli("group", "list", "--columns", "name", "-o", "json", code=2)
        self.run_cli("group", "list", "--quiet", "-o", "json", code=2)
        self.run_cli("status", "--columns", "name", code=2)

    def test_a_narrow_terminal_loses_nothing_in_silence(self):
        said = self.on_terminal("group", "list", columns=60)
        self.assertIn("NAME", said)
        self.assertRegex(said, r"\(not shown: [A-Z, ]*UNHEALTHY[A-Z, ]*; -o wide shows all")
        self.assertNotIn("\u2026", said)
        wide = self.on_terminal("group", "list", "-o", "wide", columns=60)
        self.assertIn("UNHEALTHY", wide)
        self.assertNotIn("not shown", wide)
        self.assertIn("UNHEALTHY", self.out("group", "list"))  # a pipe has all

    def test_every_list_takes_the_options_of_lists(self):
        lists = [words.split() for words, kind in Page().commands.items()
                 if kind.startswith("list of ") and "--" not in words
                 and words not in ("explain", "events", "log tail", "keys list-api",
                                   "doctor")]
        self.assertGreater(len(lists), 8)
        for words in lists:
            more = ["web"] if words[0] in ("policy", "schedule") else []
            whole = self.out(*words, *more)
            titles = whole.split("\n")[0].split("  ")
            bare = self.out(*words, *more, "--no-header").split("\n")
            self.assertEqual([line.split()[:1] for line in whole.split("\n")[1:]],
                             [line.split()[:1] for line in bare], words)
            names = self.out(*words, *more, "--quiet").split("\n")
            self.assertEqual(len(whole.split("\n")) - 1, len(names), words)
            first = re.sub("[^A-Z]+", "-", titles[0])
            self.assertEqual(titles[0], self.out(*words, *more, "--columns", first,
                                                 "--sort", first).split("\n")[0], words)


class Terminals(Output):
    def test_colour_is_on_a_terminal_only_and_can_be_denied(self):
        words = ("instance", "list", "web")
        plain = self.out(*words)
        self.assertNotIn("\033", plain)
        wait_for("instances in service",
                 lambda: self.out(*words).count("in-service") == 2)
        shown = self.on_terminal(*words, columns=250)
        self.assertIn("\033[32min-service\033[0m", shown)
        self.assertEqual(self.out(*words), re.sub(r"\033\[[0-9;]*m", "", shown))
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"OPENASG_COLOR": "never"}):
            self.assertNotIn("\033", self.on_terminal(*words, columns=250, **env), env)
        self.assertIn("\033[32m", self.out(*words, "--color", "always"))
        self.assertNotIn("\033", self.on_terminal(*words, "--color", "never", columns=250))
        self.assertNotIn("\033", self.out(*words, "-o", "json", "--color", "always"))
        self.assertIn("\033[31mopenasg:\033[0m",
                      self.on_terminal("group", "show", "nobody", code=1))

    def test_times_are_local_where_that_is_wanted(self):
        utc = self.out("instance", "list", "web")
        self.assertRegex(utc, r" \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ")
        self.assertEqual(utc, self.out("instance", "list", "web", TZ="Asia/Kolkata"))
        local = self.out("instance", "list", "web", "--local", TZ="Asia/Kolkata")
        self.assertRegex(local, r" \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+05:30 ")
        self.assertEqual(local, self.out("instance", "list", "web", TZ="Asia/Kolkata",
                                         OPENASG_LOCAL_TIMES="true"))
        shown = self.out("instance", "list", "web", "--local", "-o", "json",
                         TZ="Asia/Kolkata")
        self.assertRegex(shown, r'"launched_at":\s*"[^"]*Z"')
        shown = self.out("activity", "list", "--local", "-o", "csv", "--columns", "ended",
                         TZ="Asia/Kolkata")
        self.assertRegex(shown, r'\d:\d\dZ"')
        self.assertNotIn("+05:30", shown)
        self.assertIn("+05:30 ", self.out("explain", "web", "--local", TZ="Asia/Kolkata"))

    def test_verbose_says_what_is_asked(self):
        said = self.run_cli("group", "show", "web", "-v").stderr
        self.assertRegex(said, r"(?m)^# asking tcp://127\.0\.0\.1:\d+ for the query groups "
                               r"web \(\d+ bytes\)$")
        self.assertRegex(said, r"(?m)^# answered after \d+ ms$")


class Full(Output):
    def test_activities_of_a_mistyped_group(self):
        refused = self.run_cli("activity", "list", "wbe", code=1)
        self.assertIn('there is no group "wbe"\nDid you mean "web"?', refused.stderr)
        self.run_cli("activity", "list", "db")  # there, and nothing happened to it

    def test_a_backup_on_a_full_disk_says_what_it_left(self):
        place = os.path.join(self.folder, "small")
        os.mkdir(place)
        mount = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                 "mount -t tmpfs -o size=16k tmpfs \"$1\" || exit 99; shift; \"$@\"; code=$?; "
                 "ls -A \"$(dirname \"$4\")\"; exit $code", "sh", place]
        if subprocess.run([*mount, "true"], capture_output=True, timeout=30).returncode != 0:
            self.skipTest("no user namespaces with mounts here")
        done = subprocess.run(
            [*mount, os.path.join(BUILD, "bin", "openasg"), "log", "backup", f"{place}/b.log",
             "--dir", self.cluster.state], capture_output=True, text=True, timeout=60)
        self.assertEqual((1, ""), (done.returncode, done.stdout), done.stderr)
        self.assertIn(f"the disk of {place}/b.log is full; the copy was not finished and is removed; "
                      "free space or choose another folder", done.stderr)
        self.assertNotIn("acknowledged", done.stderr)


class Json(Output):
    def test_every_command_prints_what_the_page_says(self):
        page, tried = Page(), set()
        backup = os.path.join(self.folder, "backup.log")
        keys = os.path.join(self.folder, "keys")
        os.mkdir(keys)
        self.out("group", "create", "json", "--min", "0", "--max", "9", "--desired", "1",
                 "--template", "web", "--zones", "us-east-1a", "--warmup", "0s",
                 "--cooldown", "0s", "--wait")
        one = self.out("instance", "list", "json", "-q").strip()
        other = self.out("instance", "list", "cache", "-q").strip()
        groups = os.path.join(self.folder, "groups.yaml")
        with open(groups, "w", encoding="utf-8") as file:
            file.write("group:\n  name: filed\n  min: 0\n  max: 3\n"
                       "  template_name: web\n  subnets:\n    - zone: us-east-1a\n")
        lines = [
            "context add near", "context list", "context show near",
            "context use near", "context use --none", "context rm near", "alarm list", "status", "wait json --at-least 1", "worker list", "worker list --refused", "group list",
            f"apply -f {groups}", f"diff -f {groups}",
            "group show json", "group update json --max 8", "desired set json 2",
            "policy put json step --kind simple --adjustment 1",
            "policy list json", "policy show json step", "policy execute json step",
            "policy delete json step",
            "schedule put json night --desired 1 --recurrence '0 22 * * *'",
            "schedule list json", "schedule delete json night",
            "template list", "template create other --image ami-0123456789abcdef0 "
            "--instance-type t3.micro",
            "instance list", f"instance join-line {one}", f"instance protect {one}", f"instance unprotect {one}",
            f"instance standby {one} --decrement", f"instance return {one}",
            f"instance set-health {other} --health unhealthy", f"instance rebind {one}",
            f"instance terminate {one} --decrement --yes", "orphan list",
            "suspend json launch", "group show json", "resume json", "halt json --yes",
            "unhalt json", "reconcile", "explain json", "activity list", "jobs",
            "jobs show 2", f"log backup {backup}", f"log verify {backup}",
            f"log tail {backup}", f"replay {backup}",
            f"keys make someone --into {keys}",
            "group create extra --min 0 --max 0 --template web --zones us-east-1a",
            "group delete extra --yes", "group delete json --force --yes",
        ]
        for line in lines:
            words = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", line)]
            tried.add(self.check_line(page, words))
        skipped = {"events",  # does not end
                   "orphan end", "instance adopt", "instance detach",
                   "jobs retry", "what-if", "keys list-api", "keys remove-api", "doctor"}
        self.assertEqual(set(), {command for command in page.commands
                                 if command not in tried | skipped}, "not tried")

    def check_line(self, page, words):
        command = max((name for name in page.commands
                       if words[:len(name.split())] == name.split()), key=len)
        done = self.run_cli(*words, "-o", "json")
        self.assertEqual([], page.check(json.loads(done.stdout), page.commands[command],
                                        command), done.stdout)
        if page.commands[command].startswith("[result]"):
            self.assertEqual(command, json.loads(done.stdout)["action"])
            self.assertEqual("", done.stderr, words)
        return command

    def test_a_result_names_what_was_done_in_every_form(self):
        for form in (("--output=json",), ("-ojson",), ("-o", "json")):
            said = json.loads(self.out("group", "update", "db", "--max", "11", *form))
            self.assertEqual(("group update", "group", "db", "db", True),
                             tuple(said[key] for key in ("action", "kind", "name", "group",
                                                         "is_changed")))
            self.assertEqual("group db updated", said["message"])
        self.assertEqual(self.ask("status")["revision"], said["revision"])
        self.assertEqual(said["revision"], self.ask("group", "show", "db")["revision"])
        said = self.run_cli("group", "update", "db", "--max", "12")
        self.assertEqual(("", "group db updated\n"), (said.stdout, said.stderr))

    def test_errors_are_json_of_one_shape(self):
        cases = [
            (("group", "show", "nobody"), 1, "NotFound"),
            (("group", "create", "web", "--min", "0", "--max", "1", "--template", "web",
              "--zones", "us-east-1a"), 1, "AlreadyExists"),
            (("group", "list", "--no-such"), 2, "Usage"),
            (("grop", "list"), 2, "Usage"),
            (("group", "list", "--columns", "nothing"), 2, "Usage"),
            (("status", "--controller", "tcp://127.0.0.1:1", "--request-timeout",
              "300ms"), 3, "Unreachable"),
            (("wait", "db", "--in-service", "5", "--timeout", "200ms"), 6, "Timeout"),
            (("log", "verify", "/nowhere.log"), 1, "Failed"),
        ]
        for words, code, word in cases:
            for form in (("-o", "json"), ("-ojson",), ("--output=json",)):
                done = self.run_cli(*words, *form, code=code)
                lines = [line for line in done.stderr.split("\n") if line.startswith("{")]
                self.assertEqual(1, len(lines), f"{words}: {done.stderr}")
                error = json.loads(lines[0])["error"]
                self.assertEqual({"code", "message", "advice", "exit_code"}, set(error))
                self.assertEqual((word, code), (error["code"], error["exit_code"]), words)
                self.assertNotIn("openasg: ", error["message"])
                self.assertEqual("", done.stdout)

    def test_one_name_for_the_timeout(self):
        said = self.run_cli("status", code=2, OPENASG_TIMEOUT="1s").stderr
        self.assertIn("OPENASG_REQUEST_TIMEOUT", said)
        self.assertIn("request_timeout: 3s", self.out("--print-config",
                                                      OPENASG_REQUEST_TIMEOUT="3s"))


if __name__ == "__main__":
    unittest.main()
