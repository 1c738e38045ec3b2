/** Values of signals, sessions and segments of one user or of many, from their records. */
import { MAX_SIGNALS, SIGNAL_VALUE_ROUTES } from '@tributary/contract/signal-values';
import { TributaryError } from '@tributary/model/errors';
import { exactJson } from '@tributary/model/exact-json';
import { partitionOf } from '@tributary/model/user-key';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { completenessOf, exampleOf, gapsAmong, gapsOf } from '@tributary/serving/gaps';
import { recordReachMs } from '@tributary/serving/users/record-reach';
import { type UserValues, type ValueQuestion, valuesOf } from '@tributary/serving/users/signal-values';
import { lostUpTo } from '@tributary/serving/users/user-timeline';
import { signalsOf } from '@tributary/signals/definitions/file';
import { definitionsSchema } from '@tributary/signals/definitions/json-schema';
import type { SignalSet } from '@tributary/signals/definitions/read';
import { cutOfRecords } from '@tributary/views/record';
import { NEVER_CUT } from '@tributary/views/user-state';
import type { FastifyReply } from 'fastify';
import type { ApiContext, Routes } from '../context.ts';
import { serve } from '../http/serve.ts';

/** Users of one answer that are reported to lack events. */
const MOST_NAMED = 20;
const MOST_ANSWER_BYTES = 32 * 1024 * 1024;

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
  /** Each as the text of its members: `"userId":…,"status":…,"values":…`. */
  readonly users: readonly string[];
  readonly meta: object;
}

/** Made when it is asked for first. */
let schema: ReturnType<typeof definitionsSchema> | undefined;

export const routes: Routes = (context) => (app, _options, done) => {
  serve(app, SIGNAL_VALUE_ROUTES.userValues, async (request, reply) => {
    const { params, query } = request;
    const asked = { users: [params.id], signals: query.signals, asOf: query.asOf, budgetMs: query.budgetMs };
    const { asOf, partial, users, meta } = await find(context, asked, request.owner);
    return send(context, reply, request.owner, [
      `{"asOf":${asOf},"partial":${partial},`,
      ...users,
      `,"meta":${JSON.stringify(meta)}}`,
    ]);
  });

  serve(app, SIGNAL_VALUE_ROUTES.queryValues, async (request, reply) => {
    const { users: asked, signals, asOf: given, budgetMs } = request.body;
    const { asOf, partial, users, meta } = await find(context, { users: asked, signals, asOf: given, budgetMs }, request.owner);
    const results = users.map((user, i) => `${i === 0 ? '' : ','}{${user}}`);
    const head = `{"asOf":${asOf},"partial":${partial},"results":[`;
    return send(context, reply, request.owner, [head, ...results, `],"meta":${JSON.stringify(meta)}}`]);
  });

  serve(app, SIGNAL_VALUE_ROUTES.signalDefinitions, async () => {
    const inForce = signalsOf(context.board.definitions(0), sha256Hex);
    const definitions = [...inForce.values()].map(({ name, kind, version, reachMs, resolved, fields }) => ({
      name,
      kind,
      version,
      reachMs,
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

async function find(
  { deps, board, records }: ApiContext,
  { users, signals, asOf: given, budgetMs }: Asked,
  owner: string,
): Promise<Found> {
  const asked = users.map((userKey) => ({ partition: partitionOf(userKey, deps.partitions), userKey }));
  const partitions = new Set(asked.map(({ partition }) => partition));
  const sets = new Map([...partitions].map((partition) => [partition, signalsOf(board.definitions(partition), sha256Hex)]));
  const names = namesAmong([...sets.values()], signals);
  const read = await records.read(owner, asked, (found) => {
    // After the records: what they hold was applied at or before this log time.
    const states = board.states();
    const logTimes = [...partitions].map((partition) => states[partition]?.logTimeMs ?? 0);
    const now = Math.max(deps.now(), ...logTimes.map((ms) => ms + 1));
    // What happens until then is not known: a value of that instant would be a guess that says READY.
    if (given !== undefined && given > now)
      throw new TributaryError(
        'invalid_query',
        `asOf must be an instant that has come (got ${given}, which is ${given - now} ms ahead). Leave it out, which is now.`,
      );
    const asOf = given ?? now;
    const questions = new Map([...sets].map(([partition, set]) => [partition, questionOf(board, partition, set, names, asOf)]));
    const untilMs = performance.now() + budgetMs;
    const isOver = () => performance.now() > untilMs;
    let bytes = 0;
    const holes: string[] = [];
    let [partial, bounded, backfilling] = [false, 0, false];
    const texts = asked.map(({ partition, userKey }, i) => {
      const record = found[i] ?? null;
      const one = valuesOf(record, questions.get(partition) as ValueQuestion, isOver);
      const statuses = Object.values(one.values).map(({ status }) => status);
      partial ||= statuses.includes('NOT_COMPUTED');
      backfilling ||= statuses.includes('BACKFILLING');
      if (one.bounded) bounded++;
      if (one.lostMs !== NEVER_CUT) holes.push(`${JSON.stringify(userKey)}: ${lostUpTo(one.lostMs, 'what signals look at')}`);
      const text = userText(userKey, record !== null, one.values);
      bytes += text.length;
      if (bytes > MOST_ANSWER_BYTES)
        throw new TributaryError('too_much_asked', `the answer must have at most ${MOST_ANSWER_BYTES} bytes (got more)`);
      return text;
    });
    return { asOf, texts, holes, partial, bounded, backfilling };
  });
  const { lagMs, watermark, missing, notes } = board.health();
  const more = read.holes.length > MOST_NAMED ? [`and ${read.holes.length - MOST_NAMED} more users`] : [];
  const gaps = [
    ...gapsAmong(missing, partitions),
    ...gapsOf('record_cut', [...read.holes.slice(0, MOST_NAMED), ...more]),
    ...gapsOf(
      'record_cut',
      read.backfilling ? ['records do not reach back yet as far as some signals look: they are BACKFILLING'] : [],
    ),
    ...gapsOf('bound_reached', read.bounded > 0 ? [`the records of ${read.bounded} users hold more events than are read`] : []),
    ...gapsOf('bound_reached', read.partial ? [`the ${budgetMs} ms for values were over`] : []),
  ];
  const meta = {
    view: 'speed' as const,
    speed: { lagMs, watermark },
    ...completenessOf(gaps, exampleOf(gapsAmong(notes, partitions))),
  };
  return { asOf: read.asOf, partial: read.partial, users: read.texts, meta };
}

/** Throws `invalid_query` where no partition asked for has such a definition. */
function namesAmong(sets: readonly SignalSet[], asked: readonly string[] | undefined): readonly string[] {
  const known = new Set(sets.flatMap((set) => [...set.keys()]));
  if (asked === undefined) return [...known].sort();
  const names = [...new Set(asked)];
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined && names.length <= MAX_SIGNALS) return names;
  const some = [...known].sort().slice(0, 20).join(', ') || 'none is defined';
  throw new TributaryError(
    'invalid_query',
    unknown === undefined
      ? `signals must be at most ${MAX_SIGNALS} names (got ${names.length})`
      : `signals must be names of definitions in force: ${some} (got ${JSON.stringify(unknown.slice(0, 64))})`,
  );
}

function questionOf(
  board: ApiContext['board'],
  partition: number,
  set: SignalSet,
  names: readonly string[],
  asOfMs: number,
): ValueQuestion {
  const definitions = board.definitions(partition);
  const state = board.states()[partition] ?? null;
  const reachMs = recordReachMs(definitions);
  return {
    definitions: new Map(names.map((name) => [name, set.get(name)])),
    asOfMs,
    keptFromMs: cutOfRecords(state, reachMs),
    agedMs: state === null ? NEVER_CUT : state.logTimeMs - reachMs,
  };
}

function userText(userId: string, isPresent: boolean, values: UserValues['values']): string {
  return `"userId":${JSON.stringify(userId)},"status":"${isPresent ? 'PRESENT' : 'NOT_FOUND'}","values":${exactJson(values)}`;
}

function send({ unread }: ApiContext, reply: FastifyReply, owner: string, parts: readonly string[]): FastifyReply {
  const body = Buffer.from(parts.join(''));
  unread.demandRoom(body.length, owner);
  return reply.type('application/json; charset=utf-8').send(body);
}
