"""Prints the JSON schemas of requests, messages and events as the official client declares them, by their names."""

import json
import sys

import pydantic
from anthropic.types import Message, RawMessageStreamEvent, message_create_params
from anthropic.types.beta import BetaMessage, BetaRawMessageStreamEvent
from anthropic.types.beta import message_create_params as beta_create_params

roots = {
    "MessageCreateParams": message_create_params.MessageCreateParamsBase,
    "Message": Message,
    "RawMessageStreamEvent": RawMessageStreamEvent,
    "BetaMessageCreateParams": beta_create_params.MessageCreateParamsBase,
    "BetaMessage": BetaMessage,
    "BetaRawMessageStreamEvent": BetaRawMessageStreamEvent,
}
schemas = {}
for name, declared in roots.items():
    schema = pydantic.TypeAdapter(declared).json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs"))
    schemas[name] = schema
json.dump(schemas, sys.stdout)
