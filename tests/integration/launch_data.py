"""Launch template data made from boto3's own model of EC2: a value for every field there
is, and the table of fields that ours is compared with."""

import base64
import re

import botocore.session

TYPE = "t3.micro"
IMAGE = "ami-00000000000000001"


def service(name="ec2"):
    return botocore.session.get_session().get_service_model(name)


def query_name(name, shape):
    """As botocore's EC2 serializer names it."""
    if shape.serialization.get("queryName"):
        return shape.serialization["queryName"]
    name = shape.serialization.get("name", name)
    return name[0].upper() + name[1:]


def leaves(shape, reply=None, name=(), query=(), xml=()):
    """(name, query, xml, type, words) of each leaf below a shape."""
    if shape.type_name == "structure":
        for member, inner in shape.members.items():
            other = reply.members.get(member) if reply is not None else None
            element = other.serialization.get("name", member) if other is not None else "?"
            yield from leaves(inner, other, name + (member,),
                              query + (query_name(member, inner),), xml + (element,))
    elif shape.type_name == "list":
        yield from leaves(shape.member, reply.member if reply is not None else None,
                          name + ("#",), query + ("#",), xml + ("#",))
    else:
        words = list(getattr(shape, "enum", None) or [])
        yield ".".join(name), ".".join(query), "/".join(xml), shape.type_name, words


def template_leaves():
    model = service()
    return list(leaves(model.shape_for("RequestLaunchTemplateData"),
                       model.shape_for("ResponseLaunchTemplateData")))


def value_of(shape, path, items):
    """A value for the shape, two items a list when `items` is 2."""
    special = {"ImageId": IMAGE, "InstanceType": TYPE, "NetworkInterfaces.SubnetId": "",
               "UserData": base64.b64encode(b"#!/bin/sh\ntrue\n").decode(),
               "InstanceMarketOptions.MarketType": "spot",
               "Placement.AvailabilityZone": "us-east-1a"}
    if path in special:
        return special[path]
    if shape.type_name == "structure":
        whole = {}
        for member, inner in shape.members.items():
            value = value_of(inner, f"{path}.{member}".lstrip("."), items)
            if value != "":
                whole[member] = value
        return whole
    if shape.type_name == "list":
        return [value_of(shape.member, path, items) for _ in range(items)]
    if shape.type_name == "boolean":
        return True
    if shape.type_name in ("integer", "long"):
        return 7
    if shape.type_name in ("double", "float"):
        return 1.5
    if shape.type_name == "timestamp":
        return "2026-12-24T00:00:00Z"
    words = getattr(shape, "enum", None)
    return words[-1] if words else "a " + path.rsplit(".", 1)[-1] + " <&>"


def whole_template(items=2):
    """LaunchTemplateData that says everything once; lists have `items` items."""
    data = value_of(service().shape_for("RequestLaunchTemplateData"), "", items)
    kinds = ["instance", "volume", "network-interface", "spot-instances-request"]
    data["TagSpecifications"] = [
        {"ResourceType": kind, "Tags": [{"Key": f"of-{kind}", "Value": ""}]}
        for kind in kinds]
    return data


def table_rows(path):
    """The rows of lib/model/launch_fields.def."""
    with open(path) as file:
        text = file.read()
    row = re.compile(r'^\{"([^"]+)", "([^"]+)", "([^"]+)", ASG_LAUNCH_(\w+), "([^"]*)", '
                     r"(true|false)\},$", re.M)
    return {m[0]: m for m in row.findall(text)}
