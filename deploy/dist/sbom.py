"""Prints the bill of materials of a program as SPDX 2.3 (JSON): sbom.py PROGRAM VERSION.

Names what is inside the program (Swift's standard library and packages, C++ headers), what it loads (the libraries that
the ELF header needs, with the Debian packages that they came from), and what it may load when it is there (NVML).
"""

import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPDX = "SPDXRef-"
# Headers that are compiled into the program, and the Debian package of each.
HEADERS = ("libboost1.81-dev", "libxxhash-dev")


def ran(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def reference(name: str) -> str:
    return SPDX + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def package(name: str, version: str, location: str = "NOASSERTION", licence: str = "NOASSERTION",
            purl: str | None = None, **more) -> dict:
    made = {"SPDXID": reference(name), "name": name, "versionInfo": version, "downloadLocation": location,
            "filesAnalyzed": False, "licenseConcluded": licence, "licenseDeclared": licence,
            "copyrightText": "NOASSERTION", "supplier": "NOASSERTION", **more}
    if purl:
        made["externalRefs"] = [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl",
                                 "referenceLocator": purl}]
    return made


def swift_packages() -> list[dict]:
    text = (ROOT / "Package.swift").read_text()
    found = re.findall(r'\.package\(url: "https://([^"]+)", exact: "([^"]+)"\)', text)
    return [package(url.rsplit("/", 1)[1], version, f"git+https://{url}@{version}", "Apache-2.0",
                    f"pkg:swift/{url}@{version}") for url, version in found]


def swift() -> dict:
    banner = ran(os.environ.get("SWIFT", "swift"), "--version")
    version = re.search(r"Swift version (\S+)", banner)[1]
    return package("swift-standard-library", version,
                   f"git+https://github.com/swiftlang/swift@swift-{version}-RELEASE", "Apache-2.0")


def debian(name: str) -> dict:
    version, source = ran("dpkg-query", "-W", "-f", "${Version}\t${source:Package}", name).split("\t")
    plain = name.split(":")[0]
    return package(plain, version, purl=f"pkg:deb/debian/{plain}@{version}?arch=amd64",
                   sourceInfo=f"built from the Debian source package {source}")


def libraries(program: pathlib.Path) -> list[str]:
    """The Debian packages of the libraries that the program needs by name."""
    needed = re.findall(r"NEEDED\s+(\S+)", ran("objdump", "-p", str(program)))
    owners = set()
    for library in needed:
        lines = ran("dpkg", "-S", f"*/{library}").splitlines()
        owners.add(sorted(line.split(": ")[0].split(",")[0] for line in lines if "diversion" not in line)[0])
    return sorted(owners)


def document(program: pathlib.Path, version: str) -> dict:
    digest = hashlib.sha256(program.read_bytes()).hexdigest()
    created = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.timezone.utc)
    main = package("ml_exporter", version, licence="Apache-2.0",
                   checksums=[{"algorithm": "SHA256", "checksumValue": digest}],
                   primaryPackagePurpose="APPLICATION")
    inside = [swift(), *swift_packages(), *map(debian, HEADERS)]
    loaded = [debian(name) for name in libraries(program)]
    optional = package("libnvidia-ml.so.1", "NOASSERTION", comment="NVIDIA's management library, loaded by "
                       "dlopen(3) where it is installed; not distributed with ml_exporter")
    relations = [(SPDX + "DOCUMENT", "DESCRIBES", main)]
    relations += [(main["SPDXID"], "STATIC_LINK", each) for each in inside]
    relations += [(main["SPDXID"], "DYNAMIC_LINK", each) for each in loaded]
    relations += [(main["SPDXID"], "OPTIONAL_DEPENDENCY_OF", optional)]
    return {
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": SPDX + "DOCUMENT",
        "name": f"ml_exporter-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/ml_exporter-{version}-"
                             f"{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "creationInfo": {"created": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
                         "creators": ["Tool: ml_exporter-deploy/dist/sbom.py"]},
        "packages": [main, *inside, *loaded, optional],
        "relationships": [
            # The optional library depends on nothing of ours: this relation points the other way.
            {"spdxElementId": each["SPDXID"], "relationshipType": kind, "relatedSpdxElement": first}
            if kind == "OPTIONAL_DEPENDENCY_OF" else
            {"spdxElementId": first, "relationshipType": kind, "relatedSpdxElement": each["SPDXID"]}
            for first, kind, each in relations],
    }


if __name__ == "__main__":
    print(json.dumps(document(pathlib.Path(sys.argv[1]), sys.argv[2]), indent=2, sort_keys=True))
