"""The image has no runtime interface client.

What it looks for
    A client that cannot be found, or a server that starts, waits for connections and never asks Lambda for an event.

Why it breaks
    AWS's language bases contain the client that fetches events; other bases do not. Without it the process ends, or
    runs as an ordinary web server until the init or the invocation times out.

How it is told apart
    A server under AWS's own entry script is `image_entrypoint_hides_ric`; a batch program that ends well is
    `process_exits_by_design`. A slow import times out too (`init_timeout`), but without a server's banner.

Fix
    Python: `pip install awslambdaric` and `ENTRYPOINT ["/usr/local/bin/python", "-m", "awslambdaric"]`. Node.js: build
    `aws-lambda-ric` in a stage. A web application: the Lambda Web Adapter in `/opt/extensions`.

References
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html
    https://github.com/aws/aws-lambda-nodejs-runtime-interface-client
    https://github.com/awslabs/aws-lambda-web-adapter
"""

from __future__ import annotations

from troubleshooter.checks import Frequency, signature
from troubleshooter.model import Rung

RUNG = Rung.RUNTIME
FREQUENCY = Frequency.VERY_COMMON
SIGNATURES = (
    signature(r"No module named '?awslambdaric", 3),
    signature(r"Cannot find module '?\S*aws-lambda-ric", 3),
    signature(
        r"aws-lambda-ric: (?:not found|command not found)|could not determine executable to run.*aws-lambda-ric"
        r"|bundler: command not found: aws_lambda_ric|aws_lambda_ric: not found",
        3,
    ),
    signature(
        r"(?:Uvicorn running on|Running on (?:all addresses|http://)|Listening (?:at|on):? (?:http|port)"
        r"|server (?:is )?(?:listening|started|running) (?:on|at)|Application startup complete"
        r"|Starting (?:gunicorn|development server)|Now listening on: http|Started server process"
        r"|Tomcat started on port|ready started server on)[\s\S]{0,4000}(?:Status: timeout|Task timed out"
        r"|Runtime exited)",
        3,
    ),
    signature(
        r"Uvicorn running on|Running on (?:all addresses|http://)|Listening (?:at|on):? (?:http|port)"
        r"|server (?:is )?(?:listening|started|running) (?:on|at)|Application startup complete"
        r"|Starting (?:gunicorn|development server)|Now listening on: http|Started server process"
        r"|Tomcat started on port|ready started server on",
        2,
    ),
    signature(r"AWS_LAMBDA_RUNTIME_API.{0,40}(?:not set|undefined|missing)|KeyError: 'AWS_LAMBDA_RUNTIME_API'", 2),
    signature(r"Runtime exited without providing a reason", 1),
    signature(r"Runtime exited with error: exit status (?:1|127)\b", 1),
    signature(r"Task timed out after|Status: timeout", 1),
)
ASK = (
    "Which base image is it, and does it contain awslambdaric, aws-lambda-ric, /var/runtime/bootstrap or the "
    "Web Adapter?"
)
