"""serverless.yml in CloudFormation's shape: what the Serverless Framework would deploy, as far as the file itself says.

Of `${…}` what the file itself gives is resolved; the rest, which only the framework knows, stays an expression. Settings of
`provider` stand where a function is silent, the framework's own defaults where both are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from troubleshooter.analysis.document import Located
from troubleshooter.analysis.template.serverless_variables import resolved
from troubleshooter.analysis.template.shape import (
    UNDECIDED,
    function_resource,
    is_set,
    nested,
    placed,
    template_of,
    undecided,
)

BY_OPTION = "ByOption"
"""Metadata: properties whose value is a default that an option of the command line may replace."""
DEFAULT_TIMEOUT_S, DEFAULT_MEMORY_MB = 6, 1024
MISPLACED = {"command": "Command", "entryPoint": "EntryPoint", "workingDirectory": "WorkingDirectory"}
"""Settings of an image that count inside `image` alone."""
SERVERLESS_NAMES = {
    "FunctionName": "name",
    "PackageType": "image",
    "Architectures": "architecture",
    "Runtime": "runtime",
    "Handler": "handler",
    "Timeout": "timeout",
    "MemorySize": "memorySize",
    "Role": "role",
    "Layers": "layers",
    "Code.ImageUri": "image.uri",
    "ImageConfig.Command": "image.command",
    "ImageConfig.EntryPoint": "image.entryPoint",
    "ImageConfig.WorkingDirectory": "image.workingDirectory",
    "EphemeralStorage.Size": "ephemeralStorageSize",
    "VpcConfig": "vpc",
    "SnapStart.ApplyOn": "snapStart",
    "Environment": "environment",
    "Environment.Variables": "environment",
    **{f"Metadata.{name}": name for name in MISPLACED},
}


def is_serverless(root: Located) -> bool:
    """Whether it is a configuration of the Serverless Framework."""
    return root.get("service") is not None and (root.get("provider") is not None or root.get("functions") is not None)


def from_serverless(root: Located, problems: list[str]) -> Located:
    """The functions under their keys, and those that `resources` writes out. What could not be read goes to `problems`."""
    root, optional = resolved(root, ("service", "provider", "functions", "resources"))
    provider = root.get("provider") or Located({}, 1)
    if provider.text is not None:  # the short form `provider: aws`
        provider = Located({"name": provider}, provider.line)
    resources = {}
    for key, function in _functions(root.get("functions"), problems):
        if is_set(function):
            resources[key] = _Function(function, provider, _service(root.get("service")), optional).resource()
    extra = root.get("resources", "Resources")
    for key, resource in (extra.mapping if extra is not None else {}).items():
        resources.setdefault(key, resource)
    return template_of(resources)


def _lines(value: Located) -> set[int]:
    """Every line that a value stands on."""
    below = value.mapping.values() if value.mapping else value.items
    return {value.line}.union(*(_lines(each) for each in below))


def _service(value: Located | None) -> Located | None:
    """The service's name; None where it is decided at deploy time."""
    name = value if value is None or value.text is not None else value.get("name")
    return name if name is not None and name.text and "${" not in name.text else None


def _functions(section: Located | None, problems: list[str]) -> Iterator[tuple[str, Located]]:
    if section is None:
        return
    if section.text is not None:
        problems.append(f"{section.line}: the functions stand in another file: {section.text}")
    yield from section.mapping.items()
    for item in section.items:
        yield from _functions(item, problems)


def _opened(value: Located | None) -> Located | None:
    """The value, every text with `${…}` in it an expression."""
    if value is None:
        return None
    if isinstance(value.value, str):
        return undecided(value.value, value.line) if "${" in value.value else value
    if value.function:
        return value
    if value.mapping:
        return Located({key: _opened(item) or item for key, item in value.mapping.items()}, value.line)
    if value.items:
        return Located(tuple(_opened(item) or item for item in value.items), value.line)
    return value


class _Function:
    """One function with what it inherits."""

    def __init__(self, function: Located, provider: Located, service: Located | None, optional: set[int]) -> None:
        """`optional`: lines whose value an option of the command line may replace."""
        self.own, self.provider, self.service, self.line = function, provider, service, function.line
        self.optional = optional
        self.image = function.get("image")

    def resource(self) -> Located:
        own = self.own
        found: dict[str, Located | None] = {
            "FunctionName": self.name(),
            "Architectures": self.architecture(),
            "Timeout": self.setting("timeout") or Located(DEFAULT_TIMEOUT_S, self.line),
            "MemorySize": self.setting("memorySize") or Located(DEFAULT_MEMORY_MB, self.line),
            "Role": own.get("role"),
            "Layers": own.get("layers") if self.image is not None else self.setting("layers"),
            "Environment": self.environment(),
            "VpcConfig": self.vpc(),
            "SnapStart": self.snap_start(),
            "EphemeralStorage": nested(self.line, {"Size": own.get("ephemeralStorageSize")}),
        }
        metadata: dict[str, Located] = {} if self.service is None else {"service": self.service}
        if is_set(self.image):
            found |= self.image_properties(metadata)
        else:
            found |= {"Runtime": self.setting("runtime"), "Handler": own.get("handler")}
        opened = {key: _opened(value) for key, value in found.items()}
        by_option = [key for key, value in opened.items() if value is not None and _lines(value) & self.optional]
        if by_option:
            metadata[BY_OPTION] = Located(tuple(Located(key, self.line) for key in by_option), self.line)
        return function_resource(self.line, placed(opened), metadata)

    def name(self) -> Located | None:
        """Its name, which is another one where an option says so: then the function that runs is not known by it."""
        own = self.own.get("name")
        return undecided(own.text, own.line) if own is not None and own.text and own.line in self.optional else own

    def setting(self, name: str) -> Located | None:
        """The function's own, else the provider's."""
        own = self.own.get(name)
        return own if is_set(own) else self.provider.get(name)

    def architecture(self) -> Located | None:
        value = self.setting("architecture")
        return Located((value,), value.line) if value is not None and value.value is not None else None

    def environment(self) -> Located | None:
        parts = [part for part in (self.provider.get("environment"), self.own.get("environment")) if is_set(part)]
        if not parts:
            return None
        line = parts[-1].line if parts[-1] is not None else self.line
        variables: dict[str, Located] = {}
        for part in parts:
            if part is not None and part.text is not None:
                return Located({"Variables": undecided(part.text, part.line)}, line)
            variables |= part.mapping if part is not None else {}
        return Located({"Variables": Located(placed(variables), line)}, line)

    def vpc(self) -> Located | None:
        value = self.setting("vpc")
        if value is None or not value.mapping:
            return value
        names = {"SubnetIds": "subnetIds", "SecurityGroupIds": "securityGroupIds"}
        return nested(value.line, {key: value.get(name) for key, name in names.items()})

    def snap_start(self) -> Located | None:
        value = self.own.get("snapStart")
        if value is None or value.value is not True:
            return None
        return Located({"ApplyOn": Located("PublishedVersions", value.line)}, value.line)

    def image_properties(self, metadata: dict[str, Located]) -> Mapping[str, Located | None]:
        image = self.image
        assert image is not None  # noqa: S101
        names = {"Command": "command", "EntryPoint": "entryPoint", "WorkingDirectory": "workingDirectory"}
        for name in MISPLACED:
            value = self.own.get(name)
            if value is not None and value.value is not None:
                metadata[name] = value
        return {
            "PackageType": Located("Image", image.line),
            "Code": Located({"ImageUri": self.uri(image, metadata)}, image.line),
            "ImageConfig": nested(image.line, {key: image.get(name) for key, name in names.items()}),
        }

    def uri(self, image: Located, metadata: dict[str, Located]) -> Located:
        """Where the image lies: literally, or as what the framework builds and pushes."""
        named = image.get("uri") or image.get("name") or image
        text = named.text
        if text is None:
            return named if named.function else undecided("the image", image.line)
        if "${" in text or "/" in text or "@" in text:
            return named
        built = self.provider.get("ecr", "images", text)
        if built is not None and built.text is not None:
            return built
        for key, name in (("Dockerfile", "file"), ("DockerContext", "path"), ("Platform", "platform")):
            value = built.get(name) if built is not None else None
            if value is not None and value.text is not None and "${" not in value.text:
                metadata[key] = value
        if built is not None:
            uri = built.get("uri")
            if uri is not None and uri.value is not None:
                return uri
            metadata.setdefault("Dockerfile", Located("Dockerfile", built.line))
            metadata.setdefault("DockerContext", Located(".", built.line))
        return Located({UNDECIDED: Located(f"the image {text} of provider.ecr.images", image.line)}, image.line)
