"""Runs programs of verifiers/python one after another in one process: loading Python and `cryptography` is most of a run.

    python3 python-host.py [REQUESTS ANSWERS]

REQUESTS and ANSWERS are files or pipes; without them they are standard input and output. Each line of REQUESTS is {"program": "evidence_verify", "args": [...]}; each line of ANSWERS is {"code", "stdout", "stderr"}.
An uncaught error is printed, and is exit code 1, as in a process of its own. Or a line is {"vector": {...}}, an input in the form
of fixtures/vectors; its answer is what vectors.py finds of it, or {"crash": text}.
"""

import contextlib
import importlib
import io
import json
import sys
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "verifiers" / "python"))


class Captured(io.TextIOWrapper):
    """What stands for stdout or stderr: a program may change its encoding, as of the real one."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self) -> str:
        self.flush()
        return self.buffer.getvalue().decode("utf-8")


def run(name: str, args: list) -> dict:
    stdout, stderr = Captured(), Captured()
    program = importlib.import_module(name)
    sys.argv = [f"{name}.py", *args]
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        try:
            code = program.main(args)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            traceback.print_exc()
            code = 1
    return {"code": code, "stdout": stdout.text(), "stderr": stderr.text()}


def judge(vector: dict) -> dict:
    try:
        return importlib.import_module("vectors").verdict_of(vector)
    except Exception:
        return {"crash": traceback.format_exc()}


def answer(request: dict) -> dict:
    return judge(request["vector"]) if "vector" in request else run(request["program"], request["args"])


def serve(requests: io.TextIOBase, answers: io.TextIOBase) -> None:
    for line in requests:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")
        answers.flush()


def main() -> None:
    if len(sys.argv) == 1:
        serve(sys.stdin, sys.stdout)
        return
    with open(sys.argv[1], encoding="utf-8") as requests, open(sys.argv[2], "w", encoding="utf-8") as answers:
        serve(requests, answers)


if __name__ == "__main__":
    main()
