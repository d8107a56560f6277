/** What a container must have that runs for years; read from the files, since no daemon builds them here. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const read = (name: string): string =>
  readFileSync(path.join(root, 'examples/docker', name), 'utf8');

interface Instruction {
  readonly name: string;
  readonly rest: string;
}

/** Each stage with its instructions; continued lines are joined, comments left out. */
function stagesOf(dockerfile: string): readonly (readonly Instruction[])[] {
  const lines = dockerfile
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const stages: Instruction[][] = [];
  for (const line of lines) {
    const [, name = '', rest = ''] = /^(\S+)\s+(.*)$/.exec(line) ?? [];
    if (name === 'FROM') stages.push([]);
    stages.at(-1)?.push({ name, rest });
  }
  return stages;
}

const [build = [], last = []] = stagesOf(read('Dockerfile'));
const restOf = (name: string): string | undefined =>
  last.findLast((one) => one.name === name)?.rest;

test('the image is built in one stage and runs from another that has no compiler', () => {
  expect(stagesOf(read('Dockerfile'))).toHaveLength(2);
  for (const stage of [build, last]) expect(stage[0]?.rest).toMatch(/^node:20-slim\b/);
  expect(build.some(({ rest }) => rest.includes('npm prune --omit=dev'))).toBe(true);
  expect(last.some(({ rest }) => /\bg\+\+|\bmake\b/.test(rest))).toBe(false);
});

test('process 1 is an init, the user is not root, and the data is a volume', () => {
  expect(JSON.parse(restOf('ENTRYPOINT') ?? '[]')).toEqual(['/usr/bin/tini', '--', 'taskbell']);
  expect(restOf('USER')).toBe('node');
  expect(restOf('VOLUME')).toBe('/data');
  expect(restOf('ENV')).toContain('TASKBELL_DAEMON_DATADIRECTORY=/data');
  expect(restOf('HEALTHCHECK')).toMatch(/CMD \["taskbell", "status"/);
});

test('a stop is orderly and gets more time than the 5 s beyond shutdownTimeout that it may take', () => {
  const seconds = (text: string | undefined): number => Number(/(\d+)s\b/.exec(text ?? '')?.[1]);
  const drain = seconds(/SHUTDOWNTIMEOUT=(\d+s)/.exec(restOf('ENV') ?? '')?.[1]);
  const grace = seconds(/stop_grace_period: (\d+s)/.exec(read('compose.yaml'))?.[1]);
  expect(restOf('STOPSIGNAL')).toBe('SIGTERM');
  expect(grace).toBeGreaterThan(drain + 5);
});

test('what the image copies is let into the context, exists, and nothing else comes in', () => {
  const copied = build
    .filter(({ name }) => name === 'COPY')
    .flatMap(({ rest }) => rest.split(/\s+/).slice(0, -1));
  const [everything, ...allowed] = read('Dockerfile.dockerignore')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(everything).toBe('*');
  expect(allowed.map((line) => line.replace(/^!/, '')).sort()).toEqual([...copied].sort());
  for (const name of copied) expect(existsSync(path.join(root, name)), name).toBe(true);
});
