"""Tests that several processes run at once."""

import os
from pathlib import Path

import openai
import pytest


@pytest.mark.parametrize("number", range(8))
def test_calls_of_other_workers_are_not_seen(stuntdouble, number):
    client = openai.OpenAI(base_url=stuntdouble.base_url, api_key="unused", max_retries=0)
    stuntdouble.reply(f"reply {number}", times=3)
    for _ in range(3):
        messages = [{"role": "user", "content": "Hi"}]
        response = client.chat.completions.create(model=f"model-{number}", messages=messages)
        assert response.choices[0].message.content == f"reply {number}"
    assert {call["model"] for call in stuntdouble.calls()} == {f"model-{number}"}


def test_workers_are_processes_of_their_own():
    assert os.environ["PYTEST_XDIST_WORKER_COUNT"] == "2"
    assert Path(os.environ["STUNTDOUBLE_COMMAND"].split()[-1]).exists()
