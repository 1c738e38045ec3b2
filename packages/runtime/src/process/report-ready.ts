/** What a service reports to its parent process: that it is ready, or that it runs and why it is not. */

import { pause } from '../wait.ts';
import type { Readiness } from './readiness.ts';

/** What a service reports to its parent over IPC. */
export type ServiceMessage = { readonly type: 'ready' } | { readonly type: 'unready'; readonly detail: string };

/** A role that starts is not ready for a moment: that alone is not news. */
const UNREADY_AFTER_MS = 20_000;
const POLL_MS = 100;

/** Ends with `ready`. Until then `unready` with the reason, every `unreadyAfterMs` at most, and only when the reason is another. */
export async function reportReady(
  ready: () => Promise<Readiness>,
  tell: (message: ServiceMessage) => void,
  signal: AbortSignal,
  unreadyAfterMs = UNREADY_AFTER_MS,
): Promise<void> {
  let said = '';
  let saidAtMs = performance.now();
  while (!signal.aborted) {
    const { ok, detail } = await ready();
    if (ok) return tell({ type: 'ready' });
    if (detail !== said && performance.now() - saidAtMs >= unreadyAfterMs) {
      said = detail;
      saidAtMs = performance.now();
      tell({ type: 'unready', detail });
    }
    await pause(POLL_MS, signal);
  }
}
