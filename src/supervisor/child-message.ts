/**
 * Reads what a child sends over its IPC channel. Handlers run in executors and may use
 * `process.send` for their own ends, so nothing that arrives is taken on trust.
 */
import { isErrorCode } from '../protocol/errors.ts';
import type { FromChild } from '../protocol/supervision.ts';
import { MAX_TROUBLE_TEXT } from '../protocol/troubles.ts';

type Loose = Readonly<Record<string, unknown>>;

/** Undefined for everything that is not a message of ours. */
export function parseFromChild(value: unknown): FromChild | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const message = value as Loose;
  switch (message.kind) {
    case 'state':
      return readState(message);
    case 'replace':
      return readReplace(message);
    case 'open-port':
      return { kind: 'open-port' };
    case 'beat':
      return { kind: 'beat' };
    case 'trouble':
      return readTrouble(message);
    case 'reload':
      return { kind: 'reload' };
    case 'settings-taken':
      return readTaken(message);
    case 'fatal':
      return readFatal(message);
    default:
      return undefined;
  }
}

function readState({ state, types }: Loose): FromChild | undefined {
  if (state !== 'ready' && state !== 'standby') return undefined;
  if (types === undefined) return { kind: 'state', state };
  return isListOfTexts(types) ? { kind: 'state', state, types } : undefined;
}

function readReplace({ rolling, withinMs, reason }: Loose): FromChild | undefined {
  if (typeof rolling !== 'boolean' || typeof reason !== 'string') return undefined;
  if (withinMs === null) return { kind: 'replace', rolling, withinMs, reason };
  if (typeof withinMs !== 'number' || !(withinMs >= 0)) return undefined;
  return { kind: 'replace', rolling, withinMs, reason };
}

function readTaken({ problem }: Loose): FromChild | undefined {
  if (problem !== null && typeof problem !== 'string') return undefined;
  return { kind: 'settings-taken', problem };
}

function readFatal({ code, message, hint }: Loose): FromChild | undefined {
  if (!isErrorCode(code) || typeof message !== 'string') return undefined;
  const kind = 'fatal';
  return typeof hint === 'string' ? { kind, code, message, hint } : { kind, code, message };
}

/** Its role and pid are what the supervisor knows of it, not what it says. */
function readTrouble({ trouble }: Loose): FromChild | undefined {
  if (typeof trouble !== 'object' || trouble === null) return undefined;
  const { at, level, component, message, problem } = trouble as Loose;
  if (level !== 'warn' && level !== 'error') return undefined;
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at)) || typeof message !== 'string') {
    return undefined;
  }
  return {
    kind: 'trouble',
    trouble: {
      ...{ at: new Date(at).toISOString(), level, role: 'executor', pid: 0 },
      component: textOrNull(component),
      message: message.slice(0, MAX_TROUBLE_TEXT),
      problem: textOrNull(problem),
    },
  };
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, MAX_TROUBLE_TEXT) : null;
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
