/** The commands about the clients of the gateways, against a small control server. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectionTable } from '../../src/cli/connection-text.ts';
import type { ConnectionView } from '../../src/client/client.ts';
import { ControlServer } from '../client/control-server.ts';
import { runCommand } from './run-command.ts';

let server: ControlServer;

beforeEach(async () => {
  server = await ControlServer.create();
  writeFileSync(path.join(server.directory, 'config.ini'), '[daemon]\ndataDirectory = .\n', {
    mode: 0o600,
  });
});
afterEach(() => server.dispose());

function run(...argv: readonly string[]) {
  return runCommand(argv, { cwd: server.directory });
}

function connection(n: number): ConnectionView {
  return {
    ...{ id: `a1.${n}`, gateway: 'a1', user: 'ada', address: '10.0.0.9', protocol: 'v2' },
    ...{ since: '2026-01-02T03:04:05.000Z', subscriptions: 3, unreadBytes: 17 },
    lastHeard: '2026-01-02T03:06:00.000Z',
  };
}

test('the table says who, from where, how long, how much, and when it was heard of', () => {
  const now = Date.parse('2026-01-02T03:06:05.000Z');
  const nobody = { ...connection(2), user: null, address: null };
  expect(connectionTable([connection(1), nobody], now)).toEqual([
    'ID    USER  ADDRESS   PROTOCOL  OPEN       SUBSCRIPTIONS  UNREAD  HEARD       GATEWAY',
    'a1.1  ada   10.0.0.9  v2        2 min 0 s  3              17 B    5.00 s ago  a1',
    'a1.2  -     -         v2        2 min 0 s  3              17 B    5.00 s ago  a1',
  ]);
});

describe('connections list', () => {
  test('goes through the pages, and passes its filters on', async () => {
    server.routes.set('GET /v1/connections', ({ query }) => {
      const isFirst = query.get('after') === null;
      const connections = [connection(isFirst ? 1 : 2)];
      return { connections, next: isFirst ? 'a1.1' : null, silent: [] };
    });
    const { stdout, stderr } = await run(
      ...['connections', 'list', '--user', 'ada', '--topic', 'issueUpdate/a/b', '--json'],
    );
    expect(JSON.parse(stdout)).toEqual({
      connections: [connection(1), connection(2)],
      silent: [],
    });
    expect(stderr).toBe('');
    for (const { query } of server.asked) {
      expect(query.get('user')).toBe('ada');
      expect([query.get('type'), query.get('id')]).toEqual(['issueUpdate', 'a/b']);
    }
  });

  test('says which gateways did not answer, and that there are more than it lists', async () => {
    const connections = [connection(1), connection(2)];
    server.routes.set('GET /v1/connections', () => ({ connections, next: null, silent: ['b2'] }));
    const { stdout, stderr } = await run('connections', 'list', '--limit', '1');
    expect(stdout).toContain('a1.1');
    expect(stdout).not.toContain('a1.2');
    expect(stderr).toContain('without the gateway b2');
    expect(stderr).toContain('more than 1');
  });

  test('refuses a topic that is none', async () => {
    const { exitCode, stderr } = await run('connections', 'list', '--topic', 'issueUpdate');
    expect(exitCode).toBe(64);
    expect(stderr).toContain('issueUpdate/42');
  });
});

describe('connections close', () => {
  test('closes one by its id', async () => {
    server.routes.set('DELETE /v1/connections/:id', ({ query }, [id]) => {
      expect([id, query.get('comeBack')]).toEqual(['a1.7', null]);
      return { closed: 1, silent: [] };
    });
    expect((await run('connections', 'close', 'a1.7')).stdout).toBe('closed 1 connection\n');
  });

  test('closes those of a user, who may come back', async () => {
    server.routes.set('DELETE /v1/connections', ({ query }) => {
      expect([query.get('user'), query.get('comeBack')]).toEqual(['ada', 'true']);
      return { closed: 2, silent: [] };
    });
    const { stdout } = await run('connections', 'close', '--user', 'ada', '--come-back', '--json');
    expect(JSON.parse(stdout)).toEqual({ closed: 2, silent: [] });
  });

  test.each([[[]], [['a1.7', '--user', 'ada']]])('wants an id or a user: %j', async (more) => {
    const { exitCode, stderr } = await run('connections', 'close', ...more);
    expect(exitCode).toBe(64);
    expect(stderr).toContain('--user ada');
  });
});

test('event topics lists what is waited for', async () => {
  server.routes.set('GET /v1/events/topics', ({ query }) => {
    expect([query.get('type'), query.get('limit')]).toEqual(['job', '5']);
    return { topics: [{ type: 'job', id: '1', subscribers: 12 }], total: 3, silent: [] };
  });
  expect((await run('event', 'topics', 'job', '-n', '5')).stdout).toBe(
    'TYPE  SUBSCRIBERS  ID\njob   12           1\n',
  );
});
