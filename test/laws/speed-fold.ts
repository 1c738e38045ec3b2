/** The pure speed layer over a log in memory: `step` for each event, deltas filed by generation; no store, no worker. */
import type { Definitions } from '@tributary/model/definitions';
import type { Event } from '@tributary/model/event';
import { encodeEvent } from '@tributary/model/event';
import { partitionOf, userKeyOf } from '@tributary/model/user-key';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { userFromRecord } from '@tributary/views/record';
import { VIEWS } from '@tributary/views/registry';
import { type StepFate, step, stepRules } from '@tributary/views/step';
import { emptyUser, type UserState } from '@tributary/views/user-state';

export interface SpeedFold {
  /** Deltas by generation; index = generation. */
  readonly deltas: readonly RowsByView[];
  readonly fates: readonly StepFate[];
  readonly overflowed: number;
}

export interface FoldOptions {
  readonly definitions: Definitions;
  /** How many of the events arrive before the barrier of generation 1, 2, …; ascending. */
  readonly cuts?: readonly number[];
  readonly maxEvents?: number;
  /** The worker dies before the events for which this holds: the state is rebuilt from the record. */
  readonly crashBefore?: (index: number) => boolean;
}

/** One partition. */
export function speedFold(events: readonly Event[], options: FoldOptions): SpeedFold {
  const { definitions, cuts = [], crashBefore = () => false } = options;
  const rules = stepRules(VIEWS, definitions, options.maxEvents);
  const users = new Map<string, UserState>();
  const records = new Map<string, string>();
  const deltas: RowsByView[] = Array.from({ length: cuts.length + 1 }, () => new Map());
  const fates: StepFate[] = [];
  let logTimeMs = 0;
  let overflowed = 0;
  for (const [i, event] of events.entries()) {
    const user = userKeyOf(event);
    if (crashBefore(i)) for (const [key, record] of records) users.set(key, userFromRecord(record, logTimeMs, rules));
    logTimeMs = Math.max(logTimeMs, event.receivedAt);
    const state = users.get(user) ?? emptyUser();
    users.set(user, state);
    const generation = cuts.filter((cut) => cut <= i).length;
    const outcome = step(state, event, logTimeMs, rules, deltas[generation] as RowsByView);
    fates.push(outcome.fate);
    if (outcome.overflowed) overflowed++;
    if (outcome.fate !== 'duplicate') records.set(user, `${records.get(user) ?? ''}${encodeEvent(event)}\n`);
  }
  return { deltas, fates, overflowed };
}

/** Σ deltas of generations ≥ `generation`, on top of `view`. */
export function merge(view: RowsByView, fold: SpeedFold, generation: number): RowsByView {
  const merged: RowsByView = new Map();
  addRowsByView(merged, view);
  for (const deltas of fold.deltas.slice(generation)) addRowsByView(merged, deltas);
  return merged;
}

export function byPartition(events: readonly Event[], partitions: number): Event[][] {
  const logs: Event[][] = Array.from({ length: partitions }, () => []);
  for (const event of events) logs[partitionOf(userKeyOf(event), partitions)]?.push(event);
  return logs;
}
