/** Where a lane stands among those that wait. */
import { expect, it } from 'vitest';
import { Lanes } from '../../src/core/lanes.ts';
import type { Lane } from '../../src/queue/job.ts';

const lane = (group: string | null, over: Partial<Lane> = {}): Lane => {
  return { queue: 'default', type: 'mail', group, ...over };
};
const all = () => true;

function standing(lanes: Lanes, of: Lane, accepts: (line: Pick<Lane, 'type'>) => boolean = all) {
  const { before, beside } = lanes.standingOf(of, 100, accepts);
  return { before: before.map(([first]) => first?.group), beside: beside.length };
}

it('those that came first, and were not served since, have their turn first', () => {
  const lanes = new Lanes();
  lanes.mark([lane('a'), lane('b'), lane('c')]);
  expect(standing(lanes, lane('c'))).toEqual({ before: ['a', 'b'], beside: 1 });
  lanes.noteServed([lane('a')]);
  expect(standing(lanes, lane('c'))).toEqual({ before: ['b'], beside: 1 });
  expect(standing(lanes, lane('a')).before).toEqual(['b', 'c']);
});

it('paused queues, limits without room and lines of others do not count', () => {
  const lanes = new Lanes();
  const paused = lane('a', { queue: 'paused' });
  const full = lane('b');
  const other = lane('c', { type: 'scan' });
  lanes.mark([paused, full, other, lane('d')]);
  lanes.setPaused('paused', true);
  lanes.hold([{ lane: full, key: 'queue default group b', until: null }]);
  expect(standing(lanes, lane('d'), ({ type }) => type === 'mail').before).toEqual([]);
  expect(standing(lanes, lane('d')).before).toEqual(['c']);
});

it('what has no group takes its turns together, over types and queues', () => {
  const lanes = new Lanes();
  lanes.mark([lane(null), lane(null, { type: 'scan' }), lane(null, { queue: 'slow' })]);
  expect(standing(lanes, lane(null))).toEqual({ before: [], beside: 3 });
});

it('a lane that holds nothing stands alone, and the others are counted up to a bound', () => {
  const lanes = new Lanes();
  lanes.mark([lane('a'), lane('b'), lane('c')]);
  expect(standing(lanes, lane('x'))).toEqual({ before: [], beside: 1 });
  expect(lanes.standingOf(lane('c'), 1, all).before).toHaveLength(1);
});

it('asking changes nobody’s turn', () => {
  const [asked, other] = [new Lanes(), new Lanes()];
  for (const one of [asked, other]) one.mark([lane('a'), lane('b'), lane(null)]);
  standing(asked, lane('b'));
  expect(asked.take(3, all)).toEqual(other.take(3, all));
});
