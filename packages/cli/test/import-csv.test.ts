import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fakeCollector, fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder('csv');
let files = 0;
function fileOf(content: string | Uint8Array): string {
  const file = join(folder, `${++files}.csv`);
  writeFileSync(file, content);
  return file;
}

/** Imports and returns what the collector kept, without the fields that every imported event has. */
async function importCsv(content: string | Uint8Array, ...options: string[]) {
  const collector = fakeCollector();
  await using server = await fakeServer(collector.take);
  const done = await tributary(['import', 'csv', fileOf(content), '--json', '--collector-url', server.url, ...options]);
  const events = [...collector.kept.values()].map(({ source, historical, ...event }) => {
    expect([source, historical]).toEqual(['csv', true]);
    return event;
  });
  return { ...done, events, summary: done.code === 2 ? undefined : JSON.parse(done.stdout) };
}

const LONG = ['--map', 'user=who,time=at,type=what,channel=via,value=amount,currency=cur,id=nr'];

describe('a long file: a row an event', () => {
  test('law 3: a row with the id of another row of its user, which says something else, is named; an equal one is the same event', async () => {
    const rows = [
      'nr,who,at,what,via,amount,cur',
      'A-1,ana,2026-11-01,purchase,,49.90,EUR',
      'A-1,ben,2026-11-01,purchase,,12.00,EUR',
      'A-1,ana,2026-11-05,refund,,-49.90,EUR',
      'A-1,ana,2026-11-01,purchase,,49.90,EUR',
    ];
    const { events, summary, stderr } = await importCsv(rows.map((row) => `${row}\n`).join(''), ...LONG);
    expect(events.map(({ userId, type }) => [userId, type])).toEqual([
      ['ana', 'purchase'],
      ['ben', 'purchase'],
    ]);
    expect(summary).toMatchObject({ rows: 4, events: 3, problems: { count: 1 } });
    expect(stderr).toContain(
      'line 4: the id "A-1" is that of line 2, purchase of the same user: of one id one row counts, and this refund says something else. Map another column as id',
    );
    expect((await importCsv(rows.map((row) => `${row}\n`).join(''), ...LONG, '--strict')).code).toBe(1);
  });

  test('law 3: a row that is refused takes its id from no row behind it', async () => {
    const rows = ['A-1,ana,2036-11-01,purchase,,49.90,EUR\n', 'A-1,ana,2026-11-01,purchase,,49.90,EUR\n'];
    const { events, summary } = await importCsv(`nr,who,at,what,via,amount,cur\n${rows.join('')}`, ...LONG);
    expect(events).toMatchObject([{ id: 'A-1', ts: Date.UTC(2026, 10, 1) }]);
    expect(summary).toMatchObject({ rows: 2, events: 1, problems: { count: 1 } });
  });

  test('becomes events field by field; empty cells are absent fields', async () => {
    const { events, summary, code } = await importCsv(
      'nr,who,at,what,via,amount,cur\n1,ana,2026-11-01T10:00:00Z,ad_click,search,,\n2,ana,1761994800,purchase,,49.90,EUR\n',
      ...LONG,
    );
    expect(code).toBe(0);
    expect(events).toEqual([
      { ts: Date.UTC(2026, 10, 1, 10), type: 'ad_click', id: '1', userId: 'ana', channel: 'search' },
      { ts: 1_761_994_800_000, type: 'purchase', id: '2', userId: 'ana', value: 4990, currency: 'EUR' },
    ]);
    expect(summary).toMatchObject({
      rows: 2,
      events: 2,
      users: 1,
      problems: { count: 0 },
      currencies: ['EUR'],
      sent: { accepted: 2 },
    });
  });

  test.each([
    [';', 'nr;who;at;what;via;amount;cur\n1;ana;2026-11-01;buy;"a;b";1;EUR\n'],
    ['tab', 'nr\twho\tat\twhat\tvia\tamount\tcur\n1\tana\t2026-11-01\tbuy\t"a;b"\t1\tEUR\n'],
    ['|', '\ufeffnr|who|at|what|via|amount|cur\r\n1|ana|2026-11-01|buy|"a;b"|1|EUR\r\n'],
  ])('the separator %s is detected, and can be named', async (separator, text) => {
    const detected = await importCsv(text, ...LONG);
    const named = await importCsv(gzipSync(text), ...LONG, '--separator', separator);
    expect(detected.events).toMatchObject([{ userId: 'ana', channel: 'a;b', value: 100 }]);
    expect(named.events).toEqual(detected.events);
  });

  test('law 3: without ids, equal rows are two events, and a second import of reordered rows adds none', async () => {
    const rows = ['ana,2026-11-01', 'ana,2026-11-01', 'bo,2026-11-02'];
    const collector = fakeCollector();
    await using server = await fakeServer(collector.take);
    for (const order of [rows, rows.toReversed()])
      await tributary([
        'import',
        'csv',
        fileOf(`who,at\n${order.join('\n')}\n`),
        '--map',
        'user=who,time=at',
        '--collector-url',
        server.url,
      ]);
    expect(collector.kept.size).toBe(3);
  });

  test('law 3: columns that moved, were renamed or added, and other forms of amounts and instants make no other events', async () => {
    const same = [
      ['user,time,ch,v', 'rs1,2026-11-21,a,1.50', 'user=user,time=time,channel=ch,value=v'],
      ['time,user,ch,v', '2026-11-21,rs1,a,1.50', 'user=user,time=time,channel=ch,value=v'],
      ['time,user,ch,v', '2026-11-21,rs1,a,1.50', 'value=v,channel=ch,user=user,time=time'],
      ['state,user,time,ch,v,row', 'paid,rs1,2026-11-21,a,1.50,17', 'user=user,time=time,channel=ch,value=v'],
      ['who,at,via,amount', 'rs1,2026-11-21T00:00:00Z,a,1.5', 'user=who,time=at,channel=via,value=amount'],
      ['who,at,via,amount,no', 'rs1,1795219200,a,+01.500,', 'user=who,time=at,channel=via,value=amount,campaign=no'],
    ];
    const idsOf = async ([header, row, map]: string[], ...more: string[]) =>
      (await importCsv(`${header}\n${row}\n`, '--map', map as string, '--currency', 'EUR', ...more)).events.map(
        (event) => event.id,
      );
    const [id] = await idsOf(same[0] as string[]);
    for (const form of same) expect(await idsOf(form), form.join(' ')).toEqual([id]);
    expect(await idsOf(same[0] as string[], '--type', 'purchase', '--cost', 'a=1')).toEqual([id]);
    const other = ['rs2,2026-11-21,a,1.50', 'rs1,2026-11-22,a,1.50', 'rs1,2026-11-21,b,1.50', 'rs1,2026-11-21,a,1.05'];
    for (const row of [...other, 'rs1,2026-11-21,a,-1.50', 'rs1,2026-11-21,a,15', 'rs1,2026-11-21,a,'])
      expect(await idsOf(['user,time,ch,v', row, 'user=user,time=time,channel=ch,value=v']), row).not.toContain(id);
  });

  test('law 7: an amount of a million digits is refused as quickly as it is read', async () => {
    const zeros = `${'0'.repeat(500_000)}.${'0'.repeat(499_000)}x`;
    const began = process.cpuUsage();
    const { stderr } = await importCsv(`u,t,v\nana,2026-11-01,${zeros}\n`, '--map', 'user=u,time=t,value=v', '--currency', 'EUR');
    expect(stderr).toMatch(/0 rows|every row|1 with a problem|no row/i);
    const { user } = process.cpuUsage(began);
    expect(user / 1e6, 'seconds').toBeLessThan(2);
  });

  test('law 3: cells never run into each other, whatever is in them; a cell counts under its field', async () => {
    const ids = async (row: string, map: string) =>
      (await importCsv(`a,b,c,d\n${row}\n`, '--map', `${map},time=d`)).events.map(({ id }) => id);
    const [one, two] = ['ana,"x"",""y",,2026-11-01', 'ana,x,y,2026-11-01'].map((row) => ids(row, 'user=a,channel=b,campaign=c'));
    expect(await one).not.toEqual(await two);
    expect(await ids('ana,x,,2026-11-01', 'user=a,channel=b')).not.toEqual(await ids('ana,x,,2026-11-01', 'user=a,campaign=b'));
    expect(await ids('ana,,,2026-11-01', 'user=a')).not.toEqual(await ids('ana,,,2026-11-01', 'anonymous=a'));
  });

  test('rows with problems are counted, the first five shown with their line, the rest imported; --strict exits 1', async () => {
    const bad = [
      'x1,,2026-11-01,buy,,1,EUR',
      'x2,ana,01/11/2026,buy,,1,EUR',
      'x3,ana,2026-11-01,buy,,1.005,EUR',
      'x4,ana,2026-11-01,buy,,1,euro',
      'x5,ana,2027-11-01,buy,,1,EUR',
      'x6,ana',
    ];
    const text = `nr,who,at,what,via,amount,cur\n${bad.join('\n')}\nok,ana,2026-11-01,buy,,1,EUR\n`;
    const lenient = await importCsv(text, ...LONG);
    expect(lenient.code).toBe(0);
    expect(lenient.events.map((event) => event['id'])).toEqual(['ok']);
    expect(lenient.summary.problems.count).toBe(6);
    expect(lenient.summary.problems.first.map((problem: { line: number }) => problem.line)).toEqual([2, 3, 4, 5, 6]);
    for (const reason of [
      'the user must have a name (got an empty cell)',
      '(got "01/11/2026")',
      'value must have at most the 2 decimals',
      'currency must be a code of ISO 4217 (got "euro")',
      '24 h ahead',
    ])
      expect(lenient.stderr).toContain(reason);
    expect((await importCsv(text, ...LONG, '--strict')).code).toBe(1);
  });

  test('quotes within a cell belong to it', async () => {
    const { events, code } = await importCsv(
      'who,at\nb"o,2026-11-01\n"x"y,2026-11-01\n"c ""y""",2026-11-02\n',
      '--map',
      'user=who,time=at',
    );
    expect([code, events.map((event) => event['userId'])]).toEqual([0, ['b"o', '"x"y', 'c "y"']]);
  });

  test('law 7: a file that is not UTF-8 is refused by line and column, and merges no users', async () => {
    const latin1 = Buffer.from('user,time,ch\nana,2026-11-20,a\nm\xfcller,2026-11-21,a\nm\xf6ller,2026-11-21,a\n', 'latin1');
    const map = ['--map', 'user=user,time=time,channel=ch'];
    for (const options of [map, [...map, '--dry-run']]) {
      const done = await importCsv(latin1, ...options);
      expect(done).toMatchObject({ code: 2, stderr: expect.stringContaining('line 3, column \\"user\\"') });
      expect(done.events.filter((event) => event['userId'] !== 'ana')).toEqual([]);
    }
    const utf16 = Buffer.from('\ufeffuser,time,ch\nmüller,2026-11-21,a\n', 'utf16le');
    for (const text of [latin1.toString('latin1'), utf16])
      expect((await importCsv(text, ...map)).events.map((event) => event['userId'])).toContain('müller');
  });

  test('a file whose every row is bad is an error, and a decimal comma names its option', async () => {
    const rows = 'who,at,what,via,amount,cur,nr\nana,2026-11-01,purchase,,"1,50",EUR,1\n';
    const done = await importCsv(rows, ...LONG);
    expect(done).toMatchObject({ code: 1, events: [] });
    expect(done.stderr).toContain('value must be an amount such as 44.00 (got "1,50"). Write --decimal-comma');
    expect(done.stderr).toContain('nothing was imported');
    expect((await importCsv(`${rows}bo,2026-11-01,visit,a,,,2\n`, ...LONG)).code).toBe(0);
    expect((await importCsv(rows, ...LONG, '--decimal-comma')).code).toBe(0);
  });

  test.each([
    ['PAR1\u0015\u0004', 'a Parquet file'],
    ['PK\u0003\u0004\u0014', 'a spreadsheet'],
  ])('a binary file is named for what it is: %j', async (content, kind) => {
    const done = await importCsv(content, ...LONG);
    expect(done).toMatchObject({ code: 2, stderr: expect.stringContaining(kind) });
    expect(done.stderr).toContain('CSV in UTF-8');
  });

  test('what was sent again is reported as what it is, in the singular and the plural', async () => {
    await using server = await fakeServer(fakeCollector().take);
    const file = fileOf('who,at\nana,2026-11-01\n');
    const done = await tributary(['import', 'csv', file, '--map', 'user=who,time=at', '--collector-url', server.url]);
    expect(done.stdout).toContain('1 row, 0 with a problem, 1 user, ');
    expect(done.stdout).toContain(
      '1 event accepted by the collector; duplicates among them count once, with the fields of their first import',
    );
  });

  test('law 7: a quote that never closes hides rows: an error that says from where, whatever follows', async () => {
    for (const rest of ['cy,2026-11-02\n', 'cy,2026-11-02\n'.repeat(80_000)]) {
      const file = fileOf(`who,at\nana,2026-11-01\nbo,"2026-11-01\n${rest}`);
      const done = await tributary(['import', 'csv', file, '--map', 'user=who,time=at', '--dry-run']);
      expect(done).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringContaining('a quote opened after line 2 never closes'),
      });
    }
  });

  test('a dry run reports each row whose currency does not exist: the collector would reject it', async () => {
    const rows = ['1,ana,2026-11-01,buy,,5,XYZ', '2,bo,2026-11-01,buy,,5,DEM', '3,cy,2026-11-02,buy,,5,XYZ'];
    const file = fileOf(`nr,who,at,what,via,amount,cur\n${rows.join('\n')}\n`);
    const done = await tributary(['import', 'csv', file, ...LONG, '--dry-run']);
    const reason = 'currency must be a code of ISO 4217 (got "XYZ")';
    for (const line of [2, 4]) expect(done.stderr).toContain(`line ${line}: ${reason}\n`);
    expect(done.stderr).not.toContain('line 3');
    const named = await tributary(['import', 'csv', file, '--map', 'user=who,time=at', '--currency', 'XYZ', '--dry-run']);
    expect(named).toMatchObject({ code: 2, stderr: expect.stringContaining(`--${reason}`) });
  });

  test('any table of cells goes through without a crash, and every row is an event or a problem', async () => {
    const cell = fc.oneof(
      fc.constantFrom('', 'ana', '2026-11-01', '1', '=1+1', '"', '\u0000', '\ud800', 'a\nb'),
      fc.string({ unit: 'binary' }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 10 }), async (rows) => {
        const quoted = (value: string) => `"${value.replaceAll('"', '""')}"`;
        const text = `who,at,amount\n${rows.map((row) => row.map(quoted).join(',')).join('\n')}\n`;
        const done = await tributary([
          'import',
          'csv',
          fileOf(text),
          '--map',
          'user=who,time=at,value=amount',
          '--dry-run',
          '--json',
        ]);
        const summary = JSON.parse(done.stdout);
        expect([done.code, summary.rows, summary.events + summary.problems.count]).toEqual([
          summary.events === 0 ? 1 : 0,
          rows.length,
          rows.length,
        ]);
      }),
      { numRuns: 100 },
    );
  });

  test('costs by channel, decimal commas, minor units, a currency for all, a type for all', async () => {
    const text = 'who;at;via;amount\nana;2026-11-01;search;1.234\n';
    const map = ['--map', 'user=who,time=at,channel=via,value=amount', '--currency', 'EUR'];
    expect(
      (await importCsv(text.replace('1.234', '12,34'), ...map, '--decimal-comma', '--type', 'booking')).events,
    ).toMatchObject([{ value: 1234, type: 'booking' }]);
    expect((await importCsv(text.replace('1.234', '1234'), ...map, '--minor', '--cost', 'search=7')).events).toMatchObject([
      { value: 1234, cost: 7, currency: 'EUR' },
    ]);
    expect((await importCsv(text.replace('1.234', ''), ...map, '--cost', 'search=7')).events).toMatchObject([
      { cost: 700, currency: 'EUR' },
    ]);
    expect((await importCsv(text, ...map)).summary.problems.count).toBe(1);
  });
});

describe('a path file: a row a user', () => {
  const HEAD = 'user,c1,c2,c3,conv,value\n';
  const PATH = ['--map', 'user=user,path=c1..c3,conversion=conv,value=value', '--assign-times', '2026-11-01T00:00:00Z,30m'];
  const at = (minutes: number) => Date.UTC(2026, 10, 1, 0, minutes);

  test('each click is a step after the one before, the conversion a step after the last; gaps are not steps', async () => {
    const { events } = await importCsv(
      `${HEAD}u1,a,,b,1,9.5\nu2,,,,yes,\nu3,a,b,c,0,0\n`,
      ...PATH,
      '--currency',
      'EUR',
      '--touch-type',
      'visit',
    );
    expect(events.map(({ userId, ts, type, channel, value }) => [userId, ts, type, channel, value])).toEqual([
      ['u1', at(0), 'visit', 'a', undefined],
      ['u1', at(30), 'visit', 'b', undefined],
      ['u1', at(60), 'conversion', undefined, 950],
      ['u2', at(0), 'conversion', undefined, undefined],
      ['u3', at(0), 'visit', 'a', undefined],
      ['u3', at(30), 'visit', 'b', undefined],
      ['u3', at(60), 'visit', 'c', undefined],
    ]);
    expect(new Set(events.map((event) => event['id'])).size).toBe(7);
  });

  test('columns can be listed, and the step is an hour when not said', async () => {
    const { events } = await importCsv(`${HEAD}u1,a,b,c,0,\n`, '--map', 'user=user,path=c3+c1', '--assign-times', '2026-11-01');
    expect(events.map(({ ts, channel }) => [ts, channel])).toEqual([
      [at(0), 'c'],
      [at(60), 'a'],
    ]);
  });

  test('law 3: paths keep their ids where columns move, are added or are named otherwise', async () => {
    const ids = async (text: string, map: string, ...more: string[]) =>
      (await importCsv(text, '--map', map, '--assign-times', '2026-11-01', '--currency', 'EUR', ...more)).events.map(
        ({ id }) => id,
      );
    const first = await ids(`${HEAD}u1,a,,b,1,9.5\n`, 'user=user,path=c1..c3,conversion=conv,value=value');
    expect(first).toHaveLength(3);
    const moved = 'value;x;flag;c1;c2;who\n9.50;new;yes;a;b;u1\n';
    expect(await ids(moved, 'user=who,path=c1+c2,conversion=flag,value=value', '--cost', 'a=1')).toEqual(first);
    expect(await ids(moved, 'user=who,path=c2+c1,conversion=flag,value=value')).not.toEqual(first);
  });

  test('law 3: of two equal paths the one that converts is the same, whichever comes first', async () => {
    const conversions = async (...rows: string[]) =>
      (
        await importCsv(HEAD + rows.join(''), '--map', 'user=user,path=c1..c3,conversion=conv', '--assign-times', '2026-11-01')
      ).events.filter(({ type }) => type === 'conversion');
    const [no, yes] = ['u1,a,,b,0,\n', 'u1,a,,b,1,\n'];
    const [first] = await conversions(no, yes);
    expect(first).toBeDefined();
    expect(await conversions(yes, no)).toEqual([first]);
  });

  test('a value without a conversion and an unclear flag are problems', async () => {
    const { summary, events } = await importCsv(`${HEAD}u1,a,,,0,5\nu2,a,,,maybe,5\n`, ...PATH);
    expect(summary.problems.first.map((problem: { reason: string }) => problem.reason)).toEqual([
      'value must be 0 without a conversion (got 5)',
      'the conversion flag must be 0 or 1, no or yes, false or true (got "maybe")',
    ]);
    expect(events).toEqual([]);
  });
});

describe('wrong usage exits 2 and says what is there', () => {
  test.each([
    [['--map', 'user=person,time=at'], '--map must name a column of the file (got "person"; the file has who, at)'],
    [['--map', 'user=who'], '--map must name the column of the time (got "user=who")'],
    [['--map', 'time=at'], '--map must name the column of the user (got "time=at")'],
    [['--map', 'user=who,when=at'], '--map must name fields of a long file (got "when")'],
    [['--map', 'user'], 'FIELD=COLUMN'],
    [['--map', 'user=who,user=at,time=at'], '--map must name each field once'],
    [['--map', 'user=who,path=at'], '--assign-times'],
    [['--map', 'user=who,path=at..who', '--assign-times', '2026-11-01'], 'must go from a column to a later one (got at..who)'],
    [['--map', 'user=who,time=at', '--assign-times', '2026-11-01'], '--assign-times must go with a path file (got'],
    [['--map', 'user=who,path=at', '--assign-times', 'soon'], 'START[,STEP]'],
    [['--map', 'user=who,path=at', '--assign-times', '2026-11-01,0s'], 'a step must be'],
    [['--map', 'user=who,time=at', '--cost', 'a:7'], 'CHANNEL=AMOUNT'],
    [['--map', 'user=who,time=at', '--currency', 'euro'], 'must be a code of ISO 4217'],
    [['--map', 'user=who,time=at', '--separator', 'comma'], 'one character'],
    [[], '--map must be given to "tributary import csv" (got none): user=COL'],
  ])('%j', async (options, message) => {
    const done = await importCsv('who,at\nana,2026-11-01\n', ...options);
    expect([done.code, done.stdout]).toEqual([2, '']);
    expect(done.stderr.replaceAll('\\"', '"')).toContain(message);
  });

  test('an empty file, a missing file, a folder', async () => {
    expect(await importCsv('', '--map', 'user=who,time=at')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('must begin with a header line (got an empty file)'),
    });
    for (const path of [join(folder, 'none.csv'), folder])
      expect(await tributary(['import', 'csv', path, '--map', 'user=who,time=at', '--dry-run'])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/cannot read ".*": (the file does not exist|it is a folder)/),
      });
  });
});

describe('a file that may not be what it should', () => {
  const MAP = ['--map', 'user=user,time=time,value=v', '--type', 'purchase', '--currency', 'EUR'];
  const OPEN_END = 'warning: the last line has no line end: is the file complete?';

  test('amounts of several currencies stand beside each other, in the table and in JSON', async () => {
    const rows =
      'nr,who,at,what,via,amount,cur\n1,ana,2026-11-01,buy,,5,EUR\n2,bo,2026-11-01,buy,,7,USD\n3,bo,2026-11-02,refund,,-2,USD\n';
    const { stdout } = await tributary(['import', 'csv', fileOf(rows), '--dry-run', ...LONG]);
    expect(stdout).toMatch(/^buy +2 +0\.00 +5\.00 EUR \+ 7\.00 USD$/m);
    expect(stdout).toMatch(/^total +3 +0\.00 +5\.00 EUR \+ 5\.00 USD$/m);
    const { summary } = await importCsv(rows, ...LONG);
    expect(summary.types.refund).toEqual({ events: 1, costMinor: {}, valueMinor: { USD: -200 } });
  });

  test('a last row that was cut is refused before anything is sent, plain and gzipped', async () => {
    const rows = Array.from({ length: 3_000 }, (_, i) => `u${i},2026-11-21,a,1.50`).join('\n');
    const map = ['--map', 'user=user,time=time,channel=ch,value=v', '--currency', 'EUR'];
    for (const cut of ['u3,2026-1', 'u3', 'u3,2026-11-21,a'])
      for (const whole of [`user,time,ch,v\n${rows}\n${cut}`, gzipSync(`user,time,ch,v\n${rows}\n${cut}`)]) {
        const collector = fakeCollector();
        await using server = await fakeServer(collector.take);
        const done = await tributary(['import', 'csv', fileOf(whole), ...map, '--collector-url', server.url]);
        expect([done.code, done.stdout, collector.kept.size]).toEqual([1, '', 0]);
        expect(done.stderr).toMatch(/the last row of ".*" must have 4 columns, .*\(got [123], and no line end\): it was cut/);
      }
    expect((await importCsv(`user,time,ch,v\n${rows}\nu3,2026-11-21,a,\n`, ...map)).code).toBe(0);
    expect((await importCsv('user,time,ch,v\nu3,2026-11-21,"a', ...map.slice(0, 2)).catch(() => null))?.code ?? 1).toBe(1);
  });

  test('a last line without a line end is imported and named; a cut amount is refused', async () => {
    const cut = await importCsv('user,time,v\nana,2026-11-21,24', ...MAP);
    expect(cut).toMatchObject({ code: 0, events: [{ value: 2400 }], stderr: expect.stringContaining(OPEN_END) });
    expect((await importCsv('user,time,v\nana,2026-11-21,249.', ...MAP)).events).toEqual([]);
  });

  test.each(['\n', '\r\n', '\r'])('a file that ends with %j is taken as whole, also compressed and in UTF-16', async (end) => {
    const text = `user,time,v${end}ana,2026-11-21,24${end}`;
    for (const content of [text, gzipSync(text), Buffer.from(`\ufeff${text}`, 'utf16le')])
      expect((await importCsv(content, ...MAP)).stderr).not.toContain(OPEN_END);
  });

  test('only a header is exit 1; UTF-16 without its mark and a header with spaces are named', async () => {
    expect(await importCsv('user,time,v\n', ...MAP)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('nothing was imported'),
    });
    const utf16 = await importCsv(Buffer.from('user,time,v\nana,2026-11-21,1\n', 'utf16le'), ...MAP);
    expect(utf16).toMatchObject({ code: 2, stderr: expect.stringContaining('what looks like UTF-16). Save it as CSV in UTF-8') });
    const spaced = await importCsv('user, time,v\nana,2026-11-21,1\n', ...MAP);
    expect(spaced).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('begins or ends with a space: take it away in the file'),
    });
  });
});
