/** What `npm start` refuses before it starts anything, one sentence for each. Real processes: packages/configuration/test/refused-settings.test.ts. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assertConfigured } from '../src/configured.ts';

const SENTENCE =
  /^(?:(?:TRIBUTARY_[A-Z_]+|--data-dir) must [^\n]+ \(got [^\n]+\)\. [A-Z][^\n]+\.|TRIBUTARY_[A-Z_]+ is not a setting\. [A-Z][^\n]+[.?])$/;
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tributary-configured-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

const look = (env: Record<string, string>, path = join(dir, 'data')) => assertConfigured({ name: '--data-dir', path }, env, 100);
const refusal = async (env: Record<string, string>, path?: string): Promise<string> => {
  const error = await look(env, path).then(
    () => new Error('nothing was refused'),
    (cause: Error) => cause,
  );
  expect(error).toMatchObject({ code: 'invalid_config' });
  for (const line of error.message.split('\n')) expect(line).toMatch(SENTENCE);
  return error.message;
};

test('a misspelt setting is refused with the nearest one; several troubles are named together', async () => {
  const message = await refusal({
    TRIBUTARY_KAKFA_BROKERS: 'nowhere:1',
    TRIBUTARY_PARTITIONS: 'many',
    TRIBUTARY_HEARTBEAT_IDLE_MS: '1',
  });
  expect(message.split('\n').map((line) => line.split(' ')[0])).toEqual(
    ['TRIBUTARY_HEARTBEAT_IDLE_MS', 'TRIBUTARY_PARTITIONS', 'TRIBUTARY_KAKFA_BROKERS'].sort(
      (a, b) => message.indexOf(a) - message.indexOf(b),
    ),
  );
  expect(message).toContain('TRIBUTARY_KAKFA_BROKERS is not a setting. Did you mean TRIBUTARY_KAFKA_BROKERS?');
});

test('definitions, keys and the note of the log are read before a start', async () => {
  const definitions = join(dir, 'definitions.yaml');
  writeFileSync(definitions, 'conversions:\n  - [buy\n');
  const data = join(dir, 'data');
  mkdirSync(data);
  expect(await refusal({ TRIBUTARY_DEFINITIONS_FILE: definitions })).toMatch(/line \d, column \d/);
  expect(await refusal({ TRIBUTARY_DEFINITIONS_FILE: join(dir, 'none.json') })).toContain('none.json": it does not exist');
  writeFileSync(join(data, 'keys.json'), '{"keys": [{}]}');
  await expect(look({})).rejects.toThrow(
    /the key file .* must hold records of keys: at keys\.0, "id" must be a text \(got nothing\)/,
  );
  rmSync(join(data, 'keys.json'));
  writeFileSync(join(data, 'log.json'), '{}');
  await expect(look({})).rejects.toThrow(/log\.json must read .* \(got another text\)/);
  writeFileSync(join(data, 'log.json'), '{"identity": "one", "partitions": 16}');
  await expect(look({})).rejects.toThrow(/keys\.json is gone, though this platform has data: .*--new-file --data-dir '.*data'$/);
  writeFileSync(join(data, 'keys.json'), '{"keys": []}');
  expect(await look({})).toEqual([]);
  expect(await refusal({ TRIBUTARY_PARTITIONS: '8' })).toMatch(/^TRIBUTARY_PARTITIONS must be 16, .* \(got 8\)\. Write 16,/);
});

test('a data folder that cannot be one is refused; a relative one and a link to a folder are taken', async () => {
  const file = join(dir, 'file');
  writeFileSync(file, '');
  expect(await refusal({}, file)).toMatch(/\(got ".*file": it is not a folder\)/);
  expect(await refusal({}, join(file, 'below'))).toMatch(/below": a part of the path is a file\)/);
  symlinkSync(join(dir, 'nowhere'), join(dir, 'dangling'));
  expect(await refusal({}, join(dir, 'dangling'))).toMatch(/dangling": it is a link that leads nowhere\)/);
  symlinkSync(join(dir, 'circle'), join(dir, 'circle'));
  expect(await refusal({}, join(dir, 'circle'))).toMatch(/circle": it is a link that leads to itself\)/);
  mkdirSync(join(dir, 'real'));
  symlinkSync(join(dir, 'real'), join(dir, 'link'));
  expect(await look({}, join(dir, 'link'))).toEqual([]);
  expect(await look({}, 'data-folder-that-is-not-there')).toEqual([]);
  expect(existsSync('data-folder-that-is-not-there')).toBe(false);
});

test('a folder of the archive that nothing can be written to is refused', async () => {
  mkdirSync(join(dir, 'data', 'archive'), { recursive: true });
  const segments = join(dir, 'data', 'archive', 'segments');
  writeFileSync(segments, '');
  expect(await refusal({})).toMatch(/\(got ".*segments": it is not a folder\)/);
  rmSync(segments);
  symlinkSync(join(dir, 'unmounted'), segments);
  expect(await refusal({})).toMatch(/\(got ".*segments": it is a link that leads nowhere\)/);
});

test('brokers that do not answer are waited for, then named', async () => {
  expect(await refusal({ TRIBUTARY_KAFKA_BROKERS: '127.0.0.1:1' })).toMatch(
    /must name a broker that answers \(got "127\.0\.0\.1:1": connect ECONNREFUSED 127\.0\.0\.1:1\)\. Start Kafka, or/,
  );
});

test('what the start sets itself is said not to be used, and is not examined', async () => {
  const notes = await look({
    TRIBUTARY_HOST: 'http://x',
    TRIBUTARY_COLLECTOR_PORT: '0.5',
    TRIBUTARY_REDIS_URL: '',
    TRIBUTARY_COFFEE: '1',
  });
  expect(notes).toEqual([
    'TRIBUTARY_COFFEE is not a setting. Leave it out; --help of each role lists all.',
    expect.stringContaining('does not use TRIBUTARY_COLLECTOR_PORT, TRIBUTARY_HOST. Use --port'),
  ]);
});

test('a checkout or a project is not taken for a data folder, unless a platform is there already', async () => {
  writeFileSync(join(dir, 'package.json'), '{}');
  expect(await refusal({}, dir)).toBe(
    `--data-dir must be a folder of its own (got "${dir}", which has package.json). Name one within it, such as ${join(dir, 'data')}.`,
  );
  expect(await look({})).toEqual([]);
  writeFileSync(join(dir, 'log.json'), '{"identity": "one", "partitions": 16}');
  writeFileSync(join(dir, 'keys.json'), '{"keys": []}');
  expect(await look({}, dir)).toEqual([]);
});
