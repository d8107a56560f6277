import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  type AccessFacts,
  type AccessMode,
  coveringIds,
  decideAccess,
  isOwnTopic,
  isPattern,
} from '../../src/access/decide-access.ts';
import { covers } from '../../src/protocol/events.ts';

const MODES: readonly AccessMode[] = ['any', 'directory', 'hook'];
const rules = fc.record({
  users: fc.constantFrom(...MODES),
  datasets: fc.constantFrom(...MODES),
});
const facts = fc.record({ known: fc.boolean(), granted: fc.boolean(), own: fc.boolean() });

/** Few letters, so that ids, prefixes and patterns meet often. */
const plainId = fc.string({
  unit: fc.constantFrom('a', 'b', '.', '*'),
  minLength: 1,
  maxLength: 6,
});
const anyId = fc.oneof(
  plainId,
  fc.constant('*'),
  plainId.map((id) => `${id}.*`),
);

describe('the decision', () => {
  it('is 3 exactly where users are asked for and this one is unknown', () => {
    fc.assert(
      fc.property(rules, facts, (rule, fact) => {
        const isUnknown = rule.users !== 'any' && !fact.known;
        expect(decideAccess(rule, fact).code === 3).toBe(isUnknown);
      }),
    );
  });

  it('never lets in who was refused before when it learns of less', () => {
    fc.assert(
      fc.property(rules, facts, facts, (rule, some, other) => {
        const less: AccessFacts = {
          known: some.known && other.known,
          granted: some.granted && other.granted,
          own: some.own && other.own,
        };
        if (decideAccess(rule, some).code !== 0) expect(decideAccess(rule, less).code).not.toBe(0);
      }),
    );
  });

  test.each([
    [{ users: 'any', datasets: 'any' }, { known: false, granted: false, own: false }, 0],
    [{ users: 'any', datasets: 'directory' }, { known: false, granted: false, own: false }, 4],
    [{ users: 'any', datasets: 'hook' }, { known: false, granted: false, own: true }, 0],
    [{ users: 'hook', datasets: 'any' }, { known: false, granted: true, own: true }, 3],
    [{ users: 'directory', datasets: 'hook' }, { known: true, granted: true, own: false }, 0],
  ] as const)('with %j and %j is %i', (rule, fact, code) => {
    expect(decideAccess(rule, fact)).toEqual({ code });
  });
});

describe('the grants that cover an id', () => {
  it('are exactly those whose pattern covers it', () => {
    fc.assert(
      fc.property(anyId, anyId, (granted, asked) => {
        const isCovered = covers({ type: 't', id: granted }, { type: 't', id: asked });
        expect(coveringIds(asked).includes(granted)).toBe(isCovered);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of a pattern cover each id that the pattern covers', () => {
    fc.assert(
      fc.property(anyId, plainId, plainId, (granted, prefix, rest) => {
        const pattern = `${prefix}.*`;
        if (!coveringIds(pattern).includes(granted)) return;
        expect(coveringIds(`${prefix}.${rest}`)).toContain(granted);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of everything are the grant of everything alone', () => {
    expect(coveringIds('*')).toEqual(['*']);
  });

  it('of a prefix are no grants within it', () => {
    expect(coveringIds('proj1.*')).not.toContain('proj1.a');
    expect(coveringIds('proj1.*')).not.toContain('proj1.a.*');
    expect(coveringIds('proj10.a')).not.toContain('proj1.*');
  });
});

describe("a user's own notifications", () => {
  it('are those with its id', () => {
    expect(isOwnTopic('ada', { type: 'notification', id: 'ada' })).toBe(true);
    expect(isOwnTopic('ada', { type: 'notification', id: 'eve' })).toBe(false);
    expect(isOwnTopic('ada', { type: 'issueUpdate', id: 'ada' })).toBe(false);
  });

  it('are never a pattern, whatever a user is called', () => {
    fc.assert(
      fc.property(anyId, anyId, (user, id) => {
        if (isPattern(id)) expect(isOwnTopic(user, { type: 'notification', id })).toBe(false);
      }),
    );
  });
});
