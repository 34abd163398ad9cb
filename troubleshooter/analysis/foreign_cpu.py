"""Whether the image is for another CPU than the function. Pure."""

from __future__ import annotations

from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.function import FunctionRecord
from troubleshooter.facts.image import ForeignCpu, ImageConfig

_OCI = {"x86_64": "amd64", "arm64": "arm64"}


@provides()
def foreign_cpu(function: FunctionRecord, image: ImageConfig) -> ForeignCpu | Unavailable:
    """Both names, where they differ."""
    wanted = _OCI.get(function.architecture)
    if wanted is None or image.architecture in ("", wanted):
        return Unavailable(Reason.NOT_OF_THIS_KIND, "the image that runs is not known to be for another CPU")
    return ForeignCpu(reading=image.reading, wanted=wanted, built=image.architecture)
