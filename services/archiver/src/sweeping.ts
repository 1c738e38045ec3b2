/** When what crashes left behind is removed: at the start and every few minutes, and never in a folder of which is not known yet whose it is. */
import { MINUTE_MS } from '@tributary/model/time';
import { sweepOrphans, sweepStaging } from './sweep.ts';

/** How often the staging folders of archivers that died elsewhere are looked for. */
const SWEEP_EVERY_MS = 10 * MINUTE_MS;

export interface Sweeping {
  readonly dataDir: string;
  /** Writers whose staging folders stay, as of now. */
  readonly living: () => ReadonlySet<string>;
  /** False: another platform may write into the folder, as nothing has compared it with the log yet. */
  readonly isJudged: () => boolean;
  readonly onOrphans: (files: number) => void;
  readonly onError: (error: Error) => void;
  readonly everyMs?: number;
}

/** Resolves with what ends it, after the first pass. Orphans are looked for once. */
export async function keepSwept(options: Sweeping): Promise<() => void> {
  const { dataDir, living, isJudged, onOrphans, onError, everyMs = SWEEP_EVERY_MS } = options;
  let areOrphansGone = false;
  const sweep = async () => {
    if (!isJudged()) return;
    await sweepStaging(dataDir, Date.now(), living());
    if (areOrphansGone) return;
    const { length } = await sweepOrphans(dataDir, Date.now());
    areOrphansGone = true;
    if (length > 0) onOrphans(length);
  };
  await sweep();
  const timer = setInterval(() => void sweep().catch(onError), everyMs);
  return () => clearInterval(timer);
}
