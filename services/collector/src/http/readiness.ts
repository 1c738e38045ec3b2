import { setTimeout as sleep } from 'node:timers/promises';
import type { EventLog } from '@tributary/log/port';
import type { Readiness } from '@tributary/runtime/process/readiness';

const LIMIT_MS = 1_000;

/** Ready while the log answers within a second, and nothing else is in trouble: its disk, the key file, appends. Never throws. */
export function logReadiness(
  log: Pick<EventLog, 'ends'>,
  others: { trouble(): string | null } = { trouble: () => null },
): () => Promise<Readiness> {
  return async () => {
    const trouble = others.trouble();
    if (trouble !== null) return { ok: false, detail: trouble };
    const asked = log.ends().then(
      () => ({ ok: true, detail: 'the log answers' }),
      (error: unknown) => ({ ok: false, detail: `the log does not answer: ${(error as Error).message}` }),
    );
    const late = sleep(LIMIT_MS, { ok: false, detail: `the log does not answer within ${LIMIT_MS} ms` }, { ref: false });
    return Promise.race([asked, late]);
  };
}
