/**
 * Whether a platform has rows of this file with other fields, as after an import without `--currency` that is run again with it. Ids are
 * made from rows, not from options, so such rows are duplicates and keep what they have. The collector cannot see it; signals can.
 */
import { PLAIN_FIELDS } from '@tributary/model/event-fields';
import type { ApiClient } from '../api-client.ts';
import type { AnswerOf } from '../api-types.ts';
import { CommandError } from '../exit.ts';
import type { ImportEvent } from './import-event.ts';

/** Users who are asked about. An option that was forgotten shows in the first row. */
export const SAMPLED = 3;
const COMPARED = ['type', 'ts', ...PLAIN_FIELDS] as const;

type Kept = Readonly<Record<string, unknown>>;

/** Of the first event that differs; null where none is known to. */
export async function keptBefore(api: ApiClient, events: readonly ImportEvent[]): Promise<string | null> {
  const users = [...new Set(events.map(userOf))];
  if (users.length === 0) return null;
  const kept = await signalsOf(api, users);
  for (const event of events) {
    const before = kept.get(userOf(event))?.find(({ id }) => id === event.id);
    if (before !== undefined && isOther(before, event)) return difference(before, event);
  }
  return null;
}

/** By user. An import needs no API: it goes on where none answers, and where something else does. */
async function signalsOf(api: ApiClient, users: readonly string[]): Promise<ReadonlyMap<string, readonly Kept[]>> {
  try {
    const answer = await api.post<Partial<AnswerOf<'querySignals'>> | null>('/v1/signals/query', { users, limit: 1_000 });
    const results: unknown = answer?.results;
    return new Map(
      objectsIn(results).map(({ userId, signals }): [string, readonly Kept[]] => [String(userId), objectsIn(signals)]),
    );
  } catch (error) {
    if (error instanceof CommandError) return new Map();
    throw error;
  }
}

function objectsIn(value: unknown): Kept[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
}

function isOther(before: Kept, event: ImportEvent): boolean {
  return COMPARED.some((field) => before[field] !== event[field]);
}

function difference(before: Kept, event: ImportEvent): string {
  const fields = COMPARED.filter((field) => before[field] !== event[field]);
  const text = (of: Kept) =>
    fields.map((field) => (of[field] === undefined ? `no ${field}` : `${field} ${JSON.stringify(of[field])}`)).join(', ');
  return `the event "${event.id}" of "${userOf(event)}" has ${text(before)}; this command says ${text(event)}`;
}

function userOf({ userId, anonymousId }: ImportEvent): string {
  return userId ?? anonymousId ?? '';
}
