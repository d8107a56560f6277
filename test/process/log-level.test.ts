import { expect, it } from 'vitest';
import { setLogLevel } from '../../src/process/log-level.ts';
import { createLoggerOn } from '../../src/process/logger.ts';

it('a new level holds of a logger, of those made from it before and of those made after', () => {
  const lines: string[] = [];
  const log = createLoggerOn({
    settings: { logLevel: 'info', logFormat: 'json' },
    base: {},
    onLine: undefined,
    write: (line) => void lines.push((JSON.parse(line) as { msg: string }).msg),
  });
  const child = log.child({ component: 'a' });
  const grandchild = child.child({ part: 'b' });
  for (const one of [log, child, grandchild]) one.debug('before');
  setLogLevel(log, 'debug');
  for (const one of [log, child, grandchild, child.child({})]) one.debug('after');
  setLogLevel(log, 'warn');
  for (const one of [log, child, grandchild]) one.info('never');
  expect(lines).toEqual(['after', 'after', 'after', 'after']);
});
