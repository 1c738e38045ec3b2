/**
 * What a collector does once another log stands in the place of its own: it takes nothing more, as no role would read it, and
 * answers 503 with the reason. When its log is back it ends: a new process appends there again.
 */
import type { EventLog } from '@tributary/log/port';
import { TributaryError } from '@tributary/model/errors';
import { pause } from '@tributary/runtime/wait';

interface Errors {
  error(fields: object, message: string): void;
}

const POLL_EVERY_MS = 1_000;

/** Returns what says of an error whether it is that one; the first time it is logged. */
export function watchLostLog(log: Pick<EventLog, 'ends'>, logger: Errors, signal: AbortSignal): (error: unknown) => boolean {
  let isKnown = false;
  return (error) => {
    if (!(error instanceof TributaryError) || error.code !== 'log_recreated') return false;
    if (isKnown) return true;
    isKnown = true;
    logger.error({ code: error.code, fix: error.fix }, `no event is taken any more: ${error.message}`);
    void untilBack(log, signal);
    return true;
  };
}

async function untilBack(log: Pick<EventLog, 'ends'>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(POLL_EVERY_MS, signal);
    const isBack = await log.ends().then(
      () => true,
      () => false,
    );
    if (isBack && !signal.aborted)
      queueMicrotask(() => {
        throw new TributaryError(
          'log_unavailable',
          'the log of this platform is back: this process ends, and the next one takes events',
        );
      });
    if (isBack) return;
  }
}
