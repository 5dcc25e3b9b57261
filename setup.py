"""What pyproject.toml cannot say: all packages of dcrf, and its package data.

`schema/` and `configurations/` are package data.
"""

from setuptools import find_packages, setup

# `package-dir` of pyproject.toml maps the last two to schema/ and configurations/
DATA = ["dcrf.schema.files", "dcrf.shipped"]
setup(packages=[*find_packages(include=["dcrf", "dcrf.*"]), *DATA])
