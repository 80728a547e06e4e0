"""The package again with something changed."""

import re
import shutil

from files import accepted


def repacked(package, folder, version: str, change=lambda tree: None):
    """The package under another version; `change` may alter its unpacked tree."""
    tree = folder / "tree"
    accepted("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(),
                              flags=re.MULTILINE))
    change(tree)
    made = folder / f"ml-exporter_{version}_amd64.deb"
    # Nothing is compressed: it is unpacked at once.
    accepted("dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, made)
    shutil.rmtree(tree)
    return made
