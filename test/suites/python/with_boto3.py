"""boto3: Bedrock's Converse and InvokeModel, simulated and forwarded."""

import json

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

from checks import check, prompt, raises, same, some, stub, url, weather

claude = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
turns = [{"role": "user", "content": [{"text": prompt}]}]
tools = {"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": weather}}}], "toolChoice": {"any": {}}}


def client_at(base):
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=base,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}),
    )


def ask(base, model="amazon.nova-lite-v1:0", **more):
    return client_at(base).converse(modelId=model, messages=turns, **more)


def stream(model="amazon.nova-lite-v1:0", **more):
    return list(client_at(url).converse_stream(modelId=model, messages=turns, **more)["stream"])


def invocation():
    message = {"role": "user", "content": prompt}
    return json.dumps({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": [message]})


check("forwarded: converse")(lambda: some(ask(stub)["output"]["message"]["content"][0]["text"]))


@check("forwarded: error 429")
def _():
    error = raises(lambda: ask(f"{stub}/429"), ClientError)
    same(error.response["ResponseMetadata"]["HTTPStatusCode"], 429)
    same(error.response["Error"]["Code"], "ThrottlingException")


check("simulated: converse")(lambda: some(ask(url)["output"]["message"]["content"][0]["text"]))


@check("simulated: converse, streamed")
def _():
    events = stream()
    some("".join(event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event))
    same(events[-1]["metadata"]["usage"]["outputTokens"] > 0, True)


@check("simulated: tools")
def _():
    told = ask(url, toolConfig=tools)
    same(told["stopReason"], "tool_use")
    some(told["output"]["message"]["content"][0]["toolUse"]["input"]["city"])


@check("simulated: tools, streamed")
def _():
    events = stream(toolConfig=tools)
    deltas = [event["contentBlockDelta"]["delta"] for event in events if "contentBlockDelta" in event]
    some(json.loads("".join(delta["toolUse"]["input"] for delta in deltas))["city"])


@check("simulated: invoke, a model of Anthropic's")
def _():
    told = client_at(url).invoke_model(modelId=claude, body=invocation())
    some(json.loads(told["body"].read())["content"][0]["text"])


@check("simulated: invoke, streamed")
def _():
    events = client_at(url).invoke_model_with_response_stream(modelId=claude, body=invocation())["body"]
    same([json.loads(event["chunk"]["bytes"]) for event in events][-1]["type"], "message_stop")


@check("simulated: tokens counted")
def _():
    counted = client_at(url).count_tokens(modelId=claude, input={"converse": {"messages": turns}})
    same(counted["inputTokens"] > 0, True)


@check("simulated: error 429")
def _():
    error = raises(lambda: ask(url, "any-429"), ClientError)
    same(error.response["Error"]["Code"], "ThrottlingException")


@check("simulated: error 503")
def _():
    error = raises(lambda: ask(url, "any-503"), ClientError)
    same(error.response["Error"]["Code"], "ServiceUnavailableException")


check("simulated: stream cut off")(lambda: raises(lambda: stream("any-cut"), Exception))
check("simulated: exception in a stream")(lambda: raises(lambda: stream("any-error-event"), EventStreamError))
