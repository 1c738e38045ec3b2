/** `tributary attribution run`: every flag, every kind of bad file, and the small oracles through the whole command. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { openDuckDb } from '@tributary/archive/duckdb';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { tributary } from './fake-shell.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-paths-'));
let files = 0;
function fileOf(content: string | Uint8Array, name = `${++files}.csv`): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

const HEADER = 'path,total_conversions,total_conversion_value,total_null';
const file = (...rows: string[]) => fileOf(`${[HEADER, ...rows].join('\n')}\n`);

const run = (path: string, ...options: string[]) => tributary(['attribution', 'run', '--paths', path, ...options]);

interface Row extends Record<string, unknown> {
  readonly model: string;
  readonly channel: string;
}
async function json(path: string, ...options: string[]) {
  const done = await run(path, '--json', ...options);
  expect([done.code, done.code === 0 ? '' : done.stderr]).toEqual([0, '']);
  const answer = JSON.parse(done.stdout) as { rows: Row[] } & Record<string, unknown>;
  return { ...done, answer, of: table(answer.rows) };
}
/** Cells of one model and measure by channel, unattributed included where it earned something. */
function table(rows: readonly Row[]) {
  return (model: string, measure = 'conversions') =>
    Object.fromEntries(
      rows
        .filter((row) => row.model === model && (row.channel !== '(unattributed)' || Number(row[measure]) > 0))
        .map((row) => [row.channel, row[measure]]),
    );
}
const exactSum = (values: readonly unknown[], decimals: number) =>
  values.reduce<number>((sum, value) => sum + Math.round(Number(value) * 10 ** decimals), 0);

describe('the small oracles', () => {
  test('C1>C2>C3 converts once with 1000; C1 and C2>C3 do not: removal effects .5, 1, 1; value 200, 400, 400', async () => {
    const { of } = await json(file('C1 > C2 > C3,1,1000,0', 'C1,0,0,1', 'C2 > C3,0,0,1'), '--models', 'markov');
    expect(of('markov', 'conversionsEffect')).toEqual({ C1: 0.5, C2: 1, C3: 1 });
    expect(of('markov', 'value')).toEqual({ C1: 200, C2: 400, C3: 400 });
    expect(of('markov', 'marginalConversions')).toEqual({ C1: 0.5, C2: 1, C3: 1 });
    expect(of('markov', 'marginalValue')).toEqual({ C1: 500, C2: 1000, C3: 1000 });
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
        const lines = rows.map(({ path, conversions, cents, nulls }) => {
          const value = conversions === 0 ? '' : `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
          return `"${path.join(' > ').replaceAll('"', '""')}",${conversions},${value},${nulls}`;
        });
        const { answer } = await json(file(...lines), '--models', 'all', '--step', '1d', '--custom', '30..20,10');
        const total = rows.reduce((sum, row) => sum + row.conversions, 0);
        const cents = rows.reduce((sum, row) => sum + (row.conversions === 0 ? 0 : row.cents), 0);
        const models = new Set(answer.rows.map(({ model }) => model));
        expect(models.size).toBe(14);
        for (const model of models) {
          const of = answer.rows.filter((row) => row.model === model);
          expect([
            model,
            exactSum(
              of.map((row) => row['conversions']),
              6,
            ),
          ]).toEqual([model, total * 1e6]);
          expect([
            model,
            exactSum(
              of.map((row) => row['value']),
              2,
            ),
          ]).toEqual([model, cents]);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('the order of the rows, and rows split in two, change nothing', async () => {
    const rows = ['a > b,3,30,4', 'b > a > c,2,19.99,1', 'c,1,5,9'];
    const split = ['c,0,0,4', 'c,1,5,5', 'b > a > c,2,19.99,1', 'a > b,1,10,0', 'a > b,2,20,4'];
    const of = async (lines: string[]) => (await json(file(...lines), '--models', 'all', '--bootstrap', '5')).answer.rows;
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

  test('without a column of nulls a row without a conversion is one journey, and that is told', async () => {
    const { answer, stderr } = await json(fileOf('path,conversions\na,1\na,0\nb,0\n'));
    expect(answer['totals']).toMatchObject({ journeys: 3, nulls: 2 });
    expect(stderr).toContain('there is no column of nulls');
  });

  test('values keep up to six decimals; more are rounded, and that is told', async () => {
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

describe('bad files: exit 2, with the line and what to mend', () => {
  test.each([
    ['empty', '', ['holds no rows', 'fix: A file has a header']],
    ['a header only', `${HEADER}\n`, ['holds no rows']],
    ['no header', 'a > b,1,2,3\nc,1,2,3\n', ['no column holds the paths', '--map path=COLUMN', 'the file has a > b, 1, 2, 3']],
    ['no conversions', 'path,x\na,1\n', ['no column holds the conversions', '--map conversions=COLUMN']],
    ['an empty step', `${HEADER}\na>b,1,2,0\na>>b,1,2,0\n`, ['line 3: the path "a>>b" has an empty step']],
    ['an end without a channel', `${HEADER}\na>b>,1,2,0\n`, ['line 2', 'empty step']],
    ['words for numbers', `${HEADER}\na,x,2,0\n`, ['line 2: conversions: "x" is no whole number']],
    ['half a conversion', `${HEADER}\na,1.5,2,0\n`, ['"1.5" is no whole number']],
    ['less than none', `${HEADER}\na,-1,2,0\n`, ['conversions: "-1" is negative']],
    ['NA', `${HEADER}\na,1,NA,0\n`, ['value: "NA" is no number such as 44.50; leave the cell empty for none']],
    ['thousands', `${HEADER}\na,1,"1,000",0\n`, ['"1,000" is no number', '--decimal-comma']],
    ['nulls', `${HEADER}\na,1,1,?\n`, ['nulls: "?" is no whole number']],
    ['value without a conversion', `${HEADER}\na,0,5,1\n`, ['line 2: a value of 5 without a conversion']],
    ['a cell too few', `${HEADER}\na,1\n`, ['line 2: the row has 2 columns, the header 4']],
    [
      'a cell too many',
      `${HEADER}\na,b,1,2,0\n`,
      ['the row has 5 columns, the header 4; put a cell that holds the separator in quotes'],
    ],
    ['an open quote', `${HEADER}\n"a,1,2,0\nb,1,2,0\n`, ['a quote opened after line 1 never closes']],
    ['a reserved name', `${HEADER}\n(unattributed),1,2,0\n`, ['"(unattributed)" is the name of what no channel earned']],
    ['a control character', `${HEADER}\na\u001fb,1,2,0\n`, ['holds a control character']],
    [
      'a wrong path separator',
      `${HEADER}\n${'abc-'.repeat(60)},1,2,0\n`,
      ['is longer than 200 characters; is --path-separator right?'],
    ],
    ['too many conversions', `${HEADER}\na,9007199255,2,0\n`, ['has more than 9,007,199,254 in its conversions']],
    ['too large a value', `${HEADER}\na,1,90071992547409.93,0\n`, ['line 2: value: "90071992547409.93" is too large']],
    [
      'too large a sum',
      `${HEADER}\n${'a,1,60000000000000.01,0\n'.repeat(2)}`,
      ['has more than 90,071,992,547,409 in its value, beyond which'],
    ],
    ['two paths', 'path,click_1,total_conversions,total_conversions\na,b,1,1\n', []],
  ] as [string, string, string[]][])('%s', async (_, text, expected) => {
    const done = await run(fileOf(text));
    if (expected.length === 0) return expect(done.code).toBe(0);
    expect([done.code, done.stdout]).toEqual([2, '']);
    for (const part of expected) expect(done.stderr).toContain(part);
  });

  test('many bad rows: all are counted, the first five shown', async () => {
    const done = await run(file(...Array.from({ length: 7 }, (_, i) => `a,x${i},0,0`)));
    expect(done.stderr).toContain('has 7 malformed rows, the first 5 of which are');
    expect(done.stderr.match(/ {2}line \d+:/g)).toEqual([2, 3, 4, 5, 6].map((line) => `  line ${line}:`));
  });

  test('UTF-16, a broken gzip, a folder and a name that is not there', async () => {
    const text = `${HEADER}\na,1,2,0\n`;
    expect((await run(fileOf(Buffer.from(`\ufeff${text}`, 'utf16le')))).code).toBe(0);
    const unmarked = await run(fileOf(Buffer.from(text, 'utf16le')));
    expect(unmarked).toMatchObject({ code: 2, stderr: expect.stringContaining('is no text in UTF-8') });
    const latin = await run(fileOf(Buffer.from(`${HEADER}\nb\u00fcro,1,2,0\n`, 'latin1')));
    expect(latin).toMatchObject({ code: 2, stderr: expect.stringContaining('line 2: the channel "b\ufffdro" is not UTF-8') });
    const gzip = await run(fileOf(gzipSync(`${HEADER}\n${'a,1,2,0\n'.repeat(9999)}`).subarray(0, 50)));
    expect(gzip).toMatchObject({ code: 2, stderr: expect.stringContaining('is not a complete gzip file') });
    expect(await run(folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('it is a folder') });
    expect(await run(join(folder, 'nowhere.csv'))).toMatchObject({ code: 2, stderr: expect.stringContaining('no such file') });
  });

  test('any text at all is a defined answer or a clear error, never a crash', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc
        .array(fc.constantFrom(HEADER, 'a > b,1,2,3', '\n', '"', ',', '>', 'a', '1', '\ufeff', '\0'), { maxLength: 30 })
        .map((parts) => parts.join('')),
    );
    await fc.assert(
      fc.asyncProperty(text, async (content) => {
        const done = await run(fileOf(content, 'any.csv'), '--models', 'first,shapley');
        expect([0, 2]).toContain(done.code);
        expect(done.stderr).not.toContain('defect');
      }),
    );
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

  test('a path of 10 000 touches is fine, one of 10 001 is told by its line', async () => {
    const path = (touches: number) => Array.from({ length: touches }, (_, i) => `c${i % 50}`).join('>');
    const { of } = await json(file(`${path(10_000)},1,5,1`), '--models', 'linear,markov');
    expect(of('linear')['c7']).toBe(0.02);
    const done = await run(file('a,1,1,0', `${path(10_001)},1,5,1`));
    expect(done).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('line 3: the path has 10,001 touches; 10,000 are the most'),
    });
  });

  test('10 000 channels: rules and Shapley answer, Markov says what to do; one more is too many', async () => {
    const rows = Array.from({ length: 10_000 }, (_, i) => `c${i},1,,1`);
    const many = file(...rows);
    const { of } = await json(many, '--models', 'first,shapley');
    expect(Object.keys(of('shapley'))).toHaveLength(10_000);
    const markov = await run(many, '--models', 'markov');
    expect(markov).toMatchObject({ code: 2, stdout: '' });
    expect(markov.stderr).toContain('10000 states');
    expect(markov.stderr).toContain('--top');
    const top = await json(many, '--models', 'markov', '--top', '3');
    expect(top.of('markov')).toEqual({ c0: 1, c1: 1, c10: 1, '(other)': 9997 });
    const over = await run(file(...rows, 'one more,1,,1'));
    expect(over).toMatchObject({ code: 2, stderr: expect.stringContaining('more than 10,000 channels') });
  }, 30_000);

  test('with "all", a model that the file is too large for is left out, and said so', async () => {
    const rows = Array.from({ length: 1_600 }, (_, i) => `c${i},1,,1`);
    const { answer, stderr } = await json(file(...rows), '--models', 'all');
    expect(stderr).toContain('markov is left out');
    expect((answer['leftOut'] as { model: string }[]).map(({ model }) => model)).toContain('markov');
    expect(answer.rows.some(({ model }) => model === 'shapley')).toBe(true);
  }, 30_000);
});

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

  test('--costs as a list or a file and --touch-costs: ROAS, CPA and marginal figures', async () => {
    const costs = fileOf('channel,cost\na,15\nb,10\n');
    const rows = ['--models', 'markov,last', '--value', 'both'];
    const listed = await json(small, ...rows, '--costs', 'a=15,b=10');
    const read = await json(small, ...rows, '--costs', costs);
    expect(read.answer.rows).toEqual(listed.answer.rows);
    const last = listed.answer.rows.find((row) => row.model === 'last' && row.channel === 'a');
    expect(last).toMatchObject({ cost: 15, value: 30, roas: 2, cpa: 5, marginalRoas: null });
    const markov = listed.answer.rows.find((row) => row.model === 'markov' && row.channel === 'a');
    expect(markov?.['marginalRoas']).toBeCloseTo((Number(markov?.['valueEffect']) * 55) / 15, 9);
    // 14 touches of "a" (twice in 3 + 4 journeys) at 0.005, and 8 for the whole.
    const touch = await json(small, '--models', 'last', '--touch-costs', 'a=0.005', '--costs', 'a=8', '--transform', 'last=1');
    expect(touch.of('last', 'cost')).toMatchObject({ a: 8.07, direct: null });
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
    const options = ['--models', 'shapley,markov,first', '--bootstrap', '50'];
    const one = await json(small, ...options);
    expect((await json(small, ...options)).answer).toEqual(one.answer);
    expect((await json(small, ...options, '--seed', '7')).answer.rows).not.toEqual(one.answer.rows);
    const wide = await json(small, ...options, '--level', '99');
    for (const row of one.answer.rows.filter((each) => each.model !== 'first' && each.channel !== '(unattributed)')) {
      const [low, share, high] = [row['conversionsShareLow'], row['conversionsShare'], row['conversionsShareHigh']].map(
        Number,
      ) as [number, number, number];
      expect(low <= share && share <= high).toBe(true);
      const other = wide.answer.rows.find((each) => each.model === row.model && each.channel === row.channel);
      expect(Number(other?.['conversionsShareLow'])).toBeLessThanOrEqual(low);
      expect([1, 2, 3]).toContain(row['conversionsRank']);
    }
    expect(one.of('first', 'conversionsShareLow')).toEqual({ a: null, b: null, direct: null });
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

  test('--value conversions and revenue compute one of the two', async () => {
    const only = await json(small, '--value', 'conversions', '--models', 'last');
    expect([only.of('last')['a'], only.of('last', 'value')['a']]).toEqual([3, null]);
    const revenue = await json(small, '--value', 'revenue', '--models', 'last,markov', '--costs', 'a=10');
    expect([revenue.of('last')['a'], revenue.of('last', 'value')['a'], revenue.of('last', 'cpa')['a']]).toEqual([null, 30, null]);
    expect((await run(small, '--value', 'revenue', '--models', 'last')).stdout).not.toContain('conversions by channel');
  });

  test.each([
    [['--models', 'best'], 'there is no model "best"; there are first, last'],
    [['--models', 'constructor'], 'there is no model "constructor"'],
    [['--models', 'wShaped'], 'wShaped needs --milestones'],
    [['--models', 'custom'], 'custom needs --custom'],
    [['--models', 'timeDecay'], 'timeDecay needs --step'],
    [['--value', 'all'], '--value is conversions, revenue or both'],
    [['--order', '0'], '--order is a whole number from 1 to 10, or auto'],
    [['--order', '1.5'], '--order is a whole number'],
    [['--transform', 'last=0'], 'there is no "last=0"'],
    [['--transform', 'toString'], 'there is no "toString"'],
    [['--transform', 'first', '--milestones', 'lead'], 'leave out --transform'],
    [['--transform', 'frequency', '--costs', 'a=1'], 'leave out one of them'],
    [['--top', '0'], '--top is a whole number from 1'],
    [['--costs', 'a=x'], '--costs takes CHANNEL=AMOUNT'],
    [['--costs', 'a=1,a=2'], '"a" is there twice'],
    [['--costs', 'nowhere.csv'], 'no such file'],
    [['--touch-costs', 'a'], '--touch-costs takes CHANNEL=AMOUNT'],
    [['--touch-costs', 'a=-1'], 'is negative'],
    [['--currency', 'euro'], '--currency is a code such as EUR'],
    [['--bootstrap', '1'], '--bootstrap is a whole number from 2'],
    [['--seed', '-1'], '--seed is a whole number'],
    [['--level', '100'], '--level is a whole number from 1 to 99'],
    [['--alpha', '2'], '--alpha is a number from 0'],
    [['--position-based', '60,60'], 'the parts sum to 120 %'],
    [['--position-based', '60'], 'FIRST,LAST'],
    [['--custom', '30,10'], '--custom takes FIRST,SECOND..LAST'],
    [['--custom', '70..70'], 'the parts sum to 140 %'],
    [['--step', '0d'], '--step is 30m, 1h or 7d'],
    [['--half-life', 'week'], '--half-life is 30m, 1h or 7d'],
    [['--map', 'route=path'], 'there is no field "route"'],
    [['--map', 'path=route'], 'there is no column "route"; the file has path'],
    [['--map', 'path=path,conversions=path'], 'the column "path" cannot be two things'],
    [['--path-separator', ''], '--path-separator is empty'],
    [['--separator', 'ab'], '--separator is one character'],
    [['--format', 'xml'], '--format is table, json, csv, ndjson, parquet'],
    [['--format', 'parquet'], 'name a file with --out'],
    [['--json', '--format', 'csv'], 'contradict each other'],
    [['--out', 'nowhere/x.csv'], 'cannot write "nowhere/x.csv"'],
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
      expect(csv.map((row) => ({ ...row, conversions: Number(row['conversions']), value: Number(row['value']) }))).toEqual(
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
      '10 journeys over 4 channels · 5 converted · 5 did not · 2 different paths, the longest of 3 touches · 1 conversions without a touch',
    );
  });

  test('a table that is too wide parts between rules and data-driven models, each part with its channels', async () => {
    const { stdout } = await run(paths, '--models', 'all', '--value', 'conversions');
    const heads = stdout.split('\n').filter((line) => /^channel .*(hybrid|inverseJ)/.test(line));
    expect(heads.map((line) => line.trim().split(/ +/))).toEqual([
      ['channel', 'first', 'last', 'lastNonDirect', 'linear', 'positionBased', 'jShaped', 'inverseJ'],
      ['channel', 'shapley', 'rateShapley', 'markov', 'markovShapley', 'hybrid'],
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
