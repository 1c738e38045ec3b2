/** A decoded batch applied to a partition's users: everything that the commit will say. */
import type { Commit } from '@tributary/kv/port';
import { parseDefinitions } from '@tributary/model/definitions';
import { DAY_MS } from '@tributary/model/time';
import type { RowsByView } from '@tributary/views/deltas';
import { attributedLine, enrichedLine } from '@tributary/views/outputs/lines';
import { type StepRules, step } from '@tributary/views/step';
import type { Arrival, DecodedBatch } from './decode.ts';
import { crossBarrier, type PartitionLimits, type PartitionRun, stateOf } from './partition-run.ts';
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

/** Changes `run` and `users`: the states of the arrivals' users, in the order of arrivals. */
export async function applyBatch(
  run: PartitionRun,
  batch: DecodedBatch,
  users: readonly CachedUser[],
  logIdentity: string,
  commitId: string,
  sha256Hex: (text: string) => string,
  limits: PartitionLimits,
  pause?: () => Promise<void> | undefined,
): Promise<AppliedBatch> {
  const deltas: RowsByView = new Map();
  const appends = new Map<string, string>();
  const conversions = new Map<string, string>();
  const toTrim: string[] = [];
  const outputs: string[] = [];
  const deltasGeneration = run.generation;
  // The record is the timeline too: whatever the timeline still holds must be in it, however short signals are kept.
  const recordRetentionMs = Math.max(run.definitions.signalRetention.days * DAY_MS, run.rules.retention.longMs);
  let late = 0;
  let duplicates = 0;
  let overflowed = 0;
  for (let i = 0; i < batch.arrivals.length; i++) {
    const { userKey, event, line, logTimeMs } = batch.arrivals[i] as Arrival;
    const user = users[i] as CachedUser;
    const pausing = pause?.();
    if (pausing !== undefined) await pausing;
    const outcome = step(user.state, event, logTimeMs, run.rules, deltas);
    if (outcome.fate === 'duplicate') {
      duplicates++;
      continue;
    }
    if (outcome.fate === 'late') late++;
    if (outcome.overflowed) overflowed++;
    for (const seen of outcome.attributed) outputs.push(attributedLine(userKey, event, seen, run.definitions, sha256Hex));
    if (limits.outputs === 'all' && outcome.remembered)
      outputs.push(enrichedLine(userKey, event, line, outcome.fate === 'late', run.definitions));
    if (run.definitions.conversionTypes.has(event.type)) conversions.set(event.id, userKey);
    if (event.ts <= logTimeMs - recordRetentionMs) continue;
    const pending = appends.get(userKey);
    appends.set(userKey, pending === undefined ? `${line}\n` : `${pending}${line}\n`);
    user.recordLength += line.length + 1;
    if (user.recordLength > user.trimAtLength && !toTrim.includes(userKey)) toTrim.push(userKey);
  }
  run.logTimeMs = batch.logTimeMs;
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
      parked: batch.parked,
      ...(outputs.length === 0 ? {} : { outputs }),
    },
    toTrim,
    rules: run.rules,
    counted: batch.arrivals.length - late - duplicates,
    late,
    duplicates,
  };
}
