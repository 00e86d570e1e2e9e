"""openapi.yaml says what the program does: the same routes as template.yaml, the problems of problem_types.rs with their
statuses, titles and texts, and examples that fit their own schemas."""

import pathlib
import re
import sys

import jsonschema
import yaml

ROOT = pathlib.Path(__file__).parents[2]
API = yaml.safe_load((ROOT / "openapi.yaml").read_text())
METHODS = {"get", "patch", "post", "put", "delete"}

wrong = []


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


def check(true, what):
    if not true:
        wrong.append(what)


# Routes.
template = (ROOT / "template.yaml").read_text()
routes = {f"{m} {p}" for m, p in re.findall(r'Method: (\w+), Path: "?(/\S+?)"? }', template)}
check(routes == {name for name, _ in operations()}, f"routes differ: {sorted(routes)}")

# Problems: name and status of each, as problem_types.rs has them.
source = (ROOT / "shared/src/http/problem_types.rs").read_text()
statuses = {"UNPROCESSABLE_ENTITY": 422, "FORBIDDEN": 403, "CONFLICT": 409, "BAD_REQUEST": 400}
statuses |= {"PAYLOAD_TOO_LARGE": 413, "TOO_MANY_REQUESTS": 429, "SERVICE_UNAVAILABLE": 503, "INTERNAL_SERVER_ERROR": 500}
found = re.findall(r'name: "([a-z-]+)",\s*status: StatusCode::(\w+),\s*title: "([^"]+)"', source)
problems = {f"/problems/{name}": (statuses[status], title) for name, status, title in found}
check(len(problems) >= 16, f"problem_types.rs is no longer read: {sorted(problems)}")

named = set()
for name, operation in operations():
    for status, response in operation["responses"].items():
        media = resolved(response).get("content", {}).get("application/problem+json", {})
        types = [part.get("properties", {}).get("type", {}) for part in media.get("schema", {}).get("allOf", [])]
        for kind in [kind for part in types for kind in part.get("enum", [part.get("const")]) if kind]:
            named.add(kind)
            check(problems.get(kind, (0, ""))[0] == int(status), f"{name} {status}: {kind}")
check(named == set(problems), f"problems differ: {sorted(named ^ set(problems))}")

# Examples fit their schemas, and those of problems are what the program says.
validator = jsonschema.Draft202012Validator
texts = re.sub(r"\\\n\s*", "", source)
for name, operation in operations():
    bodies = [("request", operation.get("requestBody", {}))]
    bodies += [(status, resolved(response)) for status, response in operation["responses"].items()]
    for where, body in bodies:
        for media_type, media in body.get("content", {}).items():
            schema = {**media["schema"], "components": API["components"]}
            for title, value in examples(media):
                for error in validator(schema).iter_errors(value):
                    wrong.append(f"{name} {where} {title}: {error.message}")
                if media_type == "application/problem+json":
                    check(problems[value["type"]] == (value["status"], value["title"]), f"{name} {where} {title}")
                    detail = re.sub(r"\d+ s\.", "{seconds} s.", value["detail"])
                    check(detail in texts or value["status"] == 400, f"{name} {where} {title}: {detail}")

for line in wrong:
    print(line, file=sys.stderr)
print(f"openapi.yaml: {len(list(operations()))} routes and {len(named)} problems as in the program, examples fit")
sys.exit(bool(wrong))
