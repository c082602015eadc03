"""EC2 Auto Scaling, CloudWatch and EC2 as `openasg import asg` asks them, from data of a test.

Answers are written by the services' own models (botocore, with api_model_newer.json laid over
that of Auto Scaling): a member that the model does not have cannot be written. Requests are
held against the models too, and only Describe calls are answered."""

import datetime
import http.server
import threading
import urllib.parse
import xml.sax.saxutils

import botocore.loaders

from api_model import newest_model

VERSIONS = {"autoscaling": "2011-01-01", "monitoring": "2010-08-01", "ec2": "2016-11-15"}
LISTS = {"DescribeAutoScalingGroups": ("AutoScalingGroups", "AutoScalingGroupNames"),
         "DescribePolicies": ("ScalingPolicies", None),
         "DescribeScheduledActions": ("ScheduledUpdateGroupActions", None),
         "DescribeLifecycleHooks": ("LifecycleHooks", None),
         "DescribeNotificationConfigurations": ("NotificationConfigurations", None),
         "DescribeInstanceRefreshes": ("InstanceRefreshes", None),
         "DescribeLaunchConfigurations": ("LaunchConfigurations", "LaunchConfigurationNames"),
         "DescribeAlarms": ("MetricAlarms", "AlarmNames")}
KEYS = {"AutoScalingGroupNames": "AutoScalingGroupName", "AlarmNames": "AlarmName",
        "LaunchConfigurationNames": "LaunchConfigurationName"}


def load_models():
    loader = botocore.loaders.Loader()
    return {"autoscaling": newest_model(),
            "monitoring": loader.load_service_model("cloudwatch", "service-2", "2010-08-01")}


MODELS = load_models()


def write(model, name, value):
    """A value as XML by its shape."""
    shape = model["shapes"][name]
    if shape["type"] == "structure":
        unknown = set(value) - set(shape["members"])
        assert not unknown, f"{name} has no {unknown}"
        return "".join(f"<{key}>{write(model, shape['members'][key]['shape'], item)}</{key}>"
                       for key, item in value.items())
    if shape["type"] == "list":
        return "".join(f"<member>{write(model, shape['member']['shape'], item)}</member>"
                       for item in value)
    if shape["type"] == "boolean":
        assert isinstance(value, bool), (name, value)
        return "true" if value else "false"
    if shape["type"] == "timestamp":
        assert isinstance(value, datetime.datetime), (name, value)
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if shape["type"] in ("integer", "long", "double"):
        assert isinstance(value, (int, float)), (name, value)
        return str(value) if shape["type"] != "double" else repr(float(value))
    assert isinstance(value, str), (name, value)
    return xml.sax.saxutils.escape(value)


def check_parameters(model, action, form):
    operation = model["operations"][action]
    members = model["shapes"][operation["input"]["shape"]]["members"]
    for name in form:
        if name in ("Action", "Version"):
            continue
        head = name.split(".")[0]
        assert head in members, f"{action} has no parameter {name}"
        is_list = model["shapes"][members[head]["shape"]]["type"] == "list"
        assert is_list == (".member." in name), f"{action}: {name}"


def names_of(form, member):
    found = {name: text for name, text in form.items() if name.startswith(member + ".member.")}
    return [found[f"{member}.member.{i}"] for i in range(1, len(found) + 1)]


class ScriptedScaling:
    """`data` by the name of a list ("ScalingPolicies"), `subnets` {id: zone}. `failures` by
    action: a list of (status, code, message) that are answered first, in turn; `always` the
    same for every call."""

    def __init__(self, data=None, subnets=None, page=None):
        self.data = data or {}
        self.subnets = subnets or {}
        self.page = page
        self.failures = {}
        self.always = {}
        self.raw = {}  # by action: a body that is given as it is
        self.calls = []
        self.mistakes = []
        scripted = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, text = scripted.answer(self.headers, body)
                self.send_response(status)
                self.send_header("Content-Type", "text/xml")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       kwargs={"poll_interval": 0.02})
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def answer(self, headers, body):
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True))
        action = form["Action"]
        try:
            return self.act(headers, action, form)
        except Exception as problem:  # pylint: disable=broad-except
            self.mistakes.append(f"{action}: {problem!r}")
            return 500, b"<ErrorResponse/>"

    def act(self, headers, action, form):
        scope = headers["Authorization"].split("Credential=")[1].split(",")[0].split("/")
        service = scope[3]
        self.calls.append(action)
        assert action.startswith("Describe"), f"{action} changes something"
        assert form["Version"] == VERSIONS[service], (action, form["Version"], service)
        waiting = self.failures.get(action)
        failure = waiting.pop(0) if waiting else self.always.get(action)
        if failure:
            status, code, message = failure
            return status, (
                "<ErrorResponse><Error><Type>Sender</Type>"
                f"<Code>{code}</Code><Message>{message}</Message></Error>"
                "<RequestId>r-1</RequestId></ErrorResponse>").encode()
        if action in self.raw:
            return 200, self.raw[action]
        if service == "ec2":
            return 200, self.describe_subnets(form)
        model = MODELS[service]
        check_parameters(model, action, form)
        return 200, self.describe(model, action, form)

    def describe_subnets(self, form):
        wanted = [text for name, text in form.items() if name.startswith("Filter.1.Value.")]
        items = "".join(f"<item><subnetId>{subnet}</subnetId><availabilityZone>{zone}"
                        "</availabilityZone></item>"
                        for subnet, zone in self.subnets.items() if subnet in wanted)
        return (f"<DescribeSubnetsResponse><subnetSet>{items}</subnetSet>"
                "</DescribeSubnetsResponse>").encode()

    def describe(self, model, action, form):
        member, by = LISTS[action]
        items = self.data.get(member, [])
        if by and names_of(form, by):
            items = [item for item in items if item[KEYS[by]] in names_of(form, by)]
        groups = names_of(form, "AutoScalingGroupNames")
        if "AutoScalingGroupName" in form:
            groups = [form["AutoScalingGroupName"]]
        if groups and not by:
            items = [item for item in items if item["AutoScalingGroupName"] in groups]
        at = int(form.get("NextToken", "0"))
        page = self.page or int(form.get("MaxRecords", "100"))
        result = {member: items[at:at + page]}
        if at + page < len(items):
            result["NextToken"] = str(at + page)
        output = model["operations"][action]["output"]["shape"]
        if action == "DescribeLifecycleHooks":  # it has no pages
            result = {member: items}
        return (f"<{action}Response xmlns=\"http://example/\"><{action}Result>"
                f"{write(model, output, result)}</{action}Result><ResponseMetadata>"
                f"<RequestId>r-1</RequestId></ResponseMetadata></{action}Response>").encode()
