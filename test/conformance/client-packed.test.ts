/** The packed client in an empty project, against a real API: its types, and what it does under each Node of this machine. */
import { execFile, execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { ROUTES } from '@tributary/contract/routes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWorld, event, NOON, type World } from '../../services/api/test/world.ts';
import { nodes } from './nodes.ts';
import { installClient, type Project } from './packed-client.ts';

let project: Project;
let world: World;
let url: string;

beforeAll(async () => {
  project = installClient();
  world = await createWorld();
  await world.ingest(event({ type: 'ad_click', userId: 'ada', channel: 'email', campaign: 'autumn', ts: NOON - 60_000 }));
  await world.ingest(
    event({ type: 'purchase', userId: 'ada', id: 'order-1', value: 100, currency: 'EUR', properties: { sku: 'shoe-7' } }),
  );
  await world.tick();
  await world.app.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(world.app.server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await world?.app.close();
  project?.remove();
});

/** Every kind of use; what is wrong does not compile, or ends with an error. */
const PROGRAM = `
import { createClient, TributaryProblem, type Answer } from '@tributary/client';

declare const process: { readonly env: Readonly<Record<string, string>> };

const tributary = createClient({ url: process.env['API'] ?? '', key: 'tr_reader_x' });
const { rows, totals, meta }: Answer<'attribution'> = await tributary.attribution({ model: 'linear', by: ['channel'], from: new Date(0) });
const value: number | bigint | null | undefined = totals.valueMinor;
const reads = await Promise.all(['ada', 'eve'].map((user) => tributary.signals(user, { limit: 5 })));
const pages: number[] = [];
for await (const page of tributary.pages('touches', { by: ['channel'], limit: 1 })) pages.push(page.rows.length);
let problem = '';
try {
  await tributary.explainConversion({ id: 'nothing' });
} catch (error) {
  if (error instanceof TributaryProblem) problem = error.code + ' ' + error.status;
}
console.log(JSON.stringify({
  channels: rows.map(({ channel }) => channel),
  value,
  complete: meta.complete,
  reads: reads.map(({ userId, status, signals }) => [userId, status, signals.length]),
  first: reads.slice(0, 1).map(({ signals, hasMore }) => [signals[0]?.properties?.sku, hasMore === false]),
  pages,
  problem,
}));
`;
const WRONG = `
import { createClient } from '@tributary/client';
const tributary = createClient({ url: '', key: '' });
// @ts-expect-error: there is no such model
await tributary.attribution({ model: 'shapely' });
// @ts-expect-error: there is no such parameter
await tributary.attribution({ form: 5 });
// @ts-expect-error: the user must be named
await tributary.userJourney({});
// @ts-expect-error: what senders put into properties has no type
const sku: string | undefined = (await tributary.signals('ada')).signals[0]?.properties?.sku;
// @ts-expect-error: not an operation in pages
tributary.pages('status');
`;

test('it has no dependencies, and little of its own', () => {
  const manifest = JSON.parse(readFileSync(join(project.client, 'package.json'), 'utf8')) as object;
  expect(manifest).not.toHaveProperty('dependencies');
  expect(readdirSync(join(project.folder, 'node_modules'))).toEqual(['.package-lock.json', '@tributary']);
  const scripts = readdirSync(project.client).filter((name) => name.endsWith('.js'));
  const imports = scripts.flatMap((name) => [...readFileSync(join(project.client, name), 'utf8').matchAll(/from '([^']+)'/g)]);
  expect(imports.map(([, from = '']) => from).filter((from) => !from.startsWith('./'))).toEqual([]);
  const bytesOf = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + readFileSync(join(project.client, name)).length, 0);
  expect(bytesOf(scripts.filter((name) => !['api.js', 'outputs.js'].includes(name)))).toBeLessThan(17_500);
  // To follow a stream over connections that break.
  expect(bytesOf(['outputs.js'])).toBeLessThan(3_500);
  // One line of a table for each operation of the API.
  expect(bytesOf(['api.js'])).toBeLessThan(60 * Object.keys(ROUTES).length);
});

test('its types know operations, parameters and answers', () => {
  writeFileSync(join(project.folder, 'program.ts'), PROGRAM);
  writeFileSync(join(project.folder, 'wrong.ts'), WRONG);
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--lib', 'es2023,dom', '--types', ''];
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const compile = () =>
    execFileSync(process.execPath, [compiler, ...options, 'program.ts', 'wrong.ts'], { cwd: project.folder, encoding: 'utf8' });
  expect(compile()).toBe('');
});

test.each(nodes())('it asks, batches, pages and fails as it should under Node %s', async (_version, node) => {
  const plain = PROGRAM.replace(
    /, type Answer|^declare.*$|: Answer<'attribution'>|: number \| bigint \| null \| undefined|: number\[\]/gm,
    '',
  );
  writeFileSync(join(project.folder, 'program.mjs'), plain);
  const { stdout } = await promisify(execFile)(node, ['program.mjs'], { cwd: project.folder, env: { API: url } });
  expect(JSON.parse(stdout)).toEqual({
    channels: ['email'],
    value: 100,
    complete: true,
    reads: [
      ['ada', 'PRESENT', 2],
      ['eve', 'NOT_FOUND', 0],
    ],
    first: [['shoe-7', true]],
    pages: [1],
    problem: 'not_found 404',
  });
});
