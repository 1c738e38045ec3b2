/** Adapters own the tables of their settings, and looking at settings loads no client of theirs. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROLE_SETTINGS } from '../src/role-settings.ts';

/** The packages that a process loads from `node_modules` to run this: packages of the repository are links, and load from where they are. */
function loadedBy(script: string): string[] {
  const hooks = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({ load(url, context, next) { const name = url.split('/node_modules/')[1]; if (name) loaded.add(name.split('/').slice(0, name[0] === '@' ? 2 : 1).join('/')); return next(url, context); } });
    ${script}
    process.stdout.write(JSON.stringify([...loaded]));`;
  const args = ['--input-type=module', '--eval', hooks];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: import.meta.dirname, encoding: 'utf8' }));
}

const check = (env: Readonly<Record<string, string>>) => `
  const { examineConfiguration } = await import('@tributary/configuration/check/configuration');
  const { troubles } = await examineConfiguration({ env: ${JSON.stringify(env)}, redis: false, waitMs: 1 });
  if (troubles.length !== ${Object.keys(env).length}) throw new Error(troubles.join());`;

test('a check of settings, files and folders loads no client of Redis or Kafka, and no DuckDB', () => {
  const readers = ['zod'];
  expect(loadedBy(check({})).sort()).toEqual(readers);
  expect(loadedBy(check({ TRIBUTARY_PARTITIONS: 'many', TRIBUTARY_KAFKA_BROKER: 'a:9092' })).sort()).toEqual(readers);
  expect(loadedBy(`await import('@tributary/runtime/redis/connect');`)).toContain('ioredis');
  // What reads conditions and YAML is there for a file of definitions alone.
  const read = (file: string) =>
    `const { loadDefinitions } = await import('@tributary/runtime/config/definitions'); await loadDefinitions(${file});`;
  const signals = JSON.stringify(join(import.meta.dirname, '../../../docs/examples/signals.json'));
  expect(loadedBy(read("''"))).toEqual(['zod']);
  expect(loadedBy(read(signals)).sort()).toEqual(['@marcbachmann/cel-js', 'yaml', 'zod']);
  // Roles read the definitions of a barrier, which may have no condition.
  const parsed = (section: object) => `const { readDefinitions } = await import('@tributary/signals/definitions/file');
    const { sha256Hex } = await import('@tributary/runtime/config/definitions');
    readDefinitions(${JSON.stringify(JSON.stringify(section))}, sha256Hex);`;
  const views = { count: 'view', window: '1h' };
  expect(loadedBy(parsed({}))).toEqual(['zod']);
  expect(loadedBy(parsed({ signals: { views } }))).toEqual(['zod']);
  expect(loadedBy(parsed({ signals: { views: { ...views, where: "page == '/'" } } })).sort()).toEqual([
    '@marcbachmann/cel-js',
    'zod',
  ]);
});

test('tables and names alone load no package: the command line looks at them before each command', () => {
  expect(loadedBy(`await import('@tributary/configuration/unknown');`)).toEqual([]);
});

test('a setting of several roles is one row, which its owner wrote', () => {
  const rows = Object.values(ROLE_SETTINGS).flatMap((table) => Object.entries(table));
  const byName = Map.groupBy(rows, ([name]) => name);
  const repeated = [...byName].filter(([, found]) => new Set(found.map(([, row]) => row)).size > 1);
  expect(repeated.map(([name]) => name)).toEqual([]);
  expect(byName.size).toBeGreaterThan(60);
});
