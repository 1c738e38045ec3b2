/**
 * Up to when events may be lost that count for a user: a hole in the log stands in the state of its partition, and in no record. Where keys of one person are
 * joined, other partitions lend events to a user, so what is lost there is lacking here.
 */
import type { Definitions } from '@tributary/model/definitions';
import { hasPuts } from '@tributary/views/identity/keyed-record';
import { cutOfRecords, type KeptRecords } from '@tributary/views/record';
import { ANYWHERE, namedInBytes } from '@tributary/views/said-marks';
import { NEVER_CUT } from '@tributary/views/user-state';
import type { SpeedBoard } from '../freshness/speed-board.ts';
import { recordReachMs } from './record-reach.ts';

/**
 * Up to when records of a partition may lack events that are promised now, for the last `promisedMs`, epoch ms: they were kept for less long
 * before. `NEVER_CUT`: all are there that were received, or what is missing is older than what is promised. `oldestMs`: what is promised goes back from this log
 * time where that of the partition is ahead: it is promised to users of another partition.
 */
export function cutOfPartition(
  state: KeptRecords | null | undefined,
  definitions: Definitions,
  promisedMs: number,
  oldestMs = Number.POSITIVE_INFINITY,
): number {
  const cutTs = cutOfRecords(state ?? null, recordReachMs(definitions));
  return cutTs >= Math.min(state?.logTimeMs ?? 0, oldestMs) - promisedMs ? cutTs : NEVER_CUT;
}

const NONE: ReadonlyMap<number, KeptRecords | null> = new Map();

/** A key that answers: its record with messages between keys, and the partitions of the keys that led there. */
interface CountedKey {
  readonly stored: Buffer | null;
  readonly partitions: readonly number[];
}

/**
 * For the keys of one answer: the newest cut of all partitions that may have lent to one of them, which are those of keys that its user named in links, and all
 * where two users were merged, or where keys lent events that no link of the record names. Records are looked through where another partition lost something
 * later than theirs. `kept`: what was said of partitions with these records, which may have lost events since the board looked.
 */
export function cutsOfKeys(
  board: Pick<SpeedBoard, 'states' | 'definitions' | 'joinedMs'>,
  promisedMs: (definitions: Definitions) => number,
  kept: ReadonlyMap<number, KeptRecords | null> = NONE,
): (key: CountedKey) => number {
  const known = new Map<number, number>();
  const mayLend = board.joinedMs() !== null;
  const stateOf = (partition: number) => kept.get(partition) ?? board.states()[partition];
  const logTimes = mayLend ? [...board.states().keys()].map((partition) => stateOf(partition)?.logTimeMs) : [];
  const oldestMs = Math.min(...logTimes.filter((one) => one !== undefined));
  const cutIn = (partition: number) => {
    let cutTs = known.get(partition);
    if (cutTs === undefined) {
      const definitions = board.definitions(partition);
      cutTs = cutOfPartition(stateOf(partition), definitions, promisedMs(definitions), oldestMs);
      known.set(partition, cutTs);
    }
    return cutTs;
  };
  const newestOf = (partitions: Iterable<number>, from: number) => {
    let cutTs = from;
    for (const partition of partitions) cutTs = Math.max(cutTs, cutIn(partition));
    return cutTs;
  };
  const ofAll = mayLend ? newestOf(board.states().keys(), NEVER_CUT) : NEVER_CUT;
  return ({ stored, partitions }) => {
    const own = newestOf(partitions, NEVER_CUT);
    if (ofAll <= own || stored === null) return own;
    const named = namedInBytes(stored);
    // What lends to a user who was erased and lifted is marked once they say a link again.
    if (named === undefined) return hasPuts(stored) ? ofAll : own;
    return named.has(ANYWHERE) ? ofAll : newestOf(named, own);
  };
}
