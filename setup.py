"""What pyproject.toml cannot say: all packages of dcrf, and `schema/` as package data of it."""

from setuptools import find_packages, setup

# `package-dir` of pyproject.toml maps the last one to schema/
setup(packages=[*find_packages(include=["dcrf", "dcrf.*"]), "dcrf.schema.files"])
