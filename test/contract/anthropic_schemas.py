"""Prints the JSON schemas of requests, messages and events as the official client declares them, by their names."""

import json
import sys

import pydantic
from anthropic.types import Message, RawMessageStreamEvent
from anthropic.types.message_create_params import MessageCreateParamsBase

roots = {
    "MessageCreateParams": MessageCreateParamsBase,
    "Message": Message,
    "RawMessageStreamEvent": RawMessageStreamEvent,
}
schemas = {}
for name, declared in roots.items():
    schema = pydantic.TypeAdapter(declared).json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs"))
    schemas[name] = schema
json.dump(schemas, sys.stdout)
