"""Builds the C twin of the message parser if there is a compiler; nethttp works without it too.

With NETHTTP_BUILD=require, the installation fails if the build fails.
"""

import os
import sysconfig
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

#: Whether to build one binary for every CPython from 3.11 on. Free-threaded builds have no limited
#: API yet.
LIMITED = not sysconfig.get_config_var("Py_GIL_DISABLED")


class BuildAnew(build_ext):
    """Builds the twin each time, so that a file of an earlier build is never used."""

    def finalize_options(self):
        super().finalize_options()
        self.force = True

    def build_extension(self, ext):
        Path(self.get_ext_fullpath(ext.name)).unlink(missing_ok=True)
        super().build_extension(ext)


class WheelOfWhatWasBuilt(bdist_wheel):
    """Gives a wheel without the twin the tag of a pure one."""

    def get_tag(self):
        build = self.get_finalized_command("build_ext")
        built = all(Path(build.get_ext_fullpath(ext.name)).exists() for ext in build.extensions)
        return super().get_tag() if built else ("py3", "none", "any")


setup(
    cmdclass={"build_ext": BuildAnew, "bdist_wheel": WheelOfWhatWasBuilt},
    ext_modules=[
        Extension(
            "nethttp.wire.h1._head_c",
            ["src/nethttp/wire/h1/_head_c.c"],
            depends=sorted(map(str, Path("src/nethttp/wire/h1").glob("_*.h"))),
            py_limited_api=LIMITED,
            optional=os.environ.get("NETHTTP_BUILD") != "require",
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if LIMITED else {},
)
