/** A decoded batch applied to a partition's users: everything that the commit will say. */
import type { Commit } from '@tributary/kv/port';
import { parseDefinitions } from '@tributary/model/definitions';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { attributedLine, enrichedLine } from '@tributary/views/outputs/lines';
import { cutMark, recordRetentionMs } from '@tributary/views/record';
import { type StepOutcome, type StepRules, step } from '@tributary/views/step';
import { cutUpTo } from '@tributary/views/user-state';
import { type Work, workOfUser } from '@tributary/views/work';
import { type Arrival, type DecodedBatch, deadLetter } from './decode.ts';
import { crossBarrier, fallBack, type PartitionLimits, type PartitionRun, stateOf } from './partition-run.ts';
import type { CachedUser } from './user-cache.ts';

export interface AppliedBatch {
  readonly commit: Commit;
  /** Users whose records grew past their bound: rewritten with this commit. */
  readonly toTrim: readonly string[];
  /** The rules to trim by: the run's own move on while the commit is under way. */
  readonly rules: StepRules;
  readonly counted: number;
  readonly late: number;
  readonly duplicates: number;
}

/**
 * Changes `run` and `users`: the states of the arrivals' users, in the order of arrivals. Throws when an event cannot be applied, and
 * leaves both half changed; `careful` applies each event by itself, and parks those that cannot be.
 */
export async function applyBatch(
  run: PartitionRun,
  batch: DecodedBatch,
  users: readonly CachedUser[],
  logIdentity: string,
  commitId: string,
  sha256Hex: (text: string) => string,
  limits: PartitionLimits,
  pause?: () => Promise<void> | undefined,
  careful = false,
): Promise<AppliedBatch> {
  const deltas: RowsByView = new Map();
  const parked = [...batch.parked];
  const appends = new Map<string, string>();
  const conversions = new Map<string, string>();
  const toTrim: string[] = [];
  const outputs: string[] = [];
  const deltasGeneration = run.generation;
  // The record is the timeline too: whatever the timeline still holds must be in it, however short signals are kept.
  const retentionMs = recordRetentionMs(run.rules);
  const append = (userKey: string, user: CachedUser, text: string): void => {
    appends.set(userKey, (appends.get(userKey) ?? '') + text);
    user.recordLength += text.length;
    if (user.recordLength > user.trimAtLength && !toTrim.includes(userKey)) toTrim.push(userKey);
  };
  const works = new Map<CachedUser, Work>();
  const workOf = (user: CachedUser) => works.get(user) ?? works.set(user, workOfUser()).get(user);
  let late = 0;
  let duplicates = 0;
  let overflowed = 0;
  for (let i = 0; i < batch.arrivals.length; i++) {
    const { at, userKey, event, line, logTimeMs } = batch.arrivals[i] as Arrival;
    const user = users[i] as CachedUser;
    const pausing = pause?.();
    if (pausing !== undefined) await pausing;
    const into: RowsByView = careful ? new Map() : deltas;
    const lines: string[] = [];
    let outcome: StepOutcome;
    try {
      outcome = step(user.state, event, logTimeMs, run.rules, into, workOf(user));
      for (const seen of outcome.attributed) lines.push(attributedLine(userKey, event, seen, run.definitions, sha256Hex));
      if (limits.outputs === 'all' && outcome.fate !== 'duplicate' && outcome.remembered)
        lines.push(enrichedLine(userKey, event, line, outcome.fate === 'late', run.definitions));
      if (careful) addRowsByView(deltas, into);
    } catch (error) {
      if (!careful) throw error;
      parked.push(deadLetter(at, 'not_applied', `the speed layer could not apply the event: ${(error as Error).message}`, line));
      // The batch counts the event: what looks at it is told now, and by the mark in every generation to come.
      overflowed++;
      cutUpTo(user.state, event.ts);
      append(userKey, user, cutMark(event.ts));
      continue;
    }
    if (outcome.fate === 'duplicate') {
      duplicates++;
      continue;
    }
    if (outcome.fate === 'late') late++;
    if (outcome.overflowed) overflowed++;
    for (const output of lines) outputs.push(output);
    if (run.definitions.conversionTypes.has(event.type)) conversions.set(event.id, userKey);
    if (event.ts > logTimeMs - retentionMs) append(userKey, user, `${line}\n`);
  }
  run.logTimeMs = batch.logTimeMs;
  if (batch.fellFromMs !== undefined) fallBack(run, batch.fellFromMs, limits);
  if (batch.barrier !== undefined)
    crossBarrier(run, batch.barrier.generation, parseDefinitions(batch.barrier.definitions, sha256Hex), limits);

  const expected = run.position;
  const expectedCommit = run.commitId;
  run.position = batch.upTo;
  run.commitId = commitId;
  return {
    commit: {
      partition: run.partition,
      expected,
      expectedCommit,
      id: commitId,
      next: stateOf(run, batch.upTo, logIdentity),
      appends,
      rewrites: new Map(),
      deltas,
      deltasGeneration,
      pending: late,
      overflowed,
      conversions,
      ...(batch.barrier === undefined ? {} : { barrier: { generation: batch.barrier.generation } }),
      parked,
      ...(outputs.length === 0 ? {} : { outputs }),
    },
    toTrim,
    rules: run.rules,
    counted: batch.arrivals.length - late - duplicates - (parked.length - batch.parked.length),
    late,
    duplicates,
  };
}
