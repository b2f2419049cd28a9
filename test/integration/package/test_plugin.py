"""What the README of the plugin does not show."""

import openai
import pytest
from pytest_stuntdouble import StuntdoubleError


@pytest.fixture
def client(stuntdouble):
    return openai.OpenAI(base_url=stuntdouble.base_url, api_key="sk-not-to-be-seen", max_retries=0)


def ask(client, text="Hi"):
    return client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": text}])


def test_a_fault_acts_only_on_calls_that_match(stuntdouble, client):
    stuntdouble.fault("status", status=503, match={"lastUserMessage": "break"})
    assert ask(client).choices
    with pytest.raises(openai.InternalServerError):
        ask(client, "please break")
    assert [call["faults"] for call in stuntdouble.calls()] == [[], ["status"]]


def test_a_wrong_fault_is_an_error_that_says_why(stuntdouble):
    with pytest.raises(StuntdoubleError, match="faults.0"):
        stuntdouble.fault("status", status=9)


def test_a_reply_can_be_what_a_rule_has(stuntdouble, client):
    stuntdouble.reply({"toolCalls": [{"name": "search", "arguments": {"q": "rain"}}]})
    assert ask(client).choices[0].message.tool_calls[0].function.name == "search"


def test_reset_forgets_within_a_test(stuntdouble, client):
    stuntdouble.fault("status", status=500)
    with pytest.raises(openai.InternalServerError):
        ask(client)
    stuntdouble.reset()
    assert stuntdouble.calls() == []
    assert ask(client).choices


def test_credentials_of_calls_are_not_told(stuntdouble, client):
    ask(client)
    assert "sk-not-to-be-seen" not in str(stuntdouble.calls())
