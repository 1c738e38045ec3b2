/** `tributary attribution run --events`: the same journeys, credit and models as the platform's oracle has over the same events. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { markov } from '@tributary/attribution/data-driven/markov';
import { sumGame } from '@tributary/attribution/data-driven/sum-game';
import type { Event } from '@tributary/model/event';
import { arbitraryLog } from '@tributary/testkit/inputs/arbitrary-log';
import { definitionsOf, SMALL_DEFINITIONS } from '@tributary/testkit/inputs/generate-definitions';
import { naive } from '@tributary/testkit/oracle/naive';
import type { RowsByView } from '@tributary/views/deltas';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NOW_MS, tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder('events');
const fileOf = (name: string, content: string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
const MAP = 'user=user,time=time,type=type,channel=channel,value=value,cost=cost,id=id';

function csvOf(events: readonly Event[]): string {
  const cell = (value: unknown) => `"${String(value ?? '').replaceAll('"', '""')}"`;
  const money = (minor: number | undefined) =>
    minor === undefined
      ? ''
      : `${minor < 0 ? '-' : ''}${Math.floor(Math.abs(minor) / 100)}.${String(Math.abs(minor) % 100).padStart(2, '0')}`;
  const rows = events.map(({ userId, ts, type, channel, value, cost, id }) =>
    [userId, ts, type, channel, money(value), money(cost), id].map(cell).join(','),
  );
  return `user,time,type,channel,value,cost,id\n${rows.join('\n')}\n`;
}

async function run(file: string, ...options: string[]) {
  return tributary(['attribution', 'run', '--events', file, '--map', MAP, ...options]);
}

const VARIANTS = [
  {},
  { clicksOutrankViews: true },
  { resetOnConversion: true },
  { clicksOutrankViews: true, resetOnConversion: true },
];

describe.each(VARIANTS)('with %j', (options) => {
  const given = { ...SMALL_DEFINITIONS, attribution: { ...SMALL_DEFINITIONS.attribution, ...options } };
  const definitions = definitionsOf(given);
  const definitionsFile = fileOf('definitions.json', JSON.stringify(given));

  test('law 1: journeys, unattributed conversions, rule-based credit and models are those of the naive counts', async () => {
    const file = fileOf('definitions.json', JSON.stringify(given));
    expect(file).toBe(definitionsFile);
    await fc.assert(
      fc.asyncProperty(arbitraryLog({ inTime: true, duplicates: false }), async (log) => {
        // Files hold no negative amounts of cost, and the oracle none of the future.
        const events = log.filter(({ ts }) => ts < NOW_MS);
        if (events.length === 0) return;
        const views = naive(events, definitions);
        const done = await run(fileOf('events.csv', csvOf(events)), '--definitions', file, '--models', 'all', '--json');
        expect([done.code, done.code === 0 ? '' : done.stderr]).toEqual([0, '']);
        const answer = JSON.parse(done.stdout) as {
          totals: { nulls: number; journeys: number };
          rows: Record<string, unknown>[];
        };
        const cell = (model: string, channel: string, name: string) =>
          (answer.rows.find((row) => row['model'] === model && row['channel'] === channel)?.[name] as number | undefined) ?? 0;

        const nulls = [...rowsOf(views, 'nullCoalitions')].reduce((sum, [, [count = 0]]) => sum + count, 0);
        const sets = [...rowsOf(views, 'coalitions')];
        const attributed = sets.filter(([key]) => key.split('\t')[2] !== '').reduce((sum, [, [count = 0]]) => sum + count, 0);
        expect(answer.totals.nulls).toBe(nulls);
        expect(answer.totals.journeys).toBe(nulls + attributed);

        for (const model of ['first', 'last', 'lastNonDirect', 'linear', 'positionBased', 'timeDecay']) {
          const credit = new Map<string, [number, number]>();
          for (const [key, [micros = 0, minor = 0]] of rowsOf(views, 'credit')) {
            const [, ofModel, , channel = ''] = key.split('\t');
            if (ofModel !== model) continue;
            const [m, v] = credit.get(channel) ?? [0, 0];
            credit.set(channel, [m + micros, v + minor]);
          }
          for (const [channel, [micros, minor]] of credit) {
            // Conversions over one path are split at once here: a rounding apart for each conversion.
            const slack = ['first', 'last', 'lastNonDirect'].includes(model) ? 0 : events.length;
            expect(Math.abs(Math.round(cell(model, channel, 'conversions') * 1e6) - micros)).toBeLessThanOrEqual(slack);
            expect(Math.abs(Math.round(cell(model, channel, 'value') * 100) - minor)).toBeLessThanOrEqual(slack);
          }
        }
        const split = (text: string) => (text === '' ? [] : text.split('\u001f'));
        const coalitions = [
          ...sets.map(([key, [conversions = 0, value = 0]]) => ({
            channels: split(key.split('\t')[2] ?? ''),
            conversions,
            value,
            nulls: 0,
          })),
          ...[...rowsOf(views, 'nullCoalitions')].map(([key, [count = 0]]) => ({
            channels: split(key.split('\t')[1] ?? ''),
            conversions: 0,
            value: 0,
            nulls: count,
          })),
        ];
        for (const { channel, effect } of sumGame(coalitions).channels)
          expect(cell('shapley', channel, 'conversionsEffect')).toBe(effect);
        if (definitions.attribution.transitionOrder === 1) {
          const edges = [
            ...[...rowsOf(views, 'transitions')].map(([key, [conversions = 0, value = 0]]) => ({
              from: split(key.split('\t')[2] ?? ''),
              to: split(key.split('\t')[3] ?? ''),
              conversions,
              value,
              nulls: 0,
            })),
            ...[...rowsOf(views, 'nullTransitions')].map(([key, [count = 0]]) => ({
              from: split(key.split('\t')[1] ?? ''),
              to: split(key.split('\t')[2] ?? ''),
              conversions: 0,
              value: 0,
              nulls: count,
            })),
          ];
          for (const { channel, effect } of markov(edges).channels)
            expect(cell('markov', channel, 'conversionsEffect')).toBe(effect);
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** Amounts are small here: numbers. */
function rowsOf(views: RowsByView, view: string): Map<string, readonly number[]> {
  return new Map([...(views.get(view) ?? [])].map(([key, measures]) => [key, measures.map(Number)]));
}

describe('files of events', () => {
  const events = fileOf(
    'small.csv',
    [
      'user,time,type,channel,value,cost,id',
      'ana,2026-11-01,ad_click,search,,0.50,1',
      'ana,2026-11-08,email_click,email,,,2',
      'ana,2026-11-08T01:00:00Z,purchase,,40,,3',
      'bo,2026-11-02,ad_click,search,,0.50,4',
      'cy,2026-11-03,purchase,,5,,5',
      'cy,2026-11-03,purchase,,5,,5',
      'bo,2026-11-02,scroll,,,,6',
    ].join('\n'),
  );

  test('journeys by the built-in definitions, time decay by real times, costs of the rows, duplicates once', async () => {
    const done = await run(events, '--models', 'all', '--currency', 'EUR', '--json');
    const { totals, rows } = JSON.parse(done.stdout);
    expect(totals).toMatchObject({
      journeys: 2,
      conversions: 1,
      nulls: 1,
      value: 40,
      unattributed: { conversions: 1, value: 5 },
    });
    const row = (model: string, channel: string) =>
      rows.find((each: Record<string, unknown>) => each['model'] === model && each['channel'] === channel);
    // 169 and 1 hours before: half of a week's half-life apart.
    expect(row('timeDecay', 'search').conversions / row('timeDecay', 'email').conversions).toBeCloseTo(0.5, 4);
    expect(row('linear', 'search')).toMatchObject({ conversions: 0.5, value: 20, cost: 1, roas: 20, touches: 2 });
    expect(row('linear', 'email')).toMatchObject({ cost: null, roas: null });
  });

  test('law 3: a refund under the id of its order is a refusal, not an order without a refund', async () => {
    const rows = ['ana,2026-11-01,ad_click,search,,c1', 'ana,2026-11-02,purchase,,40,A-1', 'ana,2026-11-03,refund,,-40,A-1'];
    const done = await run(
      fileOf('one-id.csv', `user,time,type,channel,value,id\n${rows.join('\n')}\n`),
      '--map',
      'user=user,time=time,type=type,channel=channel,value=value,id=id',
    );
    expect(done).toMatchObject({ code: 2, stdout: '' });
    expect(done.stderr).toContain('line 4: the id "A-1" is that of line 3, purchase of the same user');
  });

  test('law 3: a row that is refused takes its id from no row behind it: one problem is named, not two', async () => {
    const rows = ['ana,2036-11-02,purchase,40,A-1', 'ana,2026-11-02,purchase,40,A-1'];
    const file = fileOf('refused-id.csv', `user,time,type,value,id\n${rows.join('\n')}\n`);
    const done = await run(file, '--map', 'user=user,time=time,type=type,value=value,id=id');
    expect(done.code).toBe(2);
    expect(done.stderr).toContain('line 2: ');
    expect(done.stderr).not.toContain('line 3: ');
  });

  test('a refund lowers the value of its channels, as on the platform, and is reported; a path file has none', async () => {
    const rows = ['ana,2026-11-01,ad_click,search,', 'ana,2026-11-02,purchase,,40', 'ana,2026-11-03,purchase,,-15'];
    const file = fileOf('refund.csv', `user,time,type,channel,value\n${rows.join('\n')}\n`);
    const map = ['--map', 'user=user,time=time,type=type,channel=channel,value=value'];
    const done = await tributary(['attribution', 'run', '--events', file, ...map, '--models', 'last,shapley', '--json']);
    expect(done.stderr).toContain('1 conversion has a value below zero (refunds)');
    for (const row of JSON.parse(done.stdout).rows.slice(0, 1)) expect(row).toMatchObject({ conversions: 2, value: 25 });
    const paths = await tributary([
      ...['attribution', 'run', '--paths'],
      fileOf('refund-paths.csv', 'path,conversions,value\nsearch,1,-15\n'),
    ]);
    expect(paths).toMatchObject({ code: 2, stderr: expect.stringContaining('value must be 0 or more (got "-15")') });
    expect(paths.stderr).toContain('Take refunds from the value of their path');
  });

  test.each([
    [['--events', events], '--events must come with --map (got none)'],
    [['--events', events, '--map', 'user=user,time=time'], 'Add type=COLUMN'],
    [['--events', events, '--map', 'user=user,path=type+id'], '(got path=…). Give --paths in place of --events'],
    [['--events', events, '--paths', events], 'one of them'],
    [[], '--paths FILE (a row a path) or --events FILE (a row a touch or conversion) must be given, one of them (got neither)'],
    [['--paths', events, '--definitions', 'd.json'], '--definitions must go with --events (got --paths'],
    [
      ['--events', events, '--map', MAP, '--definitions', 'nowhere.json'],
      'cannot read "nowhere.json": the file does not exist\n  fix: Name a file that is there',
    ],
    [['--events', events, '--map', MAP, '--step', '1d'], '--step must go with --paths (got --events)'],
    [['--events', events, '--map', MAP, '--touch-costs', 'a=1'], 'Map a column with cost=COL'],
    [
      ['--events', events, '--map', MAP, '--models', 'all', '--transform', 'first'],
      'must go with models that need no ages (got timeDecay)',
    ],
    [
      [
        '--events',
        fileOf('bad.csv', 'user,time,type\nana,yesterday,ad_click\n,2026-11-01,x\n'),
        '--map',
        'user=user,time=time,type=type',
      ],
      '(got "yesterday")',
    ],
    [['--events', fileOf('none.csv', 'user,time,type\n'), '--map', 'user=user,time=time,type=type'], 'holds no rows'],
    [
      [
        '--events',
        fileOf('two.csv', 'user,time,type,value,cur\na,2026-11-01,purchase,1,EUR\na,2026-11-01,purchase,1,USD\n'),
        '--map',
        'user=user,time=time,type=type,value=value,currency=cur',
      ],
      'has amounts in EUR, USD',
    ],
  ] as [string[], string][])('wrong usage %j: exit 2', async (options, message) => {
    const done = await tributary(['attribution', 'run', ...options]);
    expect([done.code, done.stdout]).toEqual([2, '']);
    expect(done.stderr).toContain(message);
  });

  test('definitions that are none are exit 2 with the place', async () => {
    const done = await run(events, '--definitions', fileOf('wrong.json', '{"touches": 1}'));
    expect(done.stderr).toContain('wrong.json');
    expect([done.code, done.stdout]).toEqual([2, '']);
  });
});
