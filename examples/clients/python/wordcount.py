"""A type of jobs in Python: python3 wordcount.py PATH_OF_control.sock (or http://host:port, with its token in
the variable TASKBELL_API_TOKEN). Then: taskbell job add wordcount --wait '{"text":"to be or not to be"}'"""
import os, sys
from taskbell_executor import Executor, job


class NoText(Exception):
    more = {"retryable": False}  # trying again would not help


@job("wordcount", retries=2)
def wordcount(payload, attempt):
    if not isinstance(payload, dict) or not isinstance(payload.get("text"), str):
        raise NoText('expected a payload like {"text": "to be"}')
    counts, lines = {}, payload["text"].splitlines()
    for number, line in enumerate(lines, 1):
        if attempt.stop.is_set():
            raise InterruptedError(f"stopped before line {number}")
        for word in line.split():
            counts[word] = counts.get(word, 0) + 1
        if number == len(lines) or number % 10_000 == 0:
            attempt.progress(number / len(lines), f"{number} lines")
    attempt.log(f"{len(lines)} lines read")
    return {"words": sum(counts.values()), "different": len(counts)}


if __name__ == "__main__":
    Executor(sys.argv[1], token=os.environ.get("TASKBELL_API_TOKEN")).run()
