"""Builds the C twin of the message parser where there is a compiler; without one, all still works.

NETHTTP_BUILD=require lets a build that fails fail the installation.
"""

import os
import sysconfig

from setuptools import Extension, setup

#: One binary for every CPython from 3.11 on; builds without the GIL have no limited API yet.
LIMITED = not sysconfig.get_config_var("Py_GIL_DISABLED")

setup(
    ext_modules=[
        Extension(
            "nethttp.wire._head_c",
            ["src/nethttp/wire/_head_c.c"],
            depends=["src/nethttp/wire/_usual.h"],
            py_limited_api=LIMITED,
            optional=os.environ.get("NETHTTP_BUILD") != "require",
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if LIMITED else {},
)
