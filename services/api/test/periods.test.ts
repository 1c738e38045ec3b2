/** Weeks and months are the sums of their days, under every model and in every total. */
import { createRandom } from '@tributary/testkit/inputs/random';
import { expect, test } from 'vitest';
import { createWorld, event, NOON, type World } from './world.ts';

const DAY = 24 * 3_600_000;
const CONSERVING = ['last', 'linear', 'timeDecay', 'inverseJ', 'orderedShapley', 'shapley', 'markov', 'rateShapley'];

/** From 2026-10-22, a Thursday, over a month's end into the week of 2026-11-16; half in each layer. */
async function fourWeeks(): Promise<World> {
  const world = await createWorld();
  const random = createRandom(5);
  for (let i = 0; i < 260; i++) {
    const common = { userId: `u${random.below(20)}`, ts: NOON - Math.floor(((259 - i) / 260) * 29 * DAY), currency: 'EUR' };
    const receivedAt = common.ts;
    if (random.chance(0.4))
      await world.ingest(event({ ...common, receivedAt, type: 'purchase', value: random.between(-900, 5_000) }));
    else
      await world.ingest(
        event({ ...common, receivedAt, type: 'ad_click', channel: random.pick(['a', 'b', 'c']), cost: random.below(80) }),
      );
    if (i !== 130) continue;
    await world.cut(1);
    await world.publish(1);
  }
  await world.tick();
  return world;
}

/** By the calendar, as a reader would. */
function periodOf(day: string, period: string): string {
  if (period === 'month') return day.slice(0, 7);
  const date = new Date(`${day}T00:00:00Z`);
  while (date.getUTCDay() !== 1) date.setUTCDate(date.getUTCDate() - 1);
  return date.toISOString().slice(0, 10);
}

type Row = Readonly<Record<string, string | number>>;
/** Sums of `measures` by channel and period; those of zeros alone are left out. */
function sums(rows: readonly Row[], period: string, measures: readonly string[]): [string, number[]][] {
  const found = new Map<string, number[]>();
  for (const row of rows) {
    const when = row['day'] === undefined ? row[period] : periodOf(String(row['day']), period);
    const key = `${row['channel'] ?? ''} ${when}`;
    const before = found.get(key) ?? measures.map(() => 0);
    found.set(
      key,
      measures.map((name, i) => (before[i] as number) + Number(row[name] ?? 0)),
    );
  }
  return [...found].filter(([, values]) => values.some((value) => value !== 0)).sort(([a], [b]) => (a < b ? -1 : 1));
}

test.each(['week', 'month'])('law 4: a %s is the sum of its days, through both layers', async (period) => {
  const world = await fourWeeks();
  for (const model of CONSERVING) {
    const [days, periods] = await Promise.all(
      ['day', period].map(async (time) => (await world.get(`/v1/attribution?model=${model}&by=channel,${time}`)).body),
    );
    const measures = ['creditMicros', 'valueMinor', 'touches', 'costMinor'];
    expect([model, sums(periods.rows, period, measures)]).toEqual([model, sums(days.rows, period, measures)]);
    expect(periods.totals).toEqual(days.totals);
    expect(periods.rows.every((row: Row) => /^\d{4}-\d{2}(-\d{2})?$/.test(String(row[period])) && row['day'] === undefined)).toBe(
      true,
    );
    expect(new Set(periods.rows.map((row: Row) => row[period])).size).toBe(period === 'week' ? 5 : 2);
  }
  for (const [path, measures] of [
    ['/v1/conversions?by=', ['conversions', 'valueMinor']],
    ['/v1/touches?by=channel,', ['touches', 'costMinor']],
    ['/v1/views/pathShapes?by=lagDays,', ['conversions', 'valueMinor']],
  ] as const) {
    const [days, periods] = await Promise.all(['day', period].map(async (time) => (await world.get(`${path}${time}`)).body.rows));
    expect(sums(periods, period, measures)).toEqual(sums(days, period, measures));
    expect(periods.length).toBeGreaterThan(1);
  }
});

test('several models, day and week together, pages: as with days', async () => {
  const world = await fourWeeks();
  const both = (await world.get('/v1/attribution/compare?models=last,shapley&by=week,day')).body.rows as Row[];
  expect(both.length).toBeGreaterThan(20);
  for (const { day, week } of both) expect(week).toBe(periodOf(String(day), 'week'));
  const whole = (await world.get('/v1/attribution?by=week,channel')).body.rows;
  const paged = [];
  for (let cursor = ''; ; ) {
    const { body } = await world.get(`/v1/attribution?by=week,channel&limit=4${cursor}`);
    paged.push(...body.rows);
    if (body.nextCursor === null) break;
    cursor = `&cursor=${body.nextCursor}`;
  }
  expect(paged).toEqual(whole);
});

test('what the window cuts is said, and a change between windows has no weeks', async () => {
  const world = await fourWeeks();
  const said = async (query: string) => (await world.get(`/v1/attribution?by=week,month&${query}`)).body.meta.warnings;
  expect(await said('from=2026-11-04&to=2026-11-16')).toEqual([
    'the first week is cut: its row begins with 2026-11-04',
    'the first month is cut: its row begins with 2026-11-04',
    'the last month is cut: its row ends before 2026-11-16',
  ]);
  expect(await said('from=2026-11-02')).toEqual(['the first month is cut: its row begins with 2026-11-02']);
  expect(await said('')).toEqual([]);
  const { status, body } = await world.get('/v1/attribution?by=week&from=2026-11-02&to=2026-11-09&against=previous');
  expect([status, body.detail]).toEqual([
    400,
    expect.stringContaining('by must not have week with against, as a week lies in one window only'),
  ]);
});
