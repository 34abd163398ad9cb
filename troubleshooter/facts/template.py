"""Deployment templates: the functions they declare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from troubleshooter.facts.base import Fact
from troubleshooter.facts.function import EnvironmentVariable, FunctionRecord
from troubleshooter.model import Evidence


@dataclass(frozen=True, slots=True)
class DeclaredVariable:
    """One environment variable that a template or other source declares for a function, without its value."""

    name: str
    place: str
    """`template.yaml:12`"""
    conditional: bool = False
    """Declared only under a condition that is decided at deploy time."""


@dataclass(frozen=True, slots=True)
class DeclaredFunction:
    """One function resource, a SAM template's Globals merged in."""

    logical_id: str
    place: str
    kind: str
    """Resource type: `AWS::Lambda::Function`, `AWS::Serverless::Function`."""
    properties: Mapping[str, object]
    """Plain values; intrinsic functions stay as one-key mappings such as {"Ref": "X"}. The environment is not among them.

    A `Ref` to a parameter with a default is replaced by the default; `assumed` says so. What is `AWS::NoValue` is left out.
    """
    places: Mapping[str, str] = field(default_factory=dict)
    """Property path (`Environment.Variables.AWS_REGION`, `Layers.0`) → `file:line`."""
    variables: tuple[DeclaredVariable, ...] = ()
    environment: tuple[EnvironmentVariable, ...] = ()
    """The same variables, described; shape `expression` where the value is decided at deploy time."""
    environment_json_bytes: int | None = None
    """Least size of the environment as the JSON that Lambda measures: what is undecided counts as empty. None without one."""
    environment_undecided: int = 0
    """Variables, or groups of them, whose value or presence is decided at deploy time."""
    environment_complete: bool = True
    """False where some names are only made at deploy time, as by `Fn::Transform`."""
    assumed: Mapping[str, str] = field(default_factory=dict)
    """Property path → parameter whose default was taken for it."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    """The resource's Metadata, its keys' places under `Metadata.<key>`."""
    condition: str = ""
    """Name of the condition under which the resource is created at all."""
    construct: str = ""
    """CDK's construct path, where the template comes from the CDK."""


@dataclass(frozen=True, kw_only=True)
class Template(Fact):
    """A template's functions."""

    path: str
    format: str
    """`cloudformation`, `sam`, `serverless`, `terraform`."""
    functions: tuple[DeclaredFunction, ...] = ()
    problems: tuple[str, ...] = ()
    """What was not read, each with its place."""


@dataclass(frozen=True, kw_only=True)
class DeclaredResource(Fact):
    """The function resource that this subject is about."""

    function: DeclaredFunction
    format: str
    """Of the template: `cloudformation`, `sam`, `serverless`, `terraform`."""
    names: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Property path → what the template's own language calls it, where that differs."""

    def value(self, path: str) -> object | None:
        """The plain value below a property path such as `Code.ImageUri`; None where there is none."""
        here: object = self.function.properties
        for key in path.split("."):
            here = here.get(key) if isinstance(here, Mapping) else None
        return here

    def undecided(self, path: str) -> bool:
        """Whether the value at `path`, or something it lies in, is an expression that is decided at deploy time."""
        here: object = self.function.properties
        for key in path.split("."):
            here = here.get(key) if isinstance(here, Mapping) else None
            if is_expression(here):
                return True
        return False

    def declares(self, path: str) -> bool:
        """Whether there is something at `path`: a value that is neither null nor an empty list, mapping or text."""
        return self.value(path) not in (None, "", (), [], {})

    def by_option(self, path: str) -> bool:
        """Whether the value is a default that the deployment's command line may replace."""
        named = self.function.metadata.get("ByOption")
        return isinstance(named, tuple | list) and path.partition(".")[0] in named

    @property
    def package_type(self) -> str | None:
        """`Zip` (the default) or `Image`; None where it is decided at deploy time."""
        if self.undecided("PackageType"):
            return None
        return str(self.value("PackageType") or "Zip")

    @property
    def image_uri(self) -> object | None:
        """Where the image is named, for either resource type: text, or an expression."""
        serverless = self.function.kind == "AWS::Serverless::Function"
        return self.value("ImageUri" if serverless else "Code.ImageUri")

    def named(self, path: str) -> str:
        """A property path in the template's own words: `package_type` in Terraform."""
        return self.names.get(path, path)

    def setting(self, path: str, value: str) -> str:
        """A property with its value as the template would write it."""
        return f'{self.named(path)} = "{value}"' if self.format == "terraform" else f"{self.named(path)}: {value}"

    def place(self, path: str) -> str:
        """`file:line` of a property path, or of the nearest thing around it."""
        while path:
            if path in self.function.places:
                return self.function.places[path]
            path = path.rpartition(".")[0]
        return self.function.place

    def cite_property(self, path: str, value: object = ..., *, label: str | None = None) -> Evidence:
        """Evidence for a property: its value, unless `value` is given, and the line where it stands."""
        shown = self.value(path) if value is ... else value
        if is_expression(shown):
            shown = expression_text(shown)
        words = label or f"{self.function.logical_id} {self.named(path)}"
        parameter = self.function.assumed.get(path)
        if self.by_option(path):
            words += " (default of an option)"
        if parameter:
            words += f" (default of parameter {parameter})"
        return self.cite("function", shown, label=words, source=self.place(path))


@dataclass(frozen=True, kw_only=True)
class DeployedDeclaration(Fact):
    """What the template says of the function that AWS runs, the subject."""

    resource: DeclaredResource


@dataclass(frozen=True, kw_only=True)
class DeployedCounterpart(Fact):
    """What AWS runs under the name that the template's function has or will be given."""

    function: FunctionRecord
    image_uri: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeclaredEnvironment(Fact):
    """Names of environment variables that would be sent to Lambda for this subject, with their places."""

    variables: tuple[DeclaredVariable, ...] = ()
    complete: bool = True
    """False where some names are only made at deploy time."""


@dataclass(frozen=True, kw_only=True)
class CdkCode(Fact):
    """Python, JavaScript and TypeScript files of the source folder that import the AWS CDK."""

    files: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Text by path relative to the folder, `/` between its parts."""
    skipped: tuple[str, ...] = ()
    """What was not read, and why."""


@dataclass(frozen=True, slots=True)
class FolderAsset:
    """A folder that CDK code hands over whole, nothing excluded."""

    text: str
    """The call, as written."""
    place: str
    app: str
    """Folder of the app's cdk.json, relative to the source folder; empty for the folder itself."""


@dataclass(frozen=True, kw_only=True)
class CdkAssets(Fact):
    """Assets of CDK code whose folder is that of the app, or the one above it, where the app writes its output into itself."""

    whole: tuple[FolderAsset, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SourceEnvironment(Fact):
    """Names of environment variables that CDK code in the source folder gives to Lambda functions as literals."""

    variables: tuple[DeclaredVariable, ...] = ()
    functions: int = 0
    """Function constructs that were found."""
    unread: tuple[str, ...] = ()
    """Places where names are not literal, or code that could not be parsed: more may be declared there."""


def is_expression(value: object) -> bool:
    """Whether a plain value of a template is a call of an intrinsic function."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return False
    name = str(next(iter(value)))
    return name in ("Ref", "Condition") or name.startswith(("Fn::", "!"))


def expression_text(value: object) -> str:
    """An expression as engineers write it: `!Ref X`, `!GetAtt A.B`, `!If …`."""
    if not is_expression(value) or not isinstance(value, Mapping):
        return str(value)
    name, argument = next(iter(value.items()))
    short = str(name).removeprefix("Fn::")
    if isinstance(argument, str):
        return argument if str(name) == "!Value" else f"!{short} {argument}"
    if short == "GetAtt" and isinstance(argument, tuple | list):
        return f"!GetAtt {'.'.join(map(str, argument))}"
    return f"!{short} …"
