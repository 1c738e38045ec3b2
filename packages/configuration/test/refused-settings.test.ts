/** Every role and `npm start` as real processes, with every setting wrong at once. The walk through each text: every-setting.test.ts. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { RESTORE_IS_ON } from '@tributary/log/settings';
import { type ConfigTable, environmentName } from '@tributary/runtime/config/read-config';
import { readValue, type Setting } from '@tributary/runtime/config/setting';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ROLE_SETTINGS } from '../src/role-settings.ts';
import { NOT_BOOLEAN, NOT_WHOLE, SECRET, SENTENCE, WRONG_KINDS } from './wrong-texts.ts';

const ROOT = join(import.meta.dirname, '../../..');
/** `npm start` sets them itself, and says so where they are given. */
const OWN = /_(?:COLLECTOR_PORT|API_PORT|HEALTH_PORT|HOST|REDIS_URL|REDIS_FOLDER)$/;
/** Where `npm test` built the programs of roles, as `npm start` runs them. */
const { BUILT_PROGRAMS: BUILT } = process.env;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tributary-refused-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A text that the setting cannot take by itself; undefined where any text may be meant. */
function wrongText(key: string, setting: Setting): string | undefined {
  const texts = setting.type === 'int' ? NOT_WHOLE : setting.type === 'bool' ? NOT_BOOLEAN : (WRONG_KINDS[key] ?? []);
  return texts.find((candidate) => 'must' in readValue(setting, candidate));
}

function wrongEverywhere(table: ConfigTable): Record<string, string> {
  const texts = Object.entries(table).map(([key, setting]) => [environmentName(key), wrongText(key, setting)]);
  return Object.fromEntries(texts.filter(([, wrong]) => wrong !== undefined)) as Record<string, string>;
}

async function run(main: string, env: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env['PATH'], NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'], ...env },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { status, stdout, stderr };
}

function mainOf(role: string): string {
  const main = `${role === 'recompute' ? 'jobs' : 'services'}/${role}/src/main.ts`;
  return BUILT === undefined ? join(ROOT, main) : join(BUILT, `${role}.mjs`);
}

/** One sentence for each setting, and nothing else was written, said or made. */
function expectRefused({ status, stdout, stderr }: Awaited<ReturnType<typeof run>>, names: readonly string[]): void {
  expect([status, stdout]).toEqual([2, '']);
  const lines = stderr.trim().split('\n');
  for (const line of lines) expect(line).toMatch(SENTENCE);
  expect(lines.map((line) => line.split(' ')[0]).sort()).toEqual([...names].sort());
  expect(stderr).not.toContain(SECRET);
  expect(readdirSync(folder)).toEqual([]);
}

test('every role that there is: exit 2, a sentence on stderr for each setting, and nothing started', async () => {
  const folders = ['services', 'jobs'].flatMap((group) => readdirSync(join(ROOT, group)).map((name) => `${group}/${name}`));
  // A job without a main runs in the process of another one.
  const mains = folders.filter((path) => existsSync(join(ROOT, path, 'src/main.ts')));
  expect(mains.map((main) => main.split('/')[1]).sort()).toEqual(Object.keys(ROLE_SETTINGS).sort());
  await Promise.all(
    Object.entries(ROLE_SETTINGS).map(async ([role, table]) => {
      const wrong = wrongEverywhere(table);
      expect(Object.keys(wrong).length).toBeGreaterThan(10);
      expectRefused(await run(mainOf(role), wrong), Object.keys(wrong));
    }),
  );
});

test('every role: a name that is like a setting ends it beside what else is wrong, before anything runs', async () => {
  const wrong = { TRIBUTARY_KAKFA_BROKERS: `me:${SECRET}@a:1`, TRIBUTARY_COFFEE: '1' };
  const misspelt = 'TRIBUTARY_KAKFA_BROKERS is not a setting. Did you mean TRIBUTARY_KAFKA_BROKERS?\n';
  await Promise.all(
    Object.keys(ROLE_SETTINGS).map(async (role) => {
      expect(await run(mainOf(role), wrong)).toEqual({ status: 2, stdout: '', stderr: misspelt });
    }),
  );
  const both = await run(mainOf('speed'), { ...wrong, TRIBUTARY_PARTITIONS: 'many' });
  expect(both.stderr).toMatch(/^TRIBUTARY_PARTITIONS must [^\n]+\nTRIBUTARY_KAKFA_BROKERS is not/);
});

test('every role: what an operator should know of settings that are right is in its log before anything is opened', async () => {
  const env = { TRIBUTARY_RESTORE_LOST_LOG: 'true', TRIBUTARY_COFFEE: '1', TRIBUTARY_REDIS_FOLDER: join(folder, 'absent') };
  await Promise.all(
    Object.keys(ROLE_SETTINGS).map(async (role) => {
      const { status, stdout } = await run(mainOf(role), env);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { level: number; msg: string });
      expect([status, lines.map(({ level, msg }) => [level, msg])]).toEqual([
        2,
        [
          [40, RESTORE_IS_ON],
          [40, expect.stringMatching(/^TRIBUTARY_COFFEE is not a setting/)],
          [60, expect.stringMatching(/^TRIBUTARY_REDIS_FOLDER must /)],
        ],
      ]);
    }),
  );
});

test('npm start: the same for the settings of all roles together, before the data folder is made', async () => {
  const all = Object.assign({}, ...Object.values(ROLE_SETTINGS).map(wrongEverywhere)) as Record<string, string>;
  const args = ['--no-demo', '--data-dir', join(folder, 'data')];
  const names = Object.keys(all).filter((name) => !OWN.test(name));
  expectRefused(await run(join(ROOT, 'infra/local/src/main.ts'), all, args), names);
});
