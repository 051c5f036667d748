"""The discovery document, and whether JSON fits its schemas."""

import json
import re


class Discovery:
    def __init__(self, path):
        self.document = json.loads(path.read_text())
        self.schemas = self.document["schemas"]
        self.methods = {}
        self._collect(self.document)

    def _collect(self, resource):
        for method in resource.get("methods", {}).values():
            self.methods[method["id"]] = method
        for child in resource.get("resources", {}).values():
            self._collect(child)

    def parameters(self, method, location="query"):
        return {name: spec for name, spec in self.methods[method].get("parameters", {}).items()
                if spec["location"] == location}

    def valid_values(self, text):
        """The bullet list of a description: "Valid values are: * addresses * ageRanges …"."""
        return re.findall(r"\* (\w+)", text)

    def check(self, value, schema, where="answer"):
        """Complaints about value as an instance of the schema's name: every member known, typed, its enum valid."""
        return list(self._check(value, {"$ref": schema}, where))

    def _check(self, value, spec, where):
        if "$ref" in spec:
            yield from self._check_object(value, self.schemas[spec["$ref"]], where)
        elif spec["type"] == "array":
            if not isinstance(value, list):
                yield f"{where} is no array"
                return
            for index, item in enumerate(value):
                yield from self._check(item, spec["items"], f"{where}[{index}]")
        elif spec["type"] == "object":
            yield from self._check_object(value, spec, where)
        else:
            yield from self._check_scalar(value, spec, where)

    def _check_object(self, value, spec, where):
        if not isinstance(value, dict):
            yield f"{where} is no object"
            return
        for name, member in value.items():
            if name in spec.get("properties", {}):
                yield from self._check(member, spec["properties"][name], f"{where}.{name}")
            elif "additionalProperties" not in spec:
                yield f"{where}.{name} is not in the schema"

    def _check_scalar(self, value, spec, where):
        types = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "any": object}
        if not isinstance(value, types[spec["type"]]) or (spec["type"] == "integer" and isinstance(value, bool)):
            yield f"{where} is no {spec['type']}: {value!r}"
        elif "enum" in spec and value not in spec["enum"]:
            yield f"{where} has a value that the enum lacks: {value!r}"
        elif spec.get("format") == "google-datetime" and not re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", value):
            yield f"{where} is no time: {value!r}"
