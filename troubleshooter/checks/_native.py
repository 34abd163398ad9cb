"""What the failure modes of native modules share: which fault a module has, and how it is proven and put right."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from troubleshooter.checks import failed, not_applicable, passed, unknown
from troubleshooter.checks._client_said import said
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.facts import Unavailable
from troubleshooter.facts.bases import table_source
from troubleshooter.facts.distributions import distributions_of
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.libraries import OldLibrary
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.native import NativeFile, NativeModule, NativeModules
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Evidence, Remediation, Rung, Unblock, Verdict

SHOWN = 3
_CPUS = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64", "amd64": "amd64"}
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


def fault(module: NativeModule, natives: NativeModules) -> str:
    """What is wrong with a module, in one word; empty where nothing is.

    `system` (macOS, Windows), `cpu`, `abi` (another Python), `libc` (the other C library), `library` (missing), `shadow`
    (another of its name wins), `glibc` (too old), `version` (of another library), `node` (another Node.js).
    """
    chosen = module.chosen
    if chosen is None:
        if all(_foreign_system(each) for each in module.files):
            return "system"
        linux = [each for each in module.files if not _foreign_system(each)]
        return "cpu" if all(_foreign_cpu(each, natives.architecture) for each in linux) else "abi"
    if _foreign_system(chosen):
        return "system"
    if _foreign_cpu(chosen, natives.architecture):
        return "cpu"
    loader = [("libc", module.foreign_libc), ("library", module.missing)]
    found = next((kind for kind, value in [*loader, ("shadow", module.shadowed)] if value), "")
    if found:
        return found
    if module.outdated:
        return "glibc" if any(each.version.startswith("GLIBC_") for each in module.outdated) else "version"
    return "node" if chosen.is_for_another_node(natives.module_version) else ""


def unlinked(natives: NativeModules, *systems: str) -> Verdict | None:
    """Why no question about shared libraries can be answered; None where one can, of one of the `systems`."""
    if natives.system_unknown:
        return unknown(
            natives.system_unknown, unblock=Unblock("Allow lambda:GetFunctionConfiguration, or give the image.")
        )
    if natives.system in systems:
        return None
    return not_applicable("the managed runtime's own libraries are not part of the package")


def _foreign_system(file: NativeFile) -> bool:
    return file.format in ("mach-o", "pe") or file.path.endswith(".pyd")


def _foreign_cpu(file: NativeFile, machine: str) -> bool:
    if file.format == "elf" and file.machines and machine not in file.machines:
        return True
    named = _CPUS.get(file.platform.partition("-")[0])
    return named is not None and named != machine and not file.named_for_us


def described(file: NativeFile) -> str:
    """A file in words: what its name and its header say."""
    header = {"elf": "ELF", "mach-o": "Mach-O (macOS)", "pe": "PE (Windows)"}.get(file.format, "no program file")
    cpus = f" for {', '.join(file.machines)}" if file.machines else ""
    tag = f", named for {'-'.join(p for p in (file.tag, file.platform) if p)}" if file.tag else ""
    return f"{header}{cpus}{tag}"


def cited(natives: NativeModules, module: NativeModule) -> tuple[Evidence, ...]:
    """The files, and the import."""
    found = [
        natives.cite(
            "modules",
            described(f),
            label="program" if module.program else "native module",
            source=f"{natives.reading.source} {f.path}",
        )
        for f in module.files[:SHOWN]
    ]
    if module.importer:
        place = f"{natives.reading.source} {module.importer}"
        found.append(natives.cite("modules", f"loads {module.name}", label="imported at load time", source=place))
    if len(module.chain) > 1:
        found.append(natives.cite("modules", " → ".join(module.chain), label="imports from the handler on"))
    return tuple(found)


def log_of(module: NativeModule, timeline: Timeline | Unavailable) -> tuple[Evidence, ...]:
    """The newest error in the log that names the module, or one of its files."""
    words = [re.escape(f.path) for f in module.files]
    if "/" not in module.name:
        words.append(rf"No module named '?{re.escape(module.name)}(?![\w.])")
        stem = re.escape(module.name.rpartition(".")[2])
        words.append(rf"cannot import name '{stem}' from '{re.escape(module.name.rpartition('.')[0] or '-')}'")
    words += [rf"(?:\s|^){re.escape(m.name)}: (?:cannot open|No such file)" for m in module.missing]
    return said(timeline, "|".join(words))


def decide(
    kind: str,
    natives: NativeModules,
    timeline: Timeline | Unavailable,
    message: Callable[[NativeModule], str],
    fix: Callable[[NativeModule], Remediation],
    fine: str,
    more: Callable[[NativeModule], tuple[Evidence, ...]] = lambda module: (),
    rung_of_modules: Rung | None = None,
) -> Verdict:
    """Fails for a module that is sure to be loaded, or that the present errors of the log name; else passes or says why not."""
    having = [m for m in natives.modules if fault(m, natives) == kind]
    for module in having:
        spoken = log_of(module, timeline)
        if module.certain or spoken:
            evidence = (*cited(natives, module), *more(module), *spoken)
            rung = Rung.RUNTIME if module.program else rung_of_modules
            return failed(message(module), *evidence, remediation=fix(module), rung=rung)
    reached = [m for m in having if m.importer]
    if reached and natives.unread:
        text = "; ".join(natives.unread[:2])
        unblock = Unblock("Give the built image or package, with its layers, as the function runs it.")
        return unknown(f"{reached[0].name} may be loaded from elsewhere: {text}", unblock=unblock)
    if having:
        return passed(f"{fine}; {having[0].name} has such a file, and loading the handler is not sure to need it")
    return passed(fine)


@dataclass(frozen=True, slots=True)
class Linked:
    """What a mode of shared libraries says of a module that has its fault."""

    message: Callable[[NativeModule], str]
    cited: Callable[[NativeModule], Iterable[tuple[str, object, str]]]
    """Label, value and path of each piece of evidence beside the module itself; without a path it was read in a table."""
    advice: Callable[[NativeModule], str]
    fine: str
    """What is said where no module has it."""
    systems: tuple[str, ...] = ("image",)
    """Whose libraries it can be told of."""
    rung_of_modules: Rung | None = None

    def decide(
        self,
        kind: str,
        natives: NativeModules,
        function: FunctionRecord | Unavailable,
        image: ImageConfig | Unavailable,
        code: FunctionCode | Unavailable,
        timeline: Timeline | Unavailable,
    ) -> Verdict:
        """The verdict for one kind of fault."""

        def more(module: NativeModule) -> tuple[Evidence, ...]:
            place = natives.reading.source
            return tuple(
                natives.cite("modules", value, label=label, source=f"{place} {path}" if path else table_source())
                for label, value, path in self.cited(module)
            )

        def fix(module: NativeModule) -> Remediation:
            verify = f"The next init loads `{module.name}` without an error."
            return rebuilt(self.advice(module), function, image, code, verify)

        other = unlinked(natives, *self.systems)
        if other is not None:
            return other
        return decide(kind, natives, timeline, self.message, fix, self.fine, more, self.rung_of_modules)


def newest_needed(module: NativeModule, kind: str = "") -> OldLibrary:
    """The newest version, of a kind where one is given, that is needed and not there."""
    old = [each for each in module.outdated if each.version.startswith(kind)]
    return max(old, key=lambda each: [int(part) for part in each.version.rpartition("_")[2].split(".")])


def unused(
    natives: NativeModules, timeline: Timeline | Unavailable, kinds: Mapping[str, str], text: str, verify: str
) -> Verdict:
    """Fails for a module with one of the faults that loading the handler does not reach; `kinds` says each in words."""
    having = [
        (module, kinds[kind])
        for module in natives.modules
        if (kind := fault(module, natives)) in kinds and not module.importer and not module.certain
    ]
    having = [(module, words) for module, words in having if not log_of(module, timeline)]
    if not having:
        return passed("no native module of this kind lies unused")
    module, words = having[0]
    more = f", and {len(having) - 1} more like it" if len(having) > 1 else ""
    return failed(
        f"`{module.name}` {words}{more}; loading the handler does not reach it",
        *cited(natives, module),
        remediation=Remediation(text, (), verify),
    )


def only(language: str, natives: NativeModules) -> Verdict | None:
    """Not applicable for another language."""
    if natives.language == language:
        return None
    return not_applicable("the handler is not Python" if language == "python" else "the handler is not JavaScript")


def reinstall(
    natives: NativeModules,
    module: NativeModule,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
) -> Remediation:
    """Install the package again for the function's own platform."""
    zipped = isinstance(function, FunctionRecord) and not function.is_image
    verify = f"The next init loads `{module.name}` without an error."
    name = module.package
    if natives.language == "node":
        cpu = "arm64" if natives.architecture == "arm64" else "x64"
        text = (
            f"Install `{name}` for linux-{cpu} inside the build, without a node_modules folder of the host "
            "(put it into .dockerignore)."
        )
        command = shlex.join(["npm", "install", "--os=linux", f"--cpu={cpu}", "--libc=glibc"])
    else:
        version = ".".join(str(p) for p in runtime.version[:2])
        known = distributions_of(module.name) or distributions_of(module.package)
        platform = f"manylinux2014_{MACHINES.get(natives.architecture, natives.architecture)}"
        text = f"Install what brings `{name}` with Python {version} for {natives.architecture}"
        text += ", inside the image, without the host's copies." if not zipped else " before the package is zipped."
        command = ""
        if known and version:
            options = ["--platform", platform, "--only-binary=:all:", "--python-version", version, "--upgrade"]
            target = "." if zipped else runtime.task_root
            command = shlex.join(["python", "-m", "pip", "install", *options, "--target", target, known[0]])
    fix = rebuilt(text, function, image, code, verify)
    return Remediation(fix.text, (*([command] if command else []), *fix.commands), fix.verify)


def foreign(
    kind: str,
    natives: NativeModules,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
    *,
    why: str,
    fine: str,
    beside: tuple[Evidence, ...] = (),
) -> Verdict:
    """The verdict on modules that were installed for another platform; `why` goes on after what the file is."""
    return decide(
        kind,
        natives,
        timeline,
        lambda module: f"`{module.name}` is {described(module.chosen or module.files[0])}{why}",
        lambda module: reinstall(natives, module, runtime, function, image, code),
        fine,
        lambda module: beside,
    )
