/** Records that could not be read as events: looked at, read again, or dropped. Each decision is in the log, without what was sent. */
import { DEAD_LETTER_ROUTES, RAW_CHARACTERS } from '@tributary/contract/groups/dead-letters';
import { TributaryError } from '@tributary/model/errors';
import { fromStore } from '@tributary/serving/from-store';
import { type DeadLetterId, parseDeadLetterId, type StoredDeadLetter } from '@tributary/store/dead-letters';
import type { Routes } from '../context.ts';
import { readAgain } from '../dead-letters.ts';
import { actorOf } from '../http/auth.ts';
import { decodeCursor, encodeCursor } from '../http/pages.ts';
import { serve } from '../http/serve.ts';

const QUESTION = ['dead-letters'];

export const routes: Routes =
  ({ deps }) =>
  (app, _options, done) => {
    const { deadLetters } = deps.store;

    async function found(text: string): Promise<{ readonly id: DeadLetterId; readonly letter: StoredDeadLetter }> {
      const id = parseDeadLetterId(text, deps.partitions);
      const letter = id === null ? null : await fromStore(deadLetters.find(id));
      if (id === null || letter === null) throw gone(text);
      return { id, letter };
    }

    serve(app, DEAD_LETTER_ROUTES.deadLetters, async (request) => {
      const { limit, cursor } = request.query;
      const text = cursor === undefined ? null : decodeCursor(QUESTION, cursor, ['string'])[0];
      const after = text === null ? undefined : (parseDeadLetterId(text, deps.partitions) ?? undefined);
      const { letters, isLast } = await fromStore(deadLetters.page(limit, after));
      const last = letters.at(-1);
      return {
        deadLetters: letters.map(shown),
        nextCursor: isLast || last === undefined ? null : encodeCursor(QUESTION, [last.id]),
      };
    });

    serve(app, DEAD_LETTER_ROUTES.deadLetter, async (request) => ({
      deadLetter: shown((await found(request.params.id)).letter),
    }));

    serve(app, DEAD_LETTER_ROUTES.replayDeadLetter, async (request) => {
      const { id, letter } = await found(request.params.id);
      const read = readAgain(letter, deps.partitions, deps.now());
      if (read.ok) {
        // Removed once the copy is durable. A client that asks again in between has the same line appended again, which counts once.
        await deps.append(read.home, { kind: 'events', body: read.line });
        await fromStore(deadLetters.remove(id));
        note('a dead letter was replayed', request, letter, { eventId: read.event.id });
        return { replayed: true, eventId: read.event.id, deadLetter: null };
      }
      const { code, message } = read;
      const isNew = code !== letter.code || message !== letter.message;
      const kept = isNew ? await fromStore(deadLetters.replace(id, { code, message })) : letter;
      if (kept === null) throw gone(letter.id);
      return { replayed: false, eventId: null, deadLetter: shown(kept) };
    });

    serve(app, DEAD_LETTER_ROUTES.dropDeadLetter, async (request) => {
      const { id, letter } = await found(request.params.id);
      if (!(await fromStore(deadLetters.remove(id)))) throw gone(letter.id);
      note('a dead letter was dropped', request, letter);
      return { deadLetter: shown(letter) };
    });

    function note(what: string, request: Parameters<typeof actorOf>[0], letter: StoredDeadLetter, more = {}): void {
      const { id, at, code } = letter;
      deps.onAction(what, { by: actorOf(request), deadLetter: id, at, code, ...more });
    }
    done();
  };

function gone(id: string): TributaryError {
  return new TributaryError(
    'not_found',
    `dead letter ${id} does not exist: it was replayed, dropped, or newer ones took its place`,
  );
}

function shown(letter: StoredDeadLetter): StoredDeadLetter {
  return { ...letter, raw: letter.raw.slice(0, RAW_CHARACTERS) };
}
