/**
 * How far each registered computation is, read once a second at most: reports from Redis, and by the output log how long the oldest line beyond
 * each has waited. The log is open only while there is a computation that reported.
 */
import type { EventLog } from '@tributary/log/port';
import type { Progress } from '@tributary/queue/computation-progress';
import { remembered } from '@tributary/runtime/http/remembered';
import { settled } from '@tributary/runtime/wait';
import { seenOf } from '../computation-seen.ts';
import type { ApiDeps, ComputationDesk, ComputationWatch, WatchedComputation } from '../ports.ts';
import { nameOfLog, placesOf } from './event-id.ts';

type OutputLog = Pick<EventLog, 'identity' | 'ends' | 'ageAfter' | 'close'>;

export interface WatchOptions {
  readonly desk: Pick<ComputationDesk, 'list' | 'progress'>;
  /** null: there is none, as outputs were never on. */
  readonly openOutputs: () => Promise<OutputLog | null>;
  readonly partitions: number;
  readonly now: () => number;
  readonly onWarning: (message: string, cause: unknown) => void;
}

const READ_EVERY_MS = 1_000;
/** Values wait for a read that replaces an older one, for as long at most. */
const STALE_MS = 2_000;

export function watchOf({ computations: desk, exports, partitions, now, onWarning }: ApiDeps): ComputationWatch {
  return createComputationWatch({ desk, openOutputs: exports.openOutputs, partitions, now, onWarning });
}

export function createComputationWatch({ desk, openOutputs, partitions, now, onWarning }: WatchOptions): ComputationWatch {
  let opening: Promise<OutputLog | null> | null = null;
  let newest: { readonly found: readonly WatchedComputation[] | null; readonly atMs: number } | null = null;
  let reads = 0;
  /** Values waited in vain for a read that has not ended yet. */
  let isLate = false;
  const fresh = () => remembered(readNow, READ_EVERY_MS, () => performance.now());
  let read = fresh();

  async function readNow(): Promise<readonly WatchedComputation[]> {
    const number = ++reads;
    const [registrations, progress] = await Promise.all([desk.list(), desk.progress()]);
    const lags = await lagsOf(registrations.flatMap(({ name }) => progress.get(name) ?? []));
    const nowMs = now();
    const found = registrations.map((own) => {
      const said = progress.get(own.name);
      const lagMs = said === undefined ? null : (lags.get(said) ?? null);
      return { ...own, seen: seenOf(own, said, lagMs, nowMs) };
    });
    // One that was forgotten meanwhile replaces no newer one.
    if (number === reads) newest = { found, atMs: performance.now() };
    return found;
  }

  async function lagsOf(reports: readonly Progress[]): Promise<ReadonlyMap<Progress, number | null>> {
    if (reports.length === 0) return new Map();
    try {
      const open = await outputs();
      if (open === null) return new Map();
      const ends = await open.ends();
      return new Map(await Promise.all(reports.map(async (one) => [one, await lagOf(one, open, ends)] as const)));
    } catch (cause) {
      onWarning('the output log did not say what waits for computations', cause);
      await close();
      return new Map();
    }
  }

  /** One for all who ask meanwhile; one that is not there is asked for again. */
  async function outputs(): Promise<OutputLog | null> {
    const own = (opening ??= openOutputs());
    const open = await own;
    if (open === null && opening === own) opening = null;
    return open;
  }

  /** null: it reported a place that this log has not, or one behind which lines were dropped. */
  async function lagOf({ after }: Progress, open: OutputLog, ends: readonly (string | null)[]): Promise<number | null> {
    if (!after.startsWith(`${nameOfLog(open.identity)}.`)) return null;
    const { places } = placesOf(after, partitions);
    // Reports are read before the ends.
    if (!places.every((place, p) => isWithin(place.after, ends[p] ?? null))) return null;
    // The log is asked for few of its partitions: of a computation that is up to date for none.
    const behind = places.flatMap((place, p) => ((place.after ?? '') < (ends[p] ?? '') ? [[p, place.after] as const] : []));
    if (behind.length === 0) return 0;
    const ages = await open.ageAfter(new Map(behind));
    return ages.size < behind.length ? null : Math.max(0, ...ages.values());
  }

  /** A log that does not answer holds up one answer, and not each: until it does, or fails, others do not wait. */
  async function inTime(reading: Promise<readonly WatchedComputation[] | null>): Promise<readonly WatchedComputation[] | null> {
    if (isLate) return null;
    const found = await settled(reading, STALE_MS);
    if (typeof found !== 'string') return found;
    isLate = true;
    const over = () => {
      isLate = false;
    };
    reading.then(over, over);
    return null;
  }

  async function close(): Promise<void> {
    const own = opening;
    opening = null;
    const open = await own?.catch(() => null);
    await open?.close().catch((cause: unknown) => onWarning('the output log could not be closed', cause));
  }

  return {
    read: () => read(),
    async latest() {
      const ageMs = newest === null ? Number.POSITIVE_INFINITY : performance.now() - newest.atMs;
      if (ageMs >= READ_EVERY_MS) {
        const reading = read().catch((cause: unknown) => {
          newest = { found: null, atMs: performance.now() };
          onWarning('it is not known how far computations are', cause);
          return null;
        });
        // Values may not have been asked for in a long time: what was read then does not hold now.
        if (ageMs >= STALE_MS) return inTime(reading);
      }
      return newest?.found ?? null;
    },
    forget() {
      read = fresh();
      newest = null;
    },
    close,
  };
}

/** Positions of one log have the same widths; one of others would be compared as a text, and refused by the log. */
function isWithin(after: string | null, end: string | null): boolean {
  if (after === null || after === end) return true;
  return end !== null && after <= end && widthsOf(after) === widthsOf(end);
}

function widthsOf(position: string): string {
  return position.replaceAll(/\d/g, '0');
}
