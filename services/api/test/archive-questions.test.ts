/** Questions to the archive over HTTP: their cost, their states, their reports against the oracle. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MOST_REMEMBERED, type QuestionResult } from '@tributary/archive/asked/questions';
import { ARCHIVE_QUESTION_ROUTES } from '@tributary/contract/groups/archive-questions';
import { TributaryError } from '@tributary/model/errors';
import { withWindows } from '@tributary/model/other-windows';
import { sha256Hex } from '@tributary/runtime/config/definitions';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { expect, test } from 'vitest';
import { joined } from '../../../test/laws/adoption-world.ts';
import { cutInFlight } from './cut-in-flight.ts';
import { byChannel, naiveByChannel } from './shopping.ts';
import { ADMIN, createWorld, event, NOON, READ, type World } from './world.ts';

const DAY = 86_400_000;
const QUESTIONS = '/v1/archive-questions';
const WIDER = { lookbackDays: 60 };

/** A click that only a lookback of more than 30 days sees, up to the cut; then one more purchase. */
async function grown(): Promise<World> {
  const world = await createWorld();
  const common = { userId: 'ana', currency: 'EUR' };
  await world.ingest(event({ ...common, type: 'ad_click', channel: 'old', ts: NOON - 45 * DAY, cost: 30 }));
  await world.ingest(event({ ...common, type: 'ad_impression', channel: 'seen', ts: NOON - 3 * DAY }));
  await world.ingest(event({ ...common, type: 'ad_click', channel: 'search', ts: NOON - DAY, cost: 20 }));
  await world.ingest(event({ ...common, type: 'purchase', value: 1_000, ts: NOON - 1_000 }));
  await world.cut(1);
  await world.publish(1);
  await world.ingest(event({ ...common, type: 'purchase', value: 500, ts: NOON }));
  await world.tick();
  return world;
}

/** What the batch layer would leave. */
function answered(world: World, id: string, changed: Partial<QuestionResult> = {}): void {
  const question = world.questions.get(id);
  if (question === undefined) throw new Error(`there is no question ${id}`);
  const { json, version } = withWindows(world.definitions, question.asked, sha256Hex);
  const { views = {} } = world.manifests.get(1) ?? {};
  const of = { generation: 1, cut: NOON, definitions: json, definitionsVersion: version, views };
  world.queued.delete(id);
  world.questions.set(id, { ...question, result: { ...of, events: 4, tookMs: 80, at: NOON, failure: null, ...changed } });
}

const ask = async (world: World, body: object = WIDER) => (await world.post(QUESTIONS, body, ADMIN)).body;

test('a question says its cost, is computed once, and is read as any report, to the unit', async () => {
  const world = await grown();
  const { question, cost } = await ask(world);
  expect(ARCHIVE_QUESTION_ROUTES.askArchive.answer.parse({ question, cost })).toEqual({ question, cost });
  expect(question).toMatchObject({ state: 'waiting', lookbackDays: 60, windowDays: {}, by: 'key ta_admin', generation: null });
  expect(cost).toEqual({ generation: 1, events: 4, bytes: 0, ahead: 0, estimatedMs: 5, estimatedFrom: 'generation' });
  const path = `${QUESTIONS}/${question.id}`;
  expect((await world.get(`${path}/attribution`)).body).toMatchObject({ code: 'conflict', status: 409 });
  world.queued.set(question.id, 'running');
  expect((await world.get(path)).body.question.state).toBe('running');
  answered(world, question.id);
  const { body } = await world.get(`${path}/attribution?model=linear`);
  expect(ARCHIVE_QUESTION_ROUTES.archiveAttribution.answer.parse(body)).toEqual(body);
  const other = withWindows(world.definitions, { lookbackDays: 60, windowDays: {} }, sha256Hex);
  const atCut = { ...world, log: world.log.slice(0, 4), definitions: other };
  expect(byChannel(body.rows)).toEqual(naiveByChannel(atCut, 'linear'));
  expect(byChannel(body.rows)).toEqual({
    old: { creditMicros: 500_000, valueMinor: 500 },
    search: { creditMicros: 500_000, valueMinor: 500 },
  });
  expect(body).toMatchObject({ lookbackDays: 60, definitions: other.version });
  expect(body.meta).toMatchObject({ view: 'batch', generation: 1, complete: true, pending: 0, speed: { lagMs: null } });
  expect(body.meta.warnings).toEqual([expect.stringContaining(`this is what archive question ${question.id} computed`)]);
  // What readers get besides is as it was, and has what came since.
  const usual = (await world.get('/v1/attribution?model=linear')).body;
  expect(byChannel(usual.rows)).toEqual({ search: { creditMicros: 2_000_000, valueMinor: 1_500 } });
  expect((await ask(world, { dryRun: true, ...WIDER })).cost).toMatchObject({ estimatedMs: 80, estimatedFrom: 'question' });
});

test('other definitions are asked for whole; what they change is read once it is computed, and not taken from an earlier version', async () => {
  const world = await grown();
  const file = { ...(JSON.parse(world.definitions.json) as object), conversions: ['ad_click'], touches: {} };
  const { question, cost } = await ask(world, { definitions: file });
  expect(ARCHIVE_QUESTION_ROUTES.askArchive.answer.parse({ question, cost })).toEqual({ question, cost });
  const { definitions: json = '', definitionsVersion } = world.questions.get(question.id)?.asked ?? {};
  expect(question).toMatchObject({ state: 'waiting', lookbackDays: null, otherDefinitions: definitionsVersion });
  expect(JSON.parse(json)).toMatchObject({ conversions: ['ad_click'] });
  const path = `${QUESTIONS}/${question.id}`;
  expect((await world.get(`${path}/comparison`)).body).toMatchObject({
    status: 409,
    detail: expect.stringContaining('is waiting'),
  });
  answered(world, question.id, { comparison: 'comparison-0000000a.json' });
  const said = ARCHIVE_QUESTION_ROUTES.archiveComparison.example.answer;
  world.comparisons.set(`${question.id}/comparison-0000000a.json`, said);
  expect((await world.get(`${path}/comparison`)).body).toEqual(said);
  // One that asks for windows is read like a report, and compared with nothing.
  const windows = (await ask(world)).question.id;
  answered(world, windows);
  expect((await world.get(`${QUESTIONS}/${windows}/comparison`)).body.detail).toContain('asks for windows');
  expect((await world.get(`${QUESTIONS}/mwb5i8cg-42d002fb/comparison`)).status).toBe(404);
});

test('law 7: an answer of a generation that lacks retired events is incomplete before they are whole, as reports of it are', async () => {
  const world = await grown();
  const { question } = await ask(world);
  answered(world, question.id, { wholeFromMs: NOON - 2 * DAY });
  const path = `${QUESTIONS}/${question.id}/attribution?model=linear`;
  const day = (days: number) => new Date(NOON + days * DAY).toISOString().slice(0, 10);
  expect((await world.get(path)).body.meta).toMatchObject({ complete: false, reasons: ['events_retired'] });
  expect((await world.get(`${path}&from=${day(-1)}`)).body.meta).toMatchObject({ complete: true });
});

test('law 7: where keys are joined, an answer up to a cut at which messages were in flight is incomplete, and where its generation is gone', async () => {
  const cutWith = (isInFlight: boolean) => cutInFlight(joined(definitionsOf({})), isInFlight);
  const metaOf = async (world: World) => {
    const { question } = await ask(world);
    answered(world, question.id);
    return (await world.get(`${QUESTIONS}/${question.id}/attribution`)).body.meta;
  };
  expect(await metaOf(await cutWith(false))).toMatchObject({ complete: true });
  const early = await cutWith(true);
  const inFlight = expect.stringContaining('in flight between 1 pair of partitions at the cut of generation 1');
  expect(await metaOf(early)).toMatchObject({ complete: false, reasons: ['behind'], warnings: [inFlight, expect.anything()] });
  const later = await cutWith(false);
  const { question } = await ask(later);
  answered(later, question.id);
  later.manifests.delete(1);
  const { body } = await later.get(`${QUESTIONS}/${question.id}/attribution`);
  expect(body.meta).toMatchObject({
    complete: false,
    warnings: [expect.stringContaining('generation 1 is gone'), expect.anything()],
  });
});

test('law 7: an answer that left rows of groups out says that they are too many, not that the next one has them', async () => {
  const world = await grown();
  const { question } = await ask(world);
  const { creditByPartition: _, ...views } = world.manifests.get(1)?.views ?? {};
  answered(world, question.id, { views, leftOut: ['creditByPartition'] });
  const { body } = await world.get(`${QUESTIONS}/${question.id}/attribution?model=linear&intervals=1`);
  expect(body.uncertainty).toMatchObject({ groups: null, cautions: [{ code: 'too_many_group_rows' }, {}] });
});

test.each(['shapley', 'markov', 'timeDecay', 'jShaped'])(
  '%s, intervals, filters, sorting and CSV are those of any report',
  async (model) => {
    const world = await grown();
    const { question } = await ask(world);
    answered(world, question.id);
    const path = `${QUESTIONS}/${question.id}/attribution?model=${model}`;
    const { body } = await world.get(path);
    expect(body.totals).toMatchObject({ creditMicros: 1_000_000, valueMinor: 1_000, costMinor: 50 });
    expect(body.rows.map(({ channel }: { channel: string }) => channel)).toEqual(['old', 'search', 'seen']);
    expect((await world.get(`${path}&sort=cost&limit=1`)).body.rows[0]).toMatchObject({ channel: 'old', costMinor: 30 });
    expect((await world.get(`${path}&channel=old`)).body.rows).toHaveLength(1);
    expect((await world.get(`${path}&format=csv`)).headers['x-tributary-generation']).toBe('1');
    if (model === 'shapley') expect((await world.get(`${path}&intervals=1`)).status).toBe(200);
    expect((await world.get(`${path}&layer=merged`)).body.detail).toBe(
      'layer must be batch, or left out: no deltas follow these windows (got "merged")',
    );
    expect((await world.get(`${path}&layer=batch`)).status).toBe(200);
  },
);

test('a dry run leaves nothing; what cannot be asked is refused; there are at most 8', async () => {
  const world = await grown();
  expect(await ask(world, { windowDays: { ad_impression: 7 }, dryRun: true })).toMatchObject({
    question: null,
    cost: { events: 4 },
  });
  expect([world.questions.size, world.queued.size]).toEqual([0, 0]);
  const refused = async (body: object, authorization = ADMIN) => (await world.post(QUESTIONS, body, authorization)).body.detail;
  expect(await refused({})).toContain('must have lookbackDays, windowDays or definitions');
  expect(await refused({ ...WIDER, definitions: {} })).toContain('definitions must be given alone (got lookbackDays');
  expect(await refused({ definitions: { conversions: 7 } })).toContain('definitions, at conversions must be');
  expect(await refused({ windowDays: { clicks: 3 } })).toContain('windowDays must name touches of the definitions, ad_click');
  expect(await refused({ lookbackDays: 366 })).toContain('lookbackDays must');
  expect(await refused(WIDER, READ)).toContain('needs a key with the scope "admin"');
  for (let i = 0; i < 8; i++) expect((await ask(world)).cost.ahead).toBe(i);
  expect(await refused(WIDER)).toContain('archive questions must be at most 8 at a time (got 8)');
  const [newest] = (await world.get(QUESTIONS)).body.questions;
  expect((await world.drop(`${QUESTIONS}/${newest.id}`)).body.question.state).toBe('cancelled');
  expect(world.queued.has(newest.id)).toBe(false);
  expect((await ask(world)).question.state).toBe('waiting');
  const empty = await createWorld();
  await empty.tick();
  expect((await empty.post(QUESTIONS, WIDER, ADMIN)).body).toMatchObject({ code: 'conflict' });
});

test('law 7: a question without rows says why, and has no report', async () => {
  const world = await grown();
  const { question } = await ask(world);
  const path = `${QUESTIONS}/${question.id}`;
  answered(world, question.id, { failure: 'compute_failed: out of memory', generation: null, cut: null });
  expect((await world.get(path)).body.question).toMatchObject({
    state: 'failed',
    failure: 'compute_failed: out of memory',
    events: null,
  });
  expect((await world.get(`${path}/attribution`)).body.detail).toBe(
    `archive question ${question.id} is failed: compute_failed: out of memory`,
  );
  const lost = (await ask(world)).question;
  world.queued.delete(lost.id);
  // Its file is written before it is put into the queue.
  expect((await world.get(`${QUESTIONS}/${lost.id}`)).body.question.state).toBe('waiting');
  world.advance(10_000);
  expect((await world.get(`${QUESTIONS}/${lost.id}`)).body.question).toMatchObject({
    state: 'failed',
    failure: 'the queue does not have it any more: ask again',
  });
  world.advance(7 * DAY);
  expect((await world.get(path)).status).toBe(404);
  expect((await world.get(QUESTIONS)).body.questions).toEqual([]);
  expect((await world.get(`${QUESTIONS}/..%2fkeys`)).status).toBe(400);
});

test('law 7: each question is answered by its own rows, up to its own cut, in whatever order they are read', async () => {
  const world = await grown();
  const [wide, narrow] = [(await ask(world)).question.id, (await ask(world, { lookbackDays: 2 })).question.id];
  answered(world, wide, { cut: NOON - 1, at: NOON + 500 });
  answered(world, narrow, { at: NOON + 500 });
  const { viewRows } = world.deps.source;
  let [loading, most] = [0, 0];
  Object.assign(world.deps.source, {
    viewRows: async (...of: Parameters<typeof viewRows>) => {
      most = Math.max(most, ++loading);
      const rows = await viewRows(...of);
      loading--;
      return rows;
    },
  });
  const ids = Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? wide : narrow));
  const answers = await Promise.all(ids.map((id) => world.get(`${QUESTIONS}/${id}/attribution?model=linear`)));
  for (const [i, { body }] of answers.entries()) {
    expect(Object.keys(byChannel(body.rows))).toEqual(ids[i] === wide ? ['old', 'search'] : ['search']);
    expect(body.meta.cut).toBe(ids[i] === wide ? NOON - 1 : NOON);
  }
  expect(most).toBe(1);
});

test('an estimate is for as many events, and of a question that has rows', async () => {
  const world = await grown();
  const [first, second] = [(await ask(world)).question.id, (await ask(world)).question.id];
  answered(world, first, { events: 2, tookMs: 80 });
  answered(world, second, { failure: 'compute_failed: out of memory', events: 0, tookMs: 7 });
  expect((await ask(world, { ...WIDER, dryRun: true })).cost).toMatchObject({ estimatedMs: 160, estimatedFrom: 'question' });
});

test('a key that may read removes no question', async () => {
  const world = await grown();
  const { id } = (await ask(world)).question;
  const headers = { authorization: READ };
  expect((await world.app.inject({ method: 'DELETE', url: `${QUESTIONS}/${id}`, headers })).statusCode).toBe(403);
  expect((await world.get(`${QUESTIONS}/${id}`)).body.question.state).toBe('waiting');
});

test('there are at most 8, also of those that are asked at once; one that the queue did not take is none of them', async () => {
  const world = await grown();
  const { enqueue } = world.deps.questions;
  const down = async () => Promise.reject(new TributaryError('store_unavailable', 'Redis does not answer'));
  Object.assign(world.deps.questions, { enqueue: down });
  expect(await ask(world)).toMatchObject({ code: 'store_unavailable' });
  const { create, list } = world.deps.questions;
  // Those that did not wait for each other would all be there when each looks again, and all be refused.
  const slowly = async (question: Parameters<typeof create>[0]) => {
    await create(question);
    await sleep(50);
  };
  const seenBefore = async () => {
    const all = await list();
    await sleep(50);
    return all;
  };
  Object.assign(world.deps.questions, { enqueue, create: slowly, list: seenBefore });
  const asked = await Promise.all(Array.from({ length: 12 }, () => world.post(QUESTIONS, WIDER, ADMIN)));
  expect(asked.map(({ status }) => status).sort()).toEqual([...Array(8).fill(202), ...Array(4).fill(409)]);
});

test('law 7: there are at most 8 of two servers together: one that finds a ninth when it has asked takes its own back', async () => {
  const world = await grown();
  for (let i = 0; i < 7; i++) await ask(world);
  const { create } = world.deps.questions;
  // Between the look and the asking of this server.
  const afterAnother: typeof create = async (question) => {
    await create({ ...question, id: 'of-another-server' });
    await create(question);
  };
  Object.assign(world.deps.questions, { create: afterAnother });
  expect(await ask(world)).toMatchObject({ status: 409, detail: expect.stringContaining('must be at most 8 at a time (got 8)') });
  expect([...world.questions.values()].filter(({ isCancelled }) => !isCancelled).map(({ asked }) => asked.id)).toHaveLength(8);
  expect(world.queued.size).toBe(7);
});

test('questions that were removed are remembered for an hour, and bounded as well', async () => {
  const world = await grown();
  for (let i = 0; i < MOST_REMEMBERED; i++)
    world.questions.set(`${i}`, {
      asked: { id: `${i}`, ...WIDER, windowDays: {}, by: 'test', askedAt: NOON },
      isCancelled: true,
      result: null,
    });
  expect((await ask(world)).detail).toContain(`must be at most ${MOST_REMEMBERED}, those that were removed included`);
  world.advance(3_600_000);
  expect((await ask(world)).question.state).toBe('waiting');
});

test('a cursor of one question, or of both layers, is refused by another', async () => {
  const world = await grown();
  const paths: string[] = ['/v1/attribution'];
  for (const lookbackDays of [60, 50]) {
    const { question } = await ask(world, { lookbackDays });
    answered(world, question.id);
    paths.push(`${QUESTIONS}/${question.id}/attribution`);
  }
  const page = (path: string, cursor = '') => world.get(`${path}?model=linear&layer=batch&limit=1${cursor}`);
  const [, first = ''] = paths;
  const { nextCursor } = (await page(first)).body;
  const codes: unknown[] = [];
  for (const path of paths) codes.push((await page(path, `&cursor=${nextCursor}`)).body.code);
  expect(codes).toEqual(['invalid_query', undefined, 'invalid_query']);
});

test('a question that the queue has lost goes before no other', async () => {
  const world = await grown();
  const { question } = await ask(world);
  const ahead = async () => (await ask(world, { ...WIDER, dryRun: true })).cost.ahead;
  expect(await ahead()).toBe(1);
  world.queued.delete(question.id);
  world.advance(11_000);
  expect(await ahead()).toBe(0);
});
