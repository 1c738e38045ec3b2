/** Applies what was begun: as far as the work of one iteration goes, one batch of each partition, for one commit. */
import { setImmediate as soon } from 'node:timers/promises';
import { type Work, workOfTurn } from '@tributary/views/work';
import type { CachedUser } from '../partitions/cached-user.ts';
import type { OwnRuns } from '../partitions/own-runs.ts';
import { changesFollowed, fallAhead, type PartitionLimits, type PartitionRun } from '../partitions/partition-run.ts';
import { endsEarly } from '../read/decode.ts';
import type { ReadAhead } from '../read/read-ahead.ts';
import { mayGoOn } from '../segments/follow.ts';
import { type AppliedBatch, applyBatch } from './apply.ts';
import type { Beginner, BegunBatch } from './begin.ts';
import type { DigestOf } from './effects.ts';
import { mustJoin, type UserRecords } from './user-records.ts';
import { mayApply, reordered } from './waiting.ts';

export interface Applied {
  readonly run: PartitionRun;
  readonly done: AppliedBatch;
  readonly number: number;
}

export interface Applier {
  /** They wait behind those that wait already. */
  add(batches: readonly BegunBatch[]): void;
  /** Entries that wait for their turn, and for nothing else. */
  waitingEntries(): number;
  /** A barrier, a hole or a fall of log time waits: what lies behind it is begun only once it has been crossed. */
  crosses(): boolean;
  /** Once all records that were asked for are there. */
  loaded(): Promise<unknown>;
  applyWaiting(): Promise<Applied[]>;
}

export interface ApplierOptions {
  readonly runs: OwnRuns;
  readonly reader: ReadAhead;
  readonly beginner: Pick<Beginner, 'load'>;
  readonly records: Pick<UserRecords, 'join' | 'joinAtOnce'>;
  readonly logIdentity: string;
  readonly partitions: number;
  readonly commitId: () => string;
  readonly sha256Hex: (text: string) => string;
  readonly digestOf: DigestOf;
  readonly limits: PartitionLimits & { readonly longBatchEvents: number; readonly turnWork: number };
  readonly pause: (() => Promise<void> | undefined) | undefined;
  /** Waits for the commits under way. */
  readonly settle: () => Promise<void>;
  /** Whether nothing may be applied to a partition yet. */
  readonly isHeld: (run: PartitionRun) => boolean;
}

export function createApplier(options: ApplierOptions): Applier {
  const { runs, reader, beginner, records, logIdentity, partitions, commitId, sha256Hex, digestOf, limits, pause, settle } =
    options;
  const { isHeld } = options;
  /** In order within each partition. */
  let waiting: BegunBatch[] = [];
  const held = new Set<PartitionRun>();
  /** Partitions in which a batch could not be applied, and where it ended: up to there an event that cannot be is parked. */
  const careful = new Map<number, string>();

  /** null: it cannot be applied, and the partition was forgotten. */
  async function apply(
    { run, batch }: BegunBatch,
    users: readonly (CachedUser | undefined)[],
    turn: Work,
  ): Promise<AppliedBatch | null> {
    const given = { logIdentity, commitId: commitId(), sha256Hex, digestOf, limits, turn, pause, partitions };
    const carefulUpTo = careful.get(run.partition);
    try {
      const done = await applyBatch(run, batch, users, { ...given, careful: carefulUpTo !== undefined });
      if (done.commit.next.position >= (carefulUpTo ?? '')) careful.delete(run.partition);
      return done;
    } catch (error) {
      // Half applied, and the cursor lies past it: the next batch would be committed over the hole.
      careful.set(run.partition, batch.upTo);
      runs.forget(run, error as Error);
      return null;
    }
  }

  /** Users are left to be looked at as they were followed so far, and its entry changes that: commits without entries come first. */
  async function mustWait({ run, batch }: BegunBatch): Promise<boolean> {
    if (run.position === null || batch.ends.length > 1 || !changesFollowed(run, batch)) return false;
    // Who is left is known after the commit before it.
    await settle();
    return runs.isCurrent(run) && (mayGoOn(run.following) || fallAhead(run, batch, limits, sha256Hex));
  }

  /** What a key has so far stands in its record once all before the batch is committed. null: it could not be had, and the partition was forgotten. */
  async function joinedUsers({ run, batch }: BegunBatch, users: Awaited<BegunBatch['users']>): Promise<typeof users> {
    if (users === null || !mustJoin(run, batch, users)) return users;
    const atOnce = records.joinAtOnce(run, batch, users);
    if (atOnce !== null) return atOnce;
    await settle();
    if (!runs.isCurrent(run)) return null;
    try {
      return await records.join(run, batch, users);
    } catch (error) {
      runs.forget(run, error as Error);
      return null;
    }
  }

  /** The users of the next batch of each partition, where keys are joined: all at once, as nearly each iteration waits for the store then. */
  async function joinNext(): Promise<ReadonlyMap<BegunBatch, Awaited<BegunBatch['users']>>> {
    const next = new Map(waiting.flatMap((begun) => (isHeld(begun.run) ? [] : [[begun.run, begun] as const])).toReversed());
    const loaded = [...next.values()].map(async (begun) => [begun, await joinedUsers(begun, await begun.users)] as const);
    return new Map(await Promise.all(loaded));
  }

  /** A partition with work left over is not read further; the others are. */
  function holdReads(): void {
    for (const { run } of waiting) {
      held.add(run);
      if (runs.isCurrent(run)) reader.drop(run.partition);
    }
    for (const run of held) {
      if (waiting.some((begun) => begun.run === run)) continue;
      held.delete(run);
      if (runs.isCurrent(run)) reader.seek(run.partition, run.position);
    }
  }

  return {
    add(batches) {
      waiting = [...waiting, ...batches];
    },
    waitingEntries: () => waiting.reduce((sum, { run, batch }) => sum + (isHeld(run) ? 0 : batch.ends.length), 0),
    crosses: () => waiting.some(({ batch }) => endsEarly(batch)),
    loaded: () => Promise.all(waiting.map(({ users }) => users)),
    async applyWaiting() {
      const turn = workOfTurn(limits.turnWork);
      const applied = new Map<PartitionRun, Applied>();
      const left: BegunBatch[] = [];
      const joined = waiting.some(({ run }) => run.definitions.joinedMs !== null) ? await joinNext() : undefined;
      for (const begun of waiting) {
        const { run, batch, users, number } = begun;
        if (isHeld(run) || !mayApply(applied, run, turn.left) || (await mustWait(begun))) {
          left.push(begun);
          continue;
        }
        const loaded = joined?.get(begun) ?? (await joinedUsers(begun, await users));
        // A partition whose commit failed meanwhile was forgotten: its batch is built on sand.
        if (loaded === null || !runs.isCurrent(run)) continue;
        const done = await apply(begun, loaded, turn);
        if (done === null) continue;
        applied.set(run, { run, done, number });
        if (batch.arrivals.length > limits.longBatchEvents) await soon();
      }
      const rests = [...applied.values()].flatMap(({ run, done, number }) =>
        done.rest === null ? [] : [beginner.load(run, done.rest, number + 1)],
      );
      waiting = reordered(left, rests);
      holdReads();
      return [...applied.values()];
    },
  };
}
