"""Asks the server at OPENAI_BASE_URL with the official client, once for each line that comes in, and prints the status."""

import sys

import openai

client = openai.OpenAI(api_key="sk-none", max_retries=0, timeout=20, default_headers={"x-env": "staging"})

for _ in sys.stdin:
    try:
        stream = client.chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "Say hello"}], stream=True
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        print(200 if text == "Hello" else 0, flush=True)
    except openai.APIStatusError as error:
        print(error.status_code, flush=True)
    except openai.APIError:
        print(0, flush=True)
