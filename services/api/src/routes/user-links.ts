/** Links between keys that an operator makes or undoes: events of the user, in the log as those of senders are, so both layers read them at one position. */

import { randomUUID } from 'node:crypto';
import { USER_LINK_ROUTES } from '@tributary/contract/groups/user-links';
import { TributaryError } from '@tributary/model/errors';
import { type Event, encodeEvent } from '@tributary/model/event';
import { UNDO_TYPE } from '@tributary/model/identity/links-of';
import { partitionOf } from '@tributary/model/user-key';
import type { ApiContext, Routes } from '../context.ts';
import { actorOf } from '../http/auth.ts';
import { serve } from '../http/serve.ts';

type Asker = Parameters<typeof actorOf>[0];

export const routes: Routes = (context) => (app, _options, done) => {
  serve(app, USER_LINK_ROUTES.linkKey, (request) => {
    const { key } = request.body;
    return say(context, request, { userId: request.params.id, key }, { type: 'alias', properties: { previousId: key } });
  });

  serve(app, USER_LINK_ROUTES.unlinkKey, (request) => {
    const { id, key } = request.params;
    return say(context, request, { userId: id, key }, { type: UNDO_TYPE, properties: { key } });
  });
  done();
};

async function say(
  { board, deps }: ApiContext,
  request: Asker,
  { userId, key }: { readonly userId: string; readonly key: string },
  event: Pick<Event, 'type' | 'properties'>,
) {
  if (userId === key)
    throw new TributaryError('invalid_query', `key must be another one than that of the user (got ${JSON.stringify(key)} twice)`);
  const partition = partitionOf(userId, deps.partitions);
  if (board.definitions(partition).joinedMs === null)
    throw new TributaryError(
      'keys_not_joined',
      'definitions in force must join keys of one person for keys to be linked or unlinked (got definitions without "identity")',
    );
  for (const one of [userId, key]) demandCounted(deps, board.states(), one);
  const at = deps.now();
  const eventId = `by-hand-${randomUUID()}`;
  const { owner: keyId } = request;
  const line = encodeEvent({ ...event, ts: at, id: eventId, userId, receivedAt: at, source: 'tributary', keyId });
  await deps.append(partition, { kind: 'events', body: line });
  deps.onAction(event.type === UNDO_TYPE ? 'a key is unlinked' : 'a key is linked', { by: actorOf(request), eventId, partition });
  return { userId, key, eventId, at };
}

/** Both layers would pass it over. */
function demandCounted(
  { erasures, partitions }: ApiContext['deps'],
  states: ReturnType<ApiContext['board']['states']>,
  userKey: string,
): void {
  if (states[partitionOf(userKey, partitions)]?.erased?.includes(erasures.digestOf(userKey)) !== true) return;
  throw new TributaryError('user_erased', `keys must not be erased to be linked or unlinked (got ${JSON.stringify(userKey)})`);
}
