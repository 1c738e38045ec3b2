/** Values of signals, sessions and segments of one user or of many, from their records. */
import { MAX_SIGNALS, SIGNAL_VALUE_ROUTES } from '@tributary/contract/groups/signal-values';
import { TributaryError } from '@tributary/model/errors';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import type { Asker } from '@tributary/runtime/http/turns-of-keys';
import { says } from '@tributary/signals/definitions/explain';
import { signalsOf } from '@tributary/signals/definitions/file';
import { definitionsSchema } from '@tributary/signals/definitions/json-schema';
import type { FastifyReply } from 'fastify';
import type { ApiContext, Routes } from '../context.ts';
import { type AnswerWriter, createAnswerWriter } from '../http/answer-writer.ts';
import { askerOf } from '../http/asker.ts';
import { type BodyPool, createBodyPool } from '../http/body-pool.ts';
import { askedUsers, findValues, knownNames, MOST_ANSWER_BYTES, unknownName } from '../http/find-values.ts';
import { serve } from '../http/serve.ts';
import { valuesWriter } from '../http/values-writer.ts';

interface Asked {
  readonly users: readonly string[];
  /** undefined: all. */
  readonly signals: readonly string[] | undefined;
  readonly asOf: number | undefined;
  readonly budgetMs: number;
}

interface Found {
  readonly asOf: number;
  readonly partial: boolean;
  /** Those of each user as JSON: `{"userId":…,"status":…,"position":…,"values":…}`, with commas between. */
  readonly writer: AnswerWriter;
  readonly meta: object;
}

/** Made when it is asked for first. */
let schema: ReturnType<typeof definitionsSchema> | undefined;

export const routes: Routes = (context) => (app, _options, done) => {
  const pool = createBodyPool();

  serve(app, SIGNAL_VALUE_ROUTES.userValues, async (request, reply) => {
    const { params, query } = request;
    const asked = { users: [params.id], signals: query.signals, asOf: query.asOf, budgetMs: query.budgetMs };
    const { asOf, partial, meta, writer } = await find(context, pool, asked, askerOf(request, reply));
    // One user has no brackets of their own.
    const own = writer.written().subarray(1, -1);
    const parts = [`{"asOf":${asOf},"partial":${partial},`, own, `,"meta":${JSON.stringify(meta)}}`];
    const body = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
    writer.release();
    return send(context, reply, request.owner, body);
  });

  serve(app, SIGNAL_VALUE_ROUTES.queryValues, async (request, reply) => {
    const { users: asked, signals, asOf: given, budgetMs } = request.body;
    const question = { users: asked, signals, asOf: given, budgetMs };
    const { asOf, partial, meta, writer } = await find(context, pool, question, askerOf(request, reply));
    writer.text(`],"meta":${JSON.stringify(meta)}}`);
    // `finish`: the last byte was handed to the kernel. An answer that breaks off leaves its room to the collector.
    reply.raw.once('finish', writer.release);
    return send(context, reply, request.owner, writer.writtenBehind(`{"asOf":${asOf},"partial":${partial},"results":[`));
  });

  serve(app, SIGNAL_VALUE_ROUTES.signalDefinitions, async () => {
    const inForce = signalsOf(context.board.definitions(0), sha256Hex);
    const definitions = [...inForce.values()].map(({ name, kind, version, reachMs, resolved, byDay, fields }) => ({
      name,
      kind,
      version,
      says: says({ resolved, ...(byDay && { byDay }) }),
      reachMs,
      byDay: byDay === true,
      definition: { ...resolved },
      fields: { ...fields },
    }));
    return { definitions: definitions.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
  });
  serve(app, SIGNAL_VALUE_ROUTES.definitionsSchema, async () => {
    schema ??= definitionsSchema();
    return schema;
  });
  done();
};

/** Most values with what is said of them have fewer. */
const LIKELY_BYTES = 128;
/** Before an answer is made; all of it is counted when it is sent. */
const MOST_DEMANDED_BYTES = 2 * 1024 * 1024;

async function find(
  context: ApiContext,
  pool: BodyPool,
  { users, signals, asOf, budgetMs }: Asked,
  asker: Asker,
): Promise<Found> {
  const asked = await askedUsers(context, users, signals ?? []);
  const names = namesAmong(knownNames(asked), signals);
  const likelyBytes = users.length * names.length * LIKELY_BYTES;
  // Who has no room for the answer is not read for either.
  context.unread.demandRoom(Math.min(likelyBytes, MOST_DEMANDED_BYTES), asker.key);
  const writer = createAnswerWriter(MOST_ANSWER_BYTES, likelyBytes, pool);
  const found = await findValues(context, asked, { names, asOf, budgetMs }, asker, valuesWriter(writer, names));
  return { ...found, writer };
}

/** Throws `invalid_query` where no partition asked for has such a definition. */
function namesAmong(known: ReadonlySet<string>, asked: readonly string[] | undefined): readonly string[] {
  if (asked === undefined) return [...known].sort();
  const names = [...new Set(asked)];
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) throw unknownName('signals', unknown, known);
  if (names.length <= MAX_SIGNALS) return names;
  throw new TributaryError('invalid_query', `signals must be at most ${MAX_SIGNALS} names (got ${names.length})`);
}

function send({ unread }: ApiContext, reply: FastifyReply, owner: string, body: Buffer): FastifyReply {
  unread.demandRoom(body.length, owner);
  return reply.type('application/json; charset=utf-8').send(body);
}
