/** The command line of `npm run bench`, as a value. Reads nothing else and starts nothing. */
import { parseArgs } from 'node:util';

export const SUITES = ['jobs', 'events'];

const OPTIONS = {
  peers: { type: 'string' },
  only: { type: 'string' },
  runs: { type: 'string', default: '3' },
  jobs: { type: 'string', default: '50000' },
  backlog: { type: 'string', default: '1000000' },
  seconds: { type: 'string', default: '2' },
  subscribers: { type: 'string', default: '1000' },
  topics: { type: 'string', default: '5000' },
  connections: { type: 'string', default: '10000' },
  spin: { type: 'boolean', default: false },
  sleep: { type: 'boolean', default: false },
  tree: { type: 'string' },
  json: { type: 'string' },
  markdown: { type: 'string' },
  profile: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
};

const COUNTS = ['runs', 'jobs', 'backlog', 'seconds', 'subscribers', 'topics', 'connections'];

export const USAGE = `npm run bench -- [SUITE …] [options]        suites: ${SUITES.join(', ')} (all when omitted)

  --peers=A,B       only these contenders beside Taskbell; none: Taskbell alone
  --only=A,B        only these workloads
  --runs=N          runs of each, of which the median counts (3)
  --jobs=N          jobs of the drain (50000)
  --backlog=N       waiting and finished jobs of the backlog workload (1000000)
  --seconds=N       how long each kind of add, and each kind of fan-out, is measured (2)
  --subscribers=N   subscribers of the one topic of a broadcast (1000)
  --topics=N        topics with one subscriber each (5000)
  --connections=N   connections that do nothing, for their memory (10000)
  --spin, --sleep   the subscribers of events poll at the lowest priority, or sleep whenever there is nothing to read,
                    instead of looking every 50 us
  --tree=DIR        another built checkout of Taskbell to measure instead of this one
  --profile         CPU profile of core and executor (events: gateway) while they are measured: functions by self time
  --json=FILE       every single measurement
  --markdown=FILE   rewrites what stands between the two bench markers of the file`;

/** @returns {{ suites: string[], options: object }}; throws an Error with a sentence for people. */
export function readArguments(argv) {
  const { values, positionals } = parseArgs({
    args: argv,
    options: OPTIONS,
    allowPositionals: true,
  });
  for (const suite of positionals) {
    if (!SUITES.includes(suite))
      throw new Error(`There is no suite "${suite}": expected ${SUITES.join(', ')}.`);
  }
  const { peers, only, ...rest } = values;
  if (positionals.length === 0 && (only !== undefined || (peers ?? 'none') !== 'none'))
    throw new Error(`--only and --peers are of one suite: say ${SUITES.join(' or ')} before them.`);
  return {
    suites: positionals.length > 0 ? positionals : SUITES,
    options: {
      ...rest,
      peers: peers === undefined ? undefined : list(peers).filter((name) => name !== 'none'),
      only: only === undefined ? undefined : list(only),
      ...Object.fromEntries(COUNTS.map((name) => [name, atLeastOne(name, rest[name])])),
    },
  };
}

function list(text) {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function atLeastOne(name, text) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new Error(`--${name} is "${text}": expected a whole number of at least 1.`);
}
