"""The Dockerfile lacks something that the installation needs.

What it looks for
    A compiler, git or header that is missing while packages are installed, or a file that was not copied. In a Dockerfile
    and its folder: a file that COPY names and that is not there or that .dockerignore keeps out, a list of requirements or
    a lock file that an installer reads before any step has copied it.

Why it breaks
    AWS's base images carry no compilers. Packages without a wheel for the Python version or the platform are built
    from source; requirements may point at git repositories or files of the project. `sam build --use-container` adds
    nothing to images.

How it is told apart
    The runtime client's own build is `ric_build_failure`. A version that does not exist is `version_does_not_exist`. A
    package manager that is missing is `pkg_manager_mismatch`.

Fix
    Install the tools in a build stage and copy the result, or choose a version with a wheel; copy what the installer
    reads before it runs.

References
    https://docs.docker.com/build/building/multi-stage/
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, failed, not_applicable, passed, signature, unknown
from troubleshooter.facts.build import BuildGap, BuildGaps
from troubleshooter.model import Remediation, Rung, Severity, Unblock, Verdict

FREQUENCY = Frequency.COMMON
SIGNATURES = (
    signature(
        r"(?:command|unable to execute) '?(?:\S*gcc|g\+\+|cc|clang|\S*-cc)'? (?:failed|: No such file)"
        r"|error: command '?\S*(?:gcc|g\+\+|cc)'?",
        3,
    ),
    signature(
        r"(?:gcc|g\+\+|cc|make|cmake|git|cargo|rustc|pkg-config|unzip|tar|gzip|curl|wget|zip|which|patch|ninja"
        r"|python3?|java): (?:command )?not found",
        2,
        unless=r"yum|dnf|apt-get|apk: (?:command )?not found|exit status 127",
    ),
    signature(
        r"Cannot find command 'git'|git(?:\.exe)? (?:is )?not (?:found|installed)|spawn git ENOENT"
        r"|No such file or directory: '(?:git|gcc|cmake|make)'",
        3,
    ),
    signature(
        r"Failed building wheel for|Could not build wheels for|Failed to build installable wheels"
        r"|Failed to build \S+",
        2,
        unless=r"awslambdaric",
    ),
    signature(
        r"pg_config executable not found|mysql_config not found|xml2-config|fatal error: \S+\.h: No such file",
        3,
        unless=r"execinfo",
    ),
    signature(r"Rust compiler|Cargo, the Rust package manager, is not installed|can't find Rust compiler", 3),
    signature(
        r"COPY failed: |failed to (?:compute|calculate) (?:cache key|checksum of ref)"
        r"|forbidden path outside the build context|no source files were specified|\"/\S+\": not found",
        3,
    ),
    signature(
        r"gyp ERR! (?:stack|find Python)|Could not find any Python installation to use|not found: make",
        3,
        unless=r"aws-lambda-ric",
    ),
    signature(
        r"Readme file does not exist|No file/folder found for package|Could not open requirements file"
        r"|does not appear to be a Python project|No such file or directory: '(?:README|requirements|pyproject"
        r"|setup)",
        3,
    ),
    signature(
        r"Unable to find a compatible CMake|CMake must be installed|metadata-generation-failed"
        r"|subprocess-exited-with-error",
        2,
    ),
    signature(
        r"npm ci.{0,3} command can only install with an existing|npm ci.{0,3} can only install packages when your", 3
    ),
    signature(
        r"ERR_PNPM_(?:NO_LOCKFILE|OUTDATED_LOCKFILE|LOCKFILE)|lockfile would have been (?:modified|created) by this install",
        3,
    ),
    signature(
        r"lockfile (?:needs to be updated|is out of date|is not up to date)|frozen-lockfile.{0,80}(?:absent|not up to date|outdated)",
        3,
    ),
    signature(r"Unable to find lockfile at|could not find a pyproject\.toml|No .?pyproject\.toml.? found", 3),
    signature(
        r"(?:poetry|pdm|uv|Pipfile)(?:\.lock)?.{0,60}(?:is not up to date|out of (?:date|sync)|changed significantly since)",
        3,
    ),
    signature(r"changed significantly since \S+ was last generated|Your Pipfile\.lock \(\w+\) is out of date", 3),
    signature(
        r"failed to read dockerfile|Cannot locate (?:specified )?Dockerfile|Dockerfile path: lstat|Dockerfile: no such file",
        3,
    ),
    signature(
        r"\b(?:uv|poetry|pdm|pipenv|pnpm|yarn|npm|npx|node|go|mvn|gradle|dotnet|bun|tsc|esbuild): (?:command )?not found",
        2,
    ),
    signature(r"failed to run custom build command for|Could not find directory of OpenSSL|linker .?cc.? not found", 3),
    signature(r"excluded by \.dockerignore|not found in build context|stat \S+: file does not exist", 3),
    signature(r"Binary validation failed", 3),
    signature(r"Dockerfile not found|error: externally-managed-environment", 3),
    signature(r"(?:Python|ffi|openssl/\w+|libpq-fe|zlib)\.h: No such file", 3),
    signature(r"(?:zlib|jpeg|libxml2?|libffi)\b.{0,60}(?:headers|development).{0,40}(?:not|requir)", 3),
    signature(
        r"Could not read package\.json|File not found: .?(?:requirements|pyproject|uv\.lock)|is not installable\. Neither",
        3,
    ),
    signature(r"lockfile at \S+ needs to be updated|lock ?file.{0,40}(?:--locked|--frozen) was provided", 3),
    signature(
        r"unable to execute .?(?:\S*gcc|g\+\+|cc|cmake)|unable to find a build program|No CMAKE_\w+ could be found", 3
    ),
    signature(
        r"Readme (?:path|file) .{0,80}does not exist|node-gyp: (?:command )?not found|could not be installed: ", 3
    ),
    signature(
        r"(?:npm (?:ERR!|error) .*|^#\d+ [\d.]+ (?:/bin/sh: )?(?:line )?[\d: ]*)(?!yum|dnf|microdnf|apt|apk)"
        r"[\w.+-]+: (?:command )?not found",
        2,
    ),
)
ASK = "Which command or file does the failing step miss, and which RUN or COPY line should bring it?"


@check(
    title="Each step of the Dockerfile finds the files it names", severity=Severity.ERROR, rung=Rung.BUILD, narrow=True
)
def dockerfile_build_prereq_missing(build: BuildGaps) -> Verdict:
    """Reads what was found missing in the build's context."""
    if not build.gaps and not build.looked_at:
        return not_applicable("the Dockerfile copies nothing from the source folder")
    if not build.gaps and build.made:
        text = f"the files that the Dockerfile's steps name are there, or may be made before the build: {', '.join(build.made[:3])}"
        return passed(text, build.cite("made", label="not in the source folder"))
    if not build.gaps:
        return passed("the files that the Dockerfile's steps name are there")
    certain = [gap for gap in build.gaps if gap.kind != "elsewhere"]
    evidence = [
        each
        for gap in certain or build.gaps
        for each in (
            build.cite("gaps", gap.text, label="step of the build", source=gap.place),
            build.cite("gaps", gap.because, label=f"{gap.file} at that step", source=gap.place),
        )
    ]
    if not certain:
        gap = build.gaps[0]
        ask = Unblock(f"Tell whether anything puts {gap.file} there before the build.")
        return unknown(f"{gap.place} needs {gap.file}: {gap.because}", *evidence, unblock=ask)
    first = certain[0]
    return failed(
        f"{first.place} needs {first.file}: {first.because}",
        *evidence,
        remediation=Remediation(
            " ".join(_step(gap) for gap in certain),
            verify="The build gets past this step.",
        ),
    )


def _step(gap: BuildGap) -> str:
    if gap.kind == "ignored":
        return f"Take {gap.file} out of what .dockerignore excludes: add the line `!{gap.file}` at its end."
    if gap.kind == "absent":
        return f"Correct the path {gap.file} at {gap.place}, which is relative to the folder that is built in, or add the file."
    if gap.file.endswith((".json", ".lock")):
        return (
            f"Before {gap.place}, copy it: `COPY package.json {gap.file} ./`; if there is none, `npm install` makes it."
        )
    return f"Before {gap.place}, copy it: `COPY {gap.file} ./`."
