import { AttributionAnswer, CompareAnswer } from '@tributary/contract/groups/attribution-answer';
import { ExplanationAnswer } from '@tributary/contract/groups/conversions';
import { DeadLettersAnswer } from '@tributary/contract/groups/dead-letters';
import * as generations from '@tributary/contract/groups/generations';
import { StatusAnswer } from '@tributary/contract/groups/operations';
import { RECONCILIATION_EXAMPLE } from '@tributary/contract/groups/reconciliation';
import { TotalsAnswer } from '@tributary/contract/groups/totals';
import { JourneyAnswer, SignalsQueryAnswer, UserSignalsAnswer } from '@tributary/contract/groups/users';
import { split } from '@tributary/model/amounts/money';
import type { Event } from '@tributary/model/event';
import { naivePath, naiveTimelines } from '@tributary/testkit/oracle/naive';
import { describe, expect, test } from 'vitest';
import { ADMIN, createWorld, event, NOON } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe('signals', () => {
  test('newest first by (ts, id), a duplicate once, in the bytes that were stored', async () => {
    const world = await createWorld();
    const first = event({ type: 'page', ts: NOON, id: 'b', properties: { nested: { text: 'ünï "quoted" \\ 😀' } } });
    await world.ingest(first);
    await world.ingest(event({ type: 'page', ts: NOON, id: 'a' }));
    await world.ingest(event({ type: 'search "x"', ts: NOON - HOUR, id: 'c' }));
    await world.ingest({ ...first, receivedAt: NOON + 5 });
    await world.ingest(event({ type: 'page', ts: NOON + 1, id: 'd' }));
    await world.tick();
    const { body } = await world.get('/v1/users/u1/signals');
    expect(UserSignalsAnswer.parse(body)).toEqual(body);
    expect(body.signals.map((signal: Event) => signal.id)).toEqual(['d', 'b', 'a', 'c']);
    expect(body.signals[1]).toEqual(JSON.parse(JSON.stringify(first)));
    const quoted = await world.get(`/v1/users/u1/signals?names=${encodeURIComponent('search "x"')}`);
    expect(quoted.body.signals.map((signal: Event) => signal.id)).toEqual(['c']);
  });

  test('law 3: pages by cursor show every signal once, also while new ones arrive', async () => {
    const world = await createWorld();
    const ids: string[] = [];
    for (let i = 0; i < 57; i++) {
      const signal = event({ type: 'page', ts: NOON - Math.floor(i / 3) * 1000 });
      ids.push(signal.id);
      await world.ingest(signal);
    }
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body, status } = await world.get(`/v1/users/u1/signals?limit=10${cursor}`);
      expect(status).toBe(200);
      seen.push(...body.signals.map((signal: Event) => signal.id));
      await world.ingest(event({ type: 'page', ts: NOON + DAY / 2 }));
      cursor = body.nextCursor === null ? '' : `&cursor=${body.nextCursor}`;
    } while (cursor !== '');
    expect(seen.toSorted()).toEqual(ids.toSorted());
  });

  test('ranges are half-open and take epoch ms, RFC 3339 and dates', async () => {
    const world = await createWorld();
    for (const [id, ts] of [
      ['x', NOON - 1],
      ['y', NOON],
      ['z', NOON + HOUR],
    ] as const)
      await world.ingest(event({ type: 'page', id, ts }));
    const ids = async (query: string) =>
      (await world.get(`/v1/users/u1/signals?${query}`)).body.signals.map((signal: Event) => signal.id);
    expect(await ids(`from=${NOON}&to=${NOON + HOUR}`)).toEqual(['y']);
    expect(await ids('from=2026-11-20T12:00:00Z')).toEqual(['z', 'y']);
    expect(await ids('to=2026-11-20T13:00:00.000%2B01:00')).toEqual(['x']);
    expect(await ids('from=2026-11-20&to=2026-11-21')).toEqual(['z', 'y', 'x']);
    expect(await ids('from=2026-11-21')).toEqual([]);
  });

  test('many users in one call: in the order asked, unknown ones NOT_FOUND, strange names are just names', async () => {
    const world = await createWorld();
    const users = ['u1', 'stranger', '__proto__', 'constructor', 'größe 😀'];
    await world.ingest(event({ type: 'page', userId: 'u1', id: 'one' }));
    await world.ingest(event({ type: 'page', userId: '__proto__', id: 'proto' }));
    await world.ingest(event({ type: 'page', userId: 'größe 😀', id: 'size' }));
    await world.tick();
    const { body, status } = await world.post('/v1/signals/query', { users, limit: 5 });
    expect(status).toBe(200);
    expect(SignalsQueryAnswer.parse(body)).toEqual(body);
    expect(body.results.map((result: { userId: string }) => result.userId)).toEqual(users);
    expect(body.results.map((result: { status: string }) => result.status)).toEqual([
      'PRESENT',
      'NOT_FOUND',
      'PRESENT',
      'NOT_FOUND',
      'PRESENT',
    ]);
    expect(body.results.map(({ signals }: { signals: Event[] }) => signals.map((signal) => signal.id))).toEqual([
      ['one'],
      [],
      ['proto'],
      [],
      ['size'],
    ]);
    expect(body.results.map(({ hasMore }: { hasMore: boolean }) => hasMore)).toEqual([false, false, false, false, false]);
    expect((await world.get('/v1/users/stranger/signals')).body).toMatchObject({
      status: 'NOT_FOUND',
      signals: [],
      nextCursor: null,
    });
    expect((await world.get(`/v1/users/${encodeURIComponent('größe 😀')}/signals`)).body.signals).toHaveLength(1);
    const long = 'é'.repeat(256);
    expect((await world.get(`/v1/users/${encodeURIComponent(long)}/signals`)).body).toMatchObject({
      userId: long,
      status: 'NOT_FOUND',
    });
  });
});

describe('reports', () => {
  async function shop() {
    const world = await createWorld();
    await world.ingest(
      event({ type: 'ad_click', channel: 'search', campaign: 'brand', ts: NOON - 3 * DAY + HOUR, cost: 30, currency: 'EUR' }),
    );
    await world.ingest(
      event({ type: 'ad_click', channel: '=cmd()', campaign: 'x,"y"', ts: NOON - 2 * DAY + HOUR, cost: 20, currency: 'EUR' }),
    );
    await world.ingest(event({ type: 'purchase', id: 'p1', ts: NOON, value: 1001, currency: 'EUR' }));
    await world.ingest(event({ type: 'booking', id: 'p2', userId: 'u2', ts: NOON, value: 7, currency: 'EUR' }));
    await world.ingest(event({ type: 'ad_click', channel: 'idle', userId: 'u3', ts: NOON, cost: 9, currency: 'EUR' }));
    await world.tick();
    return world;
  }

  test('law 4: totals equal the conversions view; unattributed and idle channels are rows like any other', async () => {
    const world = await shop();
    const { body } = await world.get('/v1/attribution?model=linear&by=channel');
    expect(AttributionAnswer.parse(body)).toEqual(body);
    const half = { creditMicros: 500_000, conversions: 0.5, share: 0.25 };
    const none = { creditMicros: 0, conversions: 0, share: 0 };
    const free = { touches: 0, costMinor: 0, roas: null, cpaMinor: null };
    expect(body.rows).toEqual([
      { channel: '(unattributed)', creditMicros: 1_000_000, conversions: 1, valueMinor: 7, share: 0.5, ...free },
      { channel: '=cmd()', ...half, valueMinor: 501, touches: 1, costMinor: 20, roas: 25.05, cpaMinor: 40 },
      { channel: 'idle', ...none, valueMinor: 0, touches: 1, costMinor: 9, roas: 0, cpaMinor: null },
      { channel: 'search', ...half, valueMinor: 500, touches: 1, costMinor: 30, roas: 500 / 30, cpaMinor: 60 },
    ]);
    const conversions = await world.get('/v1/conversions?by=type');
    expect(TotalsAnswer.parse(conversions.body)).toEqual(conversions.body);
    expect(conversions.body.totals).toEqual({ conversions: 2, valueMinor: 1008 });
    expect(body.totals).toMatchObject({ conversions: 2, valueMinor: 1008, touches: 3, costMinor: 59 });
    expect(body.meta).toMatchObject({
      view: 'merged',
      generation: 0,
      cut: null,
      complete: true,
      warnings: [],
      definitions: world.definitions.version,
    });
  });

  test('days and filters: half-open, widened to whole days and said so', async () => {
    const world = await shop();
    const exact = await world.get('/v1/attribution?by=day,type&from=2026-11-20&to=2026-11-21&type=purchase');
    expect(exact.body.rows).toEqual([
      { day: '2026-11-20', type: 'purchase', creditMicros: 1_000_000, conversions: 1, valueMinor: 1001, share: 1 },
    ]);
    expect(exact.body.meta.warnings).toEqual([]);
    expect((await world.get('/v1/attribution?to=2026-11-20')).body.totals.conversions).toBe(0);
    const widened = await world.get('/v1/attribution?from=2026-11-20T11:59:00Z&to=2026-11-20T12:00:00Z');
    expect(widened.body.range).toEqual({ fromDay: '2026-11-20', toDay: '2026-11-21' });
    expect(widened.body.meta.warnings.join()).toContain('widened');
    expect((await world.get('/v1/attribution?channel=search&model=linear')).body.totals).toMatchObject({ creditMicros: 500_000 });
  });

  test('pages by cursor are the whole report, whatever else arrives', async () => {
    const world = await shop();
    const whole = (await world.get('/v1/attribution?by=channel,campaign')).body.rows;
    const paged: unknown[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await world.get(`/v1/attribution?by=channel,campaign&limit=1${cursor}`);
      paged.push(...body.rows);
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(paged).toEqual(whole);
  });

  test('compare: the same rows under each model, each conserving the conversions', async () => {
    const world = await shop();
    const { body } = await world.get('/v1/attribution/compare?models=first,last,linear');
    expect(CompareAnswer.parse(body)).toEqual(body);
    const search = body.rows.find((row: { channel: string }) => row.channel === 'search');
    expect(search.models).toMatchObject({
      first: { creditMicros: 1_000_000 },
      last: { creditMicros: 0 },
      linear: { creditMicros: 500_000 },
    });
    for (const model of ['first', 'last', 'linear'])
      expect(body.totals.models[model]).toMatchObject({ conversions: 2, valueMinor: 1008 });
  });

  test('csv: cells that a spreadsheet would run are inert, quotes are doubled', async () => {
    const world = await shop();
    const { text, headers } = await world.get('/v1/attribution?model=linear&by=channel,campaign&format=csv');
    expect(headers['content-type']).toContain('text/csv');
    expect(headers['x-tributary-complete']).toBe('true');
    expect(text.split('\r\n')[0]).toBe(
      'channel,campaign,creditMicros,conversions,valueMinor,share,touches,costMinor,roas,cpaMinor',
    );
    expect(text).toContain(`'=cmd(),"x,""y""",500000,0.5,501,0.25,1,20,25.05,40\r\n`);
  });
});

describe('explain', () => {
  test('law 4: weights, credit and value of every touch, the ineligible with their reason; equal to the oracle and the report', async () => {
    const world = await createWorld();
    await world.ingest(event({ type: 'ad_impression', channel: 'display', ts: NOON - 3 * DAY + 1, id: 'late-view' }));
    await world.ingest(event({ type: 'ad_click', channel: 'search', ts: NOON - 2 * DAY, id: 't1' }));
    await world.ingest(event({ type: 'visit', ts: NOON - HOUR, id: 't2' }));
    await world.ingest(event({ type: 'email_click', ts: NOON, id: 'zz-same-instant' }));
    await world.ingest(event({ type: 'purchase', id: 'order-1', ts: NOON, value: 1000, currency: 'EUR' }));
    await world.tick();
    const { body, status } = await world.get('/v1/conversions/order-1');
    expect(status).toBe(200);
    expect(ExplanationAnswer.parse(body)).toEqual(body);
    expect(body.touches.map(({ id, eligible }: { id: string; eligible: boolean }) => [id, eligible])).toEqual([
      ['late-view', false],
      ['t1', true],
      ['t2', true],
      ['zz-same-instant', true],
    ]);
    expect(body.touches[0].reason).toContain('outside the 1-day window');
    expect(body.touches[3].reason).toContain('0 days before the conversion');
    expect(body.touches[1].credits.positionBased).toEqual({ weight: 40, creditMicros: 400_000, valueMinor: 400 });
    expect(body.touches[3].credits.lastNonDirect.creditMicros).toBe(1_000_000);
    for (const model of body.models) {
      const sum = body.touches.reduce(
        (total: number, touch: { credits: Record<string, { creditMicros: number }> }) =>
          total + (touch.credits[model]?.creditMicros ?? 0),
        0,
      );
      expect([model, sum]).toEqual([model, 1_000_000]);
      const report = await world.get(`/v1/attribution?model=${model}&channel=search`);
      expect(report.body.totals.creditMicros).toBe(body.touches[1].credits[model].creditMicros);
    }
    const [timeline = []] = naiveTimelines(world.log, world.definitions);
    const conversion = timeline.find((found) => found.id === 'order-1') as Event;
    const { path } = naivePath(timeline, conversion, world.definitions);
    expect(path.map((touch) => touch.event.id)).toEqual(['t1', 't2', 'zz-same-instant']);
    expect(split(1000, [40, 20, 40])).toEqual([400, 200, 400]);
  });

  test('no eligible touch: everything is unattributed', async () => {
    const world = await createWorld();
    await world.ingest(event({ type: 'purchase', id: 'lonely', value: 9 }));
    await world.tick();
    expect((await world.get('/v1/conversions/lonely')).body).toMatchObject({
      attributed: false,
      unattributedMicros: 1_000_000,
      touches: [],
    });
  });

  test('an old conversion is explained from the archive, with touches the record has lost', async () => {
    const world = await createWorld();
    await world.ingest(event({ type: 'ad_click', channel: 'search', ts: NOON - 20 * DAY, id: 'old-touch' }));
    await world.ingest(event({ type: 'purchase', id: 'old-order', ts: NOON - 10 * DAY, value: 4 }));
    await world.cut(1);
    await world.publish(1);
    await world.tick();
    world.deps.store.findConversions = async () => [];
    world.deps.store.records = async (users) => users.map(() => null);
    const { body, status } = await world.get('/v1/conversions/old-order');
    expect(status).toBe(200);
    expect(body).toMatchObject({ userId: 'u1', attributed: true, meta: { sources: ['batch', 'speed'], generation: 1 } });
    expect(body.touches.map(({ id }: { id: string }) => id)).toEqual(['old-touch']);
  });

  test('an unknown id, and an id that is not a conversion, are 404', async () => {
    const world = await createWorld();
    await world.ingest(event({ type: 'page', id: 'a-page' }));
    await world.tick();
    const nope = { status: 404, code: 'not_found', fix: expect.stringMatching(/^Check the id: .*conversion-list/) };
    expect((await world.get('/v1/conversions/nope')).body).toMatchObject(nope);
    const path = { status: 404, code: 'not_found', fix: expect.stringMatching(/^Check the path: .*\/docs/) };
    expect((await world.get('/v1/v1/models')).body).toMatchObject(path);
    expect((await world.get('/v1/conversions/a-page?user=u1')).body).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('journeys', () => {
  test('split after conversions and at gaps longer than the lookback; the last one open', async () => {
    const world = await createWorld();
    for (const [type, daysAgo, id] of [
      ['ad_click', 80, 'a'],
      ['ad_click', 45, 'b'],
      ['purchase', 44, 'c'],
      ['visit', 43, 'd'],
      ['page', 42, 'no-touch'],
      ['ad_click', 2, 'e'],
    ] as const)
      await world.ingest(event({ type, id, ts: NOON - daysAgo * DAY, ...(type === 'ad_click' && { channel: 'search' }) }));
    await world.tick();
    const { body } = await world.get('/v1/users/u1/journey');
    expect(JourneyAnswer.parse(body)).toEqual(body);
    expect(
      body.journeys.map((journey: { status: string; touches: { id: string }[]; conversion: { id: string } | null }) => [
        journey.status,
        journey.touches.map(({ id }) => id).join(''),
        journey.conversion?.id ?? null,
      ]),
    ).toEqual([
      ['null', 'a', null],
      ['converted', 'b', 'c'],
      ['null', 'd', null],
      ['open', 'e', null],
    ]);
    expect((await world.get('/v1/users/stranger/journey')).body).toMatchObject({ status: 'NOT_FOUND', journeys: [] });
  });
});

describe('generations and operations', () => {
  test('listing, one generation, reconciliations, status and dead letters answer as their schemas say', async () => {
    const world = await createWorld();
    await world.ingest(event({ type: 'page' }));
    for (const generation of [1, 2, 3]) {
      await world.cut(generation);
      await world.publish(generation);
    }
    world.reconciliations.set(2, RECONCILIATION_EXAMPLE);
    world.reconciliations.set(3, { ...RECONCILIATION_EXAMPLE, generation: 3 });
    await world.commit(
      1,
      { parked: [{ at: '1.0', code: 'undecodable_record', message: 'no event', raw: 'x'.repeat(9_000) }] },
      {},
    );
    await world.tick();
    const first = (await world.get('/v1/generations?limit=2')).body;
    expect(generations.GenerationsAnswer.parse(first)).toEqual(first);
    expect(
      first.generations.map(({ generation, current }: { generation: number; current: boolean }) => [generation, current]),
    ).toEqual([
      [3, true],
      [2, false],
    ]);
    const second = (await world.get(`/v1/generations?limit=2&cursor=${first.nextCursor}`)).body;
    expect(second.generations.map(({ generation }: { generation: number }) => generation)).toEqual([1]);
    expect(second.nextCursor).toBeNull();
    const one = (await world.get('/v1/generations/2')).body;
    expect(generations.GenerationAnswer.parse(one)).toEqual(one);
    expect((await world.get('/v1/generations/99')).status).toBe(404);
    const reconciliations = (await world.get('/v1/reconciliations')).body;
    expect(generations.ReconciliationsAnswer.parse(reconciliations)).toEqual(reconciliations);
    expect(reconciliations.reconciliations.map(({ generation }: { generation: number }) => generation)).toEqual([3, 2]);
    const reconciliation = (await world.get('/v1/reconciliations/2')).body;
    const expected = { generation: 2, reconciliation: RECONCILIATION_EXAMPLE };
    expect(generations.ReconciliationAnswer.parse(reconciliation)).toEqual(expected);
    expect((await world.get('/v1/reconciliations/1')).status).toBe(404);
    const status = (await world.get('/v1/status')).body;
    expect(StatusAnswer.parse(status)).toEqual(status);
    expect(status).toMatchObject({ generation: { current: 3, served: 3, sequence: 3 }, complete: true });
    const letters = (await world.get('/v1/dead-letters', ADMIN)).body;
    expect(DeadLettersAnswer.parse(letters)).toEqual(letters);
    expect(letters.deadLetters[0].raw).toHaveLength(4_096);
  });

  test('a run is asked for with checked definitions, and only by an admin', async () => {
    const world = await createWorld();
    expect((await world.post('/v1/generations', { mode: 'full' }, ADMIN)).body).toEqual({
      jobId: 'job-1',
      mode: 'full',
      joined: false,
    });
    expect((await world.post('/v1/generations', { definitions: { latenessDays: 5 } }, ADMIN)).status).toBe(202);
    expect(world.runs[0]).toEqual({ mode: 'full', by: 'key ta_admin', priority: 'normal' });
    expect(JSON.parse(world.runs[1]?.definitions ?? '')).toMatchObject({ latenessDays: 5 });
    const wrong = await world.post('/v1/generations', { definitions: { latenessDays: -1 } }, ADMIN);
    expect(wrong.body.code).toBe('invalid_definitions');
    expect(wrong.status).toBe(400);
    expect((await world.post('/v1/generations', {})).body.code).toBe('forbidden');
    expect(world.runs).toHaveLength(2);
  });

  test('law 7: a generation whose deltas are retired is not published, and the answer names the oldest one that can be', async () => {
    const world = await createWorld();
    for (const generation of [1, 2, 3]) await world.cut(generation);
    for (const generation of [1, 2, 3]) await world.publish(generation);
    await world.tick();
    // The data folder was put back to an older copy: there the generation is computed still.
    await world.deps.store.retireDeltas(2);
    for (const action of ['rollback', 'publish']) {
      const { status, body } = await world.post(`/v1/generations/1/${action}`, {}, ADMIN);
      expect([status, body.code]).toEqual([409, 'conflict']);
      expect(body.detail).toMatch(/since generation 1 are retired.*the oldest one that can be is 2$/);
    }
    expect(world.publications).toHaveLength(3);
    world.broken.store = true;
    expect((await world.post('/v1/generations/2/rollback', {}, ADMIN)).body.code).toBe('store_unavailable');
    world.broken.store = false;
    expect((await world.post('/v1/generations/2/rollback', {}, ADMIN)).status).toBe(200);
    expect((await world.get('/v1/activity')).body.meta).toMatchObject({ generation: 2, complete: true });
  });

  test('law 3: a publication that is asked for twice is done once', async () => {
    const world = await createWorld();
    for (const generation of [1, 2]) await world.cut(generation);
    for (const generation of [1, 2]) await world.publish(generation);
    await world.tick();
    for (const [action, generation, sequence] of [
      ['rollback', 1, 3],
      ['publish', 2, 4],
    ] as const) {
      const first = await world.post(`/v1/generations/${generation}/${action}`, {}, ADMIN);
      expect(first.body.publication).toMatchObject({ generation, sequence, held: action === 'rollback' });
      expect((await world.post(`/v1/generations/${generation}/${action}`, {}, ADMIN)).body).toEqual(first.body);
    }
    expect(world.publications).toHaveLength(4);
  });

  test('law 7: a publication over an older copy of the generations moves readers', async () => {
    const world = await createWorld();
    for (const generation of [1, 2, 3]) await world.cut(generation);
    for (const generation of [1, 2]) await world.publish(generation);
    // Readers follow a publication whose file was lost.
    await world.deps.store.setPointer({ sequence: 7, generation: 3 });
    await world.tick();
    for (const [action, generation, sequence] of [
      ['publish', 2, 8],
      ['rollback', 1, 9],
    ] as const) {
      const { body } = await world.post(`/v1/generations/${generation}/${action}`, {}, ADMIN);
      expect(body.publication).toMatchObject({ generation, sequence });
      expect(await world.deps.store.pointer()).toEqual({ sequence, generation });
      expect((await world.get('/v1/activity')).body.meta.generation).toBe(generation);
    }
  });

  test('what cannot be read is never published, and a rollback goes back, not forward', async () => {
    const world = await createWorld();
    await world.cut(1);
    await world.cut(2);
    await world.publish(1);
    await world.tick();
    world.broken.generations.add(2);
    expect((await world.post('/v1/generations/2/publish', {}, ADMIN)).body.code).toBe('archive_corrupt');
    expect((await world.post('/v1/generations/2/rollback', {}, ADMIN)).body.code).toBe('conflict');
    expect((await world.post('/v1/generations/7/publish', {}, ADMIN)).body.code).toBe('not_found');
    expect(world.publications).toHaveLength(1);
  });
});
