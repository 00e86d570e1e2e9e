"""openapi.yaml, as the checks read it."""

import pathlib

import yaml

ROOT = pathlib.Path(__file__).parents[2]
API = yaml.safe_load((ROOT / "openapi.yaml").read_text())
METHODS = {"get", "patch", "post", "put", "delete"}


def resolved(node):
    while isinstance(node, dict) and "$ref" in node:
        found = API
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


def operations():
    for path, item in API["paths"].items():
        for method, operation in item.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation


def examples(media):
    """The examples of a media type, by name."""
    for name, example in media.get("examples", {}).items():
        yield name, resolved(example)["value"]
    if "example" in media:
        yield "the example", media["example"]


def problem_types(response):
    """The problems that a response can have: those in its examples."""
    media = resolved(response).get("content", {}).get("application/problem+json", {})
    return {value["type"] for _, value in examples(media)}
