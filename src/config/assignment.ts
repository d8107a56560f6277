/** One text given to one key, and where it was given. */
import type { KeyReference, SectionReference } from './keys.ts';
import type { Origin } from './origin.ts';

export interface Assignment {
  readonly section: SectionReference;
  readonly key: KeyReference;
  readonly text: string;
  readonly origin: Origin;
}
