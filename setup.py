"""What pyproject.toml cannot say: all packages of dcrf, and the packed files beside them."""

import json
import lzma
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

PACKED = ("schema", "configurations")
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
            packed = Path(self.build_lib, "dcrf", "schema", "packed.json.xz")
            text = json.dumps(content, separators=(",", ":"))
            packed.write_bytes(lzma.compress(text.encode(), preset=9))


setup(packages=find_packages(include=["dcrf", "dcrf.*"]), cmdclass={"build_py": BuildPackages})
