#!/usr/bin/python3
"""Groups that mix on demand and Spot, end to end with the real programs: the split, a pool
that is dry, prices, lost answers, who goes first, and what becomes of the template that each
fleet is launched from."""

import os
import shutil
import sys
import tempfile
import unittest

from ec2local_fixture import BUILD, SOURCE

sys.path.insert(0, os.path.join(SOURCE, "deploy"))
from cluster import Cluster, Trouble, wait_for  # noqa: E402

IMAGE = "ami-00000000000000001"
AGENT = os.path.join(BUILD, "bin", "openasg-agent")
USER_DATA = f"""#!/bin/sh
exec {AGENT} --interval-ms 500 --dir "$PWD/agent" --grpc-listen ":0"
"""
TYPES = "t3.small,m5.large"


class MixedGroups(unittest.TestCase):
    def setUp(self):
        for program in ("openasg-controller", "openasg-worker", "openasg", "openasg-agent"):
            if not os.path.exists(os.path.join(BUILD, "bin", program)):
                self.skipTest(f"{program} is not built")
        self.folder = tempfile.mkdtemp(prefix="asg-mixed-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cluster = Cluster(BUILD, self.folder)
        self.addCleanup(self.cluster.stop_all)

    def start(self, *options, user_data=None, **settings):
        self.cluster.start_ec2local("--boot-delay-ms", "30", *options)
        self.cluster.start_controller(**settings)
        self.cluster.start_worker("worker-1")
        more = []
        if user_data is not None:
            path = os.path.join(self.folder, "boot.sh")
            with open(path, "w") as file:
                file.write(user_data)
            more = ["--user-data-file", path]
        self.cluster.openasg(
            "template", "create", "web", "--image", IMAGE, "--instance-type", "t3.nano",
            "--set", "MetadataOptions.HttpTokens=optional",
            "--set", "TagSpecifications.2.ResourceType=instance",
            "--set", "TagSpecifications.2.Tags.1.Key=who",
            "--set", "TagSpecifications.2.Tags.1.Value=template",
            "--set", "TagSpecifications.2.Tags.2.Key=team",
            "--set", "TagSpecifications.2.Tags.2.Value=template",
            "--set", "TagSpecifications.1.ResourceType=spot-instances-request",
            "--set", "TagSpecifications.1.Tags.1.Key=a",
            "--set", "TagSpecifications.1.Tags.1.Value=b", *more)

    def make_group(self, *options, desired=5, types=TYPES):
        self.cluster.openasg(
            "group", "create", "web", "--min", "0", "--max", "12", "--desired",
            str(desired), "--template", "web", "--zones", "us-east-1a,us-east-1b",
            "--instance-types", types, "--tag", "team=blue", "--evaluation", "1s",
            "--terminating-percent", "100", "--terminated-percent", "100", *options)

    def rows(self):
        return self.cluster.ask("instance", "list", "web")

    def serving(self):
        return [r for r in self.rows() if r["state"] == "in-service"]

    def wait_serving(self, count, seconds=60):
        return wait_for(f"{count} in service", lambda: len(self.serving()) == count
                        and self.serving(), seconds=seconds)

    def explained(self, words, seconds=30):
        wait_for(words, lambda: words in self.cluster.openasg("explain", "web"),
                 seconds=seconds)

    def in_ec2(self):
        """id -> (lifecycle, type, zone) of what lives, by EC2's own word."""
        found = {}
        for item in self.cluster.ec2("DescribeInstances").iterfind(".//instancesSet/item"):
            if item.findtext("instanceState/name") in ("pending", "running"):
                found[item.findtext("instanceId")] = (
                    item.findtext("instanceLifecycle") or "on-demand",
                    item.findtext("instanceType"),
                    item.findtext("placement/availabilityZone"))
        return found

    def count(self, lifecycle):
        return sum(row[0] == lifecycle for row in self.in_ec2().values())

    def templates(self):
        return [item.findtext("launchTemplateName") for item in self.cluster.ec2(
            "DescribeLaunchTemplates").iterfind(".//launchTemplates/item")]

    def fault(self, **fields):
        self.cluster.control("POST", "/_control/faults", **fields)

    def calls(self, action):
        return self.cluster.control("GET", f"/_control/calls?action={action}")["calls"]

    # ---- the tests ----

    def test_scales_out_by_the_split_while_one_pool_is_dry(self):
        self.start(user_data=USER_DATA)
        self.fault(kind="capacity", type="t3.small", lifecycle="spot")
        self.make_group("--on-demand-base", "1", "--on-demand-percent", "50",
                        "--health-check", "agent", desired=2)
        self.wait_serving(2)  # by their agents: the join line came with the template
        self.cluster.openasg("desired", "set", "web", "5")
        rows = self.wait_serving(5)
        found = self.in_ec2()
        self.assertEqual(sorted(found[r["instance_id"]][:2] for r in rows),
                         [("on-demand", "t3.small")] * 3 + [("spot", "m5.large")] * 2)
        self.assertEqual(sorted(r["is_spot"] for r in rows), [False] * 3 + [True] * 2)
        self.explained("of 5 instances 3 on demand (base 1 and 50 % of 4, rounded up)")
        zones = [row[2] for row in found.values()]
        self.assertLessEqual(abs(zones.count("us-east-1a") - zones.count("us-east-1b")), 1)
        self.assertEqual(self.templates(), ["web"])
        self.assertEqual(self.calls("RunInstances"), [])
        tags = {}
        for item in self.cluster.ec2("DescribeInstances").iterfind(".//tagSet/item"):
            tags.setdefault(item.findtext("key"), set()).add(item.findtext("value"))
        self.assertEqual((tags["who"], tags["team"]), ({"template"}, {"blue"}))

    def test_scales_in_who_is_over_its_share(self):
        self.start("--no-boot")
        self.make_group("--on-demand-base", "2", "--on-demand-percent", "25", desired=10)
        self.wait_serving(10)
        self.assertEqual((self.count("on-demand"), self.count("spot")), (4, 6))
        self.assertIn("this would terminate 6 of the 10 instances of group web",
                      self.cluster.openasg("desired", "set", "web", "4", check=False))
        self.cluster.openasg("desired", "set", "web", "4", "--force")
        wait_for("four", lambda: len(self.in_ec2()) == 4, seconds=60)
        self.assertEqual((self.count("on-demand"), self.count("spot")), (3, 1))
        self.cluster.openasg("group", "update", "web", "--on-demand-percent", "100",
                             "--desired", "6")
        wait_for("six", lambda: len(self.in_ec2()) == 6, seconds=60)
        self.assertEqual((self.count("on-demand"), self.count("spot")), (5, 1))

    def test_a_market_without_room_waits_and_the_other_goes_on(self):
        self.start("--no-boot")
        self.make_group("--on-demand-base", "1", "--on-demand-percent", "0",
                        "--spot-max-price", "0.0001", desired=3)
        self.explained("launch of Spot instances waits: no pool has capacity")
        self.explained("t3.small Spot (SpotMaxPriceTooLow)")
        wait_for("the one on demand", lambda: len(self.serving()) == 1)
        self.assertEqual((self.count("on-demand"), self.count("spot")), (1, 0))
        shown = self.cluster.openasg("group", "show", "web")
        self.assertIn("base 1, then 0 % on demand; prioritized; Spot: lowest-price over 2 "
                      "pools up to 0.0001 an hour", shown)

    def test_a_lost_answer_launches_once(self):
        self.start("--no-boot")
        self.fault(kind="drop_after_effect", action="CreateFleet", count=2)
        self.make_group("--on-demand-percent", "50", desired=6)
        self.wait_serving(6)
        self.assertEqual((self.count("on-demand"), self.count("spot")), (3, 3))
        wait_for("no template left", lambda: self.templates() == ["web"])
        sent = self.calls("CreateFleet")
        self.assertEqual(len({c["token"] for c in sent}), len(sent) - 2)

    def make_template(self, name, **tags):
        fields = {"TagSpecification.1.ResourceType": "launch-template"} if tags else {}
        for number, (key, value) in enumerate(tags.items(), start=1):
            fields[f"TagSpecification.1.Tag.{number}.Key"] = "openasg:" + key
            fields[f"TagSpecification.1.Tag.{number}.Value"] = value
        self.cluster.ec2("CreateLaunchTemplate", LaunchTemplateName=name,
                         **{"LaunchTemplateData.ImageId": IMAGE}, **fields)

    def test_templates_that_were_left_behind_are_deleted_and_no_others(self):
        self.start("--no-boot", reconcile_template_age="2s", reconcile_every="10s")
        ours = self.cluster.ask("status")["cluster_id"]
        self.make_template("openasg-another-cluster", cluster="another", job="7", attempt="1")
        self.make_template("openasg-untagged")
        self.make_template("openasg-of-no-job", cluster=ours)
        self.make_template("of-the-users", cluster=ours, job="7", attempt="1")
        for job in ("901", "902"):
            self.make_template("openasg-left-" + job, cluster=ours, job=job, attempt="1")
        wait_for("what was left to go", lambda: not any(
            "left" in name for name in self.templates()), seconds=60)
        self.assertEqual(sorted(self.templates()), [
            "of-the-users", "openasg-another-cluster", "openasg-of-no-job", "openasg-untagged",
            "web"])
        with open(self.cluster.log_of("worker-1")) as file:
            self.assertEqual(file.read().count(" template_swept "), 2)
        # Those of fleets under way are not what was left: a group comes to its size.
        self.make_group("--on-demand-base", "1", "--on-demand-percent", "0", desired=4)
        self.wait_serving(4)

    def test_nothing_is_launched_by_a_dry_run(self):
        self.start("--no-boot")
        self.make_group("--on-demand-percent", "50", "--dry-run", desired=4)
        self.explained("dry run: EC2 would launch 4")
        self.assertEqual(self.in_ec2(), {})
        self.assertEqual(self.templates(), ["web"])

    def test_templates_that_no_fleet_can_use_are_told(self):
        self.start("--no-boot")
        self.cluster.openasg("template", "create", "spot", "--image", IMAGE, "--set",
                             "InstanceMarketOptions.MarketType=spot")
        self.cluster.openasg(
            "group", "create", "spot", "--min", "1", "--max", "2", "--template", "spot",
            "--zones", "us-east-1a", "--instance-types", "t3.small",
            "--on-demand-percent", "50")
        wait_for("its dead letter", lambda: any(
            "InstanceMarketOptions" in a["message"] for j in
            self.cluster.ask("jobs", "spot") for a in j["attempts"]))
        self.assertEqual(self.in_ec2(), {})
        self.assertIn("spot is degraded", self.cluster.ask("status")["alarms"][0])
        self.cluster.kill("controller")
        self.cluster.start_controller()
        wait_for("the alarm in the metrics",
                 lambda: self.cluster.metrics()['openasg_alarms{kind="dead-letter"}'] == 1)

    def test_what_cannot_be_mixed_is_refused_with_words(self):
        self.start("--no-boot")
        for options, words in (
                (["--spot-max-price", "cheap"], "'cheap' is not a Spot price"),
                (["--spot-max-price", "0"], "'0' is not a Spot price"),
                (["--launch-set", "InstanceMarketOptions.MarketType=spot"],
                 "InstanceMarketOptions.MarketType is not allowed in a mixed group"),
                (["--instance-types", "t3.small,t3.small"], "t3.small is listed twice")):
            with self.assertRaises(Trouble) as raised:
                self.make_group("--on-demand-percent", "50", *options)
            self.assertIn(words, str(raised.exception))

    def test_a_file_says_it_too_and_0_percent_is_meant(self):
        self.start("--no-boot")
        path = os.path.join(self.folder, "web.yaml")
        for percent, said in (("", 100), ("on_demand_percent: 0", 0)):
            with open(path, "w") as file:
                file.write(f"""group:
  name: web
  min: 0
  max: 4
  template_name: web
  instance_types: [t3.small, m5.large]
  subnets: [{{zone: us-east-1a}}]
  mixed: {{on_demand_base: 1, spot_strategy: price-capacity-optimized, {percent}}}
""")
            self.cluster.openasg("apply", path)
            mixed = self.cluster.ask("group", "show", "web")["config"]["mixed"]
            self.assertEqual((mixed["on_demand_base"], mixed["on_demand_percent"]),
                             (1, said))
            self.assertEqual((mixed["spot_strategy"], mixed["spot_pools"]),
                             ("price-capacity-optimized", 2))
        self.cluster.openasg("group", "update", "web", "--not-mixed")
        self.assertIsNone(
            self.cluster.ask("group", "show", "web")["config"].get("mixed"))


if __name__ == "__main__":
    unittest.main()
