/** What the manual says of all commands together. Markdown. */

export const HOW_IT_TALKS = `\`taskbell <group> <verb>\`; \`--help\` behind anything explains it. Results go to standard output and everything
else to standard error, so \`$(taskbell token issue --user ada)\` and \`taskbell job list --json | jq\` do what one hopes.
Exit codes and error codes are in [errors.md](errors.md); \`taskbell help E_CODE\` prints one of them, and
\`taskbell help 78\` those with that exit code.

Commands reach the service through the control socket in its data directory: run them as the same user, with the same
configuration.`;

export const ABOUT_OPTIONS = `They go with every command, before or behind it. Those about the configuration win over the environment
(\`TASKBELL_DAEMON_DATADIRECTORY\` …), which wins over the file.`;

export const ABOUT_SECRETS = `No option takes a secret: arguments can be read by every user of the machine, and shells keep them. Tokens and keys
come from files that the configuration or an option such as \`--token-file\` names, from the environment, or from
standard input (\`-\`).`;

export const ABOUT_SIGNALS = `Ctrl-C in a command that waits ends it with exit code 130 and says what goes on without it; the job, say. A second
one ends it at once. A reader that goes away, as in \`taskbell job list | head -1\`, ends a command quietly with 0.`;

export const ABOUT_VALUES =
  'Durations are numbers with `ms`, `s`, `m`, `h` or `d`; a bare number is milliseconds.';

export const ABOUT_JSON = `\`--json\` prints one object on one line (indented on a terminal); \`event tail\`, \`event history\` and \`job logs\` print one object a line.
New keys may be added; those named here keep their names and meanings. Times are ISO 8601 in UTC, durations
milliseconds, ids texts.`;
