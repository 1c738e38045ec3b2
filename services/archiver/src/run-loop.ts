/** The archiver until aborted: what goes wrong is waited out, unless going on would only repeat it. */
import { isDiskFull } from '@tributary/archive/durable';
import { TributaryError } from '@tributary/model/errors';
import { isFatal } from '@tributary/runtime/error-kinds';
import { type RunLoop, startRunLoop } from '@tributary/runtime/process/run-loop';
import type { Archiver } from './pipeline.ts';

const BACKOFF = { firstMs: 100, longestMs: 5_000 };
/**
 * The archive is in no hurry: a rest lets entries gather, and leaves the processor to those who answer people. A turn costs the most for each file of a partition
 * that it writes to, however little it writes (decision 36).
 */
const REST_MS = 100;
/** Turns without a rest, while there is more: a read brings little at a time, as it may be heavy. */
const TURNS_AT_ONCE = 4;

const FIXES: Readonly<Record<string, string>> = {
  EACCES: 'Give this user permission to write there.',
  EPERM: 'Give this user permission to write there.',
  EROFS: 'Mount it for writing.',
};

export interface RunObserver {
  /** An iteration failed; the next one follows after `waitMs`. `paused`: the disk is full. */
  failed(error: Error, waitMs: number, paused: boolean): void;
  recovered(): void;
}

export function runUntilAborted(archiver: Pick<Archiver, 'turn'>, signal: AbortSignal, observer: RunObserver): RunLoop {
  return startRunLoop({
    iterate: () => turns(archiver, signal).catch((error: unknown) => Promise.reject(named(error))),
    signal,
    backoff: BACKOFF,
    restMs: REST_MS,
    isFatal,
    onFailed: (error, waitMs) => observer.failed(error, waitMs, isDiskFull(error)),
    onRecovered: observer.recovered,
  });
}

async function turns(archiver: Pick<Archiver, 'turn'>, signal: AbortSignal): Promise<void> {
  for (let left = TURNS_AT_ONCE; left > 0 && !signal.aborted; left--) if (!(await archiver.turn(signal))) return;
}

function named(error: unknown): Error {
  const cause = error instanceof Error ? error : new Error(String(error));
  if (isDiskFull(cause))
    return new TributaryError('archive_full', `the disk of the archive is full, nothing is archived: ${cause.message}`, {
      cause,
    });
  const { code = '', path = '', dest = path } = cause as NodeJS.ErrnoException & { dest?: string };
  const fix = FIXES[code];
  return fix === undefined ? cause : new Error(`nothing is archived: ${dest} cannot be written (${code}). ${fix}`, { cause });
}
