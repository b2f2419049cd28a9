"""Prints the JSON schemas of responses and events as the official client declares them, by their names."""

import json
import sys

import cohere
import pydantic
from cohere.v2.types import V2ChatResponse, V2ChatStreamResponse, V2RerankResponse

roots = {
    "V2ChatResponse": V2ChatResponse,
    "V2ChatStreamResponse": V2ChatStreamResponse,
    "NonStreamedChatResponse": cohere.NonStreamedChatResponse,
    "StreamedChatResponse": cohere.StreamedChatResponse,
    "EmbedResponse": cohere.EmbedResponse,
    "V2RerankResponse": V2RerankResponse,
    "RerankResponse": cohere.RerankResponse,
    "ListModelsResponse": cohere.ListModelsResponse,
    "GetModelResponse": cohere.GetModelResponse,
    "TokenizeResponse": cohere.TokenizeResponse,
    "DetokenizeResponse": cohere.DetokenizeResponse,
    "CheckApiKeyResponse": cohere.CheckApiKeyResponse,
}
schemas = {}
for name, declared in roots.items():
    schema = pydantic.TypeAdapter(declared).json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[name] = schema
json.dump(schemas, sys.stdout)
