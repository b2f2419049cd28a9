"""boto3: Bedrock's API is not simulated; what is forwarded, and errors, reach the client as the provider's own."""

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from checks import check, prompt, raises, same, some, stub, url


def ask(base):
    client = boto3.client(
        "bedrock-runtime",
        endpoint_url=base,
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",
        config=Config(retries={"total_max_attempts": 1}),
    )
    turns = [{"role": "user", "content": [{"text": prompt}]}]
    return client.converse(modelId="amazon.nova-lite-v1:0", messages=turns)


check("forwarded: converse")(lambda: some(ask(stub)["output"]["message"]["content"][0]["text"]))


@check("forwarded: error 429")
def _():
    error = raises(lambda: ask(f"{stub}/429"), ClientError)
    same(error.response["ResponseMetadata"]["HTTPStatusCode"], 429)
    same(error.response["Error"]["Code"], "ThrottlingException")


check("simulated: converse")(lambda: ask(url))
