/** flow add and flow show against a small control server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { drawTree, growTree } from '../../src/cli/flow-tree.ts';
import type { RelativesView, RelativeView } from '../../src/protocol/jobs.ts';
import { ControlServer } from '../client/control-server.ts';
import { eventually } from '../client/eventually.ts';
import { type CommandRun, type RunOptions, runCommand } from './run-command.ts';

let server: ControlServer;
let cwd: string;

beforeEach(async () => {
  server = await ControlServer.create();
  cwd = await mkdtemp(path.join(tmpdir(), 'taskbell-cli-'));
});
afterEach(async () => {
  await server.dispose();
  await rm(cwd, { recursive: true, force: true });
});

function run(argv: readonly string[], options: Partial<RunOptions> = {}): Promise<CommandRun> {
  return runCommand(['--socket', server.socketPath, ...argv], { cwd, ...options });
}

const FLOW = [
  { type: 'fetch', ref: 'a' },
  { type: 'parse', after: ['a'] },
];

test.each([
  ['an array', FLOW],
  ['an object with jobs', { jobs: FLOW }],
])('flow add sends the jobs of %s in one request', async (_, content) => {
  await writeFile(path.join(cwd, 'flow.json'), JSON.stringify(content));
  const result = await run(['flow', 'add', 'flow.json']);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  expect(result.stdout).toBe(
    'a: added job 1 (fetch): queued on default\nadded job 2 (parse): queued on default\n',
  );
  expect(server.asked.at(-1)).toMatchObject({ path: '/v1/jobs', body: FLOW });
});

test('flow add prints the jobs as JSON, from standard input', async () => {
  const result = await run(['flow', 'add', '-', '--json'], { stdin: JSON.stringify(FLOW) });
  expect(JSON.parse(result.stdout).jobs).toMatchObject([{ id: '1' }, { id: '2' }]);
});

test('flow add of a batch sends it to its own route', async () => {
  const callback = { id: '3', type: 'sum', state: 'waiting', queue: 'default', runAt: null };
  server.routes.set('POST /v1/batches', () => ({ callback, jobs: ['1', '2'] }));
  const batch = { jobs: [{ type: 'fetch' }, { type: 'fetch' }], callback: { type: 'sum' } };
  const result = await run(['flow', 'add', '-'], { stdin: JSON.stringify(batch) });
  expect(result.stdout).toBe(
    'added 2 jobs; added job 3 (sum): waiting on default, when they have ended\n',
  );
  expect(server.asked.at(-1)).toMatchObject({ path: '/v1/batches', body: batch });
});

test.each([
  ['succeeded', 0],
  ['failed', 1],
] as const)(
  'flow add --wait waits for every job; one that %s makes it exit with %i',
  async (state, exitCode) => {
    const adding = run(['flow', 'add', '-', '--wait'], { stdin: JSON.stringify(FLOW) });
    await eventually(() => server.asked.some((one) => one.path === '/v1/jobs/1/wait'));
    server.setJob('1', state, {});
    await eventually(() => server.asked.some((one) => one.path === '/v1/jobs/2/wait'));
    server.setJob('2', 'succeeded', {});
    const result = await adding;
    expect(result.exitCode).toBe(exitCode);
    expect(result.stdout).toBe(`a: job 1 (fetch) ${state}\njob 2 (parse) succeeded\n`);
  },
);

test.each(['7', '{"callback":{}}', '{"jobs":5}', '{"jobs":[],"calback":{}}'])(
  'flow add refuses %s',
  async (stdin) => {
    const result = await run(['flow', 'add', '-', '--json'], { stdin });
    expect(result).toMatchObject({ exitCode: 65, stdout: '' });
    expect(JSON.parse(result.stderr).error.code).toBe('E_INVALID_REQUEST');
    expect(server.jobs.size).toBe(0);
  },
);

test('job add --after names the jobs that it depends on', async () => {
  await run(['job', 'add', 'mail', '--after', '1,2', '--on-dependency-failure', 'continue']);
  expect(server.asked.at(-1)?.body).toMatchObject({
    after: ['1', '2'],
    onDependencyFailure: 'continue',
  });
});

test('job retry --dependents asks for them too', async () => {
  server.addJob({ type: 'mail' });
  await run(['job', 'retry', '1', '--dependents']);
  expect(server.asked.at(-1)?.query.get('dependents')).toBe('true');
});

const job = (id: string, ref: string | null = null): RelativeView => {
  return { id, ref, type: 'mail', state: 'waiting' };
};

/** Dependents by id. */
function relativesIn(graph: Readonly<Record<string, readonly string[]>>) {
  return async (id: string): Promise<RelativesView> => {
    return { dependencies: [], dependents: (graph[id] ?? []).map((one) => job(one)) };
  };
}

test('the tree shows a job that several depend on with what hangs on it once', async () => {
  const graph = { a: ['b', 'c'], b: ['d'], c: ['d'], d: ['e'] };
  const tree = await growTree(relativesIn(graph), 'a', 'dependents');
  expect(drawTree(tree, (text) => text)).toEqual([
    '├─ job b (mail) waiting',
    '│  └─ job d (mail) waiting',
    '│     └─ job e (mail) waiting',
    '└─ job c (mail) waiting',
    '   └─ job d (mail) waiting, shown above',
  ]);
});

test('the tree of a large flow is cut and says so', async () => {
  const many = Array.from({ length: 250 }, (_, n) => `x${n}`);
  const tree = await growTree(relativesIn({ a: many, x0: ['y'] }), 'a', 'dependents');
  const lines = drawTree(tree, (text) => text);
  expect(lines).toHaveLength(202);
  expect(lines.slice(0, 2)).toEqual(['├─ job x0 (mail) waiting', '│  └─ … 1 more']);
  expect(lines.at(-1)).toBe('└─ … 50 more');
});

test('flow show prints both sides of a job', async () => {
  const sides: Readonly<Record<string, RelativesView>> = {
    '1': { dependencies: [], dependents: [job('2', 'a')] },
    '2': { dependencies: [job('1', 'a')], dependents: [] },
  };
  server.routes.set('GET /v1/jobs/2/dependencies', () => sides['2']);
  server.routes.set('GET /v1/jobs/1/dependencies', () => sides['1']);
  for (const type of ['fetch', 'parse']) server.addJob({ type });
  server.setJob('2', 'waiting', { waitsFor: 1 });
  const result = await run(['flow', 'show', '2']);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  expect(result.stdout).toBe(
    'job 2 (parse) waiting, waits for 1\ndepends on\n└─ a: job 1 (mail) waiting\n',
  );
  const { stdout } = await run(['flow', 'show', '2', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({
    id: '2',
    dependencies: [{ id: '1' }],
    dependents: [],
  });
});
