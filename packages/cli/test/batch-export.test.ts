/** `tributary batch export`: which generation and format are asked for, where rows go, and that what breaks off never looks whole. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeServer, problem, type Received } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const ROWS = '{"channel":"\u009b2J","touches":3}\n{"channel":"email","touches":9007199254740993}\n';
const GENERATIONS = { generations: [], publication: { generation: 7 }, nextCursor: null };
const answers = ({ path }: Received) => (path === '/v1/generations' ? { body: GENERATIONS } : { body: ROWS });

test('rows of the generation that readers get are printed, and nothing in them steers the terminal', async () => {
  await using server = await fakeServer(answers);
  const done = await tributary(['batch', 'export', 'paths', '--url', server.url]);
  expect(done).toMatchObject({ code: 0, stderr: '' });
  expect(done.stdout.trimEnd().split('\n')).toHaveLength(2);
  expect(done.stdout).toContain('9007199254740993');
  expect(done.stdout).not.toContain('\u009b');
  expect(server.received.at(-1)).toMatchObject({ path: '/v1/generations/7/export', query: { of: 'paths', format: 'ndjson' } });
});

test('a file has the bytes that came, its format by its name, in place of what was there', async () => {
  await using server = await fakeServer(answers);
  const cwd = temporaryFolder('export');
  writeFileSync(join(cwd, 'rows.parquet'), 'older');
  const done = await tributary(
    ['batch', 'export', 'conversion-list', '--generation', '3', '--out', 'rows.parquet', '--url', server.url],
    { cwd },
  );
  expect(done).toMatchObject({ code: 0, stdout: '', stderr: expect.stringContaining('generation 3: 78 B in rows.parquet') });
  expect(readFileSync(join(cwd, 'rows.parquet'), 'utf8')).toBe(ROWS);
  expect(server.received.at(-1)?.query).toEqual({ of: 'conversion-list', format: 'parquet' });
});

test('law 7: what an export lacks is said beside it', async () => {
  const headers = { 'x-tributary': 'api', 'x-tributary-incomplete': 'messages were in flight' };
  const server = createServer((_request, response) => response.writeHead(200, headers).end(ROWS));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cwd = temporaryFolder('export');
  for (const out of [['--out', 'rows.csv'], []]) {
    const done = await tributary(['batch', 'export', 'paths', '--generation', '3', ...out, '--url', url], { cwd });
    expect(done).toMatchObject({ code: 0, stderr: expect.stringContaining('warning: messages were in flight') });
  }
  server.close();
});

test('law 7: an export that breaks off is an error, and leaves the file that was there', async () => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'x-tributary': 'api', 'content-length': '1000' });
    response.write(ROWS, () => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cwd = temporaryFolder('export');
  writeFileSync(join(cwd, 'rows.csv'), 'older');
  for (const out of [['--out', 'rows.csv'], []]) {
    const done = await tributary(['batch', 'export', 'paths', '--generation', '3', ...out, '--url', url], { cwd });
    expect(done).toMatchObject({ code: 3, stderr: expect.stringContaining('does not answer') });
  }
  expect(readFileSync(join(cwd, 'rows.csv'), 'utf8')).toBe('older');
  expect(existsSync(join(cwd, 'rows.csv.part'))).toBe(false);
  server.close();
});

test('what the API refuses, a folder that is not there, and formats that a file cannot have are said', async () => {
  await using refusing = await fakeServer(() => problem(409, 'conflict', 'generation 3 must be computed (got retired)'));
  const run = (...argv: string[]) => tributary(['batch', 'export', ...argv, '--url', refusing.url]);
  expect(await run('paths', '--generation', '3', '--out', 'x.csv')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('got retired'),
  });
  expect(await run('paths', '--format', 'parquet')).toMatchObject({ code: 2, stderr: expect.stringContaining('--out FILE') });
  expect(await run('paths', '--format', 'xls')).toMatchObject({ code: 2 });
  expect(await run('paths', '--json')).toMatchObject({ code: 2, stderr: expect.stringContaining('--format ndjson') });
  expect(await run('paths', '--generation', 'x')).toMatchObject({ code: 2 });
  await using server = await fakeServer(answers);
  expect(await tributary(['batch', 'export', 'paths', '--out', 'no/where/x.csv', '--url', server.url])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('its folder is not there'),
  });
  await using none = await fakeServer(() => ({ body: { ...GENERATIONS, publication: null } }));
  expect(await tributary(['batch', 'export', 'paths', '--url', none.url])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('does not exist yet'),
  });
});
