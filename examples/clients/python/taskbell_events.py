"""Hears Taskbell's events: attaches, comes back after a loss and goes on where it stood, waits for a job's end.
Standard library only. docs/protocol.md, "Events v2", says what each part is for.

    TASKBELL_TOKEN=… python3 taskbell_events.py http://127.0.0.1:8081 follow 'issueUpdate/*' job/1042 [--since SEQ EPOCH]
    TASKBELL_TOKEN=… python3 taskbell_events.py http://127.0.0.1:8081 wait 1042
"""
import json, os, random, sys, time
from ws import Closed, WebSocket

SILENCE = 60  # seconds; the gateway pings and says `sync` more often
STABLE = 5  # seconds after which a connection was a good one
ENDS = ("succeeded", "failed", "cancelled")
FINAL = (4403,)  # forbidden or revoked: to come back does not help


class Refused(Exception):
    """The gateway answered with a code other than 0: docs/protocol.md has them."""


def follow(address, token, topics, since=None, epoch=None, last=False, on_gap=None, path="/ws"):
    """Yields events for ever. topics: pairs of type and id, where an id may be `*` or end in `.*`.

    token: text, or a function that returns one, called for each connection. since, epoch: of the last event that was
    seen; without them what comes from now on. last: the newest event of each topic first, also after each loss.
    on_gap(since, seq) is told when events after `since` can no longer be had; without it that is an error.
    Each event that is yielded has `epoch` too: keep it with its `seq` to go on from there in another process.
    """
    losses = 0
    while True:
        began, retry = time.monotonic(), 0
        try:
            with WebSocket(address, path) as link:
                start = {"last": 1} if last else {"since": since, "epoch": epoch} if since else {}
                reply = attach(link, token, topics, {key: value for key, value in start.items() if value})
                seen = int(since) if since and not last else -1
                if reply.get("recovered") is False:
                    if on_gap is None:
                        raise Refused(f"not all events after {since} can be had; the first is {reply['seq']}")
                    on_gap(since, reply["seq"])
                    seen = -1  # what there is comes from the oldest on, and its numbers may be of another log
                elif not last:  # all up to here was seen, or is not asked for
                    since = reply["seq"]
                epoch = reply["epoch"]
                for message in messages(link):
                    if message.get("action") == "sync":
                        since, seen = message["seq"], max(seen, int(message["seq"]))
                    elif message.get("action") == "drain":
                        retry = message["retry"] / 1000
                    elif message.get("action") == "detach":
                        raise Refused(f"no longer allowed: {message['event']}")
                    elif "data" in message and "seq" not in message:  # only live, or made from a job's record
                        yield {**message, "epoch": epoch}
                    elif "data" in message and int(message["seq"]) > seen:
                        # All was attached in one request, so numbers increase on the whole connection.
                        since, seen = message["seq"], int(message["seq"])
                        yield {**message, "epoch": epoch}
        except Closed as closed:
            if closed.code in FINAL or (closed.code == 4401 and not callable(token)):
                raise Refused(str(closed)) from closed
            retry = max(retry, closed.retry)
        except (OSError, RuntimeError):
            pass  # the gateway is away, or refuses handshakes for a moment: it comes back, and so do we
        losses = 1 if time.monotonic() - began > STABLE else losses + 1
        # Full jitter: those who lost their connection in one moment must not come back in one moment.
        time.sleep(retry + random.random() * min(30, 0.5 * 2 ** min(losses, 10)))


def attach(link, token, topics, start):
    text = token() if callable(token) else token
    events = [{"type": type, "id": id} for type, id in topics]
    link.send(json.dumps({"auth": text, "action": "attach", "events": events, "rid": 1, **start}))
    for reply in messages(link):
        if reply.get("rid") == 1 and reply["code"] != 0:
            raise Refused(f"{reply['message']} (code {reply['code']}) {reply.get('event', reply.get('detail', ''))}")
        if reply.get("rid") == 1:
            return reply


def messages(link):
    while True:
        text = link.recv(SILENCE)
        if text is None:
            raise ConnectionError("nothing was heard")
        yield json.loads(text)


def wait_for_job(address, token, id, path="/ws"):
    """Returns the data of the job's end, also of one that lies behind; `state` is one of ENDS."""
    for event in follow(address, token, [("job", id)], last=True, path=path):
        end = event["data"][0]
        if end["state"] in ENDS:
            return end


def main(address, verb, *words):
    token = os.environ["TASKBELL_TOKEN"]
    if verb == "wait":
        end = wait_for_job(address, token, words[0])
        print(json.dumps(end))
        return 0 if end["state"] == "succeeded" else 1
    since, epoch = None, None
    if "--since" in words:
        since, epoch = words[words.index("--since") + 1:]
        words = words[:words.index("--since")]
    topics = [tuple(word.split("/", 1)) for word in words]
    for event in follow(address, token, topics, since, epoch):
        print(json.dumps(event), flush=True)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
