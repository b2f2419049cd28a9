"""cohere: its API is not simulated; what is forwarded, and errors, reach the client as the provider's own."""

import cohere

from checks import check, messages, raises, same, some, status_of, stub, url


def client(base):
    return cohere.ClientV2(api_key="none", base_url=base)


def ask(base):
    return client(base).chat(model="command-a-03-2025", messages=messages)


check("forwarded: chat")(lambda: some(ask(stub).message.content[0].text))


@check("forwarded: embeddings")
def _():
    made = client(stub).embed(model="embed-v4.0", input_type="search_query", embedding_types=["float"], texts=["a", "b"])
    same(len(made.embeddings.float_), 2)


@check("forwarded: error 429")
def _():
    error = raises(lambda: client(f"{stub}/429").chat(model="m", messages=messages, request_options={"max_retries": 0}))
    same(status_of(error), 429)
    assert isinstance(error, cohere.TooManyRequestsError)


check("simulated: chat")(lambda: ask(url))
