#!/usr/bin/env python3
"""Makes one chat call to this Mac's Ollama, and shows it in this Mac's Langfuse under the name that you give it.

    python traced_inference.py my-first-trace "Why is the sky blue?"

forgectl wrote this file, and the keys and addresses in `.env` beside it; it writes both anew when they are changed, so copy this one
to build on it. It needs Python 3.11 or later with `langfuse>=5.0,<6` and `openai`.
"""

import argparse
import os
import pathlib
import sys


def read_environment(path: pathlib.Path) -> None:
    """Takes over what `path` says, `NAME=value` a line. What is set already stays."""
    for line in path.read_text().splitlines():
        name, given, value = line.partition("=")
        if given and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip())


def main() -> int:
    parser = argparse.ArgumentParser(description="Make one chat call to Ollama that Langfuse shows.")
    parser.add_argument("name", help="how the trace is called")
    parser.add_argument("prompt", nargs="?", default="Say hello in one short sentence.")
    parser.add_argument("--model", help="the first one that Ollama has, if you name none")
    asked = parser.parse_args()

    read_environment(pathlib.Path(__file__).resolve().parent / ".env")
    # They read these variables when they are imported.
    try:
        from langfuse import get_client, propagate_attributes
        from langfuse.openai import OpenAI
        from openai import OpenAIError
    except ImportError as error:
        print(f"{sys.executable} lacks `langfuse>=5.0,<6` or `openai`: {error}", file=sys.stderr)
        return 1

    langfuse = get_client()
    try:
        known = langfuse.auth_check()
    except Exception as error:
        print(f"Langfuse does not answer at {os.environ.get('LANGFUSE_BASE_URL')}: {error}", file=sys.stderr)
        return 1
    if not known:
        print(f"Langfuse at {os.environ.get('LANGFUSE_BASE_URL')} does not know the keys in .env", file=sys.stderr)
        return 1

    client = OpenAI()
    try:
        model = asked.model or next((model.id for model in client.models.list()), None)
        if model is None:
            print(f"Ollama at {client.base_url} has no model", file=sys.stderr)
            return 1
        answer, tokens, url = traced_call(langfuse, propagate_attributes, client, model, asked)
    except OpenAIError as error:
        print(f"Ollama at {client.base_url} did not answer: {error}", file=sys.stderr)
        return 1
    finally:
        # What is not sent yet would be lost at the end of the program.
        langfuse.flush()

    print(answer)
    print(f"{model}: {tokens} tokens. Trace: {url}", file=sys.stderr)
    return 0


def traced_call(langfuse, propagate_attributes, client, model, asked):
    with propagate_attributes(trace_name=asked.name):
        with langfuse.start_as_current_observation(as_type="span", name=asked.name, input=asked.prompt) as span:
            reply = client.chat.completions.create(
                name="chat", model=model, messages=[{"role": "user", "content": asked.prompt}]
            )
            answer = reply.choices[0].message.content
            span.update(output=answer)
            return answer, reply.usage.completion_tokens, langfuse.get_trace_url()


if __name__ == "__main__":
    sys.exit(main())
