/**
 * A store that was put back to an older copy may not know of users who were erased since, and neither log nor archive may still have the records that
 * say so. What archived files lack does (packages/archive/src/forgotten.ts). So before a partition goes on, such users are looked for among its records,
 * by their digests, and erased in commits of their own at the position where it stands. Who was lifted since is refused from there on only where the
 * log still gives the lift: archived files have nothing of before it, the lift among that. So is a partition that begins from nothing. The log may
 * drop the lift meanwhile: once the place of it is passed they count all the same.
 */
import type { ErasedBehind } from '@tributary/archive/forgotten';
import type { EventLog } from '@tributary/log/port';
import { ERASE_TYPE, type ErasureRecord, LIFT_TYPE } from '@tributary/model/erasure';
import { TributaryError } from '@tributary/model/errors';
import type { SpeedStore } from '@tributary/store/speed-store';
import { workOfTurn } from '@tributary/views/work';
import { createErasedUsers } from '../partitions/erased-users.ts';
import type { PartitionRun } from '../partitions/partition-run.ts';
import type { Arrival, DecodedBatch } from '../read/decode.ts';
import { type AppliedBatch, applyBatch } from './apply.ts';
import { applyNothing } from './apply-nothing.ts';
import type { ApplyOptions } from './effects.ts';
import type { SegmentStage } from './follow-members.ts';
import type { UserRecords } from './user-records.ts';

export interface RestoredOptions extends Omit<ApplyOptions, 'commitId' | 'turn' | 'pause' | 'careful'> {
  readonly log: Pick<EventLog, 'starts'>;
  readonly store: Pick<SpeedStore, 'scanUsers' | 'commit'>;
  readonly records: UserRecords;
  readonly segments: SegmentStage;
  readonly commitId: () => string;
  readonly erasedBehind: (partition: number, position: string) => Promise<ErasedBehind | null>;
  readonly onCommitted?: ((batch: AppliedBatch) => void) | undefined;
}

/** Resolves once the store knows them all. Rejects where a commit was not taken: the partition is loaded again, and what is done stays so. */
export async function eraseRestored(run: PartitionRun, options: RestoredOptions): Promise<void> {
  const { position } = run;
  const behind = await options.erasedBehind(run.partition, position ?? '');
  if (behind === null) return;
  if (position === null) return refuseFromStart(run, behind, options.log);
  const { wanted, refused, counting } = await whoIsErased(run, behind, options.log);
  if (wanted.size > 0) await eraseFound(run, position, options, { wanted, refused });
  run.lifts = new Map(Object.entries(behind.lifted));
  if (wanted.size + counting.length === 0) return;
  run.erased ??= createErasedUsers([]);
  for (const digest of refused) run.erased.add(digest);
  for (const digest of counting) run.erased.delete(digest);
  await commit(run, applyNothing(run, position, options.commitId(), options.logIdentity), options);
}

/** From nothing there is no record to erase. Where the log begins behind an erasure, what it gives up to the lift counts as little. */
async function refuseFromStart(run: PartitionRun, { erased, lifted }: ErasedBehind, log: RestoredOptions['log']): Promise<void> {
  const places = Object.entries(lifted);
  const start = places.length === 0 ? null : ((await log.starts())[run.partition] ?? null);
  const untilLift = start === null ? [] : places.filter(([, place]) => place > start);
  if (erased.length + untilLift.length === 0) return;
  run.erased ??= createErasedUsers([]);
  for (const digest of [...erased, ...untilLift.map(([one]) => one)]) run.erased.add(digest);
  run.lifts = new Map(untilLift);
}

interface Sought {
  /** Digests of users whose records are to go. */
  readonly wanted: ReadonlySet<string>;
  /** Those of them who are refused afterwards. */
  readonly refused: ReadonlySet<string>;
}

async function whoIsErased(
  run: PartitionRun,
  behind: ErasedBehind,
  log: RestoredOptions['log'],
): Promise<Sought & { /** Who is refused, and nothing gives the lift any more. */ readonly counting: readonly string[] }> {
  const isKnown = (digest: string) => run.erased?.has(digest) === true;
  const erased = behind.erased.filter((digest) => !isKnown(digest));
  const lifted = Object.entries(behind.lifted);
  const start = lifted.length === 0 ? null : ((await log.starts())[run.partition] ?? null);
  const isGiven = (place: string) => start === null || place > start;
  const unknown = lifted.filter(([digest]) => !isKnown(digest));
  return {
    wanted: new Set([...erased, ...unknown.map(([digest]) => digest)]),
    refused: new Set([...erased, ...unknown.flatMap(([digest, place]) => (isGiven(place) ? [digest] : []))]),
    counting: lifted.flatMap(([digest, place]) => (isKnown(digest) && !isGiven(place) ? [digest] : [])),
  };
}

async function eraseFound(run: PartitionRun, position: string, options: RestoredOptions, sought: Sought): Promise<void> {
  const { store, records, segments, digestOf } = options;
  let cursor: string | null = null;
  do {
    const found = await store.scanUsers(run.partition, cursor);
    const arrivals = found.users.flatMap((userKey) => {
      const digest = digestOf(userKey);
      if (!sought.wanted.has(digest)) return [];
      const types: ErasureRecord['type'][] = sought.refused.has(digest) ? [ERASE_TYPE] : [ERASE_TYPE, LIFT_TYPE];
      return types.map((type) => arrivalOf(run, position, type, userKey));
    });
    cursor = found.cursor;
    for (let left: DecodedBatch | null = batchOf(run, position, arrivals); left !== null && left.arrivals.length > 0; ) {
      const users = await records.load(run, left, 0);
      const applied = await applyBatch(run, left, users, {
        ...options,
        commitId: options.commitId(),
        turn: workOfTurn(),
        isAgain: true,
      });
      await commit(run, await segments.advance(run, applied), options);
      left = applied.rest;
    }
  } while (cursor !== null);
}

async function commit(run: PartitionRun, applied: AppliedBatch, { store, records, onCommitted }: RestoredOptions): Promise<void> {
  const own = await records.withTrims(run, applied);
  run.sentCommitId = own.id;
  const outcome = await store.commit(own);
  if (outcome !== 'committed' && outcome !== 'already')
    throw new TributaryError(
      'conflict',
      `partition ${run.partition} was to lose users who were erased, and another worker has it (${outcome})`,
    );
  run.settledCommitId = own.id;
  onCommitted?.(applied);
}

function arrivalOf(run: PartitionRun, position: string, type: ErasureRecord['type'], userKey: string): Arrival {
  const { logTimeMs } = run;
  const event = { ts: logTimeMs, type, id: type, receivedAt: logTimeMs } as Arrival['event'];
  return { position, lineNumber: 0, userKey, event, line: '', logTimeMs };
}

/** An entry for each, so that it may be applied in pieces. */
function batchOf(run: PartitionRun, upTo: string, arrivals: readonly Arrival[]): DecodedBatch {
  const { logTimeMs } = run;
  return {
    ends: arrivals.map((_, i) => ({ upTo, arrivals: i + 1, parked: 0, logTimeMs })),
    ...{ arrivals, parked: [], logTimeMs, upTo },
    ...{ barrier: undefined, fellFromMs: undefined, lostUpToMs: undefined },
  };
}
