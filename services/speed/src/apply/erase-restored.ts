/**
 * A store that was put back to an older copy may not know of users who were erased since, and neither log nor archive may still have the records that
 * say so. What archived files lack does (packages/archive/src/forgotten.ts). So before a partition goes on, such users are looked for among its records,
 * by their digests, and erased in commits of their own at the position where it stands. Who was lifted since is refused up to the place of the lift,
 * whether the log still gives it or not; archived files have nothing of before it. So is a partition that begins from nothing.
 */
import type { ErasedBehind } from '@tributary/archive/forgotten';
import { ERASE_TYPE } from '@tributary/model/erasure';
import { TributaryError } from '@tributary/model/errors';
import type { SpeedStore } from '@tributary/store/speed-store';
import { workOfTurn } from '@tributary/views/work';
import { createErasedUsers } from '../partitions/erased-users.ts';
import type { PartitionRun, Until } from '../partitions/partition-run.ts';
import type { Arrival, DecodedBatch } from '../read/decode.ts';
import { type AppliedBatch, applyBatch } from './apply.ts';
import { applyNothing } from './apply-nothing.ts';
import type { ApplyOptions } from './effects.ts';
import type { SegmentStage } from './follow-members.ts';
import { ofOwnHistory } from './own-history.ts';
import type { UserRecords } from './user-records.ts';

export interface RestoredOptions extends Omit<ApplyOptions, 'commitId' | 'turn' | 'pause' | 'careful'> {
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
  if (position === null) return refuseFromStart(run, behind);
  const wanted = new Set([...behind.erased, ...Object.keys(behind.lifted)].filter((digest) => run.erased?.has(digest) !== true));
  if (wanted.size > 0) await eraseFound(run, position, { ...options, isSaid: isErasedStill(behind, options) }, wanted);
  run.until = untilOf(behind);
  if (wanted.size === 0) return;
  run.erased ??= createErasedUsers([]);
  for (const digest of wanted) run.erased.add(digest);
  await commit(run, applyNothing(run, position, options.commitId(), options.logIdentity), options);
}

/**
 * Who was lifted since is not said again: who listens has lines of theirs from behind the lift, which come once more under the names that they had. Dropped
 * then, they would be missed for good.
 */
function isErasedStill({ erased }: ErasedBehind, { digestOf }: RestoredOptions): (userKey: string) => boolean {
  const digests = new Set(erased);
  return (userKey) => digests.has(digestOf(userKey));
}

/** A partition that begins from nothing has nothing to erase. The log may begin, now or soon, behind an erasure: what it gives up to the lift counts as little. */
function refuseFromStart(run: PartitionRun, behind: ErasedBehind): void {
  const { erased, lifted } = behind;
  const refused = [...erased, ...Object.keys(lifted)];
  if (refused.length === 0) return;
  run.erased ??= createErasedUsers([]);
  for (const digest of refused) run.erased.add(digest);
  run.until = untilOf(behind);
}

function untilOf({ erased, lifted, upTo }: ErasedBehind): Map<string, Until> {
  const until: [string, Until][] = Object.entries(lifted).map(([digest, position]) => [digest, { position, isLifted: true }]);
  if (upTo !== '') for (const digest of erased) until.push([digest, { position: upTo, isLifted: false }]);
  return new Map(until.sort(([, a], [, b]) => (a.position < b.position ? -1 : 1)));
}

/** `wanted`: digests of users whose records are to go. */
async function eraseFound(
  run: PartitionRun,
  position: string,
  options: RestoredOptions,
  wanted: ReadonlySet<string>,
): Promise<void> {
  const { store, records, segments, digestOf } = options;
  let cursor: string | null = null;
  do {
    const at: string | null = cursor;
    const found: Awaited<ReturnType<typeof store.scanUsers>> = await ofOwnHistory(run, () => store.scanUsers(run.partition, at));
    const own = found.users.filter((userKey) => wanted.has(digestOf(userKey)));
    const arrivals = own.map((userKey) => arrivalOf(run, position, userKey));
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
  run.stored = own.next;
  onCommitted?.(applied);
}

function arrivalOf(run: PartitionRun, position: string, userKey: string): Arrival {
  const { logTimeMs } = run;
  const event = { ts: logTimeMs, type: ERASE_TYPE, id: ERASE_TYPE, receivedAt: logTimeMs } as Arrival['event'];
  return { position, lineNumber: 0, userKey, event, line: '', hasBothIds: false, report: undefined, logTimeMs };
}

/** An entry for each, so that it may be applied in pieces. */
function batchOf(run: PartitionRun, upTo: string, arrivals: readonly Arrival[]): DecodedBatch {
  const { logTimeMs } = run;
  return {
    ends: arrivals.map((_, i) => ({ upTo, arrivals: i + 1, parked: 0, logTimeMs })),
    ...{ arrivals, parked: [], logTimeMs, upTo },
    ...{ archivedUpTo: '', barrier: undefined, fellFromMs: undefined, lostUpToMs: undefined, joined: undefined },
  };
}
