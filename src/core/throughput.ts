/**
 * How much work ends, how long it takes and how often it fails: in memory, since this core woke. Filled at
 * the ends of attempts, asked on demand; there is no timer, and what is old is passed over when it is asked.
 */
import { DurationHistogram } from './duration-histogram.ts';

/** The end of one attempt. */
export interface EndFact {
  readonly type: string;
  readonly queue: string;
  /** How the job ended; null: it goes on, by a retry or because it was interrupted. */
  readonly state: 'succeeded' | 'failed' | 'cancelled' | null;
  /** It was charged: an error, a time limit, a crash, a refused payload. */
  readonly hasFailed: boolean;
  readonly durationMs: number;
  /** Its handler came to an end by itself, well or not: its process has survived it. */
  readonly hasReturned: boolean;
}

/** Jobs that ended, a second. */
export interface Throughput {
  readonly lastMinute: number;
  readonly lastFiveMinutes: number;
}

export interface TypeCounts {
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly attempts: number;
  readonly failedAttempts: number;
}

export interface TypeWindow extends TypeCounts {
  /** Of all attempts; milliseconds, null where there was none. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

const SECONDS = 300;
const SLOT_MS = 300_000;
/** Slots of five minutes: the last hour, the one that is being filled among them. */
const SLOTS = 12;

export class ThroughputMeter {
  readonly #nowMono: () => number;
  readonly #startedMono: number;
  readonly #queues = new Map<string, SecondRing>();
  readonly #types = new Map<string, TypeMeter>();

  /** @param nowMono milliseconds of a monotonic clock */
  constructor(nowMono: () => number) {
    this.#nowMono = nowMono;
    this.#startedMono = nowMono();
  }

  note(ends: readonly EndFact[]): void {
    const second = Math.floor(this.#nowMono() / 1_000);
    const slot = Math.floor(this.#nowMono() / SLOT_MS);
    for (const end of ends) {
      if (end.state !== null) found(this.#queues, end.queue, newRing).add(second);
      found(this.#types, end.type, newMeter).add(end, slot);
    }
  }

  /** Over less than the whole stretch while the core is younger than that. */
  ofQueue(queue: string): Throughput {
    const ring = this.#queues.get(queue);
    return {
      lastMinute: this.#rate(ring, 60),
      lastFiveMinutes: this.#rate(ring, SECONDS),
    };
  }

  types(): readonly string[] {
    return [...this.#types.keys()].sort();
  }

  ofType(type: string): { readonly lastHour: TypeWindow; readonly sinceStart: TypeCounts } {
    const meter = this.#types.get(type) ?? newMeter();
    const slot = Math.floor(this.#nowMono() / SLOT_MS);
    return { lastHour: meter.lastHour(slot), sinceStart: meter.total };
  }

  #rate(ring: SecondRing | undefined, seconds: number): number {
    const now = this.#nowMono();
    const ended = ring?.sum(Math.floor(now / 1_000), seconds) ?? 0;
    const stretch = Math.min(seconds, Math.max(1, (now - this.#startedMono) / 1_000));
    return Math.round((ended / stretch) * 100) / 100;
  }
}

/** Counts by second; a place is taken again when its second is five minutes old. */
class SecondRing {
  readonly #counts = new Uint32Array(SECONDS);
  readonly #seconds = new Float64Array(SECONDS).fill(-1);

  add(second: number): void {
    const place = second % SECONDS;
    if (this.#seconds[place] !== second) this.#counts[place] = 0;
    this.#seconds[place] = second;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
  }

  sum(now: number, seconds: number): number {
    let sum = 0;
    for (const [place, second] of this.#seconds.entries()) {
      if (second >= 0 && second > now - seconds) sum += this.#counts[place] ?? 0;
    }
    return sum;
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface Slot {
  readonly number: number;
  readonly counts: Mutable<TypeCounts>;
  readonly durations: DurationHistogram;
}

class TypeMeter {
  readonly total = noCounts();
  #slots: Slot[] = [];

  add(end: EndFact, number: number): void {
    const slot = this.#slotOf(number);
    for (const counts of [this.total, slot.counts]) {
      counts.attempts += 1;
      if (end.hasFailed) counts.failedAttempts += 1;
      if (end.state !== null) counts[end.state] += 1;
    }
    slot.durations.add(end.durationMs);
  }

  lastHour(number: number): TypeWindow {
    const slots = this.#slots.filter((slot) => slot.number > number - SLOTS);
    const counts = noCounts();
    for (const slot of slots) {
      for (const name of COUNTED) counts[name] += slot.counts[name];
    }
    const durations = DurationHistogram.sum(slots.map((slot) => slot.durations));
    return { ...counts, p50Ms: durations.quantile(0.5), p95Ms: durations.quantile(0.95) };
  }

  #slotOf(number: number): Slot {
    const last = this.#slots.at(-1);
    if (last?.number === number) return last;
    const slot = { number, counts: noCounts(), durations: new DurationHistogram() };
    this.#slots = [...this.#slots.filter((one) => one.number > number - SLOTS), slot];
    return slot;
  }
}

const COUNTED = ['succeeded', 'failed', 'cancelled', 'attempts', 'failedAttempts'] as const;

function noCounts(): Mutable<TypeCounts> {
  return { succeeded: 0, failed: 0, cancelled: 0, attempts: 0, failedAttempts: 0 };
}

function newRing(): SecondRing {
  return new SecondRing();
}

function newMeter(): TypeMeter {
  return new TypeMeter();
}

function found<T>(all: Map<string, T>, name: string, make: () => T): T {
  let one = all.get(name);
  if (one === undefined) {
    one = make();
    all.set(name, one);
  }
  return one;
}
