"""Asks the server at STUNTDOUBLE_URL with Anthropic's clients for its hosts, and prints what came back as one JSON object."""

import json
import os

import anthropic

url = os.environ["STUNTDOUBLE_URL"]
turns = [{"role": "user", "content": "Say this is a test"}]
hosts = {
    "vertex": (
        anthropic.AnthropicVertex(project_id="p", region="us-east5", access_token="none", base_url=f"{url}/v1", max_retries=0),
        "claude-sonnet-4-5@20250929",
    ),
    "bedrock": (
        anthropic.AnthropicBedrock(
            aws_access_key="none", aws_secret_key="none", aws_region="us-east-1", base_url=url, max_retries=0
        ),
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    ),
}


def failure_of(call):
    try:
        call()
    except anthropic.APIStatusError as error:
        return [type(error).__name__, error.status_code]
    return None


def seen(client, model):
    asked = {"model": model, "max_tokens": 2000, "messages": turns, "extra_headers": {"x-stuntdouble": "seed=7"}}
    whole = client.messages.create(**asked)
    with client.messages.stream(**asked) as stream:
        streamed = stream.get_final_message()
    limited = {**asked, "extra_headers": {"x-stuntdouble": "fault=status;status=429"}}
    return {
        "model": whole.model,
        "whole": whole.content[0].text,
        "streamed": streamed.content[0].text,
        "stop": [whole.stop_reason, streamed.stop_reason],
        "limited": failure_of(lambda: client.messages.create(**limited)),
    }


print(
    json.dumps(
        {
            **{host: seen(client, model) for host, (client, model) in hosts.items()},
            "counted": hosts["vertex"][0].messages.count_tokens(model="claude-sonnet-4-5@20250929", messages=turns).input_tokens,
        }
    )
)
