"""apply_patch - a unified diff on a copy of some sources, found by its text.

Each hunk's old text must stand exactly once in its file, wherever that is now: lines that
moved do no harm, lines that changed are an error that names the patch, the file and the
text that is not there any more. The line numbers of a hunk are not read."""

import os


class Moved(Exception):
    """The code is not what the patch was made for."""


def read_patch(text):
    """[(file, old text, new text)] in order."""
    hunks = []
    path = old = new = None

    def close():
        if old is not None:
            hunks.append((path, "".join(old), "".join(new)))

    for line in text.splitlines(keepends=True):
        if line.startswith("--- "):
            close()
            old = new = None
        elif line.startswith("+++ b/"):
            path = line[6:].strip()
        elif line.startswith("@@"):
            close()
            old, new = [], []
        elif old is not None:
            if line[0] in " -":
                old.append(line[1:])
            if line[0] in " +":
                new.append(line[1:])
    close()
    return hunks


def apply_patch(patch, texts):
    """texts: file -> its text, changed in place. Raises Moved."""
    with open(patch) as file:
        hunks = read_patch(file.read())
    if not hunks:
        raise Moved(f"{patch} changes nothing")
    for path, old, new in hunks:
        if path not in texts:
            raise Moved(f"{patch}: there is no {path} any more; renew the patch")
        count = texts[path].count(old) if old else 0
        if count != 1:
            raise Moved(f"{patch}: this stands {count} times in {path}, not once; the "
                        f"code has moved, renew the patch:\n{old}")
        texts[path] = texts[path].replace(old, new)


def write_changed(path, text):
    """So that only what changed is compiled anew."""
    try:
        with open(path) as file:
            if file.read() == text:
                return
    except OSError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
