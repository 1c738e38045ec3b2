/** Turns the archiver until told to stop: what goes wrong is waited out, unless going on would only repeat it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDiskFull } from '@tributary/archive/durable';
import { type ErrorCode, TributaryError } from '@tributary/model/errors';
import type { Archiver } from './pipeline.ts';

/** An operator must act: the log is another one, a hole opened, the archive's own truth is damaged. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  'log_recreated',
  'history_mismatch',
  'position_expired',
  'partition_mismatch',
  'manifest_corrupt',
]);

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;
/** The archive is in no hurry: a rest between turns lets entries gather, and leaves the processor to those who answer people. */
const REST_MS = 25;

export interface Turning {
  /** Rejects with a fatal error: unhandled, it ends the process. */
  readonly ended: Promise<void>;
  /** null while all is well, else what is being waited for. */
  trouble(): Error | null;
}

export interface TurnObserver {
  /** A turn failed; the next one follows after `waitMs`. `paused`: the disk is full. */
  failed(error: Error, waitMs: number, paused: boolean): void;
  recovered(): void;
}

export function turnUntilAborted(archiver: Pick<Archiver, 'turn'>, signal: AbortSignal, observer: TurnObserver): Turning {
  let trouble: Error | null = null;

  async function loop(): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    while (!signal.aborted) {
      try {
        await archiver.turn(signal);
        if (trouble !== null) observer.recovered();
        trouble = null;
        waitMs = FIRST_WAIT_MS;
        await sleep(REST_MS, undefined, { signal }).catch(() => {});
      } catch (error) {
        if (signal.aborted) return;
        trouble = named(error);
        if (trouble instanceof TributaryError && FATAL.has(trouble.code)) throw trouble;
        observer.failed(trouble, waitMs, isDiskFull(trouble));
        await sleep(waitMs, undefined, { signal }).catch(() => {});
        waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
      }
    }
  }

  return { ended: loop(), trouble: () => trouble };
}

function named(error: unknown): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  if (!isDiskFull(cause)) return cause;
  return new TributaryError('archive_full', `the disk of the archive is full, nothing is archived: ${cause.message}`, { cause });
}
