/** All that is stored of one user, sent while it is read: nothing of it is held here but what its client has not taken yet. */
import { Readable } from 'node:stream';
import { USER_EXPORT_ROUTES } from '@tributary/contract/groups/user-export';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { watchedSegments } from '@tributary/signals/members/watched';
import type { Routes } from '../context.ts';
import { exportLines, inChunks } from '../export/export.ts';
import { sourcesOf } from '../export/sources.ts';
import { actorOf } from '../http/auth.ts';
import { translate } from '../http/problem.ts';
import { serve } from '../http/serve.ts';

/** What waits in this process for the client to take it. */
const WAITING_CHARACTERS = 256 * 1024;

export const routes: Routes =
  ({ deps, board, records, exportTurns }) =>
  (app, _options, done) => {
    const { limits, onWarning } = deps;

    serve(app, USER_EXPORT_ROUTES.exportUser, async (request, reply) => {
      const { owner } = request;
      const userKey = request.params.id;
      const left = exportTurns.take(owner, reply.raw);
      // Whose export it is stays out of the log: it is kept longer than the user may be.
      deps.onAction('a user is exported', { by: actorOf(request), partition: partitionOf(userKey, deps.partitions) });
      const signal = AbortSignal.any([left, AbortSignal.timeout(limits.exportMs)]);
      const reads = {
        ...deps.exports,
        partitions: deps.partitions,
        records,
        deadLetters: deps.store.deadLetters,
        segmentVersions: (partition: number) =>
          watchedSegments(board.definitions(partition), sha256Hex)?.list.map(({ version }) => version) ?? [],
      };
      const lines = exportLines(sourcesOf(reads, { userKey, asker: owner, signal }), userKey, {
        mostBytes: limits.exportBytes,
        signal,
        nowMs: deps.now(),
        onWarning,
        reasonOf: (error) => translate(error as Error).detail,
      });
      const body = Readable.from(inChunks(lines), { objectMode: false, highWaterMark: WAITING_CHARACTERS });
      reply.type('application/x-ndjson; charset=utf-8');
      // What is there when the time is over is still to be taken, with its last line.
      return reply.send(Object.assign(body, { takeMs: limits.exportMs + limits.takeMs }));
    });
    done();
  };
