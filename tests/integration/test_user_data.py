#!/usr/bin/python3
"""User data with the line by which agents join does what it did without: the golden files
of tests/golden/user_data read by Python's email and gzip, which cloud-init reads them with,
and by cloud-init's own code where it is installed (or where ASG_CLOUD_INIT says)."""

import email
import gzip
import os
import sys
import unittest

SOURCE = os.environ.get("ASG_SOURCE_DIR") or os.path.dirname(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(SOURCE, "tests", "golden", "user_data")
MARK = b"# openasg-join: "

if os.environ.get("ASG_CLOUD_INIT"):
    sys.path.insert(0, os.environ["ASG_CLOUD_INIT"])
try:
    from cloudinit import user_data as cloud_init
except ImportError:
    cloud_init = None


def cases():
    for name in sorted(os.listdir(FOLDER)):
        if name.endswith(".in"):
            with open(os.path.join(FOLDER, name), "rb") as file:
                before = file.read()
            with open(os.path.join(FOLDER, name[:-3] + ".out"), "rb") as file:
                yield name[:-3], before, file.read()


def unpack(data):
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def without_line(data):
    """Less the line, and less the end of the line before it, which may be ours."""
    lines = data.splitlines(keepends=True)
    kept = b"".join(line for line in lines if not line.startswith(MARK))
    return kept.rstrip(b"\n")


def parts_of(data):
    """What a reader of MIME makes of user data: (type, content), one for what is none."""
    data = unpack(data)
    if b"mime-version:" not in data[:4096].lower():
        return [("", data)]
    return [(part.get_content_type(), part.get_payload(decode=True))
            for part in email.message_from_bytes(data).walk() if not part.is_multipart()]


class UserData(unittest.TestCase):
    def test_parts_are_those_of_the_users_data(self):
        seen = 0
        for name, before, after in cases():
            with self.subTest(name):
                was, now = parts_of(before), parts_of(after)
                if name == "empty":
                    self.assertTrue(now[0][1].startswith(b"#!/bin/sh\n" + MARK))
                    continue
                self.assertEqual(len(was), len(now))
                for (old_type, old), (new_type, new) in zip(was, now):
                    if old_type:
                        self.assertEqual(old_type, new_type)
                    if new_type:  # a message: the line is in no part of it
                        self.assertNotIn(MARK, new)
                    self.assertEqual(without_line(new), old.rstrip(b"\n"))
                seen += 1
        self.assertGreaterEqual(seen, 24)

    def test_the_line_stands_in_the_bytes_as_they_are(self):
        """That is where agents look; they do not unpack."""
        for name, _, after in cases():
            with self.subTest(name):
                self.assertEqual(after.count(b"\n" + MARK), 1)
                rest = after[after.index(b"\n" + MARK) + 1:]
                self.assertTrue(rest.split(b"\n")[0].endswith(b"incarnation=3"))

    def test_wrapped_bytes_come_out_whole(self):
        """Byte for byte: scripts with data behind them, and those with no comments."""
        for name, before, after in cases():
            if name in ("shell-with-archive", "perl-with-data", "node", "jinja",
                        "cloud-config-jsonp", "cloud-config-jsonp-behind-blanks"):
                with self.subTest(name):
                    self.assertEqual(parts_of(after)[0][1], before)


@unittest.skipIf(cloud_init is None, "cloud-init is not installed")
class CloudInit(unittest.TestCase):
    """Its own processor, before and after."""

    def process(self, data):
        class Paths:
            def get_ipath_cur(self, _):
                return "/nonexistent"
        processor = cloud_init.UserDataProcessor.__new__(cloud_init.UserDataProcessor)
        processor.paths, processor.ssl_details = Paths(), {}
        asked = []
        cloud_init.read_file_or_url = lambda url, **_: asked.append(url) or Reply()
        whole = processor.process(data)
        return asked, [(part.get_content_type(), part.get_payload(decode=True))
                       for part in whole.walk() if not part.is_multipart()]

    def test_it_finds_the_same_parts_of_the_same_types(self):
        for name, before, after in cases():
            if name == "empty":
                continue
            with self.subTest(name):
                (asked, was), (asked_now, now) = self.process(before), self.process(after)
                self.assertEqual(asked, asked_now)
                self.assertEqual([p[0] for p in was], [p[0] for p in now])
                for old, new in zip(was, now):
                    self.assertEqual(without_line(new[1]), old[1].rstrip(b"\n"))


class Reply:
    contents = b"#cloud-config\npackage_update: true\n"

    def ok(self):
        return True


if __name__ == "__main__":
    unittest.main()
