"""Methods of conversion, one file each; `METHODS` knows them by name."""

from __future__ import annotations

from typing import Any

from netsci.registry import Registry

# name -> netsci.convert.methods.method.Method
METHODS: Registry[Any] = Registry(
    "method",
    {
        "qcfs": "netsci.convert.methods.qcfs:METHOD",
        "cs_qcfs": "netsci.convert.methods.cs_qcfs:METHOD",
        "snm": "netsci.convert.methods.snm:METHOD",
        "aec": "netsci.convert.methods.aec:METHOD",
        "dcgs": "netsci.convert.methods.dcgs:METHOD",
    },
    public="netsci.convert.METHODS",
)
