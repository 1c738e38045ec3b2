import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROUTES } from '@tributary/contract/routes';
import { expect, test } from 'vitest';
import { STATUS } from './api-answers.ts';
import { fakeServer, problem, type Received } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder('definitions');
function fileOf(text: string, name = 'definitions.json'): string {
  writeFileSync(join(folder, name), text);
  return name;
}

const IN_FORCE = {
  conversions: ['purchase'],
  touches: { visit: { windowDays: 30, defaultChannel: 'direct', viewThrough: false } },
  rules: 2,
}; // prettier-ignore
const GENERATION = { ...ROUTES.generation.example.answer, generation: 3, definitions: IN_FORCE };
const routes = ({ path }: Received) => {
  if (path === '/v1/status') return { body: STATUS };
  return path === '/v1/generations/3' ? { body: GENERATION } : problem(404, 'not_found', `${path} does not exist`);
};
const run = async (argv: string[], shell: Parameters<typeof tributary>[1] = {}) => {
  await using server = await fakeServer(routes);
  return {
    ...(await tributary(['definitions', ...argv, '--url', server.url], { cwd: folder, ...shell })),
    asked: server.received.length,
  };
};

test('what is fed as a generation is one by the contract', () => {
  expect(ROUTES.generation.answer.safeParse(GENERATION).success).toBe(true);
});

test('show: what is in force, as a file may hold it; what brought it goes to stderr', async () => {
  const { rules: _, ...written } = IN_FORCE;
  const shown = await run(['show']);
  expect([shown.code, JSON.parse(shown.stdout)]).toEqual([0, written]);
  expect(shown.stderr).toBe(
    'abcdef123456 since 2026-11-20 09:30:00Z, sent with a run (demand by key ta_admin); the file differs in attribution.channels, conversions\n',
  );
  expect(JSON.parse((await run(['show', '--json'])).stdout)).toEqual({
    generation: 3,
    version: 'abcdef123456',
    definitions: written,
  });
  expect(await run(['show', '--out', 'shown.json'])).toMatchObject({ code: 0, stdout: '' });
  expect(readFileSync(join(folder, 'shown.json'), 'utf8')).toBe(shown.stdout);
  // What is shown can be used: nothing in it is refused.
  expect(await run(['check', fileOf(shown.stdout)])).toMatchObject({ code: 0 });
});

test('show: of a generation that is not there, and before the first', async () => {
  expect(await run(['show', '9'])).toMatchObject({ code: 1, stderr: expect.stringContaining('tributary batch status') });
  expect(await run(['show', 'nine'])).toMatchObject({ code: 2 });
  await using none = await fakeServer(() => ({ body: { ...STATUS, generation: { ...STATUS.generation, current: null } } }));
  expect(await tributary(['definitions', 'show', '--url', none.url])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('Run "tributary batch run --wait".'),
  });
});

test.each([
  ['{\n  "conversions": ["buy"],\n}', ' must be JSON (got line 3, column 1: "}" follows a comma). Remove the comma before it.'],
  [
    '{\n  "touches": { "visit": {\n    "windowDays": 900 } } }',
    ', line 3, column 5: touches.visit.windowDays must be at most 365 (got 900)',
  ],
  [
    '{"conversions": ["buy"],\n "attribution": {"direkt": []}}',
    ', line 2, column 18: attribution.direkt must be one of resetOnConversion, ',
  ],
  ['{"conversion": ["buy"]}', ', line 1, column 2: conversion must be one of rules, touches, '],
  ['{"conversions": ["buy",\n  " pay"]}', ', line 2, column 3: conversions.1 must not begin or end with a space'],
  ['{"conversions": ["visit"]}', ': a type of the definitions must be a touch or a conversion, not both (got "visit")'],
  ['\ufeff{"latenessDays": "3"}', ', line 1, column 2: latenessDays must be a number (got "3")'],
])('check: %j is found wrong where it is wrong', async (text, says) => {
  const done = await run(['check', fileOf(text)]);
  expect(done).toMatchObject({ code: 1, stdout: '', asked: 0 });
  expect(done.stderr).toContain(`error: definitions.json${says}`);
  expect(done.stderr).toContain('\n  fix: Correct the definitions');
});

test('check: a right file, that of the platform, and none', async () => {
  const file = fileOf('{"conversions": ["signup"]}');
  expect(await run(['check', file])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^definitions\.json holds definitions, version [0-9a-f]{12}\n$/),
  });
  expect(await run(['check'], { env: { TRIBUTARY_DEFINITIONS_FILE: file } })).toMatchObject({ code: 0, asked: 0 });
  expect(await run(['check'])).toMatchObject({ code: 2, stderr: expect.stringContaining('TRIBUTARY_DEFINITIONS_FILE') });
  expect(await run(['check', 'nowhere.json'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the file does not exist'),
  });
});

test('diff: each key that a run would change, by what both mean; exit 1 as diff has it', async () => {
  const done = await run([
    'diff',
    fileOf('{"conversions": ["purchase", "signup"], "touches": {"visit": {"windowDays": 30}, "mail": {}}}'),
  ]);
  expect(done.code).toBe(1);
  const lines = done.stdout.split('\n');
  expect(lines[0]).toMatch(/^key +in force +definitions\.json$/);
  expect(lines).toContainEqual(expect.stringMatching(/^conversions +\["purchase"\] +\["purchase","signup"\]$/));
  expect(lines).toContainEqual(expect.stringMatching(/^touches\.mail +– +\{/));
  // A default that is left out is not a difference.
  expect(done.stdout).not.toContain('touches.visit');
  expect(done.stderr).toContain('would change with "tributary batch run --definitions definitions.json"');
  const called = await run([
    'diff',
    fileOf('{"conversions": ["purchase"], "touches": {"visit": {}, "constructor": {}}}'),
    '--json',
  ]);
  expect(JSON.parse(called.stdout).changes).toContainEqual({ key: 'touches.constructor', inFile: expect.any(Object) });
  const json = await run(['diff', fileOf('{"conversions": ["buy"], "touches": {"visit": {}}}'), '--json']);
  expect(JSON.parse(json.stdout).changes).toContainEqual({ key: 'conversions', inForce: ['purchase'], inFile: ['buy'] });
});

test('diff: of lists that are too long to show, what each has that the other has not', async () => {
  const list = ['purchase', 'booking', 'signup', 'subscription_started'];
  const generation = (conversions: readonly string[]) => ({ ...GENERATION, definitions: { ...IN_FORCE, conversions } });
  const shown = async (inForce: readonly string[], inFile: readonly string[]) => {
    await using server = await fakeServer(({ path }) => ({ body: path === '/v1/status' ? STATUS : generation(inForce) }));
    const file = fileOf(JSON.stringify({ conversions: inFile }));
    const { stdout } = await tributary(['definitions', 'diff', file, '--url', server.url], { cwd: folder });
    return stdout;
  };
  const line = async (inForce: readonly string[], inFile: readonly string[]) =>
    (await shown(inForce, inFile)).split('\n').find((row) => row.startsWith('conversions'));
  expect(await line([...list, 'lead'], [...list, 'refund', 'buy'])).toMatch(/^conversions +also "lead" +also "refund", "buy"$/);
  expect(await line(list, [...list, 'refund'])).toMatch(/^conversions +without these +also "refund"$/);
  // A type that the file leaves out counts no more: each is named, as many as people read.
  const many = Array.from({ length: 25 }, (_, i) => `order_${i}`);
  const names = many.slice(0, 20).map((name) => JSON.stringify(name));
  expect((await shown([...list, ...many], list)).replaceAll(/\s+/g, ' ')).toContain(`also ${names.join(', ')} and 5 more`);
  expect(await line(list, list.toReversed())).toMatch(/^conversions +in another order +in another order$/);
});

const ASKED = {
  fields: { item: 'properties.item' },
  signals: { views1h: { count: 'view', window: '1h' } },
  segments: { planner: { enter: "type == 'search'", ttl: '14d' } },
};

test('schema: the JSON Schema that is published; validate is check by another name', async () => {
  const published = readFileSync(new URL('../../../docs/definitions.schema.json', import.meta.url), 'utf8');
  expect(await run(['schema'])).toMatchObject({ code: 0, asked: 0, stdout: published });
  const yaml = fileOf('signals:\n  views: {count: view, windw: 1h}\n');
  expect(await run(['validate', yaml])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      'line 2, column 24: signals.views.windw must be one of count, where, window, accuracy (got "windw")',
    ),
  });
});

test('explain: what each signal, session and segment says, with its version; a wrong one has its line and column', async () => {
  const explained = await run(['explain', fileOf(JSON.stringify(ASKED, null, 2))]);
  expect(explained).toMatchObject({ code: 0, asked: 0 });
  expect(explained.stdout.split('\n').slice(2, 4)).toEqual([
    expect.stringMatching(/^views1h +1h +[0-9a-f]{12} +how many events of type "view", in \[asOf − 1h, asOf\)$/),
    expect.stringMatching(/^planner +90d +[0-9a-f]{12} +in from an event where type == 'search'; out 14d/),
  ]);
  const { definitions } = JSON.parse((await run(['explain', 'definitions.json', '--json'])).stdout);
  expect(definitions).toMatchObject([{ name: 'views1h', kind: 'aggregate', reachMs: 3_600_000 }, { name: 'planner' }]);
  const wrong = JSON.stringify({ ...ASKED, signals: { views1h: { count: 'view', window: '91d' } } }, null, 2);
  for (const command of ['explain', 'check'])
    expect(await run([command, fileOf(wrong, 'wrong.json')])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('wrong.json, line 8, column 7: signals.views1h.window must look back at most 90d'),
    });
  const counting = JSON.stringify({ counts: { campaigns: { count: '*', by: 'campaign' } } });
  expect((await run(['explain', fileOf(counting)])).stdout).toMatch(
    /^campaigns +[0-9a-f]{12} +over all users and by day, how many events of any type have each value of campaign$/m,
  );
  expect((await run(['explain', fileOf('{}')])).stdout).toBe(
    'definitions.json defines nothing of this kind: docs/signals.md says how\n',
  );
});

test("show and diff: what is asked of users' events, as a file may hold it", async () => {
  const derived = { ...ASKED, sessions: {} };
  const generation = { ...GENERATION, definitions: { ...IN_FORCE, rules: 5, signals: '*', derived } };
  await using server = await fakeServer(({ path }) => ({ body: path === '/v1/status' ? STATUS : generation }));
  const on = (argv: string[]) => tributary(['definitions', ...argv, '--url', server.url], { cwd: folder });
  expect(
    JSON.parse((await on(['show', '--out', 'asked.json'])).stdout || readFileSync(join(folder, 'asked.json'), 'utf8')),
  ).toEqual({
    conversions: IN_FORCE.conversions,
    touches: IN_FORCE.touches,
    ...ASKED,
  });
  const other = { ...ASKED, signals: { views1h: { count: 'view', window: '2h' } } };
  const found = await on(['diff', fileOf(JSON.stringify(other), 'other.json'), '--json']);
  const { changes } = JSON.parse(found.stdout) as { changes: { key: string }[] };
  expect(changes.map(({ key }) => key)).toContain('signals.views1h.window');
  expect(changes.filter(({ key }) => /^(signals|segments|fields|sessions)/.test(key))).toHaveLength(1);
});
