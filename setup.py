"""What pyproject.toml cannot say: the folder configs is the package p300.configs of a wheel.

``p300 run quickstart`` finds them there, and in a checkout where they are.
"""

from setuptools import find_namespace_packages, setup

setup(
    packages=[*find_namespace_packages(include=["p300*"]), "p300.configs"],
    package_dir={"p300.configs": "configs"},
)
