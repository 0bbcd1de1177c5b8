"""Runs programs of verifiers/python one after another in one process: loading Python and `cryptography` is most of a run.

    python3 python-host.py [REQUESTS ANSWERS]

REQUESTS and ANSWERS are files or pipes; without them they are standard input and output. Each line of REQUESTS is {"program": "evidence_verify", "args": [...]}; each line of ANSWERS is {"code", "stdout", "stderr"}.
An uncaught error is printed, and is exit code 1, as in a process of its own. Or a line is {"script": path, "args": [...], "cwd": folder},
a program of one file that needs nothing but Python, with the same answer. Or a line is {"vector": {...}}, an input in the form of
fixtures/vectors; its answer is what vectors.py finds of it, or {"crash": text}. Or a line is {"client": [...]}, arguments of
clients/python/evidence_client.py, which runs in a process of its own, forked from this one, that ends with it.
"""

import contextlib
import functools
import importlib
import io
import json
import os
import sys
import tempfile
import traceback
import types
from pathlib import Path

for folder in ("verifiers", "clients"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2] / folder / "python"))


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


@functools.lru_cache(maxsize=4)
def compiled(text: str, path: str) -> types.CodeType:
    return compile(text, path, "exec")


def run_script(path: str, args: list, cwd: str) -> dict:
    stdout, stderr = Captured(), Captured()
    ours = os.getcwd(), sys.excepthook
    code = 0
    with open(path, encoding="utf-8") as file:
        text = file.read()
    os.chdir(cwd)
    sys.argv = [path, *args]
    try:
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            try:
                exec(compiled(text, path), {"__name__": "__main__", "__file__": path})
            except SystemExit as end:
                if isinstance(end.code, str):
                    print(end.code, file=sys.stderr)
                code = end.code if isinstance(end.code, int) else int(end.code is not None)
            except BaseException as error:
                at = error.__traceback__
                # Frames before the program's own are this one's.
                while at is not None and at.tb_frame.f_code.co_filename != path:
                    at = at.tb_next
                sys.excepthook(type(error), error, at)
                code = 1
    finally:
        os.chdir(ours[0])
        sys.excepthook = ours[1]
    return {"code": code, "stdout": stdout.text(), "stderr": stderr.text()}


def judge(vector: dict) -> dict:
    try:
        return importlib.import_module("vectors").verdict_of(vector)
    except Exception:
        return {"crash": traceback.format_exc()}


def run_client(args: list) -> dict:
    program = importlib.import_module("evidence_client")
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = os.fork()
        if child == 0:
            # Nothing of this process's is written or closed a second time: the child ends by os._exit.
            os.dup2(stdout.fileno(), 1)
            os.dup2(stderr.fileno(), 2)
            answer = run("evidence_client", args)
            os.write(1, answer["stdout"].encode())
            os.write(2, answer["stderr"].encode())
            os._exit(answer["code"])
        _, status = os.waitpid(child, 0)
        for file in (stdout, stderr):
            file.seek(0)
        return {
            "code": os.waitstatus_to_exitcode(status),
            "stdout": stdout.read().decode(),
            "stderr": stderr.read().decode(),
        }


def answer(request: dict) -> dict:
    if "client" in request:
        return run_client(request["client"])
    if "vector" in request:
        return judge(request["vector"])
    if "script" in request:
        return run_script(request["script"], request["args"], request["cwd"])
    return run(request["program"], request["args"])


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
