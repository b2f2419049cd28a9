"""Asks the server at STUNTDOUBLE_URL with boto3, and holds what comes to the service's own description; prints what it saw as one JSON object."""

import gzip
import json
import os
import urllib.request
from glob import glob

import boto3
import botocore
from botocore.config import Config
from botocore.eventstream import EventStreamBuffer

url = os.environ["STUNTDOUBLE_URL"]
model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
path = f"/model/{model.replace(':', '%3A')}"
turns = [{"role": "user", "content": [{"text": "Say this is a test"}]}]
counting = [{"role": "user", "content": [{"text": "Count to twenty"}]}]
city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
tools = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": city}}}], "toolChoice": {"any": {}}}
thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
body = {
    "anthropic_version": "bedrock-2023-05-31",
    "max_tokens": 30,
    "messages": [{"role": "user", "content": "Say this is a test"}],
}
[described] = glob(os.path.join(os.path.dirname(botocore.__file__), "data/bedrock-runtime/*/service-2.json.gz"))
with gzip.open(described) as file:
    shapes = json.load(file)["shapes"]


def client_with(control=""):
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}, read_timeout=10),
    )

    def add(params, **_):
        params["headers"]["x-stuntdouble"] = control

    if control:
        client.meta.events.register("before-call.bedrock-runtime", add)
    return client


def violations(name, value, at=""):
    """What of a JSON value the service's description does not allow."""
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure" and not shape.get("document"):
        if not isinstance(value, dict):
            return [f"{at}: no object"]
        members = shape["members"]
        found = [f"{at}.{each} is unknown" for each in value if each not in members]
        found += [f"{at}.{each} is missing" for each in shape.get("required", []) if each not in value]
        for each in value:
            if each in members:
                found += violations(members[each]["shape"], value[each], f"{at}.{each}")
        return found
    if kind == "list":
        return [text for each in value for text in violations(shape["member"]["shape"], each, f"{at}.*")]
    types = {"string": str, "blob": str, "integer": int, "long": int, "boolean": bool, "float": float}
    if kind in types and not isinstance(value, types[kind]):
        return [f"{at} is no {kind}"]
    if "enum" in shape and value not in shape["enum"]:
        return [f"{at} is {value}"]
    return []


def raw(method, request):
    asked = urllib.request.Request(url + path + method, json.dumps(request).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(asked) as response:
        return response.read()


def described_well(**more):
    """Violations in a response that is whole and in one that is streamed, whose checksums are looked at too."""
    request = {"messages": turns, **more}
    found = violations("ConverseResponse", json.loads(raw("/converse", request)))
    buffer = EventStreamBuffer()
    buffer.add_data(raw("/converse-stream", request))
    for event in buffer:
        told = {event.headers[":event-type"]: json.loads(event.payload)}
        found += violations("ConverseStreamOutput", told)
    return found


def block_of(blocks, index):
    while len(blocks) <= index:
        blocks.append({})
    return blocks[index]


def streamed(client, **more):
    """The message that a stream says."""
    blocks, stop, usage = [], None, None
    for event in client.converse_stream(modelId=model, messages=turns, **more)["stream"]:
        if "contentBlockStart" in event:
            told = event["contentBlockStart"]
            block_of(blocks, told["contentBlockIndex"])["toolUse"] = {**told["start"]["toolUse"], "input": ""}
        if "contentBlockDelta" in event:
            told = event["contentBlockDelta"]
            block, delta = block_of(blocks, told["contentBlockIndex"]), told["delta"]
            if "text" in delta:
                block["text"] = block.get("text", "") + delta["text"]
            if "toolUse" in delta:
                block["toolUse"]["input"] += delta["toolUse"]["input"]
            if "reasoningContent" in delta:
                block["reasoning"] = block.get("reasoning", "") + delta["reasoningContent"].get("text", "")
        if "messageStop" in event:
            stop = event["messageStop"]["stopReason"]
        if "metadata" in event:
            usage = event["metadata"]["usage"]["outputTokens"]
    for block in blocks:
        if "toolUse" in block:
            block["toolUse"] = {"name": block["toolUse"]["name"], "input": json.loads(block["toolUse"]["input"])}
    return {"blocks": blocks, "stop": stop, "usage": usage}


def whole(client, **more):
    told = client.converse(modelId=model, messages=turns, **more)
    blocks = []
    for block in told["output"]["message"]["content"]:
        if "toolUse" in block:
            call = block["toolUse"]
            block = {"toolUse": {"name": call["name"], "input": call["input"]}}
        if "reasoningContent" in block:
            block = {"reasoning": block["reasoningContent"]["reasoningText"]["text"]}
        blocks.append(block)
    return {"blocks": blocks, "stop": told["stopReason"], "usage": told["usage"]["outputTokens"]}


def both(**more):
    client = client_with("seed=7")
    return {"whole": whole(client, **more), "streamed": streamed(client, **more)}


def invoked():
    client = client_with("seed=7")
    told = json.loads(client.invoke_model(modelId=model, body=json.dumps(body))["body"].read())
    text, last = "", {}
    for event in client.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))["body"]:
        last = json.loads(event["chunk"]["bytes"])
        text += last.get("delta", {}).get("text", "")
    metrics = last["amazon-bedrock-invocationMetrics"]
    return {"whole": told["content"][0]["text"], "streamed": text, "tokens": metrics["outputTokenCount"]}


def failure_of(call):
    try:
        call()
    except Exception as error:
        response = getattr(error, "response", {})
        told = response.get("Error", {})
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return {"name": type(error).__name__, "code": told.get("Code"), "message": told.get("Message"), "status": status}
    return None


def faulted(fault):
    """How far a stream with a fault comes, and with which error it ends."""
    said, stop = 0, None

    def read():
        nonlocal said, stop
        client = client_with(f"fault={fault}")
        for event in client.converse_stream(modelId=model, messages=counting)["stream"]:
            if "contentBlockDelta" in event and event["contentBlockDelta"]["delta"].get("text"):
                said += 1
            if "messageStop" in event:
                stop = event["messageStop"]["stopReason"]

    error = failure_of(read)
    return [fault, said, stop, error and error["name"], error and error["code"]]


statuses = [400, 403, 404, 408, 424, 429, 500, 503]
faults = [
    "cut;after=7",
    "error-event;after=7",
    "error-event;after=7;status=429",
    "clean-end",
    "malformed;after=7",
    "event;what=lost;after=7",
    "event;what=cut;after=7",
    "event;what=huge;bytes=1000",
    "event;what=unknown-type;after=7",
    "framing;what=checksum",
    "content;what=length",
    "usage;what=zero",
    "stall;for-ms=300;with=emptyDeltas;every-ms=100;after=7",
    "drip;slice-bytes=7",
]


def refused(status):
    return failure_of(lambda: client_with(f"fault=status;status={status}").converse(modelId=model, messages=turns))


print(
    json.dumps(
        {
            "text": both(),
            "limited": both(inferenceConfig={"maxTokens": 5}),
            "tool": both(toolConfig=tools),
            "reasoning": both(additionalModelRequestFields=thinking),
            "violations": described_well() + described_well(toolConfig=tools),
            "invoked": invoked(),
            "counted": client_with().count_tokens(modelId=model, input={"converse": {"messages": turns}})["inputTokens"],
            "statuses": {str(status): refused(status) for status in statuses},
            "blank": failure_of(
                lambda: client_with().converse(modelId=model, messages=[{"role": "user", "content": [{"text": " "}]}])
            ),
            "faults": [faulted(fault) for fault in faults],
        }
    )
)
