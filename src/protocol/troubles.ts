/** A warning or an error that a process of the service has logged, as `status` shows it. */
import type { Role } from './supervision.ts';

export type TroubleLevel = 'warn' | 'error';

export interface TroubleView {
  /** ISO 8601. */
  readonly at: string;
  readonly level: TroubleLevel;
  readonly role: Role | 'supervisor';
  readonly pid: number;
  /** The part of the process that logged it; null: it did not say. */
  readonly component: string | null;
  readonly message: string;
  /** What went wrong, where the line has an error; its first line. */
  readonly problem: string | null;
}

/** So many are remembered; older ones are in the log alone. */
export const MAX_TROUBLES = 50;

/** Of each text of one. */
export const MAX_TROUBLE_TEXT = 300;
