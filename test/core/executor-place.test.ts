import { describe, expect, it } from 'vitest';
import {
  believedHello,
  ELSEWHERE,
  isElsewhere,
  NOWHERE,
  refusalOf,
} from '../../src/core/executor-place.ts';
import type { HelloMessage } from '../../src/protocol/execute.ts';

const HERE = { pid: 4711, startTime: '99' };

function hello(over: Partial<HelloMessage> = {}): HelloMessage {
  return {
    ...{ kind: 'hello', executor: 'x', process: HERE, supervisorPid: 4700 },
    ...{ predecessor: 12, replaceable: true },
    ...{ slots: 1, queues: [], types: [], holding: [] },
    ...over,
  };
}

describe('what is believed of a hello', () => {
  it('is everything on the unix socket', () => {
    expect(believedHello(hello(), false)).toEqual(hello());
  });

  it('is no pid at all by TCP', () => {
    const believed = believedHello(hello(), true);
    expect(believed).toMatchObject({ process: null, supervisorPid: null, slots: 1 });
    expect([believed.predecessor, believed.replaceable]).toEqual([undefined, undefined]);
  });

  it('is no supervisor of a process that is not told', () => {
    expect(believedHello(hello({ process: null }), false).supervisorPid).toBeNull();
  });
});

it('a process that nothing is left of is not elsewhere', () => {
  expect([ELSEWHERE, NOWHERE, HERE].map(isElsewhere)).toEqual([true, false, false]);
});

describe('a hello under a name that is known', () => {
  const far = hello({ process: null });

  it.each([
    ['nobody has it', undefined, far, false],
    ['nothing of its bearer can be alive', { process: NOWHERE, ending: false }, far, false],
    ['it is of the same place', { process: HERE, ending: true }, hello(), false],
    ['it comes back from elsewhere', { process: ELSEWHERE, ending: false }, far, false],
    ['its bearer is of this machine', { process: HERE, ending: false }, far, true],
    ['its bearer is elsewhere', { process: ELSEWHERE, ending: false }, hello(), true],
    ['it was given up', { process: ELSEWHERE, ending: true }, far, true],
  ])('where %s', (_what, known, said, refused) => {
    expect(refusalOf(known, said) !== undefined).toBe(refused);
  });
});
