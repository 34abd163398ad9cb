"""Five real incidents as made-up accounts: what was met, what everybody suspected, and what it was."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from troubleshooter.demo.account import DemoAccount
from troubleshooter.demo.image import build, language_base

_AWS = {"Entrypoint": ["/lambda-entrypoint.sh"], "WorkingDir": "/var/task"}
_ENV = [
    "PATH=/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "LAMBDA_TASK_ROOT=/var/task",
    "LAMBDA_RUNTIME_DIR=/var/runtime",
]


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident of the demonstration."""

    name: str
    title: str
    story: str
    """What the engineer knows, and what was suspected."""
    account: DemoAccount


def _init_failure(
    error: str, *, first_ms: float, second_ms: float, lines: tuple[str, ...] = ()
) -> tuple[tuple[float, str], ...]:
    """The log of a broken init as Lambda writes it: once in the init phase, again at the first invoke, then the invocation."""
    messages = [
        *lines,
        f"INIT_REPORT Init Duration: {first_ms} ms\tPhase: init\tStatus: error\tError Type: {error}",
        *lines,
        f"INIT_REPORT Init Duration: {second_ms} ms\tPhase: invoke\tStatus: error\tError Type: {error}",
        "START RequestId: %R Version: $LATEST",
        *([f"RequestId: %R Error: ProcessSpawnFailed\n{error}"] if error == "Runtime.InvalidEntrypoint" else []),
        "END RequestId: %R",
        f"REPORT RequestId: %R\tDuration: {second_ms + 9:.2f} ms\tBilled Duration: 22 ms\tMemory Size: 512 MB\t"
        f"Max Memory Used: 3 MB\tStatus: error\tError Type: {error}",
    ]
    return tuple((i * 0.01, message) for i, message in enumerate(messages))


def _launch_line(command: str) -> str:
    return f"IMAGE\tLaunch error: ProcessSpawnFailed\tEntrypoint: [/lambda-entrypoint.sh]\tCmd: [{command}]\tWorkingDir: [/var/task]"


def _streaming() -> Incident:
    handler = "http/any-streams/index.handler"
    code = (
        '"use strict";\n'
        "exports.handler = awslambda.streamifyResponse(async (event, responseStream) => {\n"
        '  responseStream.write("hello");\n'
        "  responseStream.end();\n"
        "});\n"
    )
    image = build(
        "amd64",
        [language_base("node", "20", "amd64"), {"/var/task/http/any-streams/index.js": code.encode()}],
        {**_AWS, "Cmd": ["index.handler"], "Env": _ENV},
        ("FROM nodejs:20", "COPY dist/ ${LAMBDA_TASK_ROOT}/"),
    )
    override = {"EntryPoint": ["/lambda-entrypoint.sh"], "Command": [handler], "WorkingDirectory": "/var/task"}
    return Incident(
        "streaming",
        "A streaming endpoint dies with ProcessSpawnFailed",
        "Suspected: the nested handler path, the big bundle, streamifyResponse at module load, and a rule that ImageConfig "
        "must set all three members.",
        DemoAccount(
            {
                "FunctionName": "stream-endpoint",
                "Architectures": ["arm64"],
                "MemorySize": 1024,
                "Timeout": 300,
                "ImageConfigResponse": {"ImageConfig": override},
            },
            image,
            logs=_init_failure(
                "Runtime.InvalidEntrypoint", first_ms=7.21, second_ms=2.98, lines=(_launch_line(handler),)
            ),
        ),
    )


def _vision() -> Incident:
    code = "import json\n\n\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps({'rooms': []})}\n"
    image = build(
        "arm64",
        [language_base("python", "3.9", "arm64"), {"/var/task/lambda_handler.py": code.encode()}],
        {**_AWS, "Env": _ENV},
        ("FROM python:3.9", "COPY lambda_handler.py ${LAMBDA_TASK_ROOT}/lambda_handler.py"),
    )
    return Incident(
        "vision",
        "An image analysis function fails at init, rebuilt five times",
        "Suspected: the import path, the handler's name, missing OpenCV libraries, the base image. Rebuilding changed nothing.",
        DemoAccount(
            {
                "FunctionName": "image-analysis",
                "MemorySize": 3008,
                "Timeout": 300,
                "ImageConfigResponse": {"ImageConfig": {"Command": ["lambda_handler.handler"]}},
                "Environment": {"Variables": {"RESULTS_BUCKET": "results-of-the-demonstration"}},
            },
            image,
            logs=_init_failure("Runtime.InvalidEntrypoint", first_ms=9.09, second_ms=3.47),
        ),
    )


def _modules() -> Incident:
    code = (
        'import { readFile } from "node:fs/promises";\n\n'
        "export const handler = async () => {\n"
        '  const page = await readFile("/var/task/page.html", "utf8");\n'
        "  return { statusCode: 200, body: page };\n"
        "};\n"
    )
    error = (
        '%T\tundefined\tERROR\tUncaught Exception \t{"errorType":"Runtime.UserCodeSyntaxError","errorMessage":'
        '"SyntaxError: Cannot use import statement outside a module","stack":["Runtime.UserCodeSyntaxError: SyntaxError: '
        'Cannot use import statement outside a module","    at _loadUserApp (file:///var/runtime/index.mjs:1084:17)"]}'
    )
    image = build(
        "amd64",
        [language_base("node", "20", "amd64"), {"/var/task/dist/index.js": code.encode()}],
        {**_AWS, "Cmd": ["dist/index.handler"], "Env": _ENV},
        ("FROM nodejs:20", "COPY dist ${LAMBDA_TASK_ROOT}/dist"),
    )
    return Incident(
        "modules",
        "ES modules in dist/, without the package.json that says so",
        "Believed: Lambda cannot run ES modules, emit CommonJS.",
        DemoAccount(
            {"FunctionName": "page-renderer"},
            image,
            logs=_init_failure("Runtime.UserCodeSyntaxError", first_ms=288.1, second_ms=301.4, lines=(error,)),
        ),
    )


def _package() -> Incident:
    code = "from strands import Agent\n\n\ndef handler(event, context):\n    return str(Agent()(event['query']))\n"
    error = (
        "[ERROR] Runtime.ImportModuleError: Unable to import module 'lambda_handler': No module named 'strands'\r"
        "Traceback (most recent call last):"
    )
    return Incident(
        "package",
        "No module named 'strands', although requirements.txt has it",
        "The requirement names the import, not the distribution that provides it. Another project owns that name.",
        DemoAccount(
            {
                "FunctionName": "assistant",
                "Runtime": "python3.12",
                "Handler": "lambda_handler.handler",
                "Timeout": 300,
                "MemorySize": 1024,
            },
            package={"lambda_handler.py": code, "requirements.txt": "strands>=0.2.0\n"},
            logs=_init_failure("Runtime.ImportModuleError", first_ms=733.4, second_ms=893.4, lines=(error,)),
            projects={"strands": ("0.1.0",), "strands-agents": ("0.1.9", "0.2.0", "0.2.1")},
        ),
    )


def _background() -> Incident:
    code = """import asyncio
import logging

logger = logging.getLogger()


async def stream_answer(connection, query):
    logger.info("client context entered for agent execution")
    await asyncio.sleep(20)
    logger.info("answer streamed")


async def on_message(event):
    asyncio.create_task(stream_answer(event["requestContext"]["connectionId"], event["body"]))
    await asyncio.sleep(0.2)
    return {"statusCode": 200, "body": "started"}


def handler(event, context):
    return asyncio.run(on_message(event))
"""
    image = build(
        "amd64",
        [language_base("python", "3.12", "amd64"), {"/var/task/app.py": code.encode()}],
        {**_AWS, "Cmd": ["app.handler"], "Env": _ENV},
        ("FROM python:3.12", "COPY app.py ${LAMBDA_TASK_ROOT}/"),
    )
    return Incident(
        "background",
        "An agent's stream stops right after it began, without any error",
        "Believed: Lambda kills background tasks. Suspected: timeouts, the WebSocket, memory.",
        DemoAccount(
            {"FunctionName": "agent-socket", "Timeout": 900, "MemorySize": 1024},
            image,
            logs=(
                (0.0, "START RequestId: %R Version: $LATEST"),
                (0.1, "[INFO]\t%T\t%R\tclient context entered for agent execution"),
                (0.54, "END RequestId: %R"),
                (
                    0.55,
                    "REPORT RequestId: %R\tDuration: 530.12 ms\tBilled Duration: 531 ms\tMemory Size: 1024 MB\t"
                    "Max Memory Used: 184 MB\tInit Duration: 1320.00 ms",
                ),
            ),
        ),
    )


@functools.cache
def incidents() -> dict[str, Incident]:
    """The incidents by name, in the order in which they are shown."""
    return {i.name: i for i in (_streaming(), _vision(), _modules(), _package(), _background())}
