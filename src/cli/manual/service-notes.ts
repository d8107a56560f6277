/** Notes on the commands that start and look after the service, and on those about events and people. */
import type { CommandNotes } from './command-note.ts';

const REPORT_JSON =
  '`state`, `url`, `pending`, `cursor`, `acknowledge`, `reported`, `lastError`, `counts`';
const WORKERS_JSON =
  '`{"workers":[{"executor":…,"pid":…,"supervisorPid":…,"startedAt":…,"state":…,"only":…,"types":[…],"problems":[{"type":…,"problem":…}],"queues":[…],"slots":…,"running":…,"done":…,"residentBytes":…}]}`';
const EVENT_JSON =
  '`type`, `id`, `data`, `seq`, `prev`, `at`; a volatile event has no `seq` and no `prev`';
const NAMED = 'what was named, with';

export const SERVICE_NOTES: CommandNotes = {
  up: { text: 'In the foreground, until it is told to stop.' },
  init: { text: 'Keeps what exists.', json: '`directory`, `created[]`, `kept[]`' },
  status: {
    json: '`ready`, `version`, `dataDirectory`, `startedAt`, `processes[]` `{role, pid, state, restarts, since}`, `jobs` (a count for each state), `dead`, `oldest` (as in `queue list`, and `queue`) or null, `executors` `{total, ready, slots, running}`, `degradedTypes[]` `{type, deaths, since, nextTryAt}`, `report`, `gateway` `{address, port, path}` or null, `subscribers` `{gateways, silent, connections, room, refused, subscriptions, lag}`, `log` `{epoch, top, oldest}`',
  },
  completion: {
    text: 'The script asks the command itself for the names, so that it knows the jobs, queues, schedules, event types and users of the moment; it waits 0.8 s for them, or the milliseconds of TASKBELL_COMPLETION_MS, and without a daemon offers commands and options. For the present shell alone: `source <(taskbell completion bash)`, and `taskbell completion fish | source` in fish. For good: bash, into `~/.local/share/bash-completion/completions/taskbell`; zsh, as `_taskbell` into a directory of `$fpath`; fish, into `~/.config/fish/completions/taskbell.fish`.',
    example: 'taskbell completion bash > ~/.local/share/bash-completion/completions/taskbell',
  },
  'worker list': { json: WORKERS_JSON },
  'worker quiet': { json: 'as `worker list`' },
  'worker restart': {
    text: 'See [workers.md](workers.md).',
    json: '`{"replaced":[{"pid":…,"successor":…}]}`',
  },
  'web_socket edge': { text: 'See [events.md](events.md#an-edge).' },
  'web_socket restart': { text: 'See [events.md](events.md#restarting-gateways).' },
  'config check': { json: '`{valid, file, profile}`' },
  'config show': { json: '`{file, profile, settings[]}` with `{section, key, value, origin}`' },
  'event publish': {
    text: 'DATA is `[]` when omitted. With a TYPE and an ID each line of a `--file` is their data; without, each is a whole event.',
    json: `${EVENT_JSON}; with \`--file\` \`published\` and \`last\`: how many, and the \`seq\` of the last (null: none is in the log)`,
  },
  'event history': { text: 'Oldest first.', json: `a line each: ${EVENT_JSON}` },
  'event tail': {
    text: '`--since 0` begins with the oldest.',
    json: `a line each: ${EVENT_JSON}`,
  },
  'event types': {
    json: '`types` (`name`, `description`, `builtIn`, `publishable`, `delivery`, `retentionMs`, `retentionCount`, `schema`, `rows`), `droppedVolatile`',
  },
  'event topics': {
    text: 'See [events.md](events.md#seeing).',
    json: '`topics` (`type`, `id`, `subscribers`), `total`, `silent`',
  },
  'connections list': {
    text: 'Of all gateways: who, from where, since when, and how much each has not read.',
    json: '`connections` (`id`, `gateway`, `user`, `address`, `protocol`, `since`, `subscriptions`, `unreadBytes`, `lastHeard`), `silent`: gateways that did not answer',
  },
  'connections close': {
    text: '`--come-back` asks the clients to connect anew.',
    json: '`closed`, `silent`',
  },
  'token issue': {
    text: 'Signed with the key that `taskbell init` made; production tokens come from your own issuer.',
    json: '`{"token":"…","expiresAt":"…"}`',
  },
  'token inspect': {
    text: 'Pass `-` and the token on standard input: arguments can be read by every user of the machine.',
    example: 'taskbell token issue --user ada | taskbell token inspect -',
    json: '`valid` (null: not checked), `user`, `id`, `why`, `issuedAt`, `expiresAt`, `header`, `claims`',
  },
  'token revoke': {
    text: 'Closes what the tokens opened, too.',
    json: '`id`, `tokenId`, `user`, `issuedBefore`, `createdAt`, `expiresAt`',
  },
  'token revocations': { json: '`{"revocations":[…]}`, each as `token revoke` prints it' },
  'token restore': { json: '`{"id":"…","restored":true}`' },
  'key generate': { text: 'See [privacy.md](privacy.md).' },
  'key list': { json: '`{"keys":[{"id":…,"state":…,"texts":…}],"plain":…}`' },
  'key rotate': { json: 'as `key list`, with `rewritten` and `unreadable`' },
  'user list': { json: '`{"users":[…]}`, each `{id, name, active, createdAt}`' },
  'user add': { json: 'one of `user list`' },
  'user remove': { json: `${NAMED} \`removed\` true` },
  'access list': { json: '`{"grants":[…]}`, each `{user, type, id}`' },
  'access grant': {
    text: 'ID `*` is everything of the type, and `proj1.*` all whose id begins with `proj1.`.',
    json: 'one of `access list`',
  },
  'access revoke': { json: `${NAMED} \`revoked\` true` },
  'access recheck': {
    text: 'Asks the access hook, too.',
    json: `${NAMED} \`rechecked\` true`,
  },
  'db backup': {
    text: 'While the service works, or not. See [backup.md](backup.md).',
    json: '`{"file":…,"facts":{…},"durationMs":…}`',
  },
  'db restore': {
    text: 'In the place of the database of a stopped service; what was there is kept aside.',
    json: 'as `db backup`, with `aside`, the directory of what was there before',
  },
  'db check': {
    text: 'Of the database or of a copy; exit code 65 when something was found.',
    json: '`{"ok":…,"damage":[…],"contradictions":[…],"facts":{…}}`',
  },
  'db compact': {
    text: 'Of a stopped service.',
    json: '`{"before":…,"after":…}` in bytes',
  },
  'report status': { json: REPORT_JSON },
  'report retry': { json: 'as `report status`' },
  'service print pm2': { text: 'See [deployment.md](deployment.md#under-pm2).' },
  'service print systemd': { text: 'See [deployment.md](deployment.md#under-systemd).' },
};
