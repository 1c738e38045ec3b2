/** docs/settings.md is written from the tables (`npx vitest run infra/checks/settings.test.ts -u`), and documents name no other setting. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROLE_SETTINGS } from '@tributary/configuration/role-settings';
import { SHARED_SETTINGS } from '@tributary/configuration/roles/shared';
import { unknownSentence, unknownSettings } from '@tributary/configuration/unknown';
import { environmentName } from '@tributary/runtime/config/read-config';
import { boundsOf, type Setting } from '@tributary/runtime/config/setting';
import { expect, test } from 'vitest';
import { REPOSITORY, sourceFiles, textOf } from './source-files.ts';

const HEAD = `# Settings

Each setting is an environment variable, or a flag of its role: \`TRIBUTARY_BATCH_THREADS=4\` is \`tributary start recompute -- --batch-threads 4\`. A flag wins
over the environment, which wins over the default. A value that is empty or blank is not given. A value that a setting cannot take, and a name that is like one of these
and is not known, end a start with exit status 2 before anything runs; [\`tributary doctor --config\`](cli.md#status-and-doctor) looks without starting.

\`npm start\` chooses addresses, ports and Redis itself: it reads all but \`TRIBUTARY_REDIS_URL\`, \`TRIBUTARY_REDIS_FOLDER\`, \`TRIBUTARY_HOST\` and the ports.

This page is written from the tables that the roles read.
`;

test('docs/settings.md has every setting of every role, as the tables have them', async () => {
  const own = Object.entries(ROLE_SETTINGS).map(([role, table]) => {
    const rows = Object.entries(table).filter(([key]) => !(key in SHARED_SETTINGS));
    return section(`Role ${role}`, rows);
  });
  const page = [HEAD, section('Every role', Object.entries(SHARED_SETTINGS)), ...own].join('\n');
  await expect(page).toMatchFileSnapshot(join(REPOSITORY, 'docs/settings.md'));
});

test('documents, images and manifests name no setting that is not known', () => {
  const files = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
    // What is typed wrongly is misspelt on purpose.
    ...filesOf('docs').filter((file) => file !== 'docs/misconfiguration.md'),
    ...filesOf('infra/docker'),
    ...filesOf('infra/kubernetes'),
  ];
  const unknown = files.flatMap((file) => {
    const names = [...textOf(file).matchAll(/\bTRIBUTARY_[A-Z_]*[A-Z](?![A-Z_…])/g)].map(([name]) => [name, '']);
    return unknownSettings(Object.fromEntries(names)).map((one) => `${file}: ${unknownSentence(one)}`);
  });
  expect(files.length).toBeGreaterThan(30);
  expect(unknown).toEqual([]);
});

test('each setting is read by code: its name stands somewhere else than in its row', () => {
  const sources = sourceFiles().filter(
    (file) => /^(packages|services|jobs)\/[^/]+\/src\//.test(file) && !file.endsWith('.test.ts'),
  );
  const uses = new Map<string, number>();
  for (const file of sources)
    for (const [name] of textOf(file).matchAll(/\b[a-z][A-Za-z0-9]+\b(?!: \{)/g)) uses.set(name, (uses.get(name) ?? 0) + 1);
  const keys = new Set(Object.values(ROLE_SETTINGS).flatMap((table) => Object.keys(table)));
  expect(keys.size).toBeGreaterThan(40);
  expect([...keys].filter((key) => !uses.has(key))).toEqual([]);
});

function section(title: string, rows: readonly (readonly [key: string, setting: Setting])[]): string {
  const lines = rows.map(([key, setting]) => {
    const why = setting.why.replace(/[|<]/g, '\\$&');
    return `| \`${environmentName(key)}\` | ${allowed(setting)} | ${shown(setting)} | ${why} |`;
  });
  return [`## ${title}`, '', '| setting | value | default | what for |', '| --- | --- | --- | --- |', ...lines, ''].join('\n');
}

function allowed(setting: Setting): string {
  if (setting.type === 'bool') return '`true` or `false`';
  if (setting.type === 'string') return setting.oneOf?.map((one) => `\`${one}\``).join(', ') ?? 'text';
  const { min, max } = boundsOf(setting);
  const unit = setting.unit === undefined || setting.unit === 'port' ? '' : ` ${setting.unit}`;
  return `${setting.orZero === true ? '0, or ' : ''}${min} to ${max}${unit}`;
}

function shown(setting: Setting): string {
  if (setting.type === 'int') return String(setting.default);
  return setting.default === '' ? 'none' : `\`${String(setting.default)}\``;
}

function filesOf(folder: string): string[] {
  return readdirSync(join(REPOSITORY, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(md|ya?ml|acl|Dockerfile)$|Dockerfile$/.test(name))
    .map((name) => `${folder}/${name}`);
}
