"""The Auto Scaling service's model, and replies held against it without mercy.

botocore's parser passes over what it does not know and does not miss what is not there. Here
each element of a reply must be a member of its shape, stand there once, be of its type and
within its limits, and what the model requires must be there. The model is that of Debian's
botocore (2022) with the shapes that changed since laid over it (api_model_newer.json: from
botocore 1.43.11, and for account settings, Operator, DistributionSegments,
IncludeManagedResources and InstanceIds of Terminate.. from @aws-sdk/client-auto-scaling
3.1169.0)."""

import base64
import functools
import json
import os
import re
import xml.etree.ElementTree as xml

import botocore.loaders

HERE = os.path.dirname(os.path.abspath(__file__))
XMLNS = "http://autoscaling.amazonaws.com/doc/2011-01-01/"

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")
PLAIN = {
    "integer": re.compile(r"-?(0|[1-9][0-9]*)\Z"),
    "long": re.compile(r"-?(0|[1-9][0-9]*)\Z"),
    "double": re.compile(r"-?[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?\Z"),
    "float": re.compile(r"-?[0-9]+\.[0-9]+([eE][-+]?[0-9]+)?\Z"),
    "boolean": re.compile(r"(true|false)\Z"),
    "timestamp": re.compile(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]{3})?Z\Z"),
}

# Sent although they are empty, where the model wants a character: the service does so.
MAY_BE_EMPTY = {("AutoScalingGroup", "VPCZoneIdentifier"), ("LaunchConfiguration", "KeyName"),
                ("LaunchConfiguration", "KernelId"), ("LaunchConfiguration", "RamdiskId"),
                ("LaunchConfiguration", "UserData")}

# The HTTP status of an error's code, where it is not 400.
STATUS_OF = {
    "ResourceContention": 500, "ServiceLinkedRoleFailure": 500, "InternalFailure": 500,
    "ServiceUnavailable": 503, "InvalidClientTokenId": 403, "SignatureDoesNotMatch": 403,
    "MissingAuthenticationToken": 403, "AccessDenied": 403, "RequestEntityTooLarge": 413,
}
CODES = set(STATUS_OF) | {
    "ValidationError", "AlreadyExists", "LimitExceeded", "ResourceInUse",
    "ScalingActivityInProgress", "InvalidNextToken", "InstanceRefreshInProgress",
    "ActiveInstanceRefreshNotFound", "IrreversibleInstanceRefresh",
    "IdempotentParameterMismatch", "MissingAction", "InvalidAction", "MissingParameter",
    "InvalidParameterValue", "InvalidQueryParameter", "MalformedQueryString", "Throttling",
    "IncompleteSignature", "RequestExpired"}


class Mistake(AssertionError):
    """A reply is not what the model says."""


@functools.lru_cache(maxsize=1)
def newest_model():
    model = botocore.loaders.Loader().load_service_model("autoscaling", "service-2",
                                                         "2011-01-01")
    with open(os.path.join(HERE, "api_model_newer.json")) as file:
        newer = json.load(file)
    return {"operations": {**model["operations"], **newer["operations"]},
            "shapes": {**model["shapes"], **newer["shapes"]}}


def operations():
    return newest_model()["operations"]


def shape_of(name):
    return newest_model()["shapes"][name]


def strip_namespace(element, path):
    name = element.tag
    if not name.startswith("{" + XMLNS + "}"):
        raise Mistake(f"{path}: {name} is not in the namespace {XMLNS}")
    return name[len(XMLNS) + 2:]


def check_text(shape, element, path):
    text = element.text or ""
    if len(element):
        raise Mistake(f"{path}: elements within a {shape['type']}")
    pattern = PLAIN.get(shape["type"])
    if pattern is not None and not pattern.match(text):
        raise Mistake(f"{path}: {text!r} is no {shape['type']}")
    if shape["type"] in ("integer", "long"):
        value = int(text)
        if value < shape.get("min", value) or value > shape.get("max", value):
            raise Mistake(f"{path}: {value} is beyond the limits of {shape}")
    if shape["type"] == "blob":
        base64.b64decode(text, validate=True)
    if shape["type"] == "string":
        if "enum" in shape and text not in shape["enum"]:
            raise Mistake(f"{path}: {text!r} is none of {shape['enum']}")
        if not shape.get("min", 0) <= len(text) <= shape.get("max", len(text)):
            raise Mistake(f"{path}: {len(text)} characters, not {shape.get('min', 0)} to "
                          f"{shape.get('max')}")


def check_blank(element, path):
    texts = [element.text] + [child.tail for child in element]
    if any(text and text.strip() for text in texts):
        raise Mistake(f"{path}: text between the elements: {texts}")


def check_element(name, element, path):
    shape = shape_of(name)
    if shape["type"] == "list":
        check_blank(element, path)
        for number, child in enumerate(element, 1):
            where = f"{path}.{number}"
            if strip_namespace(child, where) != "member":
                raise Mistake(f"{where}: {child.tag} in a list")
            check_element(shape["member"]["shape"], child, where)
        if not shape.get("min", 0) <= len(element) <= shape.get("max", len(element)):
            raise Mistake(f"{path}: {len(element)} items")
    elif shape["type"] == "structure":
        check_structure(name, element, path)
    else:
        check_text(shape, element, path)


def check_structure(name, element, path):
    shape = shape_of(name)
    check_blank(element, path)
    seen = set()
    for child in element:
        member = strip_namespace(child, path)
        if member not in shape["members"]:
            raise Mistake(f"{path}: {name} has no member {member}")
        if member in seen:
            raise Mistake(f"{path}.{member}: twice")
        seen.add(member)
        if (name, member) in MAY_BE_EMPTY and not child.text and not len(child):
            continue
        check_element(shape["members"][member]["shape"], child, f"{path}.{member}")
    missing = set(shape.get("required", ())) - seen
    if missing:
        raise Mistake(f"{path}: {sorted(missing)} must be there")


def check_request_id(text, headers, path):
    if not UUID.match(text or ""):
        raise Mistake(f"{path}: RequestId {text!r} is no UUID")
    header = {name.lower(): value for name, value in headers.items()}
    if header.get("x-amzn-requestid") != text:
        raise Mistake(f"{path}: the header says request {header.get('x-amzn-requestid')!r}, "
                      f"the reply {text!r}")
    if header.get("content-type", "").split(";")[0] != "text/xml":
        raise Mistake(f"{path}: Content-Type {header.get('content-type')!r}")


def parse(body, path):
    try:
        return xml.fromstring(body)
    except xml.ParseError as error:
        raise Mistake(f"{path}: no XML: {error}: {body[:300]!r}") from None


def check_reply(action, body, headers):
    """A 200: envelope, result, each element."""
    root = parse(body, action)
    if strip_namespace(root, action) != action + "Response":
        raise Mistake(f"{action}: the root is {root.tag}")
    parts = [strip_namespace(child, action) for child in root]
    operation = operations()[action]
    output = operation.get("output")
    wanted = ["ResponseMetadata"]
    if output is not None:
        wanted.insert(0, output["resultWrapper"])
        if parts[0] == wanted[0]:
            check_structure(output["shape"], root[0], action)
    if parts != wanted:
        raise Mistake(f"{action}: the reply holds {parts}, not {wanted}")
    metadata = root[-1]
    if [strip_namespace(child, action) for child in metadata] != ["RequestId"]:
        raise Mistake(f"{action}: ResponseMetadata holds {[c.tag for c in metadata]}")
    check_request_id(metadata[0].text, headers, action)
    token = root.find(f".//{{{XMLNS}}}NextToken")
    if token is not None and not token.text:
        raise Mistake(f"{action}: an empty NextToken")


def check_error(action, status, body, headers):
    """An error: envelope, code with its status."""
    root = parse(body, action)
    if strip_namespace(root, action) != "ErrorResponse":
        raise Mistake(f"{action}: the root of an error is {root.tag}")
    if [strip_namespace(child, action) for child in root] != ["Error", "RequestId"]:
        raise Mistake(f"{action}: an error holds {[child.tag for child in root]}")
    error = {strip_namespace(child, action): child.text or "" for child in root[0]}
    if list(error) != ["Type", "Code", "Message"]:
        raise Mistake(f"{action}: an Error holds {list(error)}")
    if not error["Message"]:
        raise Mistake(f"{action}: {error['Code']} without a message")
    if error["Code"] not in CODES:
        raise Mistake(f"{action}: {error['Code']} is no code of the service")
    if status != STATUS_OF.get(error["Code"], 400):
        raise Mistake(f"{action}: {error['Code']} with status {status}")
    sender = "Receiver" if status >= 500 and error["Code"] != "ResourceContention" else "Sender"
    if error["Type"] != sender:
        raise Mistake(f"{action}: {error['Code']} says it is the fault of the {error['Type']}")
    check_request_id(root[1].text, headers, action)


def check(action, status, body, headers):
    if status == 200:
        check_reply(action, body, headers)
    else:
        check_error(action, status, body, headers)


def watch(client, seen=None):
    """Hold each reply to this boto3 client against the model: a call whose reply is not
    what the model says raises Mistake. `seen`: a set that is told each action answered."""

    def look(response_dict=None, event_name="", **_):
        if response_dict is None:
            return
        action = event_name.rsplit(".", 1)[-1]
        check(action, response_dict["status_code"], response_dict["body"],
              response_dict["headers"])
        if seen is not None and response_dict["status_code"] == 200:
            seen.add(action)

    client.meta.events.register("response-received.auto-scaling.*", look)
    return client
