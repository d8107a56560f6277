import { expect, it } from 'vitest';
import { descriptorLimit, parseDescriptorLimit } from '../../src/process/descriptors.ts';

const LIMITS = (
  soft: string,
) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             62804                62804                processes
Max open files            ${soft}                 524288               files
Max locked memory         8388608              8388608              bytes
`;

it.each([
  ['1024', 1_024],
  ['1048576', 1_048_576],
  ['unlimited', Number.POSITIVE_INFINITY],
])('reads a soft limit of %s', (soft, limit) => {
  expect(parseDescriptorLimit(LIMITS(soft))).toBe(limit);
});

it('finds none in another text', () => {
  expect(parseDescriptorLimit('')).toBeUndefined();
  expect(parseDescriptorLimit('Max processes 5 5 processes')).toBeUndefined();
});

it('knows the limit of this very process', () => {
  expect(descriptorLimit()).toBeGreaterThan(0);
});
