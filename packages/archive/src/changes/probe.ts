/** Whether a store gives a name once. One that does not know `If-None-Match` takes each write: two archivers would overwrite each other's changes. */
import { TributaryError } from '@tributary/model/errors';
import { type ArchiveStore, contentOfText } from '../objects/port.ts';

/** Throws `invalid_query` where it does not. `id`: never the same twice. */
export async function demandFirstCounts(store: ArchiveStore, id: string, signal?: AbortSignal): Promise<void> {
  const name = `probes/${id}`;
  await store.create(name, contentOfText('first'), signal);
  const isTaken = !(await store.create(name, contentOfText('second'), signal));
  await store.remove(name, signal);
  if (isTaken) return;
  throw new TributaryError(
    'invalid_query',
    `TRIBUTARY_ARCHIVE must be in a store that creates an object once under one name, by "If-None-Match: *" (got ${store.place}: it took a second one). Name a place in another store.`,
  );
}
