"""What is in the packages and what they run on, as CycloneDX 1.6 (openasg_VERSION.cdx.json): from
the packages' own dependencies (dpkg-shlibdeps) and the versions that the build had
(.buildinfo). No clock and no random number: the same packages have the same list."""

import glob
import hashlib
import json
import os
import re
import subprocess


def control_of(path):
    said = subprocess.run(["dpkg-deb", "-f", path], check=True, capture_output=True, text=True)
    return dict(re.findall(r"(?m)^([A-Z][\w-]*): (.*)$", said.stdout))


def names_in(field):
    """The first of each choice that is written in Depends, without its version."""
    return [re.split(r"[ (|]", part.strip())[0] for part in field.split(",") if part.strip()]


def versions_of_build(folder):
    path, = glob.glob(os.path.join(folder, "*.buildinfo"))
    with open(path) as file:
        text = file.read()
    listed = re.search(r"(?ms)^Installed-Build-Depends:\n((?: .*\n)+)", text)[1]
    return dict(re.findall(r"(?m)^ ([a-z0-9.+-]+) \(= ([^)]+)\)", listed))


def reference(name, version, arch, vendor="debian"):
    distro = "&distro=debian-12" if vendor == "debian" else ""
    return f"pkg:deb/{vendor}/{name}@{version.replace('+', '%2B')}?arch={arch}{distro}"


def component(name, version, arch):
    ref = reference(name, version, arch)
    return {"type": "library", "bom-ref": ref, "name": name, "version": version, "purl": ref}


def describe(folder):
    versions = versions_of_build(folder)
    ours, others, graph = [], {}, []
    paths = [path for path in sorted(glob.glob(os.path.join(folder, "openasg*_*.deb")))
             if "-dbgsym_" not in path]
    controls = {control_of(path)["Package"]: control_of(path) for path in paths}
    arch = max(control["Architecture"] for control in controls.values()
               if control["Architecture"] != "all")

    def own(name):
        return reference(name, controls[name]["Version"], controls[name]["Architecture"], "openasg")

    for path in paths:
        control = control_of(path)
        name = control["Package"]
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        ours.append({"type": "application", "bom-ref": own(name), "name": name,
                     "version": control["Version"], "purl": own(name),
                     "description": control["Description"],
                     "licenses": [{"license": {"id": "Apache-2.0"}}],
                     "hashes": [{"alg": "SHA-256", "content": digest}]})
        needs = []
        for needed in names_in(control.get("Depends", "")):
            if needed in controls:
                needs.append(own(needed))
            elif needed in versions:
                part = component(needed, versions[needed], arch)
                others[part["bom-ref"]] = part
                needs.append(part["bom-ref"])
            elif needed != "systemd":  # any version, of the host
                raise SystemExit(f"{name} depends on {needed}, which the build did not have")
        graph.append({"ref": own(name), "dependsOn": sorted(needs)})
    version = controls["openasg"]["Version"]
    return version, {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"component": {"type": "application", "bom-ref": f"openasg@{version}",
                                   "name": "openasg", "version": version}},
        "components": ours + [others[ref] for ref in sorted(others)],
        "dependencies": [{"ref": f"openasg@{version}", "dependsOn": [part["bom-ref"] for part in ours]},
                         *graph, *({"ref": ref} for ref in sorted(others))]}


def write(folder):
    version, bom = describe(folder)
    path = os.path.join(folder, f"openasg_{version}.cdx.json")
    with open(path, "w") as file:
        json.dump(bom, file, indent=1, sort_keys=False)
        file.write("\n")
    return path, len(bom["components"])
