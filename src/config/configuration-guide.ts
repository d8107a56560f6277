/** The words of docs/configuration.md that no table can say: where settings come from and how a file is written. */

export const CONFIGURATION_GUIDE = `# Configuration

Made from the table of keys in \`src/config\`: do not edit by hand; run \`node scripts/generate-config.mjs\` after a build.

## Where settings come from

The strongest source wins, for each key by itself:

1. flags of the command line, such as \`--data-directory DIR\` or \`--set section.key=value\`;
2. environment variables, \`TASKBELL_SECTION_KEY\` in capitals: \`TASKBELL_DAEMON_DATADIRECTORY\`;
3. the configuration file;
4. the default.

The file is the one that \`--config FILE\` names; else \`config.ini\` in the current directory; else
\`/etc/taskbell/config.ini\`. Without a file the defaults run. With \`TASKBELL_PROFILE\` set to \`prod\`, \`test\` or \`dev\`,
\`config.prod.ini\` (and so on) is read instead, in the same two directories; a profile without its file stops the program
with exit code 78. \`--config\` wins over the profile.

\`taskbell config check\` checks everything without starting anything. \`taskbell config show --origin\` shows every key with its
value and where it came from; secrets are shown as \`***\`.

In the name of a variable, each character of a section or key that is neither a letter nor a digit becomes \`_\`:
\`TASKBELL_JOB_IMPORT_CSV_TIMEOUT\` sets \`timeout\` of \`[job:import-csv]\`. Such a section must be declared in the file, if only by its
header. \`TASKBELL_WEBSOCKET_AUTH_TOKEN\` sets \`auth.token\`: the NAME of \`query.NAME\` and \`auth.NAME\` is taken in small letters, the
NAME of \`environment.NAME\` as it stands, unless the file spells it in another way. A variable that begins like a section but names
no key is a problem; any other \`TASKBELL_\` variable is left alone.

## Changing it while it runs

\`taskbell config reload\`, or SIGHUP to the supervisor, reads file, environment and flags anew. The whole is checked first: with one
problem everything stays as it was, and all problems are told. The column *reload* says what a changed key needs:

| reload | |
|---|---|
| \`live\` | nothing: it holds at once |
| \`executors\`, \`gateways\` | fresh processes, which the reload puts in the place of the present ones, one after the other: running jobs end in peace, the public port stays open |
| \`restart\` | a restart of the service; until then the former value holds, and the reload names the key |

A section that comes or goes with such a key set, such as \`[job:NAME]\` with \`processes\`, waits for the restart as a whole.
[operations.md](operations.md#a-new-configuration-without-a-restart) has more.

## How a file is written

\`\`\`ini
# A comment stands on a line of its own and starts with # or ;
[daemon]
dataDirectory = /var/lib/taskbell

[job:archive]
command = tar -czf "/var/backups/all my data.tar.gz" data
environment.GZIP_LEVEL = 9
\`\`\`

- Sections and keys match without regard to case. A section and a key may be there once.
- A value ends with its line. \`;\` and \`#\` in a value must be quoted or written \`\\;\` and \`\\#\`; a bare backslash before any other
  character stands for itself, and \`\\\\\` is one backslash.
- Values in double quotes follow the rules of JSON strings (\`\\"\`, \`\\\\\`, \`\\n\`); values in single quotes are taken as they stand.
- Durations: \`500ms\`, \`30s\`, \`15m\`, \`2h\`, \`1d\`; a bare number means milliseconds.
- Sizes: \`512\` (bytes), \`64KiB\`, \`1MiB\`, \`64kB\`, \`1MB\`.
- Lists: items separated by commas.
- Relative paths start at the directory of the file when they come from the file or are defaults beside one, else at the current directory.
- Command lines are split into program and arguments by a shell's quoting rules, but there is no shell: no variables, no patterns, no
  pipes. Run \`sh -c '…'\` for these.

The file is read strictly. Unknown sections and keys, duplicates, lines that mean nothing, values that would be cut at a comment sign and
values out of range are all reported at once, each with its line, and nothing starts (exit code 78). A file that holds a secret must not be
readable by others.`;
