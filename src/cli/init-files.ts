/** What `taskbell init` writes. Texts only. */

export const STARTING_CONFIG = `; Taskbell: the settings that one changes first. \`taskbell config show --origin\` prints every
; key, docs/configuration.md explains them, \`taskbell config check\` checks this file.

[daemon]
; The database, the control socket and the locks.
dataDirectory = ./taskbell-data

[worker]
; Each file here is a job type: hello.mjs runs the jobs of type hello.
handlersDirectory = ./jobs
; Jobs at once.
concurrency = 10

; A job type without a handler file: any program, with the payload as JSON on its standard input.
; [job:archive]
; command = tar -czf archive.tar.gz ./jobs
; timeout = 10m
; retries = 3

; The service that hears Task Finish and Task Failed, a Socket.IO server.
; [webSocket]
; url = http://localhost:3000
; path = /socket.io
; defaultUserId = 4064c2b2-0414-464a-97c6-4a47c325b9a3

; Where browsers and services subscribe to events: ws://address:port/ws
[webSocketEvents]
address = 127.0.0.1
port = 8081

; Access tokens of subscribers. These keys are for development: \`taskbell token issue --user ada\`
; signs with them. In production name the public key of your issuer, and no private key.
[auth]
publicKeyFile = ./keys/public.pem
privateKeyFile = ./keys/private.pem
issuer = taskbell
`;

export const SAMPLE_HANDLER = `/**
 * Runs the jobs of type "hello":  taskbell job add hello '{"name":"Ada"}' --wait
 *
 * What \`run\` returns is the job's result; what it throws is its error.
 */
export default {
  retries: 3,
  timeout: '30s',

  async run(payload, ctx) {
    const name = payload?.name ?? 'world';
    ctx.log(\`greeting \${name}, attempt \${ctx.attempt}\`);
    ctx.progress({ done: 1, total: 1, message: 'done' });
    return { greeting: \`Hello, \${name}!\` };
  },
};
`;

export const STARTING_GITIGNORE = `# Taskbell: secrets and data
keys/
taskbell-data/
`;
