/** All rows of a generation as a file. It is written first, so that its length is known: what breaks off never looks whole. */
import { Socket } from 'node:net';
import type { GenerationManifest } from '@tributary/archive/layout';
import { type FileAsked, generationFile } from '@tributary/archive/readers/generation-file';
import {
  CONVERSION_LIST,
  EXPORT_TYPES,
  GENERATION_EXPORT_ROUTES,
  JOURNEY_LIST,
} from '@tributary/contract/groups/generation-export';
import { TributaryError } from '@tributary/model/errors';
import { gapsAtCut } from '@tributary/serving/freshness/in-flight';
import type { FastifyReply } from 'fastify';
import type { ApiContext, Routes } from '../context.ts';
import { erasedIn } from '../erasures/erased-users.ts';
import { serve } from '../http/serve.ts';

export const routes: Routes = (context) => (app, _options, done) => {
  const { deps, exportTurns } = context;
  const { exportMs, takeMs } = deps.limits;

  serve(app, GENERATION_EXPORT_ROUTES.exportGeneration, async (request, reply) => {
    const { of, format } = request.query;
    const { generation } = request.params;
    const left = exportTurns.take(request.owner, reply.raw);
    // Nothing is sent while the file is written.
    if (request.raw.socket instanceof Socket) request.raw.socket.setTimeout(exportMs);
    const rows = of === CONVERSION_LIST ? 'conversions' : of === JOURNEY_LIST ? 'journeys' : { view: of };
    const { handle, bytes, manifest } = await written(context, generation, { rows, format }, left);
    if (left.aborted) {
      await handle.close();
      left.throwIfAborted();
    }
    const type = format === 'parquet' ? EXPORT_TYPES.parquet : `${EXPORT_TYPES[format]}; charset=utf-8`;
    return sent(reply, type, {
      'content-length': bytes,
      'content-disposition': `attachment; filename="generation-${generation}-${of}.${format}"`,
      'x-tributary-generation': String(generation),
      ...wholeFrom(manifest),
      ...inFlightAt(manifest, context),
    }).send(Object.assign(handle.createReadStream(), { takeMs: exportMs + takeMs }));
  });
  done();
};

/** A file has no place for `meta`: from when on it is whole, where events were retired before the generation was computed from nothing. */
function wholeFrom({ wholeFromMs }: Pick<GenerationManifest, 'wholeFromMs'>): Readonly<Record<string, string>> {
  return wholeFromMs === undefined ? {} : { 'x-tributary-whole-from': new Date(wholeFromMs).toISOString() };
}

/** Nor for what was in flight between keys of one person when it was cut. */
function inFlightAt(
  manifest: GenerationManifest,
  { deps, board }: Pick<ApiContext, 'deps' | 'board'>,
): Readonly<Record<string, string>> {
  if (deps.storedDefinitions(manifest.definitions).joinedMs === null) return {};
  const [gap] = gapsAtCut(board.states(), manifest);
  return gap === undefined ? {} : { 'x-tributary-incomplete': gap.text };
}

function sent(reply: FastifyReply, type: string, headers: Readonly<Record<string, string | number>>): FastifyReply {
  return reply.headers(headers).type(type);
}

async function written(context: ApiContext, generation: number, of: Omit<FileAsked, 'whoIsErased'>, left: AbortSignal) {
  const { deps } = context;
  const { exportMs, exportBytes } = deps.limits;
  const { dataDir, memoryLimit } = deps.exports;
  const manifest = await deps.source.manifest(generation);
  if (manifest === null) throw new TributaryError('not_found', `generation ${generation} does not exist`);
  const asked = { ...of, whoIsErased: typeof of.rows === 'string' ? () => erasedIn(context, manifest) : null };
  const over = AbortSignal.timeout(exportMs);
  const signal = AbortSignal.any([left, over]);
  try {
    return { manifest, ...(await generationFile(manifest, asked, { dataDir, memoryLimit, mostBytes: exportBytes, signal })) };
  } catch (cause) {
    if (over.aborted && !(cause instanceof TributaryError))
      throw new TributaryError('archive_timeout', `the export was not written within ${exportMs} ms`, { cause });
    throw cause;
  }
}
