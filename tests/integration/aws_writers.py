"""What lib/aws can write into a call, read from its sources: the options of each action."""

import glob
import os
import re

FUNCTION = re.compile(r"^(?:static )?\w[\w \*]*?\b(\w+)\(([^;{}]*?)\)\n\{\n(.*?)^\}", re.M | re.S)
DEFINE = re.compile(r"^#define (\w+)[ \t]+(\S.*)$", re.M)
CALL = re.compile(r"asg_query_(text|number|flag|list|item)\(\s*&?body,(.*?)\);", re.S)
BEGIN = re.compile(r"asg_query_begin(?:_version)?\(\s*&?body,\s*\"(\w+)\"")


def split_arguments(text):
    """At the commas that are in no brackets and no text."""
    found, depth, is_text, start = [], 0, False, 0
    for i, letter in enumerate(text):
        if letter == '"':
            is_text = not is_text
        elif not is_text and letter in "([{":
            depth += 1
        elif not is_text and letter in ")]}":
            depth -= 1
        elif not is_text and depth == 0 and letter == ",":
            found.append(text[start:i].strip())
            start = i + 1
    return found + [text[start:].strip()]


def texts_of(expression, defines):
    """The texts that an expression may be: macros put in, neighbours joined."""
    for _ in range(3):
        expression = re.sub(r"\b[A-Z_]{4,}\b", lambda m: defines.get(m.group(), m.group()),
                            expression)
    joined = re.sub(r'"\s*"', "", expression)
    return re.findall(r'"([^"]+)"', joined)


def options_of_function(body, defines):
    for kind, rest in CALL.findall(body):
        arguments = split_arguments(rest)
        for name in texts_of(arguments[0], defines):
            if kind == "list":
                name += ".#"
            elif kind == "item":
                name += ".#"
                suffix = texts_of(arguments[2], defines)
                assert suffix or arguments[2] == "NULL", rest
                name += "." + suffix[0] if suffix else ""
            yield re.sub(r"\.\d+", ".#", name)


def options_of_writers(source):
    """{action: set of options}, # for each number. Tags, filters and parameters handed
    through are not among them: their names are data."""
    found = {}
    for path in glob.glob(os.path.join(source, "lib", "aws", "*.c")):
        with open(path) as file:
            text = file.read()
        if "asg_query_begin" not in text or path.endswith("/query.c"):
            continue
        defines = dict(DEFINE.findall(text))
        bodies = {name: body for name, _, body in FUNCTION.findall(text)}

        def collect(name):
            body = bodies[name]
            options = set(options_of_function(body, defines))
            for other in set(re.findall(r"\b(\w+)\(", body)) & set(bodies) - {name}:
                options |= collect(other)
            return options

        for name, body in bodies.items():
            begun = BEGIN.search(body)
            if begun is not None:
                found[begun.group(1)] = collect(name)
    return found
