"""Deployment templates: which functions they declare, with the line of every property.

CloudFormation, SAM, what the CDK makes, serverless.yml and Terraform's plan, the last two brought into CloudFormation's shape.

Reads what `document` makes of the text: SAM Globals are merged in, `Ref` to a parameter with a literal default is
resolved, what is decided at deploy time stays an expression. Environment values are described and dropped on the way.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from weakref import WeakKeyDictionary

from troubleshooter.analysis.declared_environment import Declared, declared_environment
from troubleshooter.analysis.document import Document, Located, NotReadable, load
from troubleshooter.analysis.template.sam_globals import SERVERLESS_FUNCTION, merged
from troubleshooter.analysis.template.serverless import SERVERLESS_NAMES, from_serverless, is_serverless
from troubleshooter.analysis.template.terraform import TERRAFORM_NAMES, from_plan, is_plan
from troubleshooter.facts import Reading, Reason, Unavailable, provides
from troubleshooter.facts.given import GivenTemplate, TemplateFile
from troubleshooter.facts.template import DeclaredEnvironment, DeclaredFunction, DeclaredResource, Template
from troubleshooter.model import Origin, Role, Subject, Unblock
from troubleshooter.redact import Secrets

FUNCTION_TYPES = ("AWS::Lambda::Function", SERVERLESS_FUNCTION)
SAM_TRANSFORM = "AWS::Serverless-2016-10-31"

_NAMES = {"serverless": SERVERLESS_NAMES, "terraform": TERRAFORM_NAMES}
_PLAN = "Run `terraform plan -out plan.bin`, then `terraform show -json plan.bin > plan.json`, and give plan.json."
_SOURCES = {
    (".tf", ".tf.json", ".hcl", ".tofu", ".tfvars"): ("it is Terraform source, in which little is decided", _PLAN),
    (".tfstate",): ("it is a Terraform state, which says what was applied", _PLAN),
    (".ts", ".js", ".mjs", ".cjs", ".py", ".go", ".java", ".cs"): (
        "it is source code, not a template",
        "Run `cdk synth` and give the folder cdk.out; for code of the Serverless Framework or Pulumi give the "
        "CloudFormation template, or the function's name.",
    ),
}
"""Endings of files that make templates and are none → what it is, what to give instead."""
_NO_TEMPLATE = {
    ("version", "artifacts"): ("it is the manifest of a CDK assembly", "Give the folder that it lies in."),
    ("app",): ("it is a CDK configuration", "Run `cdk synth` and give the folder cdk.out."),
    ("terraform_version", "values"): ("it is a Terraform state, which says what was applied", _PLAN),
    ("terraform_version", "resources"): ("it is a Terraform state, which says what was applied", _PLAN),
    ("@level", "@message"): ("it is the log of `terraform plan -json`, not the plan", _PLAN),
    ("services",): ("it is a Compose file", "Give the template that deploys the function."),
    ("version", "default"): ("it is a configuration of the SAM CLI", "Give the template, usually template.yaml."),
}
"""Top-level keys of other formats → what it is, what to give instead."""

_DOCUMENTS: WeakKeyDictionary[GivenTemplate, dict[str, Document]] = WeakKeyDictionary()
"""Documents that were read, for as long as what they were read from is there."""
_LOCK = threading.Lock()


@provides()
def read_template(given: GivenTemplate, secrets: Secrets) -> Template | Unavailable:
    """The template that was given, or those of a folder as one; whoever asks."""
    files = given.files or (TemplateFile(given.path.name, given.text),)
    read: list[tuple[TemplateFile, Template]] = []
    refused: Unavailable | None = None
    for file in files:
        made = _read(given, file, secrets)
        if isinstance(made, Unavailable):
            refused = refused or made
        else:
            read.append((file, made))
    if not read:
        return refused or _unsupported("the folder holds no template", "Give the template itself.")
    if len(files) == 1:
        return read[0][1]
    return _joined(given, read, (refused.detail,) if refused else ())


def _joined(given: GivenTemplate, read: list[tuple[TemplateFile, Template]], problems: tuple[str, ...]) -> Template:
    """Several templates as one; a logical id that stands in two stacks is told apart by the stack's name."""
    counted = Counter(function.logical_id for _, template in read for function in template.functions)
    functions = []
    for file, template in read:
        for function in template.functions:
            twice = counted[function.logical_id] > 1
            name = f"{file.stack or file.name}/{function.logical_id}" if twice else function.logical_id
            functions.append(replace(function, logical_id=name))
    return Template(
        reading=given.reading,
        path=str(given.path),
        format=read[0][1].format,
        functions=tuple(functions),
        problems=(*problems, *(problem for _, template in read for problem in template.problems)),
    )


def _read(given: GivenTemplate, file: TemplateFile, secrets: Secrets) -> Template | Unavailable:
    """One file."""
    for endings, (detail, unblock) in _SOURCES.items():
        if file.name.endswith(endings):
            return _unsupported(f"{file.name}: {detail}", unblock)
    if file.text.startswith("PK\x03\x04"):
        return _unsupported(f"{file.name} is an archive; Terraform keeps its plans like that", _PLAN)
    try:
        document = _document(given, file)
    except NotReadable as error:
        return _unreadable(file.name, error)
    problems: list[str] = []
    root, format_ = document.root, "cloudformation"
    if is_plan(root):
        root, format_ = from_plan(root), "terraform"
    elif is_serverless(root):
        found: list[str] = []
        root, format_ = from_serverless(root, found), "serverless"
        problems += [f"{file.name}:{problem}" for problem in found]
    resources = root.get("Resources")
    if resources is None or not isinstance(resources.value, Mapping):
        return _foreign(file.name, root)
    reader = _Reader(file.name, replace(document, root=root), secrets, format_, problems)
    return reader.template(given)


def _document(given: GivenTemplate, file: TemplateFile) -> Document:
    """The document of what was given, read once for all subjects that ask for it."""
    with _LOCK:
        documents = _DOCUMENTS.setdefault(given, {})
        if file.name not in documents:
            documents[file.name] = load(file.text, json_first=file.name.endswith(".json"))
        return documents[file.name]


def _unreadable(name: str, error: NotReadable) -> Unavailable:
    place = f"{name}:{error.line}" if error.line else name
    reason = Reason.TOO_BIG if error.too_big else Reason.MALFORMED
    return Unavailable(reason, f"{place} cannot be read: {error.detail}", Unblock(f"Correct {place}, then try again."))


def _unsupported(detail: str, unblock: str) -> Unavailable:
    return Unavailable(Reason.UNSUPPORTED, f"the template cannot be used: {detail}", Unblock(unblock))


def _foreign(name: str, root: Located) -> Unavailable:
    for keys, (detail, unblock) in _NO_TEMPLATE.items():
        if all(key in root.mapping for key in keys):
            return _unsupported(f"{name}: {detail}", unblock)
    unblock = "Give a CloudFormation or SAM template, cdk.out, serverless.yml, or a Terraform plan as JSON."
    return _unsupported(f"{name}: it has no Resources section", unblock)


@dataclass(slots=True)
class _Reader:
    """One template on its way to being a fact."""

    name: str
    document: Document
    secrets: Secrets
    format: str
    problems: list[str] = field(default_factory=list)

    @property
    def root(self) -> Located:
        return self.document.root

    def template(self, given: GivenTemplate) -> Template:
        parameters = _defaults(self.root)
        functions = tuple(self.function(*found, parameters) for found in self.resources())
        self.problems += [f"{self.place(line)}: `{key}` is repeated" for key, line in self.document.repeated]
        return Template(
            reading=Reading(self.name, Origin.TEMPLATE, given.reading.at),
            path=str(given.path),
            format="sam" if self.is_sam() else self.format,
            functions=functions,
            problems=tuple(self.problems),
        )

    def place(self, line: int) -> str:
        return f"{self.name}:{line}"

    def is_sam(self) -> bool:
        transform = self.root.get("Transform")
        if transform is None:
            return False
        return SAM_TRANSFORM in (transform.text, *(item.text for item in transform.items))

    def resources(self) -> Iterator[tuple[str, Located]]:
        """The function resources by logical id."""
        resources = self.root.get("Resources")
        for logical_id, resource in (resources.mapping if resources is not None else {}).items():
            if logical_id.startswith("Fn::"):
                self.problems.append(f"{self.place(resource.line)}: resources made by {logical_id} are not read")
                continue
            kind = resource.get("Type")
            if kind is not None and kind.text in FUNCTION_TYPES:
                yield logical_id, resource

    def function(self, logical_id: str, resource: Located, parameters: Mapping[str, Located]) -> DeclaredFunction:
        resolver = _Resolver(parameters)
        found = resolver.entries(merged(resource, self.root), "")
        declared = declared_environment(found.pop("Environment", None), self.secrets)
        kind, metadata, condition = resource.get("Type"), resource.get("Metadata"), resource.get("Condition")
        places: dict[str, str] = {}
        for path, line in _lines(found, ""):
            places[path] = self.place(line)
        for path, line in _lines(metadata.mapping if metadata is not None else {}, "Metadata."):
            places[path] = self.place(line)
        construct = metadata.get("aws:cdk:path") if metadata is not None else None
        return DeclaredFunction(
            logical_id=logical_id,
            place=self.place(resource.line),
            kind=(kind.text if kind is not None else None) or "",
            properties={key: _plain(value) for key, value in found.items()},
            places=self.with_environment(places, declared),
            variables=tuple(replace(v, place=f"{self.name}:{v.place}") for v in declared.variables),
            environment=declared.described,
            environment_json_bytes=declared.json_bytes,
            environment_undecided=declared.undecided,
            environment_complete=declared.complete,
            assumed={path: parameter for path, parameter in resolver.assumed.items() if path in places},
            metadata={k: _plain(v) for k, v in (metadata.mapping if metadata is not None else {}).items()},
            condition=(condition.text if condition is not None else None) or "",
            construct=(construct.text if construct is not None else None) or "",
        )

    def with_environment(self, places: dict[str, str], declared: Declared) -> dict[str, str]:
        if declared.line:
            places["Environment"] = self.place(declared.line)
        for variable in declared.variables:
            places[f"Environment.Variables.{variable.name}"] = f"{self.name}:{variable.place}"
        return places


def _defaults(root: Located) -> dict[str, Located]:
    """Parameters whose default is the value itself: neither secret nor the name of a stored parameter."""
    found = {}
    section = root.get("Parameters")
    for name, parameter in (section.mapping if section is not None else {}).items():
        kind, default, hidden = parameter.get("Type"), parameter.get("Default"), parameter.get("NoEcho")
        text = (kind.text if kind is not None else None) or "String"
        if default is None or default.value is None or isinstance(default.value, Mapping | tuple):
            continue
        if text.startswith("AWS::SSM::") or (hidden is not None and str(hidden.value).lower() != "false"):
            continue
        if text == "CommaDelimitedList" or text.startswith("List<"):
            parts = [part.strip() for part in str(default.value).split(",")]
            found[name] = Located(tuple(Located(part, default.line) for part in parts), default.line)
        else:
            found[name] = default
    return found


@dataclass(slots=True)
class _Resolver:
    """Takes parameters' defaults for `Ref` and leaves out what is `AWS::NoValue`."""

    parameters: Mapping[str, Located]
    assumed: dict[str, str] = field(default_factory=dict)
    """Path → parameter whose default was taken."""

    def entries(self, mapping: Mapping[str, Located], path: str) -> dict[str, Located]:
        found = {}
        for key, value in mapping.items():
            resolved = self.resolve(value, f"{path}{key}")
            if resolved is not None:
                found[key] = resolved
        return found

    def resolve(self, value: Located, path: str) -> Located | None:
        if value.function:
            target = value.mapping["Ref"].text if value.function == "Ref" else None
            if target == "AWS::NoValue":
                return None
            if target is not None and target in self.parameters:
                self.assumed[path] = target
                return replace(self.parameters[target], line=value.line)
            return value
        if isinstance(value.value, Mapping):
            return Located(self.entries(value.value, f"{path}."), value.line)
        if isinstance(value.value, Sequence) and not isinstance(value.value, str):
            kept: list[Located] = []
            for item in value.value:
                resolved = self.resolve(item, f"{path}.{len(kept)}")
                kept += [resolved] if resolved is not None else []
            return Located(tuple(kept), value.line)
        return value


def _lines(mapping: Mapping[str, Located], path: str) -> Iterator[tuple[str, int]]:
    """Every property path below `mapping` with its line; expressions are not looked into."""
    for key, value in mapping.items():
        yield from _lines_of(value, f"{path}{key}")


def _lines_of(value: Located, path: str) -> Iterator[tuple[str, int]]:
    yield path, value.line
    if not value.function:
        yield from _lines(value.mapping, f"{path}.")
        for index, item in enumerate(value.items):
            yield from _lines_of(item, f"{path}.{index}")


def _plain(value: Located) -> object:
    if isinstance(value.value, Mapping):
        return {key: _plain(item) for key, item in value.value.items()}
    if isinstance(value.value, tuple):
        return tuple(_plain(item) for item in value.value)
    return value.value


@provides()
def declared_resource(template: Template, subject: Subject) -> DeclaredResource | Unavailable:
    """The resource of this subject: the one it names, or the template's only one."""
    if subject.role is not Role.PROPOSED:
        return Unavailable(Reason.NOT_OF_THIS_KIND, "a template says what is proposed, not what runs")
    functions = [f for f in template.functions if subject.name in ("", f.logical_id)]
    if not functions:
        what = f"no function {subject.name}" if subject.name else "no function"
        return Unavailable(Reason.NOT_OF_THIS_KIND, f"the template declares {what}")
    if len(functions) > 1:
        names = ", ".join(f.logical_id for f in functions[:10])
        return Unavailable(Reason.NOT_GIVEN, f"the template declares several functions ({names}) and none was chosen")
    spelled = _NAMES.get(template.format, {})
    return DeclaredResource(reading=template.reading, function=functions[0], format=template.format, names=spelled)


@provides()
def environment_of_template(resource: DeclaredResource) -> DeclaredEnvironment:
    """The names that the resource declares."""
    function = resource.function
    return DeclaredEnvironment(
        reading=resource.reading, variables=function.variables, complete=function.environment_complete
    )
