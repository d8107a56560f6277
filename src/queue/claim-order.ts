/**
 * Which waiting jobs an executor gets. Pure but for the reads that the store passes in: lanes in,
 * picks out, and what the caller should know about the lanes afterwards.
 *
 * Lanes come in the order of their parties' turns. A party is a group of a queue, or everything that
 * has no group. Each round gives every party one job; inside a party, higher priority goes first,
 * then older. A lane whose bounds are used up is passed over, and not even read.
 */
import type { Lane } from './job.ts';
import type { Spending } from './limits.ts';
import { Allowance, type Bound, boundsOf, type LimitLedger, type LimitRules } from './limits.ts';
import { MAX_CRASHES } from './transitions.ts';

export interface Candidate {
  readonly id: number;
  readonly priority: number;
  readonly crashes: number;
}

export interface ClaimQuestion {
  readonly limit: number;
  /** The lanes to look at, party by party, whose turn is next first. */
  readonly lanes: readonly Lane[];
  readonly limits: LimitRules;
  /** True when the executor runs nothing now. */
  readonly idle: boolean;
  readonly now: number;
}

/** A lane that holds a job which a limit keeps back. */
export interface HeldLane {
  readonly lane: Lane;
  /** See limits.ts. */
  readonly key: string;
  /** Epoch milliseconds of the next token; null: until an attempt under the key ends. */
  readonly until: number | null;
}

export interface ClaimDecision<C> {
  /** In the order in which they are to start. */
  readonly picked: readonly C[];
  /** Lanes that hold nothing more when the picked ones have started. */
  readonly emptyLanes: readonly Lane[];
  readonly heldLanes: readonly HeldLane[];
  readonly spendings: readonly Spending[];
}

interface Line<C> {
  readonly lane: Lane;
  readonly bounds: readonly Bound[];
  readonly asked: number;
  readonly rows: readonly C[];
}

interface Entry<C> {
  readonly row: C;
  readonly bounds: readonly Bound[];
  /** More of its lane may wait behind it. */
  readonly isLastRead: boolean;
}

/** @param read the first `count` jobs of a lane, higher priority first, then older */
export function decideClaim<C extends Candidate>(
  question: ClaimQuestion,
  ledger: LimitLedger,
  read: (lane: Lane, count: number) => readonly C[],
): ClaimDecision<C> {
  const allowance = new Allowance(ledger, question.now);
  const parties = partiesOf(question.lanes);
  // Among several parties one row more than the share, which tells an emptied lane from a longer one.
  const share =
    parties.length === 1 ? question.limit : Math.ceil(question.limit / parties.length) + 1;
  const lines = parties.map((lanes) =>
    lanes.map((lane): Line<C> => {
      const bounds = boundsOf(lane, question.limits);
      const room = allowance.room(bounds);
      // One row more than there is room for: a lane that is empty then waits for no token.
      const asked = room > 0 ? Math.min(share, room + 1) : 0;
      return { lane, bounds, asked, rows: asked === 0 ? [] : read(lane, asked) };
    }),
  );
  const picked = pickInTurn(lines.map(entriesOf), question, allowance);
  return {
    picked,
    ...aftermath(lines.flat(), picked, allowance),
    spendings: allowance.spendings(),
  };
}

/** The lanes of each party together, parties in the order in which they first appear. */
function partiesOf(lanes: readonly Lane[]): readonly (readonly Lane[])[] {
  const parties = new Map<string, Lane[]>();
  for (const lane of lanes) {
    const key = lane.group === null ? '' : `${lane.queue} ${lane.group}`;
    const party = parties.get(key);
    if (party === undefined) parties.set(key, [lane]);
    else party.push(lane);
  }
  return [...parties.values()];
}

/**
 * A job one crash short of quarantine runs alone: its executor's neighbours would otherwise be
 * charged with a crash that is not theirs, and the verdict would be a guess. So when it is next
 * and the executor is busy, nothing more is handed out until the executor is idle.
 */
function pickInTurn<C extends Candidate>(
  parties: readonly (readonly Entry<C>[])[],
  { limit, idle }: Pick<ClaimQuestion, 'limit' | 'idle'>,
  allowance: Allowance,
): readonly C[] {
  const picked: C[] = [];
  let waiting = parties.map((entries) => inTurn(entries, allowance));
  while (waiting.length > 0 && picked.length < limit) {
    const more: typeof waiting = [];
    for (const entries of waiting) {
      if (picked.length >= limit) break;
      const { value: next } = entries.next();
      if (next === undefined) continue;
      if (next.row.crashes >= MAX_CRASHES - 1) {
        if (!idle || picked.length > 0) return picked;
        allowance.take(next.bounds);
        return [next.row];
      }
      allowance.take(next.bounds);
      picked.push(next.row);
      more.push(entries);
    }
    waiting = more;
  }
  return picked;
}

/** Those of a party that have room when it is their turn. */
function* inTurn<C>(entries: readonly Entry<C>[], allowance: Allowance): Generator<Entry<C>, void> {
  for (const entry of entries) {
    if (allowance.room(entry.bounds) > 0) yield entry;
    // What comes next of that lane was not read, and goes before the rest of the others.
    if (entry.isLastRead && allowance.room(entry.bounds) > 0) return;
  }
}

function entriesOf<C extends Candidate>(lines: readonly Line<C>[]): readonly Entry<C>[] {
  const entries = lines.flatMap(({ rows, bounds, asked }) =>
    rows.map((row, n) => ({ row, bounds, isLastRead: n === asked - 1 })),
  );
  // One lane comes in order.
  return lines.length === 1 ? entries : entries.sort((a, b) => byTurn(a.row, b.row));
}

function byTurn(a: Candidate, b: Candidate): number {
  return b.priority - a.priority || a.id - b.id;
}

function aftermath<C>(lines: readonly Line<C>[], picked: readonly C[], allowance: Allowance) {
  const gone = new Set(picked);
  const emptyLanes: Lane[] = [];
  const heldLanes: HeldLane[] = [];
  for (const { lane, bounds, asked, rows } of lines) {
    if (rows.length < asked && rows.every((row) => gone.has(row))) {
      emptyLanes.push(lane);
      continue;
    }
    const block = bounds.length === 0 ? undefined : allowance.blockOf(bounds);
    if (block !== undefined) heldLanes.push({ lane, key: block.key, until: block.until });
  }
  return { emptyLanes, heldLanes };
}
