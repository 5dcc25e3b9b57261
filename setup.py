"""What pyproject.toml cannot say: all packages of dcrf, and the packed files beside them."""

import bz2
import json
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

PACKED = ("schema", "configurations", "published")
"""Folders whose JSON files `dcrf/schema/package_data.py` reads from one file of the wheel."""


class BuildPackages(build_py):
    """Builds the packages, and packs the JSON files unless dcrf stays in the checkout."""

    def run(self) -> None:
        """Build everything."""
        super().run()
        if not self.editable_mode:
            files = sorted(file for folder in PACKED for file in Path(folder).rglob("*.json"))
            read = [file for file in files if file.parent.name != "editor"]  # made of the others
            content = {file.as_posix(): json.loads(file.read_text()) for file in read}
            packed = Path(self.build_lib, "dcrf", "schema", "packed.json.bz2")
            packed.write_bytes(bz2.compress(json.dumps(content, separators=(",", ":")).encode()))


setup(packages=find_packages(include=["dcrf", "dcrf.*"]), cmdclass={"build_py": BuildPackages})
