"""An executor for Taskbell: offers job types and runs their attempts in threads. Standard library only.
wordcount.py shows how to use it, and docs/executors.md says what each part is for."""
import json, operator, os, secrets, signal, struct, threading, time, traceback
from ws import WebSocket

KILL_GRACE = 5  # seconds in which an attempt must end once it was told to
NEVER, JOBS = float("inf"), {}
key = operator.itemgetter("id", "attempt")

def job(name, **settings):
    def register(function):
        JOBS[name] = (function, settings)
        return function
    return register

def now():  # a clock that goes on while the machine sleeps
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))

class Attempt:
    def __init__(self, executor, run):
        self.executor, self.type, self.payload = executor, run["type"], run["payload"]
        self.fence = {"id": run["id"], "attempt": run["attempt"]}
        self.deadline = now() + run["timeoutMs"] / 1000 if run["timeoutMs"] else NEVER
        self.stop, self.verdict, self.told_at, self.outcome = threading.Event(), None, NEVER, None

    def log(self, line, level="info"):
        at = round(time.time() * 1000)
        self.executor.say("log", lines=[{**self.fence, "level": level, "line": str(line), "at": at}])

    def progress(self, fraction, message=""):  # not more often than four times a second
        value = {"fraction": min(1.0, max(0.0, fraction)), "message": str(message)}
        self.executor.say("progress", progress=[{**self.fence, "value": value}])

    def tell(self, verdict):
        if self.verdict is None:
            self.verdict, self.told_at = verdict, now()
            self.stop.set()

    def work(self):
        started, began = round(time.time() * 1000), time.monotonic()
        try:
            end = {"outcome": "succeeded", "result": JOBS[self.type][0](self.payload, self)}
            if len(json.dumps(end, allow_nan=False)) > 4 << 20:  # the core refuses messages of more than 64 MiB
                raise ValueError("the result is too large")
        except BaseException as error:  # SystemExit too. more: {"retryable": False}, say, of an error's class
            facts = {"name": type(error).__name__, "message": str(error)[:8192], "stack": traceback.format_exc()[-16384:]}
            end = {"outcome": self.verdict or "error", "error": facts, **getattr(error, "more", {})}
        took = (time.monotonic() - began) * 1000
        with self.executor.lock:
            self.outcome = {**self.fence, **end, "startedAt": started, "durationMs": took}
            self.executor.say("ended", outcomes=[self.outcome])

class Executor:
    def __init__(self, address, token=None, slots=4, queues=(), patience=30):
        self.address, self.token, self.slots, self.queues = address, token, slots, list(queues)
        self.patience = patience  # seconds that SIGTERM leaves to what runs
        self.name = f"py-{os.getpid()}-{secrets.token_hex(4)}"
        self.held, self.lock = {}, threading.RLock()  # attempts, until their outcome is confirmed
        self.link, self.abandon_after = None, NEVER  # link: a connection on which we were welcomed
        self.quiet, self.quieted, self.term_at = False, False, NEVER
        self.sure_at = self.pinged_at = now()  # sure_at: when we sent what the core has answered

    def run(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: setattr(self, "term_at", min(self.term_at, now())))
        threading.Thread(target=self.watch, daemon=True).start()
        while not self.is_over():
            try:
                with WebSocket(self.address, "/v1/execute", self.token, timeout=2) as link:
                    self.serve(link)
            except OSError:
                pass  # the core comes back, and so do we
            with self.lock:
                self.link, self.quieted = None, False
            time.sleep(0 if self.is_over() else 0.2)

    def is_over(self):  # nothing is held, and nothing is on its way
        return self.term_at < NEVER and not self.held and (self.quieted or self.link is None)

    def serve(self, link):
        hello_at, link.on_pong = now(), lambda data: setattr(self, "sure_at", *struct.unpack(">d", data))
        types = [{"name": name, "kind": "module", "schema": False, "settings": settings}
                 for name, (_, settings) in JOBS.items()]
        link.send(json.dumps({
            "kind": "hello", "executor": self.name, "process": self.process(), "supervisorPid": None,
            "slots": self.slots, "queues": self.queues, "types": types, "quiet": self.quiet,
            "holding": [attempt.fence for attempt in self.held.values()]}))
        while not self.is_over():
            text = link.recv(0.25)
            with self.lock:
                if text is not None:
                    self.receive(link, json.loads(text), hello_at)
        self.say("leaving")

    def process(self):  # None by TCP: a pid means nothing on another machine
        stat = open("/proc/self/stat").read() if os.path.exists("/proc/self/stat") else ""
        here = {"pid": os.getpid(), "startTime": stat.rpartition(")")[2].split()[19] if stat else ""}
        return None if self.address.startswith("http:") else here

    def receive(self, link, message, hello_at):
        kind = message["kind"]
        if kind == "welcome":
            self.link, self.sure_at = link, hello_at
            self.abandon_after = message["lease"]["abandonAfterMs"] / 1000 if "lease" in message else NEVER
            self.say("ended", outcomes=[one.outcome for one in self.held.values() if one.outcome])
        elif kind == "run":
            for run in message["attempts"]:
                if key(run) not in self.held:
                    attempt = self.held[key(run)] = Attempt(self, run)
                    threading.Thread(target=attempt.work, daemon=True).start()
        elif kind == "validate":
            self.say("validated", rid=message["rid"], problem=None)
        elif kind in ("quiet", "quieted"):
            self.quiet, self.quieted = True, kind == "quieted"
        for fence in message.get("fences", []):  # confirmed
            self.held.pop(key(fence), None)
        for fence in message.get("forget", []) + [message] * (kind == "cancel"):
            if key(fence) in self.held:
                self.held[key(fence)].tell("cancelled")

    def say(self, kind, **keys):  # without a connection it is lost; outcomes are said after the next welcome
        with self.lock:
            if self.link:
                self.link.send(json.dumps({"kind": kind, **keys}))

    def watch(self):
        while True:
            time.sleep(0.25)
            with self.lock:
                self.tick(now())

    def tick(self, at):
        if self.term_at < NEVER and not self.quiet:
            self.quiet = True
            self.say("quiet")
        if self.link and at > self.pinged_at + self.abandon_after / 4:
            self.pinged_at = at
            self.link.ping(struct.pack(">d", at))
        running = [one for one in self.held.values() if one.outcome is None]
        for attempt in running:
            if at > attempt.deadline:
                attempt.tell("timeout")
            if at > self.sure_at + self.abandon_after or at > self.term_at + self.patience:
                attempt.tell("interrupted")
        stuck = [one for one in running if at > one.told_at + KILL_GRACE]
        if stuck:  # a thread cannot be ended, so the process has to be
            self.say("stuck", fences=[{**one.fence, "outcome": one.verdict}
                                      for one in stuck if one.verdict != "interrupted"])
            os._exit(70)
