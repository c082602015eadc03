"""A group that a client of the API made, seen and changed by `openasg`: neither loses what the
other said."""

import os
import sys
import unittest

from api_fixture import IMAGE, ApiTest, wait_for


class TestCommandLine(ApiTest):
    def config_of(self, name):
        """The group's section of a file for `openasg apply`, from `group show -o yaml`."""
        lines = self.api.cluster.openasg("group", "show", name, "-o", "yaml").split("\n")
        section = ["group:"]
        for line in lines[lines.index("config:") + 1:]:
            if not line.startswith(" "):
                break
            if line != "  mixed: null":  # what a file leaves out
                section.append(line)
        return "\n".join(section) + "\n"

    def apply(self, text):
        path = os.path.join(self.api.folder, "group.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.api.cluster.openasg("apply", path)

    def test_a_file_of_the_group_changes_nothing_and_makes_another(self):
        self.make_group(size=0, MinSize=0, HealthCheckType="EC2,ELB",
                        LoadBalancerNames=["classic"],
                        Tags=[{"Key": "a", "Value": "b", "PropagateAtLaunch": False},
                              {"Key": "c", "Value": "d", "PropagateAtLaunch": True}])
        wait_for("Added", lambda: self.asg.describe_load_balancers(AutoScalingGroupName="web")[
            "LoadBalancers"][0]["State"] == "Added", 30, pause=0.05)
        before = self.api.group("web", self.asg)
        text = self.config_of("web")
        self.apply(text)
        self.assertEqual(self.api.group("web", self.asg), before)
        self.assertIn("name: web\n", text)
        self.apply(text.replace("name: web\n", "name: copy\n", 1))
        copy = self.api.group("copy", self.asg)
        self.assertNotEqual(copy["AutoScalingGroupARN"].split(":autoScalingGroupName")[0],
                            before["AutoScalingGroupARN"].split(":autoScalingGroupName")[0])
        self.assertEqual(copy["HealthCheckType"], "EC2,ELB")
        self.assertEqual(copy["LoadBalancerNames"], ["classic"])
        self.assertEqual([tag["PropagateAtLaunch"] for tag in copy["Tags"]], [False, True])

    def test_a_launch_configuration_and_deletion_protection(self):
        self.make_group(size=0, MinSize=0)
        self.asg.create_launch_configuration(LaunchConfigurationName="lc", ImageId=IMAGE,
                                             InstanceType="t3.micro")
        self.addCleanup(self.asg.delete_launch_configuration, LaunchConfigurationName="lc")
        ask = self.api.cluster.openasg
        ask("group", "update", "web", "--launch-configuration", "lc", "--deletion-protection",
            "prevent-all-deletion")
        group = self.api.group("web", self.asg)
        self.assertEqual(group["LaunchConfigurationName"], "lc")
        self.assertNotIn("LaunchTemplate", group)
        self.assertIn("prevent-all-deletion", ask("group", "show", "web"))
        self.refused("ValidationError", "deletion protection", self.asg.delete_auto_scaling_group,
                     AutoScalingGroupName="web")
        ask("group", "update", "web", "--template", "web", "--deletion-protection", "none")
        group = self.api.group("web", self.asg)
        self.assertNotIn("LaunchConfigurationName", group)
        self.assertEqual(group["LaunchTemplate"]["LaunchTemplateName"], "web")


if __name__ == "__main__":
    sys.exit(unittest.main())
