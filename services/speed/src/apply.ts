/** A decoded batch applied to a partition's users: everything that the commit will say. */
import type { Commit, DeadLetter } from '@tributary/kv/port';
import { parseDefinitions } from '@tributary/model/definitions';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { attributedLine, enrichedLine } from '@tributary/views/outputs/lines';
import { cutMark, recordRetentionMs } from '@tributary/views/record';
import { type StepOutcome, type StepRules, step } from '@tributary/views/step';
import { cutUpTo } from '@tributary/views/user-state';
import { refill, spend, type Work, workOfEntry } from '@tributary/views/work';
import { type Arrival, type DecodedBatch, deadLetter, lineAt, splitBatch } from './decode.ts';
import { crossBarrier, fallBack, loseUpTo, type PartitionLimits, type PartitionRun, stateOf } from './partition-run.ts';
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
  /** What of the batch is left for the next turn; null: nothing is. */
  readonly rest: DecodedBatch | null;
}

export interface ApplyOptions {
  readonly logIdentity: string;
  readonly commitId: string;
  readonly sha256Hex: (text: string) => string;
  readonly limits: PartitionLimits;
  /** What may be spent before all that was applied is committed. */
  readonly turn: Work;
  readonly pause?: (() => Promise<void> | undefined) | undefined;
  /** Each event is applied by itself, and those that cannot be are parked. */
  readonly careful?: boolean;
}

/**
 * Changes `run` and `users`: the states of the arrivals' users, in the order of arrivals. Applies entries, at least one, until `turn` is
 * spent, or a user is not loaded. Throws when an event cannot be applied, and leaves both half changed.
 */
export async function applyBatch(
  run: PartitionRun,
  whole: DecodedBatch,
  users: readonly (CachedUser | undefined)[],
  { logIdentity, commitId, sha256Hex, limits, turn, pause, careful = false }: ApplyOptions,
): Promise<AppliedBatch> {
  const deltas: RowsByView = new Map();
  const unapplied: DeadLetter[] = [];
  const appends = new Map<string, string>();
  const conversions = new Map<string, string>();
  const toTrim: string[] = [];
  const outputs: string[] = [];
  const deltasGeneration = run.generation;
  // The record is the timeline too: whatever the timeline still holds must be in it, however short signals are kept.
  const retentionMs = recordRetentionMs(run.rules);
  let late = 0;
  let duplicates = 0;
  let overflowed = 0;

  function append(userKey: string, user: CachedUser, text: string): void {
    const pending = appends.get(userKey);
    appends.set(userKey, pending === undefined ? text : pending + text);
    user.recordLength += text.length;
    if (user.recordLength > user.trimAtLength && !toTrim.includes(userKey)) toTrim.push(userKey);
  }

  function apply(arrival: Arrival, user: CachedUser, into: RowsByView, lines: string[]): StepOutcome {
    const outcome = step(user.state, arrival.event, arrival.logTimeMs, run.rules, into, user.work);
    if (limits.outputs !== 'none') addLines(lines, arrival, outcome);
    return outcome;
  }

  function addLines(lines: string[], { userKey, event, line }: Arrival, { fate, attributed, remembered }: StepOutcome): void {
    for (const seen of attributed) lines.push(attributedLine(userKey, event, seen, run.definitions, sha256Hex));
    if (limits.outputs === 'all' && fate !== 'duplicate' && remembered)
      lines.push(enrichedLine(userKey, event, line, fate === 'late', run.definitions));
  }

  function count({ userKey, event, line, logTimeMs }: Arrival, user: CachedUser, outcome: StepOutcome): void {
    if (outcome.fate === 'duplicate') {
      duplicates++;
      return;
    }
    if (outcome.fate === 'late') late++;
    if (outcome.overflowed) overflowed++;
    if (run.definitions.conversionTypes.has(event.type)) conversions.set(event.id, userKey);
    if (event.ts > logTimeMs - retentionMs) append(userKey, user, `${line}\n`);
  }

  /** An event by itself, so that nothing of it is left when it cannot be applied. */
  function applyOrPark(arrival: Arrival, user: CachedUser): void {
    const rows: RowsByView = new Map();
    const lines: string[] = [];
    let outcome: StepOutcome;
    try {
      outcome = apply(arrival, user, rows, lines);
      addRowsByView(deltas, rows);
    } catch (error) {
      const { position, lineNumber, userKey, event, line } = arrival;
      const why = `the speed layer could not apply the event: ${(error as Error).message}`;
      unapplied.push(deadLetter(lineAt(position, lineNumber), 'not_applied', why, line));
      // The batch counts the event: what looks at it is told now, and by the mark in every generation to come.
      overflowed++;
      cutUpTo(user.state, event.ts);
      append(userKey, user, cutMark(event.ts));
      return;
    }
    for (const line of lines) outputs.push(line);
    count(arrival, user, outcome);
  }

  for (const user of users) if (user !== undefined) refill(user.work);
  let entries = 0;
  let next = 0;
  for (const { arrivals } of whole.ends) {
    if (entries > 0 && (turn.left <= 0 || users.slice(next, arrivals).includes(undefined))) break;
    const entry = workOfEntry();
    for (; next < arrivals; next++) {
      const pausing = pause?.();
      if (pausing !== undefined) await pausing;
      const [arrival, user] = [whole.arrivals[next] as Arrival, users[next] as CachedUser];
      user.work.within = entry;
      if (careful) applyOrPark(arrival, user);
      else count(arrival, user, apply(arrival, user, deltas, outputs));
    }
    spend(turn, entry);
    entries++;
  }
  const [batch, rest] = splitBatch(whole, entries);
  run.logTimeMs = batch.logTimeMs;
  if (batch.fellFromMs !== undefined) fallBack(run, batch.fellFromMs, limits);
  if (batch.lostUpToMs !== undefined) {
    loseUpTo(run, batch.lostUpToMs, limits);
    // The archive may have them, then the next generation counts them.
    overflowed++;
  }
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
      parked: [...batch.parked, ...unapplied],
      ...(outputs.length === 0 ? {} : { outputs }),
    },
    toTrim,
    rules: run.rules,
    counted: batch.arrivals.length - late - duplicates - unapplied.length,
    late,
    duplicates,
    rest,
  };
}
