"""Three projects as people keep them, healthy; and a fault at a time put into them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

Project = dict[str, str]

SAM: Project = {
    "template.yaml": """\
AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Timeout: 30
    MemorySize: 512
Resources:
  HelloFunction:
    Type: AWS::Serverless::Function
    Properties:
      PackageType: Image
      Architectures: [arm64]
      Environment:
        Variables:
          TABLE: !Ref Table
      Events:
        Hello:
          Type: Api
          Properties: {Path: /hello, Method: get}
    Metadata:
      Dockerfile: Dockerfile
      DockerContext: ./hello
      DockerTag: v1
  Table:
    Type: AWS::DynamoDB::Table
    Properties: {BillingMode: PAY_PER_REQUEST}
""",
    "samconfig.toml": "version = 0.1\n",
    "hello/Dockerfile": """\
ARG PYTHON=3.13
FROM public.ecr.aws/lambda/python:${PYTHON} AS build
RUN dnf install -y gcc && dnf clean all
COPY requirements.txt ./
RUN pip install --no-cache-dir -r requirements.txt --target /deps

FROM public.ecr.aws/lambda/python:${PYTHON}
ENV LOG_LEVEL=info \\
    PATH=/opt/tools:$PATH
COPY --from=build /deps ${LAMBDA_TASK_ROOT}/
COPY app.py ${LAMBDA_TASK_ROOT}/
CMD ["app.handler"]
""",
    "hello/.dockerignore": "**/__pycache__\n*.md\n!README.md\ntests\n",
    "hello/requirements.txt": "",
    "hello/app.py": "import json\n\n\ndef handler(event, context):\n    return {'statusCode': 200, 'body': json.dumps({})}\n",
    "tests/Dockerfile": "FROM python:3.12-slim\nRUN yum install -y gcc\nCMD pytest\n",
}

_CDK_FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Code": {"ImageUri": {"Fn::Sub": "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/cdk-assets:3f1c"}},
        "PackageType": "Image",
        "Architectures": ["x86_64"],
        "ImageConfig": {"Command": ["worker.main.handle"]},
        "Environment": {"Variables": {"QUEUE": {"Ref": "Queue4A7E3555"}}},
        "Role": {"Fn::GetAtt": ["Role1ABC", "Arn"]},
        "Timeout": 60,
    },
    "Metadata": {
        "aws:cdk:path": "Work/Fn/Resource",
        "aws:asset:path": "asset.3f1c",
        "aws:asset:dockerfile-path": "Dockerfile",
        "aws:asset:property": "Code.ImageUri",
    },
}
CDK: Project = {
    "cdk.json": '{"app": "python app.py"}\n',
    "app.py": """\
import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_


class Work(cdk.Stack):
    def __init__(self, scope, name):
        super().__init__(scope, name)
        lambda_.DockerImageFunction(
            self, "Fn",
            code=lambda_.DockerImageCode.from_image_asset("service", cmd=["worker.main.handle"]),
            architecture=lambda_.Architecture.X86_64,
            environment={"QUEUE": "jobs"},
        )


app = cdk.App()
Work(app, "Work")
app.synth()
""",
    "requirements.txt": "",
    "service/Dockerfile": """\
FROM python:3.12-slim-bookworm
WORKDIR /app
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
COPY pyproject.toml uv.lock ./
RUN pip install awslambdaric .
COPY worker ./worker
COPY entry.sh /entry.sh
RUN chmod +x /entry.sh
ENTRYPOINT ["/entry.sh"]
CMD ["worker.main.handle"]
""",
    "service/entry.sh": '#!/bin/sh\nexec python -m awslambdaric "$@"\n',
    "service/pyproject.toml": "[project]\nname = 'worker'\nversion = '1'\ndependencies = []\n",
    "service/uv.lock": "version = 1\n",
    "service/worker/__init__.py": "",
    "service/worker/main.py": "def handle(event, context):\n    return 1\n",
    "cdk.out/manifest.json": json.dumps(
        {
            "version": "39.0.0",
            "artifacts": {
                "Work": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "Work.template.json"}}
            },
        }
    ),
    "cdk.out/Work.template.json": json.dumps(
        {"Resources": {"Fn9270CBC0": _CDK_FUNCTION, "Queue4A7E3555": {"Type": "AWS::SQS::Queue"}}}, indent=1
    ),
}

SERVERLESS: Project = {
    "serverless.yml": """\
service: shop
provider:
  name: aws
  architecture: arm64
  environment:
    STAGE: ${sls:stage}
  ecr:
    images:
      app:
        path: ./
        file: Dockerfile
        platform: linux/arm64
        provenance: false
functions:
  api:
    image:
      name: app
      command: [dist/api.handler]
    timeout: 29
    environment:
      TABLE: ${param:table}
  jobs:
    image:
      name: app
      command: [dist/jobs.handler]
""",
    "Dockerfile": """\
FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package*.json ./
RUN npm ci
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

FROM public.ecr.aws/lambda/nodejs:22
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY --from=build /src/dist ./dist
CMD ["dist/api.handler"]
""",
    "package.json": '{"name": "shop", "version": "1.0.0", "scripts": {"build": "tsc"}}\n',
    "package-lock.json": '{"name": "shop", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "shop"}}}\n',
    "tsconfig.json": "{}\n",
    "src/api.ts": "export const handler = async () => ({ statusCode: 200 });\n",
    "src/jobs.ts": "export const handler = async () => 1;\n",
}

TERRAFORM: Project = {
    **{path: text for path, text in SERVERLESS.items() if path != "serverless.yml"},
    "main.tf": 'resource "aws_lambda_function" "api" {}\n',
    "plan.json": json.dumps(
        {
            "format_version": "1.2",
            "terraform_version": "1.9.5",
            "planned_values": {
                "root_module": {
                    "resources": [
                        {
                            "address": "aws_lambda_function.api",
                            "mode": "managed",
                            "type": "aws_lambda_function",
                            "name": "api",
                            "values": {
                                "function_name": "shop-api",
                                "package_type": "Image",
                                "architectures": ["arm64"],
                                "timeout": 30,
                                "memory_size": 512,
                                "image_config": [],
                                "environment": [{"variables": {"STAGE": "prod"}}],
                            },
                        }
                    ]
                }
            },
            "resource_changes": [
                {"address": "aws_lambda_function.api", "change": {"after_unknown": {"image_uri": True, "role": True}}}
            ],
            "configuration": {
                "root_module": {
                    "resources": [
                        {
                            "type": "aws_lambda_function",
                            "name": "api",
                            "expressions": {
                                "image_uri": {"references": ["aws_ecr_repository.api.repository_url"]},
                                "role": {},
                            },
                        }
                    ]
                }
            },
        },
        indent=1,
    ),
}

PROJECTS: dict[str, tuple[Project, str]] = {
    "sam": (SAM, "template.yaml"),
    "cdk": (CDK, "cdk.out"),
    "serverless": (SERVERLESS, "serverless.yml"),
    "terraform": (TERRAFORM, "plan.json"),
}
"""Name → files, and what goes with --template."""


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Writes a project."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
