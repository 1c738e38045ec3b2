/**
 * What a platform has of a file that is imported. The collector cannot see it; signals can, as far back as they are kept.
 *
 *  - Rows under the same ids with other fields, as after an import without `--currency` that is run again with it: ids are made from rows,
 *    not from options, so such rows are duplicates and keep what they have.
 *  - The like under other ids, as after an import with fewer columns mapped, or by a version that made other ids: all would count twice.
 */
import { OTHER } from '@tributary/model/channels/channel';
import { PLAIN_FIELDS } from '@tributary/model/event-fields';
import type { ImportEvent } from '../events/import-event.ts';
import type { Sample } from '../events/sample.ts';
import { InputFailure } from '../failures.ts';

const COMPARED = ['type', 'ts', ...PLAIN_FIELDS] as const;
/** A collector may drop them, or keep a keyed hash of them alone. */
const MINIMISED: ReadonlySet<string> = new Set(['page', 'element', 'creative']);

type Kept = Readonly<Record<string, unknown>>;

/** The body that answers `POST /v1/signals/query` for these users, at most a thousand signals of each; null where nothing answers. */
export type AskSignals = (question: { readonly users: readonly string[]; readonly limit: number }) => Promise<unknown>;

/** How the first event that differs from what is there differs; null where none is known to. Throws `imported_before` where they are there under other ids, unless `beside`. */
export async function keptBefore(ask: AskSignals, sample: Sample, beside: boolean): Promise<string | null> {
  const { events } = sample;
  const users = [...new Set(events.map(userOf))];
  if (users.length === 0) return null;
  const kept = await signalsOf(ask, users);
  if (!beside) assertNotBeside(sample, kept);
  for (const event of events) {
    const before = kept.get(userOf(event))?.find(({ id }) => id === event.id);
    if (before !== undefined && isOther(before, event)) return difference(before, event);
  }
  return null;
}

/** By user. An import needs no API: it goes on where none answers, and where something else does. */
async function signalsOf(ask: AskSignals, users: readonly string[]): Promise<ReadonlyMap<string, readonly Kept[]>> {
  const { results } = ((await ask({ users, limit: 1_000 })) ?? {}) as { readonly results?: unknown };
  return new Map(
    objectsIn(results).map(({ userId, signals }): [string, readonly Kept[]] => [String(userId), objectsIn(signals)]),
  );
}

function objectsIn(value: unknown): Kept[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
}

/**
 * Where an import was interrupted or is run again, events are there under their own ids. Where it made other ids, about all are there
 * under those; where it is another import, hardly any: users who did the same at the same instant.
 */
function assertNotBeside({ events, ids }: Sample, kept: ReadonlyMap<string, readonly Kept[]>): void {
  const before = (event: ImportEvent) => kept.get(userOf(event)) ?? [];
  const missing = events.filter((event) => before(event).every(({ id }) => id !== event.id));
  const twins = missing.flatMap((event) => {
    const twin = before(event).find((one) => !ids.has(String(one['id'])) && isLike(one, event));
    return twin === undefined ? [] : [{ event, twin }];
  });
  const [first] = twins;
  if (first === undefined || twins.length * 2 < missing.length) return;
  const { type, ts } = first.event;
  throw new InputFailure({
    code: 'imported_before',
    message: `the ${type} of "${userOf(first.event)}" at ${new Date(ts).toISOString()} was imported before, with the id "${first.twin['id']}" and not "${first.event.id}": each such row would count twice. Nothing was imported`,
    fix: 'Leave them as they were imported, or import the file into a new platform. If these are other events all the same, add --beside.',
  });
}

/** The same event as far as both say: a column that was not mapped then, or is not now, says nothing against it. */
function isLike(before: Kept, event: ImportEvent): boolean {
  const isSame = (['source', 'type', 'ts'] as const).every((field) => before[field] === event[field]);
  return (
    isSame && PLAIN_FIELDS.every((field) => [before[field], event[field]].includes(undefined) || agrees(field, before, event))
  );
}

function isOther(before: Kept, event: ImportEvent): boolean {
  return COMPARED.some((field) => !agrees(field, before, event));
}

/** Whether what is stored may be what this event says: it may minimise, and bounds the names of a day. */
function agrees(field: (typeof COMPARED)[number], before: Kept, event: ImportEvent): boolean {
  const kept = before[field];
  if (kept === event[field]) return true;
  return MINIMISED.has(field) ? kept === undefined || String(kept).startsWith('hmac:') : kept === OTHER;
}

function difference(before: Kept, event: ImportEvent): string {
  const fields = COMPARED.filter((field) => !agrees(field, before, event));
  const text = (of: Kept) =>
    fields.map((field) => (of[field] === undefined ? `no ${field}` : `${field} ${JSON.stringify(of[field])}`)).join(', ');
  return `the event "${event.id}" of "${userOf(event)}" has ${text(before)}; this command says ${text(event)}`;
}

function userOf({ userId, anonymousId }: ImportEvent): string {
  return userId ?? anonymousId ?? '';
}
