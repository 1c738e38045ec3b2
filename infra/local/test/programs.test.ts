/** The programs of roles: built where sources changed, kept for who runs, and no different from the sources. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildPrograms } from '../build/programs.ts';
import { builtPrograms } from '../programs.mjs';
import { programOf } from '../src/roles.ts';

const ROOT = join(import.meta.dirname, '../../..');
const NODE = { node: process.execPath, env: process.env };
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-programs-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

test('programs are built again where a source, a query or a package changed, and only there; the last three builds are kept', () => {
  const build = "import { writeFileSync } from 'node:fs'; writeFileSync(process.argv[2] + '/speed.mjs', '');";
  for (const [file, text] of Object.entries({
    'services/speed/src/main.ts': '1',
    'services/speed/package.json': '{}',
    'packages/views/package.json': '{}',
    'jobs/recompute/package.json': '{}',
    'packages/views/src/x.sql': 'SELECT 1',
    'jobs/recompute/src/x.lua': '',
    'package-lock.json': '{}',
    'infra/local/build/traces.ts': '',
    'infra/local/build/programs.ts': build,
  }))
    write(file, text);
  const said: string[] = [];
  const built = () => builtPrograms(folder, NODE, (text) => said.push(text));
  const first = built();
  expect(programOf('speed', { BUILT_PROGRAMS: first })).toBe(join(first ?? '', 'speed.mjs'));
  expect(built()).toBe(first);
  write('services/speed/src/main.test.ts', 'no program reads it');
  expect(built()).toBe(first);

  const others = ['packages/views/src/x.sql', 'services/speed/package.json', 'package-lock.json'].map((file) => {
    write(file, '"changed"');
    return built() ?? '';
  });
  expect(new Set([first, ...others]).size).toBe(4);
  expect(readdirSync(join(folder, '.tributary/programs')).sort()).toEqual(others.map((one) => one.slice(-16)).sort());
  expect(said).toEqual([]);

  write('infra/local/build/programs.ts', "throw new Error('no room');");
  expect(built()).toBe(undefined);
  expect(said).toEqual([expect.stringMatching(/^Programs of one file could not be built, .*no room/s)]);
  expect(readdirSync(join(folder, '.tributary/programs'))).toHaveLength(3);
  // One that another start removed meanwhile, none, and one whose modules what is loaded before it could not change.
  const changed = { BUILT_PROGRAMS: others[0], NODE_OPTIONS: '--import /tmp/x.ts' };
  for (const env of [{ BUILT_PROGRAMS: first }, {}, changed])
    expect(programOf('speed', env)).toBe(join(ROOT, 'services/speed/src/main.ts'));

  // Nowhere to build them, and a folder that a branch left.
  rmSync(join(folder, '.tributary'), { recursive: true });
  write('packages/left/src/x.ts', '');
  write('.tributary/programs', '');
  expect(built()).toBe(undefined);
  expect(said.slice(1)).toEqual([expect.stringMatching(/^Programs of one file could not be built, .*EEXIST/)]);
});

test('a program refuses what its source refuses, and its traces name the sources', async () => {
  await buildPrograms(folder, ['archiver', 'recompute-child']);
  const run = (file: string, input: string) =>
    spawnSync(process.execPath, [file], { env: { TRIBUTARY_PARTITIONS: 'many' }, input, encoding: 'utf8' });
  // It looks for libraries where it lies.
  writeFileSync(join(folder, 'package.json'), '{}');
  const [status, stderr] = [2, expect.stringMatching(/^TRIBUTARY_PARTITIONS must be a whole number .*\(got "many"\)/)];
  for (const file of ['services/archiver/src/main.ts', `${folder}/archiver.mjs`])
    expect(run(file, '')).toMatchObject({ status, stderr });
  const places = ['jobs/recompute/src/child/main.ts', `${folder}/recompute-child.mjs`].map((file) =>
    run(file, '{\n').stderr.match(/\/packages\/archive\/src\/child\/answer-task\.ts:\d+:\d+/g),
  );
  expect(places[0]).toHaveLength(1);
  expect(places[1]).toEqual(places[0]);
  // Its queries, as they were when it was built.
  expect(existsSync(join(folder, 'sources/packages/views/src/credit/batch.sql'))).toBe(true);
});
