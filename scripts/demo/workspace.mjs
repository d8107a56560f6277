/**
 * The demo's own directory: configuration, keys, data and every file that the jobs write.
 * Nothing of the demo is outside it.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

export function createWorkspace() {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'taskbell-demo-'));
  const output = path.join(directory, 'output');
  mkdirSync(output);
  return {
    directory,
    output,
    configFile: path.join(directory, 'config.ini'),
    controlSocket: path.join(directory, 'data', 'control.sock'),
    logFile: path.join(directory, 'taskbell.log'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Replaces the configuration that `taskbell init` made by the demo's. The keys stay. */
export function writeConfig(workspace, { root, serviceUrl, servicePath, userId }) {
  const archive = path.join(workspace.output, 'examples.tar.gz');
  const text = `[daemon]
dataDirectory = ./data
logFormat = pretty

[worker]
handlersDirectory = ${path.join(root, 'examples', 'jobs')}

[job:archive]
command = tar -czf "${archive}" -C "${root}" examples

[job:flaky-export]
retries = 2
backoff = 300ms

[webSocket]
url = ${serviceUrl}
path = ${servicePath}
defaultUserId = ${userId}

[webSocketEvents]
address = 127.0.0.1
port = 0

[auth]
publicKeyFile = ./keys/public.pem
privateKeyFile = ./keys/private.pem
issuer = taskbell-demo
`;
  writeFileSync(workspace.configFile, text, { mode: 0o600 });
}
