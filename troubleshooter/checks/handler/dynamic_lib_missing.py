"""A shared library that native code needs is not in the image.

What it looks for
    `libNAME.so.N: cannot open shared object file` at an import, or a program that ends with status 127 for the same
    reason.

Why it breaks
    AWS's base images are minimal. Packages such as the full OpenCV need X and GL libraries, database drivers need the
    client's library, converters need half a desktop; their wheels do not bring them. The loader looks in
    `LD_LIBRARY_PATH` and the default folders and gives up.

How it is told apart
    The other CPU gives `wrong ELF class` or an `_ext` module that is missing (`native_wrong_arch_lib`), a version that
    is not found is `native_glibc_too_new` or `system_lib_too_old`. Browser libraries that a package should have
    unpacked are `bundled_libs_not_unpacked`; a musl name is `native_libc_mismatch`.

Fix
    Take a build without the dependency (`opencv-python-headless`, with the full one uninstalled), or install the
    library in the image: `dnf install -y mesa-libGL glib2` on Amazon Linux 2023, `yum install -y mesa-libGL` on 2, the
    package of the same purpose elsewhere.

References
    https://docs.aws.amazon.com/lambda/latest/dg/python-image.html
    https://github.com/aws/aws-lambda-python-runtime-interface-client/issues/31
"""

from __future__ import annotations

from collections.abc import Iterator

from troubleshooter.checks import Frequency, check, signature
from troubleshooter.checks._native import Linked
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.native import NativeModule, NativeModules
from troubleshooter.model import Rung, Severity, Verdict

SHOWN = 5
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(
        r"lib(?:GL|gthread|glib|SM|Xext|Xrender|X11|gomp|atomic|pq|xmlsec1|xml2|xslt|magic|sndfile|usb|odbc"
        r"|mysqlclient|mariadb|cairo|pango|rdkit|geos\w*|gdal|proj|zbar|tesseract|leptonica|freetype|fontconfig"
        r"|expat|gobject|vips|heif|clntsh|aio|sqlite3|lapack|blas|openblas|gfortran|quadmath|hdf5|cudart|cublas"
        r"|nvidia|ltdl|snappy|lz4|zstd|bz2|ncurses|uuid|snmp|rdkafka|curl|sasl2|ldap|gssapi_krb5"
        r"|krb5)[\w.+-]{0,40}\.so[\w.]{0,20}: cannot open shared object file",
        3,
    ),
    signature(r"Unable to import module .*: lib[\w.+-]{1,60}\.so[\w.]{0,20}: cannot open shared object file", 3),
    signature(r"(?:ImportError|OSError): lib[\w.+-]{1,60}\.so[\w.]{0,20}: cannot open shared object file", 3),
    signature(
        r"lib[\w.+-]{1,60}\.so[\w.]{0,20}: cannot open shared object file",
        2,
        unless=r"musl|lib(?:nss3|nspr4)\.so",
    ),
    signature(
        r"error while loading shared libraries: \S+",
        2,
        unless=r"lib(?:nss3|nspr4)\.so|/opt/extensions|version .?[A-Z]+_",
    ),
    signature(r"Error loading shared library \S+: No such file", 2, unless=r"/opt/extensions"),
    signature(
        r"no library called \x22?[\w-]+\x22? was found|cannot load library '[^']+'|Unable to find \w+ shared library"
        r"|Could not find (?:lib)?\w+ library|Cannot import shared library|no lib\w+\.so is installed",
        2,
    ),
    signature(r"'NoneType' object has no attribute 'next'", 2),
    signature(r"DllNotFoundException|Unable to load shared library '[^']+'", 2),
    signature(r"Couldn't find a valid ICU package", 3),
    signature(r"exit status 127|(?<![\w.+-])(?!lib)[\w.+-]+\.so[\w.]{0,20}: cannot open shared object file", 1),
)
ASK = "Does `ldd` find every library of the file named in the message, inside the image?"


@check(
    title="Shared libraries of native modules are there",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("py_dep_missing", "node_dep_missing", "init_exception_other"),
    narrow=True,
)
def dynamic_lib_missing(
    natives: NativeModules,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Looks for the libraries that native modules reached by the handler's imports, and what those load, name."""
    return _LINKED.decide("library", natives, function, image, code, timeline)


def _message(module: NativeModule) -> str:
    first, more = module.missing[0], len(module.missing) - 1
    also = f" and {more} more" if more else ""
    return f"`{module.name}` needs {first.name}{also}, and no file of the image has that name"


def _cited(module: NativeModule) -> Iterator[tuple[str, object, str]]:
    return (("library needed", each.name, each.wanted_by) for each in module.missing[:SHOWN])


def _advice(module: NativeModule) -> str:
    name = module.missing[0].name
    how = (
        f"on Alpine `apk add so:{name}`"
        if "-linux-musl" in module.taken
        else f"on Amazon Linux 2023 `dnf install '*/{name}'`"
    )
    return (
        f"Install in the image what brings {', '.join(m.name for m in module.missing[:SHOWN])} ({how} finds the package by "
        f"its file), or take a build of `{module.package}` that does not need it."
    )


_LINKED = Linked(_message, _cited, _advice, "every library that a loaded native module names is in the image")
