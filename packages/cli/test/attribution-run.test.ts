/** `tributary attribution run`: the small oracles, conservation, forms of files and extremes through the whole command. */
import { gzipSync } from 'node:zlib';
import { isRule, isShared, MODEL_NAMES, type ModelName, modelInfo } from '@tributary/attribution/models/catalogue';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tributary } from './fake-shell.ts';
import { exactSum, file, fileOf, HEADER, json, run } from './path-runs.ts';

const FILE_MODELS = MODEL_NAMES.filter((name) => isRule(name) || isShared(name));

describe('the small oracles', () => {
  test('C1>C2>C3 converts once with 1000; C1 and C2>C3 do not: removal effects .5, 1, 1; value 200, 400, 400', async () => {
    const { of } = await json(file('C1 > C2 > C3,1,1000,0', 'C1,0,0,1', 'C2 > C3,0,0,1'), '--models', 'markov');
    expect(of('markov', 'conversionsEffect')).toEqual({ C1: 0.5, C2: 1, C3: 1 });
    expect(of('markov', 'value')).toEqual({ C1: 200, C2: 400, C3: 400 });
    expect(of('markov', 'conversionsOnPaths')).toEqual({ C1: 0.5, C2: 1, C3: 1 });
    expect(of('markov', 'valueOnPaths')).toEqual({ C1: 500, C2: 1000, C3: 1000 });
  });

  test('eight paths of A, B, C: of 6 conversions A has 2.1229992, B 2.4111205, C 1.4658804', async () => {
    const { of } = await json(
      file('A,1,1,1', 'B,1,1,1', 'A>B,2,2,0', 'B>A,0,0,1', 'A>C,1,1,0', 'C,0,0,1', 'A>B>C,1,1,1', 'C>B,0,0,1'),
      '--models',
      'markov',
      '--value',
      'conversions',
    );
    const effects = of('markov', 'conversionsEffect');
    for (const [channel, effect, credit] of [
      ['A', 0.5833333, 2.1229992],
      ['B', 0.6625, 2.4111205],
      ['C', 0.4027778, 1.4658804],
    ] as const) {
      expect(effects[channel]).toBeCloseTo(effect, 7);
      expect(of('markov')[channel]).toBeCloseTo(credit, 5);
    }
    expect(of('markov', 'value')).toEqual({ A: null, B: null, C: null });
  });

  test("DP6's nine paths of value 3 under every model it has", async () => {
    const rows = ['a', 'a>b', 'a>b>c', 'b', 'b>a', 'b>c>a', 'c', 'c>a', 'c>b>a'].map((path) => `${path},3,3,0`);
    const { of } = await json(file(...rows), '--models', 'all', '--direct', 'a');
    for (const measure of ['conversions', 'value']) {
      expect(of('first', measure)).toEqual({ a: 9, b: 9, c: 9 });
      expect(of('last', measure)).toEqual({ a: 15, b: 6, c: 6 });
      expect(of('lastNonDirect', measure)).toEqual({ a: 3, b: 12, c: 12 });
      expect(of('linear', measure)).toEqual({ a: 10.5, b: 9, c: 7.5 });
      expect(of('positionBased', measure)).toEqual({ a: 11.1, b: 8.4, c: 7.5 });
    }
    for (const [channel, credit] of Object.entries({ a: 10.6431535, b: 8.5145228, c: 7.8423237 }))
      expect(of('markov')[channel]).toBeCloseTo(credit, 5);
  });

  test('{a: 4, a>b: 6}: Shapley a 7, b 3; direct, search and email: linear 2, 19/6, 19/6, 5/3', async () => {
    expect((await json(file('a,4,,0', 'a>b,6,,0'))).of('shapley')).toEqual({ a: 7, b: 3 });
    const { of } = await json(file('direct,2,,', 'search>email,3,,', 'search>social>email,5,,'), '--models', 'linear');
    const linear = of('linear');
    for (const [channel, credit] of Object.entries({ direct: 2, search: 19 / 6, email: 19 / 6, social: 5 / 3 }))
      expect(linear[channel]).toBeCloseTo(credit, 5);
    expect(exactSum(Object.values(linear), 6)).toBe(10_000_000);
  });

  test('ordered Shapley of AB, BA, A, ABC, ABA, CA by position', async () => {
    const { answer, code } = await json(
      file(...['A>B', 'B>A', 'A', 'A>B>C', 'A>B>A', 'C>A'].map((path) => `${path},1,,0`)),
      '--positions',
    );
    const positions = answer['positions'] as Record<string, number[]>;
    const expected = { A: [25 / 12, 1, 0.25], B: [0.5, 4 / 3, 0], C: [0.5, 0, 1 / 3] };
    for (const [channel, credits] of Object.entries(expected))
      credits.forEach((credit, i) => {
        expect(positions[channel]?.[i] ?? 0).toBeCloseTo(credit, 12);
      });
    expect(code).toBe(0);
  });
});

const isPart = (share: unknown) => Number(share) >= -1e-9 && Number(share) <= 1 + 1e-9;

describe('law 4, conservation: every model of every file', () => {
  const anyFile = fc.array(
    fc.record({
      path: fc.array(fc.constantFrom('a', 'b', 'c', 'direct', 'e"x', 'f,g', '=1+1'), { maxLength: 5 }),
      conversions: fc.nat(9),
      cents: fc.nat(99_999),
      nulls: fc.nat(9),
    }),
    { minLength: 1, maxLength: 8 },
  );
  test('channels and (unattributed) sum to the conversions and the value of the file, to the unit', async () => {
    await fc.assert(
      fc.asyncProperty(anyFile, async (rows) => {
        const lines = rows.map(({ path, conversions, cents: worth, nulls }) => {
          const value = conversions === 0 ? '' : `${Math.floor(worth / 100)}.${String(worth % 100).padStart(2, '0')}`;
          return `"${path.join(' > ').replaceAll('"', '""')}",${conversions},${value},${nulls}`;
        });
        const { answer } = await json(file(...lines), '--models', 'all', '--step', '1d', '--custom', '30..20,10');
        const total = rows.reduce((sum, row) => sum + row.conversions, 0);
        const cents = rows.reduce((sum, row) => sum + (row.conversions === 0 ? 0 : row.cents), 0);
        const models = new Set(answer.rows.map(({ model }) => model));
        expect([...models]).toEqual(FILE_MODELS.filter((name) => !modelInfo(name).needs.includes('milestones')));
        for (const model of models) {
          const of = answer.rows.filter((row) => row.model === model);
          for (const [reward, decimals, whole] of [
            ['conversions', 6, total * 1e6],
            ['value', 2, cents],
          ] as const) {
            const channels = of.filter(({ channel }) => channel !== '(unattributed)');
            const isOutside = channels.some((row) => !isPart(row[`${reward}Share`]));
            // Effects only, of every channel, or credit that sums to the whole: nothing in between.
            if (isOutside)
              expect([model, modelInfo(model as ModelName).estimates, ...new Set(channels.map((row) => row[reward]))]).toEqual([
                model,
                'rateDifference',
                null,
              ]);
            else
              expect([
                model,
                exactSum(
                  of.map((row) => row[reward]),
                  decimals,
                ),
              ]).toEqual([model, whole]);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test('the order of the rows, and rows split in two, change nothing', async () => {
    const rows = ['a > b,3,30,4', 'b > a > c,2,19.99,1', 'c,1,5,9'];
    const split = ['c,0,0,4', 'c,1,5,5', 'b > a > c,2,19.99,1', 'a > b,1,10,0', 'a > b,2,20,4'];
    const of = async (lines: string[]) => (await json(file(...lines), '--models', 'all', '--bootstrap', '200')).answer.rows;
    expect(await of(split)).toEqual(await of(rows));
  });
});

describe('forms of files', () => {
  const expected = { 'a b': 4, c: 2 };
  test.each([
    ['semicolons, quotes, BOM and CRLF', '\ufeffpath;total_conversions;total_null\r\n"a b > c";4;1\r\n"c";2;0\r\n', []],
    ['tabs', 'path\ttotal_conversions\ttotal_null\na b > c\t4\t1\nc\t2\t0\n', []],
    ['pipes, other path separator', 'path|total_conversions|total_null\na b -> c|4|1\nc|2|0\n', ['--path-separator', '->']],
    ['named separator', 'path^total_conversions^total_null\na b > c^4^1\nc^2^0\n', ['--separator', '^']],
    ['other names', 'x,route,sold,lost\n1,a b > c,4,1\n2,c,2,0\n', ['--map', 'path=route,conversions=sold,nulls=lost']],
    ['R writes 4e+00', 'path,total_conversions,total_null\na b>c,4e+00,1.0\nc,2.0,0\n', []],
    ['no end of line at the end', 'path,total_conversions,total_null\na b > c,4,1\nc,2,0', []],
    ['wide', `user,click_1,click_2,conversion\n${'1,a b,c,1\n'.repeat(4)}2,c,,yes\n3,,c,true\n4,a b,c,0\n`, []],
    [
      'wide by name',
      `u,x,y,n,sold\n${'1,a b,,c,1\n'.repeat(4)}${'2,c,,,1\n'.repeat(2)}3,a b,,c,\n`,
      ['--map', 'path=x..n,conversions=sold'],
    ],
  ] as [string, string, string[]][])('%s', async (_, text, options) => {
    for (const content of [text, gzipSync(text)]) {
      const { of, answer } = await json(fileOf(content), '--models', 'first', ...options);
      expect(of('first')).toEqual(expected);
      expect(answer['totals']).toMatchObject({ journeys: 7, conversions: 6, nulls: 1 });
    }
  });

  test('standard input', async () => {
    const done = await tributary(['attribution', 'run', '--paths', '-', '--models', 'last', '--format', 'csv'], {
      input: `${HEADER}\na>b,1,2.5,0\n`,
    });
    expect(
      done.stdout
        .split('\n')
        .slice(1, 3)
        .map((line) => line.split(',').slice(0, 3).join()),
    ).toEqual(['last,b,1.000000', 'last,a,0.000000']);
  });

  test('an empty path is unattributed under every model, and no channel is touched by it', async () => {
    const { answer } = await json(file('a,1,10,0', ',2,7.5,3'), '--models', 'all');
    for (const row of answer.rows.filter(({ channel }) => channel === '(unattributed)'))
      expect(row).toMatchObject({ conversions: 2, value: 7.5 });
    expect(answer['totals']).toMatchObject({ journeys: 1, conversions: 1, unattributed: { conversions: 2, value: 7.5 } });
  });

  test('without a column of nulls a row without a conversion is one journey, and that is reported', async () => {
    const { answer, stderr } = await json(fileOf('path,conversions\na,1\na,0\nb,0\n'));
    expect(answer['totals']).toMatchObject({ journeys: 3, nulls: 2 });
    expect(stderr).toContain('the file has no column of nulls');
  });

  test('values keep up to six decimals; more are rounded, and that is reported', async () => {
    const { of, stderr } = await json(file('a,1,0.1234565,0', 'b,1,0.30000000000000004,0', 'c,1,1e-05,0'), '--models', 'first');
    expect(of('first', 'value')).toEqual({ a: 0.123457, b: 0.3, c: 0.00001 });
    expect(stderr).toContain('2 values have more than six decimals');
  });

  test('--decimal-comma reads 44,50, and --currency says how many decimals an amount has', async () => {
    const comma = fileOf('path;conversions;value\na;1;44,50\n');
    expect((await json(comma, '--decimal-comma', '--models', 'first')).of('first', 'value')).toEqual({ a: 44.5 });
    const yen = await run(file('a>b>c,1,100,0'), '--currency', 'JPY', '--models', 'linear', '--format', 'csv');
    expect(
      yen.stdout
        .split('\n')
        .slice(1, 4)
        .map((line) => line.split(',')[5]),
    ).toEqual(['34', '33', '33']);
  });
});

describe('extremes', () => {
  test('all nulls: zeros under every model, and a warning', async () => {
    const { answer, stderr } = await json(file('a > b,0,0,5', 'b,0,,1'), '--models', 'all');
    expect(new Set(answer.rows.map((row) => row['conversions']))).toEqual(new Set([0]));
    expect(stderr).toContain('there is nothing to attribute');
  });

  test('no nulls: an answer, and a warning that models see successes only', async () => {
    const { of, stderr } = await json(file('a > b,3,9,0'), '--models', 'all');
    expect(of('markov')).toEqual({ a: 1.5, b: 1.5 });
    expect(stderr).toContain('successes only');
  });

  test('one channel has everything under every model', async () => {
    const { answer } = await json(file('a > a,3,9,2', 'a,1,1,0'), '--models', 'all', '--order', 'auto');
    for (const row of answer.rows.filter(({ channel }) => channel === 'a'))
      expect(row).toMatchObject({ conversions: 4, value: 10 });
  });

  test('a path of 10 000 touches is fine, one of 10 001 is reported by its line', async () => {
    const path = (touches: number) => Array.from({ length: touches }, (_, i) => `c${i % 50}`).join('>');
    const { of } = await json(file(`${path(10_000)},1,5,1`), '--models', 'linear,markov');
    expect(of('linear')['c7']).toBe(0.02);
    const done = await run(file('a,1,1,0', `${path(10_001)},1,5,1`));
    expect(done).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('line 3: the path must have at most 10,000 touches (got 10,001)'),
    });
  });

  test('10 000 channels: rules and Shapley answer, Markov says what to do; one more is too many', async () => {
    const rows = Array.from({ length: 10_000 }, (_, i) => `c${i},1,,1`);
    const many = file(...rows);
    const { of } = await json(many, '--models', 'first,shapley');
    expect(Object.keys(of('shapley'))).toHaveLength(10_000);
    const markov = await run(many, '--models', 'markov');
    expect(markov).toMatchObject({ code: 2, stdout: '' });
    expect(markov.stderr).toContain('at most 5000 states (got 10000)');
    expect(markov.stderr).toContain('--top');
    const top = await json(many, '--models', 'markov', '--top', '3');
    expect(top.of('markov')).toEqual({ c0: 1, c1: 1, c10: 1, '(other)': 9997 });
    const over = await run(file(...rows, 'one more,1,,1'));
    expect(over).toMatchObject({ code: 2, stderr: expect.stringContaining('more than 10,000 channels') });
  });

  test('with "all", a model that the file is too large for is left out, and said so', async () => {
    const rows = Array.from({ length: 5_100 }, (_, i) => `c${i},1,,1`);
    const { answer, stderr } = await json(file(...rows), '--models', 'all');
    expect(stderr).toContain('markov is left out');
    expect((answer['leftOut'] as { model: string }[]).map(({ model }) => model)).toContain('markov');
    expect(answer.rows.some(({ model }) => model === 'shapley')).toBe(true);
  });
});

test('the game of rates hands out nothing where its shares leave the whole: podcast is not credited with 127 of 71 conversions', async () => {
  const path = file('search,40,460,460', 'search > social,20,200,200', 'social,10,150,150', 'podcast,1,1,1', 'fax,0,,3');
  const { answer } = await json(path, '--models', 'rateShapley,shapley', '--costs', 'podcast=5,search=10');
  const [rates, sets] = ['rateShapley', 'shapley'].map((model) =>
    answer.rows.filter((row) => row.model === model && row.channel !== '(unattributed)'),
  );
  for (const row of rates ?? [])
    expect(row).toMatchObject({ conversions: null, value: null, roas: null, cpa: null, conversionsEffect: expect.any(Number) });
  expect(rates?.map((row) => isPart(row['conversionsShare']))).toContain(false);
  for (const row of sets ?? []) expect(row).toMatchObject({ conversions: expect.any(Number), value: expect.any(Number) });
  const codes = (answer['models'] as { cautions: { code: string; reward: string }[] }[]).map(({ cautions }) =>
    cautions.map(({ code, reward }) => `${code} ${reward}`),
  );
  expect(codes).toEqual([['outside_of_whole conversions', 'outside_of_whole value'], []]);
  const { stdout } = await run(path, '--models', 'rateShapley,shapley', '--costs', 'podcast=5,search=10');
  expect(stdout).toMatch(/^podcast +– +1$/m);
  expect(stdout).toMatch(/^total +– +71$/m);
  expect(stdout).toContain('rateShapley, conversions: effects only');
});
