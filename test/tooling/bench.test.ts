/** The bench's own arithmetic and its manners. That it measures is seen by running it: nothing here is timed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';

type Figures = Readonly<Record<string, number>>;
type Medians = Readonly<Record<string, Readonly<Record<string, Figures>>>>;

interface Arguments {
  readArguments(argv: readonly string[]): {
    readonly suites: readonly string[];
    readonly options: Readonly<Record<string, unknown>>;
  };
}

interface Statistics {
  percentile(values: readonly number[], share: number): number;
  medianOfRuns(runs: readonly Figures[]): Figures;
}

interface Tables {
  textTable(rows: readonly (readonly string[])[]): string;
  markdownTable(rows: readonly (readonly string[])[]): string;
  putBetweenMarkers(document: string, text: string, file: string, name?: string): string;
}

interface CpuProfile {
  topFunctions(
    profile: unknown,
    limit: number,
    root: string,
  ): readonly {
    readonly name: string;
    readonly place: string;
    readonly ms: number;
    readonly share: number;
  }[];
}

interface Goals {
  judge(
    medians: Medians,
  ): readonly { readonly what: string; readonly measured: number; readonly met: boolean }[];
}

interface Report {
  asText(summary: unknown): string;
}

interface Messages {
  readonly FRAME_BYTES: number;
  fillingFor(render: (filling: string) => string): string;
  frameOf(text: string): Buffer;
}

const bench = path.resolve(import.meta.dirname, '../../bench');
const load = async <T>(file: string) => (await import(urlOf(file))) as T;

const { readArguments } = await load<Arguments>('harness/arguments.mjs');
const { percentile, medianOfRuns } = await load<Statistics>('harness/statistics.mjs');
const tables = await load<Tables>('harness/table.mjs');
const { topFunctions } = await load<CpuProfile>('harness/cpu-profile.mjs');
const { judge } = await load<Goals>('jobs/goals.mjs');
const { asText } = await load<Report>('jobs/report.mjs');
const { judge: judgeEvents } = await load<Goals>('events/goals.mjs');
const events = await load<Report>('events/report.mjs');
const { fillingFor, frameOf, FRAME_BYTES } = await load<Messages>('events/message.mjs');

function urlOf(file: string): string {
  return pathToFileURL(path.join(bench, file)).href;
}

describe('the command line of the bench', () => {
  it('means every suite, peer and workload when nothing is said', () => {
    const { suites, options } = readArguments([]);
    expect(suites).toEqual(['jobs', 'events']);
    expect(options).toMatchObject({ peers: undefined, only: undefined, runs: 3 });
  });

  it('takes lists of peers and workloads', () => {
    const { suites, options } = readArguments(['jobs', '--peers=bullmq,plainjob', '--only=drain']);
    expect(suites).toEqual(['jobs']);
    expect(options).toMatchObject({ peers: ['bullmq', 'plainjob'], only: ['drain'] });
  });

  it('understands that nobody else shall take part', () => {
    expect(readArguments(['--peers=none']).options).toMatchObject({ peers: [] });
  });

  it('names the suite or the number that it does not understand', () => {
    expect(() => readArguments(['cooking'])).toThrow('There is no suite "cooking"');
    expect(() => readArguments(['--runs=0'])).toThrow('--runs is "0"');
    expect(() => readArguments(['--only=drain'])).toThrow('say jobs or events before them');
  });
});

describe('the figures of several runs', () => {
  it('become the median of each', () => {
    const runs = [{ rate: 3 }, { rate: 1, load: 0.5 }, { rate: 2 }];
    expect(medianOfRuns(runs)).toEqual({ rate: 2, load: 0.5 });
  });

  it('interpolate between two ranks', () => {
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(percentile([1, 2], 1)).toBe(2);
    expect(percentile([], 0.5)).toBeNaN();
  });
});

describe('the tables of the bench', () => {
  it('align names to the left and figures to the right', () => {
    const text = tables.textTable([
      ['', 'drain'],
      ['one', '1'],
    ]);
    expect(text).toBe('     drain\none      1');
  });

  it('replace what stands between the markers of a document, and nothing else', () => {
    const document = 'before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n';
    const rows = [
      ['', 'drain'],
      ['one', '1'],
    ];
    expect(tables.putBetweenMarkers(document, tables.markdownTable(rows), 'a.md')).toBe(
      'before\n<!-- bench: begin -->\n\n|  | drain |\n| --- | ---: |\n| one | 1 |\n\n<!-- bench: end -->\nafter\n',
    );
  });

  it('know the markers of each suite', () => {
    const document =
      '<!-- bench: begin -->\n<!-- bench: end -->\n<!-- bench events: begin --><!-- bench events: end -->';
    expect(tables.putBetweenMarkers(document, 'new', 'a.md', 'bench events')).toBe(
      '<!-- bench: begin -->\n<!-- bench: end -->\n<!-- bench events: begin -->\n\nnew\n\n<!-- bench events: end -->',
    );
  });

  it('are not written into a document without markers', () => {
    expect(() => tables.putBetweenMarkers('text', 'table', 'a.md')).toThrow('a.md has no lines');
  });
});

describe('a CPU profile', () => {
  const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 9 });
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('claim', 'file:///tree/dist/a.js'), children: [2] },
      { id: 2, callFrame: frame('run') },
      { id: 3, callFrame: frame('(idle)') },
    ],
    samples: [1, 2, 2, 3, 1],
    timeDeltas: [0, 1_000, 2_000, 1_000, 50_000],
  };

  it('lists functions by self time, native ones under their caller, and leaves idle time out', () => {
    expect(topFunctions(profile, 5, '/tree')).toEqual([
      { name: 'run < claim', place: 'dist/a.js:10', ms: 3, share: 0.75 },
      { name: 'claim', place: 'dist/a.js:10', ms: 1, share: 0.25 },
    ]);
  });
});

describe('the goals', () => {
  const medians = (own: number, peer: number): Medians => ({
    drain: { taskbell: { rate: own }, 'bullmq-always': { rate: peer } },
  });

  it('are judged as ratios to a peer of the same run', () => {
    expect(judge(medians(300, 100))).toMatchObject([{ measured: 3, met: true }]);
    expect(judge(medians(299, 100))).toMatchObject([{ met: false }]);
  });

  it('are left out where the peer was not measured', () => {
    expect(judge({ drain: { taskbell: { rate: 300 } } })).toEqual([]);
  });
});

describe('the report', () => {
  it('has a row for each contender, its ratio to Taskbell, and leaves empty tables out', () => {
    const text = asText({
      harnessRate: 1_000_000,
      machine: { processor: '2 cores', system: 'Linux', disk: 'ext4' },
      versions: { taskbell: '0.1.0' },
      options: { runs: 3 },
      contenders: [
        { id: 'taskbell', title: 'Taskbell' },
        { id: 'bullmq-always', title: 'BullMQ' },
      ],
      workloads: [{ name: 'drain', title: 'drain', unit: 'rate' }],
      medians: {
        drain: {
          taskbell: { rate: 40_000, load: 0.1 },
          'bullmq-always': { rate: 10_000, load: 0 },
        },
      },
    });
    expect(text).toContain('Taskbell  40,000');
    expect(text).toContain('BullMQ    10,000');
    expect(text).toContain('BullMQ      4');
    expect(text).not.toContain('Of Taskbell alone');
  });
});

describe('the events suite', () => {
  it('has messages of one length, whatever a protocol puts around the data', () => {
    const render = (filling: string) => JSON.stringify({ type: 'é', data: [filling] });
    expect(frameOf(render(fillingFor(render)))).toHaveLength(FRAME_BYTES);
  });

  const medians: Medians = {
    broadcast: {
      taskbell: { rate: 3e6, crowd: 0.5, publisher: 0.02, 'cpu.gateway': 0.3, 'cpu.core': 0.1 },
      'socket.io': { rate: 1e5, crowd: 0.1, publisher: 0.01, 'cpu.socket.io': 6 },
    },
    memory: {
      taskbell: { 'KiB a connection': 9, connections: 10 },
      'socket.io': { 'KiB a connection': 10, connections: 10 },
    },
  };

  it('judges rates, the same by CPU time, and memory, against the peers of the run', () => {
    expect(judgeEvents(medians)).toMatchObject([
      { what: 'broadcast rate: times socket.io', measured: 30, met: true },
      { what: 'broadcast for the same CPU time: times socket.io', met: true },
      { what: 'memory KiB a connection: times socket.io', measured: 0.9, met: false },
    ]);
  });

  it('judges by the server in C where it was measured, and by prepared bytes where it was not', () => {
    const own = { rate: 750, 'cpu.gateway': 1 };
    const bare = { rate: 1_000, 'cpu.bare': 1 };
    const withLimit = { taskbell: own, bare, limit: { rate: 1_000, 'cpu.limit': 0.75 } };
    expect(judgeEvents({ broadcast: withLimit })).toMatchObject([
      { what: 'broadcast rate: times limit', measured: 0.75, met: true },
      { what: 'broadcast for the same CPU time: times limit', measured: 0.75, met: true },
    ]);
    expect(judgeEvents({ broadcast: { taskbell: own, bare } })).toMatchObject([
      { what: 'broadcast rate: times bare', measured: 0.75, met: false },
      { what: 'broadcast for the same CPU time: times bare', met: true },
    ]);
  });

  it('judges what one subscriber that does not read costs the others', () => {
    const stalled = (times: number): Medians => ({
      stalled: { taskbell: { 'p99, times all read': times } },
    });
    expect(judgeEvents(stalled(1.25))).toMatchObject([{ measured: 1.25, met: true }]);
    expect(judgeEvents(stalled(1.26))).toMatchObject([{ met: false }]);
  });

  it('reports figures with the CPU time of the server, ratios and who shared the other core', () => {
    const text = events.asText({
      machine: { processor: '2 cores', system: 'Linux' },
      ...{ isPinned: true, versions: { ws: '8' }, medians },
      options: { runs: 3, subscribers: 1_000, topics: 5_000, programs: {}, wait: 'look' },
      contenders: [
        { id: 'taskbell', title: 'Taskbell' },
        { id: 'socket.io', title: 'Socket.IO' },
      ],
      workloads: [
        { name: 'broadcast', title: 'broadcast', unit: 'rate' },
        { name: 'memory', title: 'idle', unit: 'memory' },
      ],
    });
    expect(text).toContain('3,000,000 (0.3)');
    expect(text).toMatch(/Socket\.IO +30 +0\.9/);
    expect(text).toMatch(/Taskbell +50 % \+ 2 % \+ 30 %/);
    expect(text).toMatch(/Socket\.IO +10 % \+ 1 %\n?/);
    expect(text).not.toContain('does not read');
  });
});

describe('whatever the bench has started', () => {
  it('is ended newest first when it is interrupted', async () => {
    const program = `
      import { closeOnSignals, onClose } from ${JSON.stringify(urlOf('harness/closing.mjs'))};
      onClose(() => console.log('server'));
      onClose(() => Promise.reject(new Error('would not end')));
      onClose(() => new Promise(() => {}), 1);
      onClose(() => console.log('worker'));
      closeOnSignals();
      setInterval(() => {}, 1_000);
      console.log('ready');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = once(child, 'close');
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (said === 'ready\n') child.kill('SIGINT');
    });
    expect(await ended).toEqual([130, null]);
    expect(said).toBe('ready\nworker\nserver\n');
  });
});
