/** `tributary attribution run` over files that are none. */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { file, fileOf, folder, HEADER, json, run } from './path-runs.ts';

describe('bad files: exit 2, with the line and what to correct', () => {
  test.each([
    ['empty', '', ['holds no rows', 'fix: A file has a header']],
    ['a header only', `${HEADER}\n`, ['holds no rows']],
    [
      'no header',
      'a > b,1,2,3\nc,1,2,3\n',
      [
        '--map must name the column of paths, as no title says which it is (got none; ',
        '--map path=COLUMN',
        'the file has a > b, 1, 2, 3',
      ],
    ],
    ['no conversions', 'path,x\na,1\n', ['--map must name the column of conversions', '--map conversions=COLUMN']],
    ['an empty step', `${HEADER}\na>b,1,2,0\na>>b,1,2,0\n`, ['line 3: the path must have no empty step (got "a>>b")']],
    ['an end without a channel', `${HEADER}\na>b>,1,2,0\n`, ['line 2', 'empty step']],
    ['words for numbers', `${HEADER}\na,x,2,0\n`, ['line 2: conversions must be a whole number (got "x")']],
    ['half a conversion', `${HEADER}\na,1.5,2,0\n`, ['must be a whole number (got "1.5")']],
    ['less than none', `${HEADER}\na,-1,2,0\n`, ['conversions must be 0 or more (got "-1")']],
    ['NA', `${HEADER}\na,1,NA,0\n`, ['value must be a number such as 44.50 (got "NA"). Leave the cell empty for none.']],
    ['thousands', `${HEADER}\na,1,"1,000",0\n`, ['must be a number such as 44.50 (got "1,000")', '--decimal-comma']],
    ['nulls', `${HEADER}\na,1,1,?\n`, ['nulls must be a whole number (got "?")']],
    ['value without a conversion', `${HEADER}\na,0,5,1\n`, ['line 2: value must be 0 without a conversion (got 5)']],
    ['a cell too few', `${HEADER}\na,1\n`, ['line 2: the row must have as many columns as the header, 4 (got 2)']],
    [
      'a cell too many',
      `${HEADER}\na,b,1,2,0\n`,
      ['as many columns as the header, 4 (got 5). Put a cell that holds the separator in quotes.'],
    ],
    [
      'an open quote',
      `${HEADER}\n"a,1,2,0\nb,1,2,0\n`,
      ['a quote opened after line 1 never closes', 'fix: Close the quote, or shorten the row; nothing was computed.'],
    ],
    ['an open quote in the header', `"${HEADER}\na,1,2,0\n`, ['a quote opened in the first row never closes']],
    [
      'a reserved name',
      `${HEADER}\n(unattributed),1,2,0\n`,
      ['a channel must have a name of its own (got "(unattributed)", which is what no channel is credited with)'],
    ],
    ['a control character', `${HEADER}\na\u001fb,1,2,0\n`, ['a channel must hold no control character (got']],
    [
      'a wrong path separator',
      `${HEADER}\n${'abc-'.repeat(60)},1,2,0\n`,
      ['a channel must have at most 200 characters (got "abc-abc-', 'Is --path-separator right?'],
    ],
    ['too many conversions', `${HEADER}\na,9007199255,2,0\n`, ['has more than 9,007,199,254 in its conversions']],
    [
      'too large a value',
      `${HEADER}\na,1,90071992547409.93,0\n`,
      ['line 2: value must be at most 9007199254740991 of its last decimal (got "90071992547409.93")'],
    ],
    [
      'too large a sum',
      `${HEADER}\n${'a,1,60000000000000.01,0\n'.repeat(2)}`,
      ['has more than 90,071,992,547,409 in its value, beyond which'],
    ],
    [
      'a name twice',
      'path,total_conversions,total_conversions\na,1,2\n',
      ['the file must have one column for the conversions (got two that are called "total_conversions")'],
    ],
    ['two paths', 'path,path,conversions\na,b,1\n', ['one column for the path (got two that are called "path")']],
    [
      'two columns of conversions',
      'path,conversions,total_conversions\na,1,2\n',
      [
        'one column must be the conversions (got conversions and total_conversions). Say which with --map conversions=conversions',
      ],
    ],
    [
      'two values',
      'path,Value,conv,revenue\na,1,1,2\n',
      ['one column must be the value (got Value and revenue)', '--map value=Value'],
    ],
    ['two columns of nulls', 'path,conv,null,total_null\na,1,1,2\n', ['one column must be the nulls (got null and total_null)']],
    [
      'two rows of numbered columns',
      'click_1,click_2,page_1,page_2,conv\na,b,c,d,1\n',
      ['one column must be the path (got click_1..click_2 and page_1..page_2)', '--map path=click_1..click_2'],
    ],
    [
      'a gap in the numbered columns',
      'click_1,click_3,conv\na,b,1\n',
      ['must be numbered from 1 without a gap, side by side (got click_1, click_3)', '--map path=click_1+click_3'],
    ],
    ['a gap behind others', 'click_1,click_2,click_4,conv\na,b,c,1\n', ['(got click_1, click_2, click_4)']],
    ['a count from nought', 'click_0,click_1,click_2,conv\na,b,c,1\n', ['(got click_0, click_1, click_2)']],
  ] as [string, string, string[]][])('%s', async (_, text, expected) => {
    const done = await run(fileOf(text));
    expect([done.code, done.stdout]).toEqual([2, '']);
    for (const part of expected) expect(done.stderr).toContain(part);
  });

  test.each([
    ['conversions=total_conversions,value=revenue', 'path,conversions,total_conversions,value,revenue\na,9,1,9,2\n', 2],
    ['path=click_1..click_2', 'click_1,click_2,page_1,page_2,conv,value\na,a,x,y,1,2\n', 2],
    ['path=click_1+click_3', 'click_1,click_3,conv,value\na,a,1,2\n', 2],
  ])('--map %s says which of several columns it is', async (map, text, value) => {
    const { of } = await json(fileOf(text), '--map', map, '--models', 'last');
    expect([of('last'), of('last', 'value')]).toEqual([{ a: 1 }, { a: value }]);
  });

  test('what a message quotes of a file cannot turn the line around', async () => {
    const done = await run(file('a,\u202ex\u001b[2J,0,0'));
    expect(done.stderr).toContain('line 2: conversions must be a whole number (got "\ufffdx\ufffd[2J")');
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
    expect(unmarked).toMatchObject({ code: 2, stderr: expect.stringContaining('must be text in UTF-8') });
    const latin = await run(fileOf(Buffer.from(`${HEADER}\nb\u00fcro,1,2,0\n`, 'latin1')));
    expect(latin).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('line 2, column "path" must be text in UTF-8 (got "b\ufffdro")'),
    });
    const gzip = await run(fileOf(gzipSync(`${HEADER}\n${'a,1,2,0\n'.repeat(9999)}`).subarray(0, 50)));
    expect(gzip).toMatchObject({ code: 2, stderr: expect.stringContaining('is not a complete gzip file') });
    expect(gzip.stderr).toContain('fix: Get or compress the file again');
    expect(await run(folder)).toMatchObject({ code: 2, stderr: expect.stringContaining('it is a folder') });
    expect(await run(join(folder, 'nowhere.csv'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the file does not exist'),
    });
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
