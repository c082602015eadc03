"""Launches of the API's groups on clouds that are not quite EC2: a RunInstances that starts
fewer than there is room for is asked again at once, and no pool is left alone for it."""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from api_fixture import SUBNETS, ApiTest  # noqa: E402


class Launches(ApiTest):
    def tearDown(self):
        self.api.cluster.control("DELETE", "/_control/faults")
        super().tearDown()

    def launches(self):
        return [call for call in self.api.cluster.control("GET", "/_control/calls")["calls"]
                if call["action"] == "RunInstances"]

    def test_a_cloud_that_starts_one_at_a_time_is_asked_until_all_are_there(self):
        before = len(self.launches())
        self.api.cluster.control("POST", "/_control/faults", kind="fewer",
                                 action="RunInstances")
        begun = time.monotonic()
        # Two zones: none of them is dry, so both get what the balance gives them.
        group = self.make_group(size=6, VPCZoneIdentifier=",".join(
            [SUBNETS["us-east-1a"], SUBNETS["us-east-1b"]]))
        took = time.monotonic() - begun
        zones = [row["AvailabilityZone"] for row in group["Instances"]]
        self.assertEqual(sorted(zones), ["us-east-1a"] * 3 + ["us-east-1b"] * 3)
        asked = self.launches()[before:]
        self.assertEqual(len(asked), 6)
        self.assertEqual({call["status"] for call in asked}, {200})
        self.assertLess(took, 60)  # no pool was left alone: that is three minutes
        said = self.api.cluster.openasg("explain", "web")
        self.assertIn("named no lack: the rest is asked for again", said)
        self.assertNotIn("left alone", said)


if __name__ == "__main__":
    unittest.main()
