"""Runs a program on a terminal of its own and follows a script of steps: argv is JSON.

Each step waits until the output since the last one holds a text, then types, resizes or signals. Prints JSON: the
exit status and all that the program wrote. The deadline of each step is generous: a loaded machine is slow, not wrong.
"""
import fcntl, json, os, pty, select, signal, struct, sys, termios, time

plan = json.loads(sys.argv[1])
DEADLINE = 60


def resize(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


pid, fd = pty.fork()
if pid == 0:
    # Before the program looks at it.
    resize(0, *plan["size"])
    os.execvpe(plan["argv"][0], plan["argv"], {**os.environ, **plan.get("env", {})})

output = b""


def read(seconds):
    global output
    ready, _, _ = select.select([fd], [], [], seconds)
    if not ready:
        return True
    try:
        chunk = os.read(fd, 65536)
    except OSError:
        return False
    output += chunk
    return chunk != b""


def until(text, since):
    end = time.monotonic() + DEADLINE
    while text.encode() not in output[since:]:
        if time.monotonic() > end or not read(0.2):
            os.kill(pid, signal.SIGKILL)
            sys.exit("never saw %r in %r" % (text, output[-2000:]))


since = 0
for step in plan["steps"]:
    until(step["until"], since)
    since = len(output)
    if "resize" in step:
        resize(fd, *step["resize"])
        os.kill(pid, signal.SIGWINCH)
    if "type" in step:
        os.write(fd, step["type"].encode())
    if "signal" in step:
        os.kill(pid, getattr(signal, step["signal"]))

end = time.monotonic() + DEADLINE
status = None
while status is None and time.monotonic() < end:
    read(0.1)
    done, raw = os.waitpid(pid, os.WNOHANG)
    if done:
        status = os.waitstatus_to_exitcode(raw) if hasattr(os, "waitstatus_to_exitcode") else raw
while read(0.1) and select.select([fd], [], [], 0)[0]:
    pass
if status is None:
    os.kill(pid, signal.SIGKILL)
print(json.dumps({"status": status, "output": output.decode("utf8", "replace")}))
