"""Texts as engineers paste them: the mode that they speak of comes first, or among the first three."""

from __future__ import annotations

import pytest

from troubleshooter.suspects import rank

STACK = r"\nRequire stack:\n- /var/task/index.js\n- /var/runtime/index.mjs"
TEXTS = [
    ("node_esm_in_cjs", "SyntaxError: Cannot use import statement outside a module"),
    ("node_esm_in_cjs", "Runtime.UserCodeSyntaxError: SyntaxError: Unexpected token 'export'\n    at _loadUserApp (file:///var/runtime/"),
    (
        "node_esm_in_cjs",
        '(node:9) Warning: To load an ES module, set "type": "module" in the package.json or use the .mjs extension.\n'
        "/var/task/dist/index.js:1\nimport { S3Client } from '@aws-sdk/client-s3';\n^^^^^^",
    ),
    ("node_esm_in_cjs", "SyntaxError: Cannot use 'import.meta' outside a module"),
    ("node_cjs_in_esm", "ReferenceError: module is not defined in ES module scope\nThis file is being treated as an ES module"),
    ("node_cjs_in_esm", "ReferenceError: require is not defined in ES module scope, you can use import instead"),
    ("node_cjs_in_esm", 'Error: Dynamic require of "fs" is not supported\n    at file:///var/task/index.mjs:12:9'),
    ("node_cjs_in_esm", "ReferenceError: __dirname is not defined in ES module scope"),
    ("node_cjs_in_esm", "ReferenceError: exports is not defined in ES module scope\n    at file:///var/task/app.js:2:23"),
    ("node_dep_missing", f"Runtime.ImportModuleError: Error: Cannot find module 'uuid'{STACK}"),
    ("node_dep_missing", "Error: Cannot find module 'express'\nRequire stack:\n- /var/task/app.js\n- /var/task/lambda.js"),
    ("node_dep_missing", "Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'axios' imported from /var/task/index.mjs"),
    ("node_dep_missing", "Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/var/task/utils' imported from /var/task/index.js"),
    ("node_dep_missing", "Cannot find module '@middy/core'\nRequire stack:\n- /var/task/src/handler.js"),
    ("node_dep_missing", f"Error: Cannot find module './lib/db'{STACK}"),
    ("node_aws_sdk_v2_removed", f"Runtime.ImportModuleError: Error: Cannot find module 'aws-sdk'{STACK}"),
    ("node_aws_sdk_v2_removed", "Cannot find package 'aws-sdk' imported from /var/task/index.mjs"),
    ("node_aws_sdk_v2_removed", "Error: Cannot find module 'aws-sdk/clients/dynamodb'"),
    ("node_promise_never_settles", "Runtime.NodeJsExit\nRequestId: 1 Error: Runtime exited with error: exit status 1"),
    ("background_node_promise", "my handler does items.forEach(async (item) => { await save(item); }) and nothing is saved"),
    ("background_node_promise", "works locally, on lambda the promise is not awaited and the insert is missing from the table"),
    ("background_node_promise", "the lambda returns before the axios call finishes, logs of it appear in the next request"),
    ("handler_module_missing", "Error: Cannot find module 'index'\nRequire stack:\n- /var/runtime/index.mjs"),
    ("node_require_esm_disabled", "Error [ERR_REQUIRE_ESM]: require() of ES Module /var/task/node_modules/got/index.js not supported."),
    ("node_optional_platform_package", "Error: Cannot find module '@vectors/store-linux-arm64-gnu'" + STACK),
]  # fmt: skip
SECOND = [
    ("node_default_export", "Runtime.HandlerNotFound: index.handler is undefined or not exported"),
    ("node_handler_dotted_file", "api.v2.handler is undefined or not exported"),
]


@pytest.mark.parametrize(("mode", "text"), TEXTS, ids=range(len(TEXTS)))
def test_the_mode_comes_first(mode: str, text: str) -> None:
    ranked = [suspect.cause for suspect in rank([text])]
    assert ranked[:1] == [mode], ranked[:4]


@pytest.mark.parametrize(("mode", "text"), SECOND, ids=[mode for mode, _ in SECOND])
def test_a_mode_that_shares_its_text_is_among_the_first(mode: str, text: str) -> None:
    assert mode in [suspect.cause for suspect in rank([text])][:3]
