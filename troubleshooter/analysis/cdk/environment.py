"""The environments that CDK code in the source folder gives to Lambda functions, as far as their names are literal."""

from __future__ import annotations

from troubleshooter.analysis.cdk.findings import CdkFindings
from troubleshooter.analysis.cdk.javascript import read_javascript
from troubleshooter.analysis.cdk.python import read_python
from troubleshooter.facts import Reason, Unavailable, provides
from troubleshooter.facts.template import CdkCode, SourceEnvironment
from troubleshooter.model import Subject


@provides()
def environment_of_cdk_code(code: CdkCode, subject: Subject) -> SourceEnvironment | Unavailable:
    """Every file's functions together."""
    if subject.name:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "CDK code is not looked at for one function of several")
    found = [_read(path, text) for path, text in sorted(code.files.items())]
    return SourceEnvironment(
        reading=code.reading,
        variables=tuple(v for f in found for v in f.variables),
        functions=sum(f.functions for f in found),
        unread=(*(place for f in found for place in f.unread), *code.skipped),
    )


def _read(path: str, text: str) -> CdkFindings:
    found = CdkFindings(path)
    if path.endswith(".py"):
        read_python(text, found)
    else:
        read_javascript(text, found)
    return found
