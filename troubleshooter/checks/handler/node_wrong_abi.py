"""A native Node.js module was compiled for another Node.js version.

What it looks for
    An addon that the handler's imports reach and that registers for another `NODE_MODULE_VERSION` than the runtime's:
    by the name of its entry symbol (`node_register_module_v115`), or by the structure that it registers.

Why it breaks
    Modules that do not use Node-API are compiled for one ABI: 108 for Node.js 18, 115 for 20, 127 for 22, 137 for 24.
    After a change of the base image, or an install with the laptop's version, the module does not load.

How it is told apart
    Addons of Node-API (`napi_register_module_v1`) fit every version and are never blamed. `invalid ELF header` is another
    system (`native_mac_binary`); a module missing for the platform is `node_optional_platform_package`.

Fix
    `npm rebuild` inside the image, with the Node.js version that runs; or a release of the module that uses Node-API.

References
    https://nodejs.org/en/about/previous-releases
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, check, signature
from troubleshooter.checks._launch_fix import rebuilt
from troubleshooter.checks._native import decide, only
from troubleshooter.facts import Unavailable
from troubleshooter.facts.function import FunctionCode, FunctionRecord
from troubleshooter.facts.image import ImageConfig
from troubleshooter.facts.logs import Timeline
from troubleshooter.facts.native import NativeModule, NativeModules
from troubleshooter.facts.runtime import RuntimeModel
from troubleshooter.model import Evidence, Remediation, Rung, Severity, Verdict

FREQUENCY = Frequency.OCCASIONAL
SIGNATURES = (
    signature(r"NODE_MODULE_VERSION \d+", 3),
    signature(r"was compiled against a different Node\.js version", 3),
    signature(r"Module did not self-register", 3),
)
ASK = (
    "Does `docker run --rm --entrypoint node IMAGE -p process.versions.modules` print the NODE_MODULE_VERSION that the "
    "module was compiled for?"
)


@check(
    title="Native addons are compiled for this Node.js",
    severity=Severity.ERROR,
    rung=Rung.HANDLER,
    explains=("node_dep_missing", "init_exception_other"),
    narrow=True,
)
def node_wrong_abi(
    natives: NativeModules,
    runtime: RuntimeModel,
    function: FunctionRecord | Unavailable,
    image: ImageConfig | Unavailable,
    code: FunctionCode | Unavailable,
    timeline: Timeline | Unavailable,
) -> Verdict:
    """Compares the NODE_MODULE_VERSION that loaded addons register for with the runtime's."""
    other = only("node", natives)
    if other is not None:
        return other
    node = ".".join(str(part) for part in runtime.version[:1])

    def message(module: NativeModule) -> str:
        return f"`{module.name}` is compiled for NODE_MODULE_VERSION {_versions(module)}; Node.js {node} requires {natives.module_version}"

    def versions(module: NativeModule) -> tuple[Evidence, ...]:
        place = f"{natives.reading.source} {module.taken}"
        return (
            natives.cite("modules", _versions(module), label="NODE_MODULE_VERSION of the addon", source=place),
            natives.cite("module_version", label=f"NODE_MODULE_VERSION of Node.js {node}"),
        )

    def fix(module: NativeModule) -> Remediation:
        text = (
            f"Run `npm rebuild {module.package}` with Node.js {node} inside the build of the image or package, without a "
            "node_modules folder of the host; or take a release of it that uses Node-API."
        )
        return rebuilt(text, function, image, code, f"The next init loads `{module.name}` without an error.")

    fine = f"every addon that is loaded fits NODE_MODULE_VERSION {natives.module_version or 'of the runtime'}"
    return decide("node", natives, timeline, message, fix, fine, more=versions)


def _versions(module: NativeModule) -> str:
    chosen = module.chosen
    return " and ".join(str(version) for version in chosen.addon) if chosen is not None else ""
