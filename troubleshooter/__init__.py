"""Proves why an AWS Lambda function does not start."""

__version__ = "0.1.0"
