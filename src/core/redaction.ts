/** What the API hides of payloads and results, and the note of who saw it all the same. */
import type { ApiContext } from '../api/api-context.ts';
import type { PrivacySettings } from '../config/settings.ts';
import { redactionOf } from '../privacy/redaction.ts';
import type { Logger } from '../process/logger.ts';

export function redactionService(
  { redact }: PrivacySettings,
  auditLog: Logger,
): ApiContext['privacy'] {
  return {
    redaction: redactionOf(redact),
    noteReveal: (what) => {
      if (redact.length > 0) auditLog.info({ what }, 'hidden fields were shown');
    },
  };
}
