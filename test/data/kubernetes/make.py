"""Makes schemas.json: the schemas of the objects that charts/ has, without descriptions.

    python3 make.py KUBERNETES_VALIDATE VERSION CRD...

KUBERNETES_VALIDATE is the folder of the installed Python package kubernetes-validate, which has the schemas of every version of
Kubernetes; each CRD is a file of the Prometheus operator's example/prometheus-operator-crd. Needs PyYAML.
"""

import json
import re
import sys

import yaml

KINDS = [
    "configmap-v1",
    "deployment-apps-v1",
    "horizontalpodautoscaler-autoscaling-v2",
    "mutatingadmissionpolicy-admissionregistration-v1",
    "mutatingadmissionpolicybinding-admissionregistration-v1",
    "networkpolicy-networking-v1",
    "poddisruptionbudget-policy-v1",
    "secret-v1",
    "service-v1",
    "serviceaccount-v1",
]


def without_words(schema, names=False):
    """A schema without descriptions and extensions; `names` where the keys are names of properties."""
    if isinstance(schema, list):
        return [without_words(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {}
    for key, value in schema.items():
        if not names and (key == "description" or key.startswith("x-kubernetes") or key in ("$schema", "$id")):
            continue
        if key == "$ref" and isinstance(value, str):
            value = "#/$defs/" + value.split("/")[-1]
        if key == "pattern" and isinstance(value, str) and "(?i)" in value:
            # JavaScript has no such group.
            value = re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", value.replace("(?i)", ""))
        kept[key] = without_words(value, names=key == "properties" and not names)
    return kept


def references(schema):
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.split("/")[-1]
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from references(item)


def closed(schema):
    """A schema of a CRD as the API server takes it when asked to be strict: no property that it does not name."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: closed(value) for key, value in schema.items()}
    if "properties" in kept and isinstance(kept["properties"], dict) and kept.get("type") == "object":
        kept.setdefault("additionalProperties", False)
    if kept.get("x-kubernetes-int-or-string"):
        kept["type"] = ["integer", "string"]
    return kept


def main(package, version, *crds):
    folder = f"{package}/kubernetes-json-schema/v{version}-local-strict"
    with open(f"{folder}/_definitions.json") as file:
        definitions = json.load(file)["$defs"]
    kinds, used = {}, {}
    for name in KINDS:
        with open(f"{folder}/{name}.json") as file:
            schema = without_words(json.load(file))
        (api,), (kind,) = (schema["properties"][key]["enum"] for key in ("apiVersion", "kind"))
        schema["required"] = sorted({"apiVersion", "kind", "metadata", *schema.get("required", [])})
        kinds[f"{api}/{kind}"] = schema
    wanted = [name for schema in kinds.values() for name in references(schema)]
    while wanted:
        name = wanted.pop()
        if name not in used:
            used[name] = without_words(definitions[name])
            wanted.extend(references(used[name]))
    for place in crds:
        with open(place) as file:
            spec = yaml.safe_load(file)["spec"]
        for one in spec["versions"]:
            schema = without_words(closed(one["schema"]["openAPIV3Schema"]))
            schema["properties"]["metadata"] = {"$ref": "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"}
            kinds[f"{spec['group']}/{one['name']}/{spec['names']['kind']}"] = schema
    with open("schemas.json", "w") as file:
        json.dump({"version": version, "kinds": kinds, "$defs": used}, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


main(*sys.argv[1:])
