/**
 * Decides when a report counts as delivered.
 *
 *   off                                    the transport took it
 *   required                               the receiver acknowledged it
 *   undecided ──acknowledgement──▶ required           (`auto`, nothing acknowledged yet)
 *   undecided ──acknowledgeTimeout──▶ fallen-back     the transport took it
 *   fallen-back ──acknowledgement──▶ required
 *
 * Pure. A receiver that has ever acknowledged is never let off again: its silence is a fault of
 * the moment, and reports would be lost by taking it for a habit.
 */
import type { WebSocketSettings } from '../config/settings.ts';

export type AcknowledgeMode = 'off' | 'required' | 'undecided' | 'fallen-back';

export function initialMode(setting: WebSocketSettings['acknowledge']): AcknowledgeMode {
  return setting === 'auto' ? 'undecided' : setting;
}

export function modeAfterAcknowledgement(mode: AcknowledgeMode): AcknowledgeMode {
  return mode === 'off' ? 'off' : 'required';
}

export type OverdueDecision = 'wait' | 'fall-back' | 'emit-again';

/** What to do about a report that was not acknowledged within `acknowledgeTimeout`, still connected. */
export function decideOverdue(mode: AcknowledgeMode): OverdueDecision {
  switch (mode) {
    case 'required':
      return 'emit-again';
    case 'undecided':
      return 'fall-back';
    case 'fallen-back':
    case 'off':
      return 'wait';
  }
}

/** Whether the transport's word is enough. */
export function settlesWhenTaken(mode: AcknowledgeMode): boolean {
  return mode === 'off' || mode === 'fallen-back';
}

/** The mode in the words of the setting, for `status`: `auto` while it is undecided. */
export function shownMode(mode: AcknowledgeMode): WebSocketSettings['acknowledge'] {
  switch (mode) {
    case 'undecided':
      return 'auto';
    case 'fallen-back':
      return 'off';
    default:
      return mode;
  }
}
