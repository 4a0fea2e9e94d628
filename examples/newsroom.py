"""A teammate that asks before it publishes: a quick start, a question and an approval, with the m8tes SDK.

python examples/newsroom.py "Tell our readers about the dark mode"
"""

import sys

from m8tes import M8tes


def main(wish):
    client = M8tes()  # of M8TES_BASE_URL and M8TES_API_KEY
    with client.runs.create(
        name="Newsroom",  # made now, or found again
        instructions="Ask who it is for, draft the announcement in a file, then publish it.",
        tools=["announce"],
        message=wish,
        human_in_the_loop=True,
        permission_mode="approval",
    ) as stream:
        for text in stream.iter_text():
            print(text, end="", flush=True)
    print()

    # The stream ends where a person has to say something. From here on the run waits, for days if need be.
    run = client.runs.wait(stream.run_id, on_question=answer, on_approval=decide, interval=0.5)

    print(f"\nRun {run.id} is {run.status}.", run.output or run.error or "")
    for file in client.runs.list_files(run.id):
        print(f"{file.name}, {file.size} bytes")


def answer(request):
    """Each question and what the person says to it: a number for an option, or words."""
    return {question["question"]: ask(question) for question in request.tool_input["questions"]}


def ask(question):
    print(f"\n{question['question']}")
    labels = [option["label"] for option in question["options"]]
    for number, label in enumerate(labels, start=1):
        print(f"  {number}. {label}")
    said = input("> ").strip()
    return labels[int(said) - 1] if said.isdecimal() and 0 < int(said) <= len(labels) else said


def decide(request):
    print(f"\n{request.tool_name} wants to run with:")
    for name, value in request.tool_input.items():
        print(f"  {name}: {value}")
    return "allow" if input("Allow it? [y/N] ").strip().lower() == "y" else "deny"


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "Tell our readers about the dark mode")
