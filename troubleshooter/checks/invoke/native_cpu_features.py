"""Native code uses CPU instructions that Lambda's hosts do not have.

What it looks for
    A process that ended with `signal: illegal instruction`.

Why it breaks
    A library or program was compiled for the build machine (`-march=native`, AVX-512, newer ARM extensions). Lambda
    documents AVX2 on x86_64 and nothing beyond; hosts differ, so that it may fail on some environments and not on
    others.

How it is told apart
    `segmentation fault` is `native_crash`. A binary of another architecture does not start at all (`exec format
    error`). An extension of a vendor that dies this way next to its own configuration error is
    `extension_version_broken`.

Fix
    Compile for x86-64-v2 or v3, or armv8.2-a; in Rust and Go set the target CPU explicitly; choose published wheels
    instead of building on the laptop.

References
    https://docs.aws.amazon.com/lambda/latest/dg/runtimes-avx2.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, signature
from troubleshooter.checks import _timeline as t
from troubleshooter.facts.logs import Timeline
from troubleshooter.model import Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.RARE
SIGNATURES = (
    signature(r"signal: illegal instruction", 3),
    signature(r"Illegal instruction(?: \(core dumped\))?", 2, unless=r"UnsupportedField|Extension\.Crash"),
    signature(r"exit status 132\b", 3),
    signature(r"AVX(?:2|512)?\b.*not (?:available|supported)|CPU (?:lacks|does not support)", 2),
    signature(r"SIGILL\b", 3),
    signature(r"compiled to use [\w., ]*(?:AVX|SSE|FMA)[\w., ]* instructions|built with baseline optimizations: \(", 3),
)


_ILLEGAL = t.exited(r"with error: signal: illegal instruction")


@check(title="Native code uses only instructions that Lambda's hosts have", severity=Severity.ERROR, rung=Rung.INVOKE)
def native_cpu_features(timeline: Timeline) -> Verdict:
    """Reads by which signal the newest process ended."""
    found = t.failing(timeline, _ILLEGAL)
    if isinstance(found, Verdict):
        return found
    fix = Remediation(
        "Compile for x86-64-v2 or v3, or for armv8.2-a, never for the build machine (-march=native); set the target CPU "
        "explicitly in Rust and Go; choose published wheels instead of building on the laptop.",
        (),
        "The next invocations end without a signal, on several new environments: hosts differ.",
    )
    message = "the process used a CPU instruction that this host does not have"
    cited = (t.fault(timeline, found), t.report(timeline, found))
    return failed(message, *cited, remediation=fix, rung=t.rung(timeline, found, Rung.INVOKE))
