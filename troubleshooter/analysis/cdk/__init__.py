"""CDK applications: what their code says of a function."""
