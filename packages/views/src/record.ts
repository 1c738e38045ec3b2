/** The stored record of a user: her lines in arrival order, each ending in "\n". State and signal store in one. */
import type { Definitions } from '@tributary/model/definitions';
import { type Event, lineTs } from '@tributary/model/event';
import { DAY_MS } from '@tributary/model/time';
import type { StepRules } from './step.ts';
import { timelineEvent } from './timeline.ts';
import { emptyUser, findById, insert, isRetained, prune, type UserState } from './user-state.ts';

/** Rebuilds a user's state from her record. Lines were validated when they were appended. */
export function userFromRecord(record: string, logTimeMs: number, rules: StepRules): UserState {
  const user = emptyUser();
  const horizon = logTimeMs - rules.retention.longMs;
  for (const line of linesOf(record)) {
    if (lineTs(line) <= horizon) continue;
    const event = timelineEvent(JSON.parse(line) as Event, rules.definitions);
    if (!isRetained(event, logTimeMs, rules.retention) || findById(user, event.id) !== undefined) continue;
    insert(user, event);
  }
  prune(user, logTimeMs, rules.retention, rules.maxEvents);
  return user;
}

/**
 * The record without what nobody reads any more: lines past the timeline's retention that are neither among the newest
 * `perUser` signals nor within the signals' retention.
 */
export function trimRecord(record: string, logTimeMs: number, rules: StepRules): string {
  const { definitions, retention } = rules;
  const lines = [...linesOf(record)];
  const horizon = logTimeMs - retention.longMs;
  const newest = newestInstant(lines, definitions, logTimeMs);
  return lines
    .filter((line) => {
      const ts = lineTs(line);
      return ts > horizon || ts >= newest;
    })
    .map((line) => `${line}\n`)
    .join('');
}

function newestInstant(lines: readonly string[], definitions: Definitions, logTimeMs: number): number {
  const { days, perUser } = definitions.signalRetention;
  const instants = lines.map(lineTs).sort((a, b) => b - a);
  return Math.max(instants[Math.min(perUser, instants.length) - 1] ?? 0, logTimeMs - days * DAY_MS);
}

export function* linesOf(record: string): Generator<string> {
  let from = 0;
  while (from < record.length) {
    const end = record.indexOf('\n', from);
    if (end < 0) return; // a partial last line cannot be: appends are atomic
    yield record.slice(from, end);
    from = end + 1;
  }
}
