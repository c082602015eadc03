"""`openasg import asg`: groups of AWS, scripted by the services' models, and of our own API, as
files that are read back and applied."""

import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_fixture import BUILD, KEY_ID, REGION, SECRET, SUBNETS, ApiFixture  # noqa: E402
from scripted_scaling import ScriptedScaling  # noqa: E402

OPENASG = os.path.join(BUILD, "bin", "openasg")
FUTURE = datetime.datetime(2031, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)
PAST = datetime.datetime(2020, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)
ARN = "arn:aws:autoscaling:us-east-1:123456789012:x"


def group(name="web", **more):
    return {"AutoScalingGroupName": name, "AutoScalingGroupARN": ARN, "MinSize": 2,
            "MaxSize": 9, "DesiredCapacity": 3, "DefaultCooldown": 120,
            "AvailabilityZones": ["us-east-1a", "us-east-1b"], "HealthCheckType": "EC2",
            "HealthCheckGracePeriod": 60, "CreatedTime": PAST,
            "VPCZoneIdentifier": "subnet-a,subnet-b", "TerminationPolicies": ["Default"],
            "NewInstancesProtectedFromScaleIn": False,
            "LaunchTemplate": {"LaunchTemplateId": "lt-1", "LaunchTemplateName": "web",
                               "Version": "7"}, **more}


def policy(name, kind, of="web", **more):
    return {"AutoScalingGroupName": of, "PolicyName": name, "PolicyARN": ARN,
            "PolicyType": kind, "Enabled": True, "Alarms": [], **more}


def tracking(name, target, metric="ASGAverageCPUUtilization", of="web", **more):
    return policy(name, "TargetTrackingScaling", of, TargetTrackingConfiguration={
        "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
        "TargetValue": target, "DisableScaleIn": False}, **more)


def alarm(name, of="web", **more):
    return {"AlarmName": name, "AlarmArn": ARN, "Namespace": "AWS/EC2",
            "MetricName": "CPUUtilization", "Statistic": "Average", "Period": 60,
            "EvaluationPeriods": 2, "Threshold": 70.5, "ActionsEnabled": True,
            "ComparisonOperator": "GreaterThanThreshold",
            "Dimensions": [{"Name": "AutoScalingGroupName", "Value": of}], **more}


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="asg-import-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def serve(self, *arguments, **more):
        scripted = ScriptedScaling(*arguments, **more)
        self.addCleanup(lambda: scripted.close())
        return scripted

    def environment(self, url, **more):
        none = os.path.join(self.folder, "none")
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("AWS_", "OPENASG_"))}
        kept.update(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SECRET_ACCESS_KEY=SECRET, HOME=self.folder,
                    AWS_SHARED_CREDENTIALS_FILE=none, AWS_CONFIG_FILE=none,
                    AWS_EC2_METADATA_DISABLED="true", AWS_REGION=REGION,
                    AWS_ENDPOINT_URL_AUTO_SCALING=url, AWS_ENDPOINT_URL_CLOUDWATCH=url,
                    AWS_ENDPOINT_URL_EC2=url)
        kept.update(more)
        return {name: value for name, value in kept.items() if value is not None}

    def run_import(self, scripted, *arguments, code=0, **more):
        result = subprocess.run([OPENASG, "import", "asg", *arguments], text=True,
                                capture_output=True, timeout=60, check=False,
                                env=self.environment(scripted.url, **more))
        self.assertEqual(scripted.mistakes, [])
        self.assertEqual(result.returncode, code, result.stdout + result.stderr)
        self.assertTrue(all(call.startswith("Describe") for call in scripted.calls))
        return result


class Scripted(Case):
    def test_a_group_with_everything_that_openasg_has(self):
        scripted = self.serve({
            "AutoScalingGroups": [group(
                DefaultInstanceWarmup=45, CapacityRebalance=True, PlacementGroup="near",
                NewInstancesProtectedFromScaleIn=True,
                TerminationPolicies=["OldestInstance", "ClosestToNextInstanceHour", "Default"],
                Tags=[{"Key": "team", "Value": "a: b", "PropagateAtLaunch": True,
                       "ResourceId": "web", "ResourceType": "auto-scaling-group"},
                      {"Key": "owner", "Value": "", "PropagateAtLaunch": False,
                       "ResourceId": "web", "ResourceType": "auto-scaling-group"}])],
            "ScalingPolicies": [
                tracking("cpu50", 50.0),
                tracking("net", 60e6, "ASGAverageNetworkIn"),
                policy("out", "StepScaling", AdjustmentType="ChangeInCapacity",
                       MetricAggregationType="Average", EstimatedInstanceWarmup=90,
                       StepAdjustments=[
                           {"MetricIntervalLowerBound": 0.0, "MetricIntervalUpperBound": 15.0,
                            "ScalingAdjustment": 1},
                           {"MetricIntervalLowerBound": 15.0, "ScalingAdjustment": 3}],
                       Alarms=[{"AlarmName": "high", "AlarmARN": ARN}]),
                policy("in", "SimpleScaling", AdjustmentType="PercentChangeInCapacity",
                       ScalingAdjustment=-10, MinAdjustmentMagnitude=2, Cooldown=300,
                       Alarms=[{"AlarmName": "low", "AlarmARN": ARN}])],
            "MetricAlarms": [
                alarm("high"),
                alarm("low", Period=300, EvaluationPeriods=3, Threshold=20.0,
                      Statistic="Maximum", ComparisonOperator="LessThanOrEqualToThreshold")],
            "ScheduledUpdateGroupActions": [
                {"AutoScalingGroupName": "web", "ScheduledActionName": "morning",
                 "ScheduledActionARN": ARN, "Recurrence": "0 8 * * 1-5",
                 "TimeZone": "Europe/Berlin", "MinSize": 4, "StartTime": FUTURE,
                 "Time": FUTURE},
                {"AutoScalingGroupName": "web", "ScheduledActionName": "launch-day",
                 "ScheduledActionARN": ARN, "StartTime": FUTURE, "DesiredCapacity": 7}],
        }, {"subnet-a": "us-east-1a", "subnet-b": "us-east-1b"})
        result = self.run_import(scripted, "web")
        self.assertEqual(result.stderr, "")
        body = result.stdout[result.stdout.index("group:\n"):]
        self.assertEqual(body, """\
group:
  name: web
  min: 2
  max: 9
  desired: 3
  template_name: web
  template_version: "7"
  subnets:
    - {subnet_id: subnet-a, zone: us-east-1a}
    - {subnet_id: subnet-b, zone: us-east-1b}
  health_grace: 1m
  cooldown: 2m
  warmup: 45s
  evaluation: 1m
  termination_policies: [oldest-instance, closest-to-next-instance-hour, default]
  protect_new_instances: true
  dry_run: true
  tags:
    - {key: team, value: "a: b"}
    - {key: owner, stays: true}
  launch_parameters:
    - {name: Placement.GroupName, value: near}
  capacity_rebalance: true
policies:
  - name: cpu50
    kind: target-tracking
    target: 50
    preset: aws
  - name: net
    kind: target-tracking
    metric: network-in
    target: 1000000
    preset: aws
  - name: out
    kind: step
    comparison: greater
    threshold: 70.5
    periods: 2
    steps:
      - {lower: 0, upper: 15, adjustment: 1}
      - {lower: 15, adjustment: 3}
    warmup: 90s
    preset: aws
  - name: in
    kind: simple
    statistic: highest
    comparison: less-or-equal
    threshold: 20
    periods: 15
    adjustment_type: percent-change-in-capacity
    adjustment: -10
    min_magnitude: 2
    cooldown: 5m
    preset: aws
schedules:
  - name: morning
    min: 4
    start: 2031-05-06T07:08:09Z
    recurrence: "0 8 * * 1-5"
    time_zone: Europe/Berlin
  - name: launch-day
    desired: 7
    start: 2031-05-06T07:08:09Z
""")
        self.assertIn("# Imported from the Auto Scaling group web in us-east-1.\n",
                      result.stdout)

    def test_what_openasg_does_not_have_is_a_comment_and_a_line(self):
        scripted = self.serve({
            "AutoScalingGroups": [group(
                HealthCheckType="ELB", TargetGroupARNs=["arn:tg"], MaxInstanceLifetime=86400,
                TrafficSources=[{"Identifier": "arn:tg", "Type": "elbv2"}],
                WarmPoolConfiguration={"MinSize": 1, "PoolState": "Stopped"}, WarmPoolSize=1,
                InstanceMaintenancePolicy={"MinHealthyPercentage": 90,
                                           "MaxHealthyPercentage": 120},
                DesiredCapacityType="units", Context="x", PredictedCapacity=4,
                EnabledMetrics=[{"Metric": "GroupMinSize", "Granularity": "1Minute"}],
                AvailabilityZoneDistribution={
                    "CapacityDistributionStrategy": "balanced-only"},
                SuspendedProcesses=[{"ProcessName": "AZRebalance",
                                     "SuspensionReason": "User suspended"}],
                TerminationPolicies=["arn:aws:lambda:f", "OldestInstance"],
                Instances=[{"InstanceId": f"i-{i}", "AvailabilityZone": "us-east-1a",
                            "LifecycleState": "InService", "HealthStatus": "Healthy",
                            "ProtectedFromScaleIn": False} for i in range(3)],
                Tags=[{"Key": "aws:cloudformation:stack", "Value": "s", "ResourceId": "web",
                       "PropagateAtLaunch": True, "ResourceType": "auto-scaling-group"}])],
            "ScalingPolicies": [
                tracking("alb", 100.0, "ALBRequestCountPerTarget"),
                policy("own", "TargetTrackingScaling", TargetTrackingConfiguration={
                    "CustomizedMetricSpecification": {
                        "MetricName": "QueueLength", "Namespace": "Shop",
                        "Statistic": "Average"},
                    "TargetValue": 10.0, "DisableScaleIn": False}),
                policy("forecast", "PredictiveScaling", PredictiveScalingConfiguration={
                    "MetricSpecifications": [], "Mode": "ForecastOnly"}),
                policy("queue", "StepScaling", AdjustmentType="ChangeInCapacity",
                       StepAdjustments=[{"MetricIntervalLowerBound": 0.0,
                                         "ScalingAdjustment": 1}],
                       Alarms=[{"AlarmName": "queue", "AlarmARN": ARN}])],
            "MetricAlarms": [alarm("queue", Namespace="AWS/SQS")],
            "ScheduledUpdateGroupActions": [
                {"AutoScalingGroupName": "web", "ScheduledActionName": "gone",
                 "ScheduledActionARN": ARN, "StartTime": PAST, "MinSize": 1}],
            "LifecycleHooks": [
                {"AutoScalingGroupName": "web", "LifecycleHookName": "drain",
                 "LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING",
                 "HeartbeatTimeout": 300, "DefaultResult": "CONTINUE"}],
            "NotificationConfigurations": [
                {"AutoScalingGroupName": "web", "TopicARN": "arn:sns",
                 "NotificationType": "autoscaling:EC2_INSTANCE_LAUNCH"}],
            "InstanceRefreshes": [
                {"AutoScalingGroupName": "web", "InstanceRefreshId": "r",
                 "Status": "InProgress"}],
        }, {"subnet-a": "us-east-1a"})
        result = self.run_import(scripted, "web")
        for words in ("The health check type is ELB.", "TargetGroupARNs is set in AWS",
                      "TrafficSources is set in AWS", "MaxInstanceLifetime is set in AWS",
                      "WarmPoolConfiguration is set in AWS (MinSize=1 PoolState=Stopped).",
                      "InstanceMaintenancePolicy is set in AWS", "Context is set in AWS",
                      "EnabledMetrics is set in AWS", "PredictedCapacity is set in AWS",
                      "AvailabilityZoneDistribution is set in AWS",
                      "run: openasg suspend web az-rebalance",
                      "The termination policy arn:aws:lambda:f is not in openasg.",
                      "AWS runs 3 instances of this group.",
                      "The tag aws:cloudformation:stack is AWS's own",
                      "The policy alb tracks PredefinedMetricType=ALBRequestCountPerTarget",
                      "The policy own tracks a metric of its own (MetricName=QueueLength",
                      "The policy forecast is of the type PredictiveScaling",
                      "The alarm queue of the policy queue is not imported",
                      "The scheduled action gone was left out.",
                      "The lifecycle hook drain", "set drain: 300s",
                      "Notifications of autoscaling:EC2_INSTANCE_LAUNCH go to arn:sns.",
                      "An instance refresh is under way (InProgress).",
                      "The zone of subnet-b is not known."):
            self.assertIn(words, result.stderr)
            whole = " ".join(line.lstrip("# -") for line in result.stdout.splitlines()
                             if line.startswith("#"))
            self.assertIn(words, whole)
        self.assertNotIn("DesiredCapacityType", result.stderr)
        for line in result.stderr.splitlines():
            self.assertRegex(line, r"\Aopenasg: web: .*\.( .*)?\Z")
        self.assertNotIn("name: alb", result.stdout)
        self.assertIn("name: queue", result.stdout)
        self.assertNotIn("threshold", result.stdout[result.stdout.index("group:"):])

    def test_a_member_that_nobody_knows_yet_is_said(self):
        scripted = self.serve({"AutoScalingGroups": [group()]},
                              {"subnet-a": "us-east-1a", "subnet-b": "us-east-1b"})
        scripted.raw["DescribeAutoScalingGroups"] = (
            b"<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>"
            b"<AutoScalingGroups><member><AutoScalingGroupName>web</AutoScalingGroupName>"
            b"<MinSize>1</MinSize><MaxSize>2</MaxSize><DesiredCapacity>1</DesiredCapacity>"
            b"<QuantumMode><Level>9</Level></QuantumMode></member></AutoScalingGroups>"
            b"</DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>")
        result = self.run_import(scripted, "web")
        self.assertIn("QuantumMode is set in AWS (Level=9). This version of openasg does not "
                      "know it", result.stderr)

    def test_mixed_instances_and_a_launch_configuration(self):
        mixed = group("mixed", MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateId": "lt-2",
                                                "LaunchTemplateName": "two",
                                                "Version": "$Latest"},
                "Overrides": [{"InstanceType": "c5.large", "WeightedCapacity": "2"},
                              {"InstanceType": "m5.large"}]},
            "InstancesDistribution": {
                "OnDemandAllocationStrategy": "prioritized", "OnDemandBaseCapacity": 1,
                "OnDemandPercentageAboveBaseCapacity": 0, "SpotMaxPrice": "0.05",
                "SpotAllocationStrategy": "price-capacity-optimized"}})
        del mixed["LaunchTemplate"]
        old = group("old group", LaunchConfigurationName="lc $(id)", VPCZoneIdentifier="")
        del old["LaunchTemplate"]
        scripted = self.serve({
            "AutoScalingGroups": [mixed, old],
            "LaunchConfigurations": [
                {"LaunchConfigurationName": "lc $(id)", "ImageId": "ami-1",
                 "InstanceType": "t3.micro", "SecurityGroups": ["sg-1", "sg-2"],
                 "KeyName": "", "UserData": "c2VjcmV0LXdvcmQ=", "CreatedTime": PAST,
                 "EbsOptimized": False, "SpotPrice": "0.02",
                 "InstanceMonitoring": {"Enabled": True}, "BlockDeviceMappings": []}],
        }, {"subnet-a": "us-east-1a", "subnet-b": "us-east-1b"})
        result = self.run_import(scripted, "--all")
        self.assertIn("""  template_name: two
  template_version: $Latest
  instance_types: [c5.large, m5.large]
""".replace("$Latest", '"$Latest"'), result.stdout)
        self.assertIn("on_demand_base: 1", result.stdout)
        self.assertIn("on_demand_percent: 0", result.stdout)
        self.assertIn("spot_strategy: price-capacity-optimized", result.stdout)
        self.assertIn("The override of c5.large has WeightedCapacity", result.stderr)
        self.assertIn("openasg template create 'lc $(id)' --image ami-1 --instance-type "
                      "t3.micro --security-groups sg-1,sg-2 --user-data-file FILE",
                      result.stderr)
        self.assertIn("The launch configuration has SpotPrice (SpotPrice=0.02).",
                      result.stderr)
        self.assertNotIn("c2VjcmV0", result.stdout + result.stderr)  # the user data
        self.assertIn("---\n", result.stdout)
        self.assertIn("    - zone: us-east-1a\n    - zone: us-east-1b\n", result.stdout)

    def test_metrics_of_cloudwatch_that_the_agent_measures(self):
        def customized(name, metric, space="AWS/EC2", target=50.0, **more):
            return policy(name, "TargetTrackingScaling", TargetTrackingConfiguration={
                "CustomizedMetricSpecification": {
                    "MetricName": metric, "Namespace": space, "Statistic": "Average",
                    "Dimensions": [{"Name": "AutoScalingGroupName", "Value": "web"}], **more},
                "TargetValue": target, "DisableScaleIn": True})
        scripted = self.serve({
            "AutoScalingGroups": [group()],
            "ScalingPolicies": [
                customized("memory", "mem_used_percent", "CWAgent"),
                customized("cpu", "CPUUtilization", Statistic="Maximum"),
                customized("net", "NetworkOut", target=3000.0),
                customized("ours", "network-in", "openasg", target=9.0),
                customized("other", "CPUUtilization", Dimensions=[
                    {"Name": "InstanceId", "Value": "i-1"}])],
        }, {"subnet-a": "us-east-1a", "subnet-b": "us-east-1b"})
        result = self.run_import(scripted, "web")
        rules = result.stdout[result.stdout.index("policies:"):]
        for words in ("metric: memory\n    target: 50\n",
                      "statistic: highest\n    target: 50\n",
                      "metric: network-out\n    target: 50\n",
                      "metric: network-in\n    target: 9\n"):
            self.assertIn(words, rules)
        self.assertNotIn("name: other", rules)
        self.assertIn("The policy other tracks a metric of its own", result.stderr)

    def test_pages_are_read_to_the_end(self):
        names = [f"web-{i:03}" for i in range(75)]
        scripted = self.serve({
            "AutoScalingGroups": [group(name) for name in names],
            "ScalingPolicies": [tracking(f"p{i}", 50.0 + i, of=name) for name in names
                                for i in range(3)],
        }, {"subnet-a": "us-east-1a", "subnet-b": "us-east-1b"}, page=7)
        result = self.run_import(scripted, "--all", "--into-dir",
                                 os.path.join(self.folder, "groups"))
        self.assertEqual(result.stdout, "")
        files = sorted(os.listdir(os.path.join(self.folder, "groups")))
        self.assertEqual(files, [name + ".yaml" for name in names])
        with open(os.path.join(self.folder, "groups", files[-1])) as file:
            text = file.read()
        self.assertEqual([line for line in text.splitlines() if "- name:" in line],
                         ["  - name: p0", "  - name: p1", "  - name: p2"])
        self.assertEqual(scripted.calls.count("DescribeAutoScalingGroups"), 11)
        self.assertEqual(scripted.calls.count("DescribePolicies"), 33)
        # Nothing that is there is overwritten.
        again = self.run_import(scripted, "--all", "--into-dir",
                                os.path.join(self.folder, "groups"), code=1)
        self.assertIn("exists: it is not overwritten", again.stderr)

    def test_pages_without_an_end_are_refused(self):
        scripted = self.serve({"AutoScalingGroups": [group()]})
        scripted.raw["DescribeAutoScalingGroups"] = (
            b"<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult>"
            b"<AutoScalingGroups/><NextToken>again</NextToken>"
            b"</DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>")
        result = self.run_import(scripted, "web", code=1)
        self.assertIn("without end", result.stderr)
        self.assertEqual(scripted.calls.count("DescribeAutoScalingGroups"), 2)

    def test_a_throttle_is_waited_out(self):
        scripted = self.serve({"AutoScalingGroups": [group()]},
                              {"subnet-a": "us-east-1a", "subnet-b": "us-east-1b"})
        scripted.failures["DescribePolicies"] = [(400, "Throttling", "Rate exceeded")] * 2
        scripted.failures["DescribeAutoScalingGroups"] = [
            (503, "ServiceUnavailable", "later")]
        self.run_import(scripted, "web")
        self.assertEqual(scripted.calls.count("DescribePolicies"), 3)
        self.assertEqual(scripted.calls.count("DescribeAutoScalingGroups"), 2)

    def test_refusals_say_what_to_do(self):
        for code, words in (
                ("AccessDenied", "AWS refuses DescribeAutoScalingGroups to these "
                                 "credentials (AccessDenied: not you); allow what "
                                 "deploy/iam/import-policy.json lists"),
                ("ExpiredToken", "the AWS credentials have expired (ExpiredToken: not you); "
                                 "sign in again, or renew AWS_SESSION_TOKEN"),
                ("InvalidClientTokenId", "AWS does not accept the credentials"),
                ("SignatureDoesNotMatch", "AWS does not accept the signature of "
                                          "DescribeAutoScalingGroups")):
            with self.subTest(code):
                scripted = self.serve({"AutoScalingGroups": [group()]})
                scripted.always["DescribeAutoScalingGroups"] = (403, code, "not you")
                result = self.run_import(scripted, "web", code=1)
                self.assertIn(words, result.stderr)
                self.assertEqual(result.stdout, "")

    def test_what_may_be_refused_leaves_a_note(self):
        old = group("old", LaunchConfigurationName="lc")
        del old["LaunchTemplate"]
        scripted = self.serve({
            "AutoScalingGroups": [group(), old],
            "ScalingPolicies": [policy(
                "out", "StepScaling", AdjustmentType="ExactCapacity",
                StepAdjustments=[{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 5}],
                Alarms=[{"AlarmName": "high", "AlarmARN": ARN}])]})
        for action in ("DescribeAlarms", "DescribeLifecycleHooks", "DescribeInstanceRefreshes",
                       "DescribeNotificationConfigurations", "DescribeLaunchConfigurations",
                       "DescribeSubnets"):
            scripted.always[action] = (403, "AccessDenied", "not this")
        result = self.run_import(scripted, "web", "old")
        for words in ("Lifecycle hooks could not be read: AWS refuses", "Notifications could "
                      "not be read", "Instance refreshes could not be read",
                      "The alarm high of the policy out could not be read: AWS refuses",
                      "The zone of subnet-a is not known: AWS refuses",
                      "launches from the launch configuration lc, which could not be read"):
            self.assertIn(words, result.stderr)

    def test_names_of_aws_steer_no_terminal(self):
        scripted = self.serve({"AutoScalingGroups": [group("a\nopenasg: \u202edone")],
                               "LifecycleHooks": []})
        scripted.always["DescribeLifecycleHooks"] = (403, "AccessDenied", "not this")
        said = self.run_import(scripted, "--all").stderr
        self.assertIn("openasg: a openasg: \\u202edone: ", said)
        self.assertNotIn("\nopenasg: \\u202e", said)

    def test_no_such_group_and_wrong_words(self):
        scripted = self.serve({"AutoScalingGroups": [group()]})
        result = self.run_import(scripted, "web", "nosuch", "nothing", code=1)
        self.assertIn("there is no Auto Scaling group nosuch in us-east-1", result.stderr)
        self.assertIn("there is no Auto Scaling group nothing in us-east-1", result.stderr)
        self.assertEqual(result.stdout, "")
        for arguments, words in (((), "which groups?"), (("web", "--all"), "not both"),
                                 (("web", "--into", "a", "--into-dir", "b"), "not both")):
            result = self.run_import(scripted, *arguments, code=2)
            self.assertIn(words, result.stderr)
        result = self.run_import(scripted, "web", code=2, AWS_REGION=None)
        self.assertIn("no AWS region", result.stderr)
        result = self.run_import(scripted, "web", code=2, AWS_ACCESS_KEY_ID=None)
        self.assertIn("no AWS credentials", result.stderr)

    def test_nobody_answers(self):
        scripted = self.serve({})
        scripted.close()
        scripted.close = lambda: None
        scripted.url = "http://127.0.0.1:9"
        result = self.run_import(scripted, "web", code=3)
        self.assertIn("no answer to DescribeAutoScalingGroups from 127.0.0.1:9",
                      result.stderr)


class OwnApi(Case):
    """From our own API, whose groups boto3 made, and back by apply."""

    @classmethod
    def setUpClass(cls):
        cls.api = ApiFixture()
        cls.addClassCleanup(cls.api.close)

    def make(self, client):
        places = ",".join(list(SUBNETS.values())[:2])
        client.create_auto_scaling_group(
            AutoScalingGroupName="web", MinSize=0, MaxSize=6, DesiredCapacity=0,
            LaunchTemplate={"LaunchTemplateId": self.api.template(), "Version": "$Default"},
            VPCZoneIdentifier=places, DefaultCooldown=77, DefaultInstanceWarmup=33,
            HealthCheckGracePeriod=11, CapacityRebalance=True,
            NewInstancesProtectedFromScaleIn=True, TerminationPolicies=["NewestInstance"],
            Tags=[{"Key": "team", "Value": "shop", "PropagateAtLaunch": True},
                  {"Key": "cost", "Value": "1", "PropagateAtLaunch": False}])
        client.put_scaling_policy(
            AutoScalingGroupName="web", PolicyName="cpu", PolicyType="TargetTrackingScaling",
            EstimatedInstanceWarmup=44, TargetTrackingConfiguration={
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "ASGAverageCPUUtilization"},
                "TargetValue": 55.5, "DisableScaleIn": True})
        client.put_scaling_policy(
            AutoScalingGroupName="web", PolicyName="steps", PolicyType="StepScaling",
            AdjustmentType="PercentChangeInCapacity", MinAdjustmentMagnitude=2,
            StepAdjustments=[{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 30}])
        client.put_scaling_policy(
            AutoScalingGroupName="web", PolicyName="simple", AdjustmentType="ExactCapacity",
            ScalingAdjustment=4, Cooldown=66)
        client.put_scheduled_update_group_action(
            AutoScalingGroupName="web", ScheduledActionName="night", MinSize=0,
            Recurrence="0 22 * * *", TimeZone="Europe/Berlin")

    def shown(self, client):
        """What AWS's client sees, without what differs from one life to the next."""
        group = self.api.group("web", client)
        for name in ("AutoScalingGroupARN", "CreatedTime"):
            group.pop(name)
        policies = client.describe_policies(AutoScalingGroupName="web")["ScalingPolicies"]
        for one in policies:
            one.pop("PolicyARN")
            one.pop("Alarms")
        actions = client.describe_scheduled_actions(
            AutoScalingGroupName="web")["ScheduledUpdateGroupActions"]
        for one in actions:
            one.pop("ScheduledActionARN")
        return group, policies, actions

    def import_web(self):
        result = subprocess.run(
            [OPENASG, "import", "asg", "web", "--endpoint-url", self.api.url], text=True,
            capture_output=True, timeout=60, check=False,
            env=self.environment(self.api.cluster.ec2_endpoint,
                                 AWS_ENDPOINT_URL_AUTO_SCALING=None))
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def test_a_group_comes_back_as_it_was(self):
        client = self.api.client()
        self.make(client)
        before = self.shown(client)
        result = self.import_web()
        for line in result.stderr.splitlines():
            self.assertRegex(line, "could not be read: .*InvalidAction")
        self.assertIn("zone: us-east-1b", result.stdout)
        client.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
        self.api.wait_until_gone("web", client)
        path = os.path.join(self.folder, "web.yaml")
        with open(path, "w") as file:
            file.write(result.stdout)
        self.api.cluster.openasg("apply", path)
        after = self.shown(client)
        # A template's id was given and its name is kept; both are told.
        for group in (before[0], after[0]):
            group["LaunchTemplate"].pop("LaunchTemplateId", None)
        self.assertEqual(before, after)
        self.assertTrue(json.loads(self.api.cluster.openasg(
            "group", "show", "web", "--output", "json"))["config"]["dry_run"])
        self.assertEqual(self.import_web().stdout.split("group:\n")[1],
                         result.stdout.split("group:\n")[1])


if __name__ == "__main__":
    unittest.main(verbosity=2)
