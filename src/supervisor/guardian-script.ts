/**
 * What the guardian's shell runs: POSIX sh, with `sleep`, `grep` and, where there is no /proc, `ps`.
 *
 *   $1  the mark, NAME=value, as it stands in the environment of everything below the supervisor
 *   $2  the directory in which processes show their environment: /proc
 *
 * Input, a line each: `+ PID` a child began, `- PID` it ended, `bye` all is well, exit.
 * End of input without `bye`: the supervisor is gone.
 */
import { CHILD_ARGUMENT } from '../process/child-process.ts';

/** Children end by themselves within 3 s of losing their supervisor; 5 s is what the promise allows. */
const GRACE_HALF_SECONDS = 7;

export const GUARDIAN_SCRIPT = `# taskbell guardian: ends what a killed supervisor leaves behind
# The signals of a service manager go to every process of the unit; this one leaves with the supervisor.
trap '' HUP INT TERM
mark=$1 proc=$2 children=

marked() {
  # -z -x: one whole variable, so that a longer value with the same beginning is another run.
  grep -lszxF "$mark" "$proc"/[0-9]*/environ | while IFS= read -r path; do
    path=\${path%/environ}; echo "\${path##*/}"
  done
}

# Without /proc only the children are known, and a pid may have passed to another program.
survivors() {
  if [ -e "$proc/self/environ" ]; then marked; return; fi
  for pid in $children; do
    ps -o command= -p "$pid" | grep -qF ' ${CHILD_ARGUMENT} ' && echo "$pid"
  done
}

while read -r verb pid; do
  case $verb in
    +) children="$children $pid" ;;
    -) kept=
       for child in $children; do [ "$child" = "$pid" ] || kept="$kept $child"; done
       children=$kept ;;
    bye) exit 0 ;;
  esac
done

turn=0
while [ $turn -lt ${GRACE_HALF_SECONDS} ] && [ -n "$(survivors)" ]; do
  sleep 0.5 2>/dev/null || { sleep 1; turn=$((turn + 1)); }
  turn=$((turn + 1))
done

# More than once: a process may have started another between the look and the kill.
for round in 1 2 3; do
  for pid in $(survivors); do kill -KILL "$pid" 2>/dev/null; done
done
`;
