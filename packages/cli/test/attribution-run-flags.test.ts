/** `tributary attribution run`: every flag, and what it prints and writes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDuckDb } from '@tributary/archive/duckdb';
import { isRule, isShared, MODEL_NAMES, type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import { createRandom } from '@tributary/testkit/inputs/random';
import { describe, expect, test } from 'vitest';
import { file, fileOf, folder, json, run } from './path-runs.ts';

describe('flags', () => {
  const small = file('a > b > a,3,30,4', 'direct > b > direct,2,20,1', 'direct,1,5,9');

  test.each([
    ['exposure', 'a > a > b,6,,0', { a: 3, b: 3 }],
    ['first', 'a > b > a,6,,0', { a: 3, b: 3 }],
    ['unique', 'a > b > a,6,,0', { a: 4, b: 2 }],
    ['frequency', 'a > b > a,6,,0', { 'a(2)': 3, 'b(1)': 3 }],
    ['last=1', 'a > b > a,6,,0', { a: 6 }],
    ['direct-unless-all', 'a > direct > b,6,,0', { a: 3, b: 3 }],
    ['direct-unless-last', 'direct > a > direct,6,,0', { a: 3, direct: 3 }],
    ['direct-tail', 'direct > a > direct,6,,0', { a: 3, direct: 3 }],
    ['last=2,direct-tail', 'direct > a > direct,6,,0', { a: 6 }],
  ])('--transform %s', async (transform, row, expected) => {
    expect((await json(file(row), '--transform', transform, '--models', 'linear')).of('linear')).toEqual(expected);
  });

  test('shapes: --position-based, --custom, --milestones, --step and --half-life', async () => {
    const path = file('a > b > c > d,1,,0');
    const of = async (model: string, ...options: string[]) => (await json(path, '--models', model, ...options)).of(model);
    expect(await of('positionBased', '--position-based', '10,50')).toEqual({ a: 0.1, b: 0.2, c: 0.2, d: 0.5 });
    expect(await of('custom', '--custom', '30,10..60')).toEqual({ a: 0.3, b: 0.1, c: 0, d: 0.6 });
    expect(await of('timeDecay', '--step', '7d')).toEqual({ a: 0.066666, b: 0.133334, c: 0.266666, d: 0.533334 });
    expect(await of('timeDecay', '--step', '1d', '--half-life', '1d')).toEqual({
      a: 0.066666,
      b: 0.133334,
      c: 0.266666,
      d: 0.533334,
    });
    const marked = file('a > b > lead > c > opportunity > d,1,,0', 'e > lead > opportunity,1,,0');
    const w = await json(marked, '--models', 'wShaped', '--milestones', 'lead,opportunity');
    expect(w.of('wShaped')).toEqual({ a: 0.3, b: 0.3, c: 0.3, d: 0.1, e: 1 });
  });

  test('--costs as a list or a file and --touch-costs: ROAS, CPA and what lies on paths', async () => {
    const costs = fileOf('channel,cost\na,15\nb,10\n');
    const rows = ['--models', 'markov,last', '--value', 'both'];
    const listed = await json(small, ...rows, '--costs', 'a=15,b=10');
    const read = await json(small, ...rows, '--costs', costs);
    expect(read.answer.rows).toEqual(listed.answer.rows);
    const last = listed.answer.rows.find((row) => row.model === 'last' && row.channel === 'a');
    expect(last).toMatchObject({ cost: 15, value: 30, roas: 2, cpa: 5, roasOnPaths: null });
    const markov = listed.answer.rows.find((row) => row.model === 'markov' && row.channel === 'a');
    expect(markov?.['roasOnPaths']).toBeCloseTo((Number(markov?.['valueEffect']) * 55) / 15, 9);
    // 14 touches of "a" (twice in 3 + 4 journeys) at 0.005, and 8 for the whole.
    const touch = await json(small, '--models', 'last', '--touch-costs', 'a=0.005', '--costs', 'a=8', '--transform', 'last=1');
    expect(touch.of('last', 'cost')).toMatchObject({ a: 8.07, direct: null });
  });

  test('ROAS and CPA in total: everything earned over everything spent, unpaid channels and (unattributed) included', async () => {
    const path = file('a,4,30,0', 'b,3,20,1', ',1,10,0');
    const { stdout } = await run(path, '--models', 'last,shapley', '--costs', 'a=10', '--currency', 'EUR');
    const section = (title: string) => stdout.slice(stdout.indexOf(title));
    expect(section('ROAS by channel')).toMatch(/^a +10\.00 +3\.00 +3\.00\n─+\ntotal +10\.00 +6\.00 +6\.00$/m);
    expect(section('CPA by channel')).toMatch(/^a +10\.00 +2\.50 +2\.50\n─+\ntotal +10\.00 +1\.25 +1\.25$/m);
  });

  test('a channel that only costs is shown with nothing earned, and warned of; with --top it is part of (other)', async () => {
    const { of, stderr } = await json(small, '--models', 'last', '--costs', 'tv=100');
    expect(stderr).toContain('"tv" has a cost but no touch');
    expect([of('last')['tv'], of('last', 'roas')['tv'], of('last', 'cpa')['tv']]).toEqual([0, 0, null]);
    expect((await json(small, '--models', 'last', '--costs', 'tv=100,b=1', '--top', '1')).of('last', 'cost')['(other)']).toBe(
      101,
    );
  });

  test('--bootstrap: the share lies in its interval, the same seed gives the same, another seed another', async () => {
    const options = ['--models', 'shapley,markov,first', '--bootstrap', '200'];
    const one = await json(small, ...options);
    expect((await json(small, ...options)).answer).toEqual(one.answer);
    expect((await json(small, ...options, '--seed', '7')).answer.rows).not.toEqual(one.answer.rows);
    const wide = await json(small, ...options, '--level', '94');
    for (const row of one.answer.rows.filter((each) => each.channel !== '(unattributed)')) {
      const [low, share, high] = [row['conversionsShareLow'], row['conversionsShare'], row['conversionsShareHigh']].map(
        Number,
      ) as [number, number, number];
      expect(low <= share && share <= high).toBe(true);
      const other = wide.answer.rows.find((each) => each.model === row.model && each.channel === row.channel);
      expect(Number(other?.['conversionsShareLow'])).toBeLessThanOrEqual(low);
      const [from, to] = [row['conversionsRankFrom'], row['conversionsRankTo']];
      expect([from, to].every((rank) => rank === null || [1, 2, 3].includes(rank as number))).toBe(true);
    }
  });

  test('--order auto chooses among the orders that the models take, and says which it passed over', async () => {
    const random = createRandom(4);
    // Who met c0 two touches before the end converts: order 3 shows it, and has too many states for the game.
    const rows = Array.from({ length: 3_000 }, () => {
      const path = Array.from({ length: random.between(3, 5) }, () => `c${random.below(12)}`);
      const converts = path.at(-3) === 'c0';
      return `${path.join('>')},${converts ? 90 : 10},0,${converts ? 10 : 90}`;
    });
    const done = await run(file(...rows), '--models', 'markov,markovShapley', '--order', 'auto', '--format', 'json');
    expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('order 2 is used')]);
    const { order, orderChoice } = JSON.parse(done.stdout);
    expect([order, orderChoice.order]).toEqual([order, order]);
    expect(order).toBeLessThan(3);
    const alone = await run(file(...rows), '--models', 'markov', '--order', 'auto', '--format', 'json');
    expect([alone.stderr, JSON.parse(alone.stdout).order]).toEqual(['', 3]);
  });

  test('--order changes the Markov models, auto says what it compared, --alpha moves the hybrid from Shapley to Markov', async () => {
    const repeats = file('a > a > b,5,,1', 'a > b,1,,5', 'b > a,2,,7', 'b,1,,9', 'a > a,4,,1');
    const order = async (k: string) => (await json(repeats, '--models', 'markov', '--order', k)).of('markov');
    expect(await order('2')).not.toEqual(await order('1'));
    const auto = await json(repeats, '--models', 'markov', '--order', 'auto');
    expect((auto.answer['orderChoice'] as { fits: unknown[] }).fits).toHaveLength(4);
    expect(auto.of('markov')).toEqual(await order(String(auto.answer['order'])));
    const alpha = async (part: string, model: string) => (await json(repeats, '--models', `hybrid,${model}`, '--alpha', part)).of;
    for (const [part, model] of [
      ['0', 'shapley'],
      ['1', 'markov'],
    ] as const) {
      const of = await alpha(part, model);
      for (const [channel, credit] of Object.entries(of(model))) expect(of('hybrid')[channel]).toBeCloseTo(Number(credit), 5);
    }
  });

  test('--level 99.9 is 0.999 in JSON and 99.9 % in the title', async () => {
    const options = ['--models', 'shapley', '--bootstrap', '1000', '--level', '99.9'];
    expect((await json(small, ...options)).answer['uncertainty']).toMatchObject({
      level: 0.999,
      replicates: 1_000,
      seed: 1,
      unit: 'journey',
    });
    expect((await run(small, ...options)).stdout).toContain('with its 99.9 % interval');
  });

  test('effects on value: parts of 1 under markov and hybrid, in the unit of the value under the games', async () => {
    const { of } = await json(file('a,1,10.00,0', 'a > b,1,30.00,2'), '--models', 'all', '--currency', 'EUR');
    expect(of('shapley', 'valueEffect')).toEqual({ a: 25, b: 15 });
    expect(of('shapley', 'value')).toEqual({ a: 25, b: 15 });
    // v(a) = 10 in 1 journey, v(b) = 0, v(a, b) = 40 in 4.
    expect(of('rateShapley', 'valueEffect')).toEqual({ a: 10, b: 0 });
    const sum = (model: string) => Object.values(of(model, 'valueEffect')).reduce<number>((all, one) => all + Number(one), 0);
    expect(sum('markovShapley')).toBeCloseTo(10, 9);
    expect(sum('hybrid')).toBeCloseTo(1, 9);
    expect(of('markov', 'valueEffect')['a']).toBe(1);
  });

  test.each([
    [['--level', '95'], '--level has no effect without --bootstrap'],
    [['--half-life', '3d'], '--half-life has no effect'],
    [['--alpha', '0.3'], '--alpha has no effect'],
    [['--models', 'all', '--milestones', 'b,lead'], '--milestones: no path has the step "lead"'],
    [['--models', 'last', '--milestones', 'b'], '--milestones only leave these steps out'],
  ])('a flag without an effect is reported: %j', async (options, message) => {
    const done = await run(small, ...options);
    expect([done.code, done.stderr.trim()]).toEqual([0, expect.stringContaining(`note: ${message}`)]);
    expect(done.stderr.match(/note:/g)).toHaveLength(1);
  });

  test('a flag with its effect is not', async () => {
    const flags = [
      '--bootstrap',
      '200',
      '--level',
      '95',
      '--step',
      '1d',
      '--half-life',
      '3d',
      '--alpha',
      '0.3',
      '--milestones',
      'b',
    ];
    expect((await run(small, '--models', 'all', ...flags)).stderr).not.toContain('note:');
  });

  test('--value conversions and revenue compute one of the two', async () => {
    const only = await json(small, '--value', 'conversions', '--models', 'last');
    expect([only.of('last')['a'], only.of('last', 'value')['a']]).toEqual([3, null]);
    const revenue = await json(small, '--value', 'revenue', '--models', 'last,markov', '--costs', 'a=10');
    expect([revenue.of('last')['a'], revenue.of('last', 'value')['a'], revenue.of('last', 'cpa')['a']]).toEqual([null, 30, null]);
    expect((await run(small, '--value', 'revenue', '--models', 'last')).stdout).not.toContain('conversions by channel');
  });

  test.each([
    [['--models', 'best'], '--models must be all, or some of first, last'],
    [['--models', 'constructor'], '(got "constructor")'],
    [['--models', 'wShaped'], '(got wShaped without it). Add --milestones'],
    [['--models', 'custom'], '(got custom without it). Add --custom'],
    [['--models', 'timeDecay'], '(got timeDecay without it). Add --step'],
    [['--value', 'all'], '--value must be conversions, revenue or both'],
    [['--order', '0'], '--order must be a whole number from 1 to 10, or auto'],
    [['--order', '1.5'], '--order must be a whole number'],
    [['--transform', 'last=0'], '(got "last=0")'],
    [['--transform', 'toString'], '(got "toString")'],
    [['--transform', 'first', '--milestones', 'lead'], '--transform must stand without --milestones'],
    [['--transform', 'frequency', '--costs', 'a=1'], '--transform must keep the channels that costs are of (got "frequency"'],
    [['--top', '0'], '--top must be a whole number from 1'],
    [['--costs', 'a=x'], '--costs must be CHANNEL=AMOUNT'],
    [['--costs', 'a=1,a=2'], '--costs must name each channel once (got "a" twice)'],
    [['--costs', 'nowhere.csv'], 'the file does not exist'],
    [['--touch-costs', 'a'], '--touch-costs must be CHANNEL=AMOUNT'],
    [['--touch-costs', 'a=-1'], 'the amount must be 0 or more (got "-1")'],
    [['--currency', 'euro'], '--currency must be a code of ISO 4217 (got "euro")'],
    [['--bootstrap', '199'], '--bootstrap must be a whole number from 200'],
    [['--bootstrap', '999', '--level', '99'], '--bootstrap must be a whole number from 1000'],
    [['--seed', '-1'], '--seed must be a whole number'],
    [['--level', '100'], '--level must be in percent, from 50 to 99.9, such as 90 (got "100")'],
    [['--level', '99.95'], '--level must be in percent'],
    [['--level', '0.95'], '(got "0.95"); for 0.95 write 95'],
    [['--alpha', '2'], '--alpha must be a number from 0'],
    [['--position-based', '60,60'], '--position-based must be parts that sum to at most 100 % (got 120 %)'],
    [['--position-based', '60'], 'FIRST,LAST'],
    [['--custom', '30,10'], '--custom must be FIRST,SECOND..LAST'],
    [['--custom', '70..70'], 'must be parts that sum to at most 100 % (got 140 %)'],
    [['--step', '0d'], '--step must be 30m, 1h or 7d'],
    [['--half-life', 'week'], '--half-life must be 30m, 1h or 7d'],
    [['--map', 'route=path'], '--map must name fields of a path file (got "route")'],
    [['--map', 'constructor=path'], '--map must name fields of a path file (got "constructor")'],
    [['--map', 'path=route'], '--map must name a column of the file (got "route"; the file has path'],
    [['--map', 'path=path,conversions=path'], 'a column must be one thing (got "path" for two)'],
    [['--path-separator', ''], '--path-separator must have at least one character (got "")'],
    [['--separator', 'ab'], '--separator must be one character'],
    [['--format', 'xml'], '--format must be one of table, json, csv, ndjson, parquet'],
    [['--format', 'parquet'], '--out must name a file for Parquet'],
    [['--json', '--format', 'csv'], '--format must be json with --json (got csv)'],
    [['--out', 'nowhere/x.csv'], 'cannot write "nowhere/x.csv": its folder is not there\n  fix: Name a file (--out)'],
    [['--out', folder, '--format', 'csv'], 'it is a folder'],
    [['--out', 'x.parquet', '--format', 'csv'], '--out must end as --format says (got "x.parquet" with csv)'],
    [['--out', 'x.CSV', '--format', 'table'], '(got "x.CSV" with table)'],
    [['--out', 'x.ndjson', '--json'], '--out must end as --json says'],
  ] as [string[], string][])('wrong usage %j: exit 2, nothing on stdout', async (options, message) => {
    const done = await run(small, ...options);
    expect([done.code, done.stdout]).toEqual([2, '']);
    expect(done.stderr).toContain(message);
  });

  test('--value revenue of a file without a value is wrong usage', async () => {
    const done = await run(fileOf('path,conversions\na,1\n'), '--value', 'revenue');
    expect(done).toMatchObject({ code: 2, stderr: expect.stringContaining('no column holds the value') });
  });
});

describe('names in tables', () => {
  const long = `utm_${'x'.repeat(100)}`;
  const path = file(`${long},2,20,1`, 'a\u202eb,1,1,0', '\u691c\u7d22\u691c\u7d22,1,1,0');

  test('a long one is cut at 40 columns, and marks of direction are shown; JSON and CSV have them as they are', async () => {
    const { stdout } = await run(path, '--models', 'last');
    expect(stdout).not.toContain('\u202e');
    expect(stdout).toContain('a\ufffdb');
    expect(stdout).toMatch(/^utm_x{35}\u2026 +3 /m);
    expect(Object.keys((await json(path, '--models', 'last')).of('last')).sort()).toEqual(
      [long, 'a\u202eb', '\u691c\u7d22\u691c\u7d22'].sort(),
    );
    expect((await run(path, '--models', 'last', '--format', 'csv')).stdout).toContain(`last,${long},`);
  });
});

describe('output', () => {
  const paths = file('a > "b" > c,3,30,4'.replaceAll('"', ''), '"x, ""y""",2,20.05,1', ',1,1,0');

  test('CSV, NDJSON and Parquet hold the same rows; CSV and Parquet keep exact decimals', async () => {
    const out = (name: string) => join(folder, name);
    for (const name of ['r.csv', 'r.ndjson', 'r.parquet', 'r.json'])
      expect(await run(paths, '--models', 'all', '--costs', 'a=3', '--out', out(name))).toMatchObject({ code: 0, stdout: '' });
    const lines = readFileSync(out('r.ndjson'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(JSON.parse(readFileSync(out('r.json'), 'utf8')).rows).toEqual(lines);
    const session = await openDuckDb({ memoryLimit: '500MB', threads: 1, tempDir: folder });
    try {
      const all = 'CAST(conversions AS DOUBLE) AS conversions, CAST(value AS DOUBLE) AS value, CAST(cost AS DOUBLE) AS cost';
      const parquet = await session.rows(`SELECT * REPLACE (${all}) FROM read_parquet($1)`, [out('r.parquet')]);
      const plain = (row: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(row).map(([key, cell]) => [key, typeof cell === 'bigint' ? Number(cell) : cell]));
      expect(parquet.map(plain)).toEqual(lines);
      const types = await session.rows(`SELECT typeof(conversions) AS c, typeof(value) AS v FROM read_parquet($1) LIMIT 1`, [
        out('r.parquet'),
      ]);
      expect(types).toEqual([{ c: 'DECIMAL(18,6)', v: 'DECIMAL(18,2)' }]);
      const csv = await session.rows(`SELECT model, channel, conversions, value FROM read_csv($1, all_varchar = true)`, [
        out('r.csv'),
      ]);
      const numberOf = (cell: unknown) => (cell === null ? null : Number(cell));
      expect(csv.map((row) => ({ ...row, conversions: numberOf(row['conversions']), value: numberOf(row['value']) }))).toEqual(
        lines.map(({ model, channel, conversions, value }) => ({ model, channel, conversions, value })),
      );
      expect(csv[0]?.['conversions']).toMatch(/^\d+\.\d{6}$/);
    } finally {
      await session.close();
    }
  });

  test('the table: models side by side, totals that are the sums, unattributed shown', async () => {
    const { stdout } = await run(paths, '--models', 'first,linear,shapley', '--currency', 'EUR', '--costs', 'a=4.5,c=0');
    expect(stdout).toContain(
      [
        'value by channel, EUR',
        'channel         first  linear  shapley',
        '──────────────────────────────────────',
        'a               30.00   10.00    10.00',
        'x, "y"          20.05   20.05    20.05',
        'b                0.00   10.00    10.00',
        'c                0.00   10.00    10.00',
        '(unattributed)   1.00    1.00     1.00',
        '──────────────────────────────────────',
        'total           51.05   51.05    51.05',
      ].join('\n'),
    );
    expect(stdout).toMatch(/^a +4\.50 +6\.67 +2\.22 +2\.22$/m);
    expect(stdout).toMatch(/^c +0\.00 +– +– +–$/m);
    expect(stdout).toContain(
      '10 journeys over 4 channels · 5 converted · 5 did not · 2 different paths, the longest of 3 touches · 1 conversion without a touch',
    );
    expect(stdout).toContain('credit describes paths, it is not the effect of a channel; for that, run a holdout');
  });

  test('a table that is too wide parts between rules and data-driven models, each part with its channels', async () => {
    const { stdout } = await run(paths, '--models', 'all', '--value', 'conversions');
    const isRunWithoutFlags = (name: ModelName) => [...modelInfo(name).needs, ...modelInfo(name).required].length === 0;
    const heads = stdout.split('\n').filter((line) => /^channel .*(hybrid|inverseJ)/.test(line));
    expect(heads.map((line) => line.trim().split(/ +/))).toEqual([
      ['channel', ...MODEL_NAMES.filter((name) => isRule(name) && isRunWithoutFlags(name))],
      ['channel', ...MODEL_NAMES.filter(isShared)],
    ]);
    expect(stdout.split('\n').every((line) => line.length <= 140)).toBe(true);
  });

  test('many channels: fifty have a line, the rest share one that keeps the total', async () => {
    const { stdout } = await run(file(...Array.from({ length: 60 }, (_, i) => `c${i},${i + 1},,0`)), '--models', 'first');
    expect(stdout).toMatch(/^\(10 more\) +55$/m);
    expect(stdout).toMatch(/^total +1,830$/m);
  });

  test('names in a file do not steer the terminal', async () => {
    const { stdout, code } = await run(file('a\u202eb > ok,1,,0'), '--models', 'first');
    expect(code).toBe(0);
    expect(stdout).toContain('ok');
  });
});

test('a sampled game says so for the reward that was asked for, its bound in the unit of the effects', async () => {
  const channels = Array.from({ length: 22 }, (_, i) => `c${i}`);
  const path = file(...channels.map((channel, i) => `${channel} > c0,${i + 1},${(i + 1) * 50},${i}`));
  const both = await json(path, '--models', 'rateShapley');
  const [{ sampling, valueSampling }] = both.answer['models'] as [
    { sampling: { epsilon: number }; valueSampling: { epsilon: number } },
  ];
  // Every conversion is worth 50.00: what holds for conversions holds for value, 50 times over.
  expect(valueSampling.epsilon).toBeCloseTo(sampling.epsilon * 50, 9);
  for (const [flag, shown, silent] of [
    ['revenue', 'value', 'conversions'],
    ['conversions', 'conversions', 'value'],
  ] as const) {
    const { stdout } = await run(path, '--models', 'rateShapley', '--value', flag);
    expect(stdout).toMatch(new RegExp(`rateShapley: estimated from .* every effect on ${shown} is within`));
    expect(stdout).not.toContain(`effect on ${silent} is within`);
  }
});
