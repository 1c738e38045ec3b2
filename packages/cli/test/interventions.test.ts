/** Interventions as a whole command: an API that streams, a collector and receivers that answer as a test says. */
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type FakeServer, fakeCollector, fakeServer, type Received, type Reply } from './fake-server.ts';
import { NOW_MS, tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const META = { view: 'speed', speed: { lagMs: 0, watermark: 0 }, complete: true, reasons: [], warnings: [] };
const COUNT = {
  kind: 'aggregate',
  measure: 'count',
  of: { types: null, where: null },
  field: null,
  window: { kind: 'sliding', ms: 1 },
};
const DEFINITIONS = [
  { name: 'views1h', definition: COUNT, fields: {} },
  { name: 'planner', definition: { kind: 'segment' }, fields: {} },
];

function rulesFile(rules: string): string {
  const file = join(temporaryFolder('interventions'), 'rules.yaml');
  writeFileSync(file, `interventions:\n${rules}`);
  return file;
}

const entered = (userKey: string, at: number, more: object = {}) => ({
  ts: at,
  type: 'segment.entered',
  id: `${userKey}${at}`,
  userKey,
  segment: 'planner',
  from: at,
  ...more,
});

const sse = (lines: readonly ReturnType<typeof entered>[], first = 1) =>
  lines.map((line, i) => `id: place-${first + i}\nevent: ${line.type}\ndata: ${JSON.stringify(line)}\n\n`).join('');

/** A platform whose stream has these parts; when they were sent, `end` is called. */
function platform(parts: string[], views: Readonly<Record<string, number>>, end: () => void) {
  const collector = fakeCollector();
  const asked: (string | undefined)[] = [];
  const reply = (request: Received): Reply => {
    if (request.path === '/v1/signals/definitions') return { body: { definitions: DEFINITIONS } };
    if (request.path === '/v1/events') return collector.take(request);
    if (request.path === '/v1/stream') {
      asked.push(request.headers['last-event-id'] as string | undefined);
      const part = parts.shift();
      if (part === undefined) end();
      return { body: part ?? ': alive\n\n' };
    }
    const { users } = request.body as { users: [string] };
    const value = views[users[0]] ?? null;
    const values = { views1h: { value, status: value === null ? 'INCOMPLETE' : 'READY', version: 'v' } };
    return { body: { asOf: NOW_MS, partial: false, results: [{ userId: users[0], status: 'PRESENT', values }], meta: META } };
  };
  return { collector, asked, reply };
}

const RULE = (url: string) =>
  `  help:\n    on: segment.entered\n    of: planner\n    when: views1h >= 2\n    cooldown: 7d\n    webhook: { url: "${url}/hook", secret: HOOK }\n`;

const argvOf = ({ url }: FakeServer, file: string, folder: string) => {
  const where = ['--folder', folder, '--url', url, '--collector-url', url, '--allow-private'];
  return ['interventions', 'run', file, ...where];
};
const run = (server: FakeServer, file: string, folder: string, signal: AbortSignal, ...more: string[]) =>
  tributary([...argvOf(server, file, folder), ...more], { signal, env: { TRIBUTARY_KEY: 'tr_key', HOOK: SECRET } });

test('law 3: a rule that holds leaves one event and one signed webhook, within its cooldown none, and the folder has no user key', async () => {
  await using receiver = await fakeServer(() => ({ status: 204 }));
  const ended = new AbortController();
  const lines = [
    entered('anna', NOW_MS - 9),
    entered('bo', NOW_MS - 8),
    entered('anna', NOW_MS - 9),
    entered('anna', NOW_MS - 5),
    entered('cy', NOW_MS - 3_600_001),
    entered('dee', NOW_MS - 1, { segment: 'other' }),
  ];
  const { collector, asked, reply } = platform([sse(lines), ': alive\nid: place-9\n\n'], { anna: 2, bo: 1, cy: 5 }, () =>
    receiver.received.length > 0 ? ended.abort() : undefined,
  );
  await using server = await fakeServer(reply);
  const folder = temporaryFolder('journal');
  const done = await run(server, rulesFile(RULE(receiver.url)), folder, ended.signal);
  expect(done.stderr).toContain('interventions: 1 delivered; passed over: ');
  expect(done.code).toBe(0);
  expect(done.stderr).toMatch(/1 condition not met/);
  expect(done.stderr).toMatch(/1 within the cooldown/);
  expect(done.stderr).toMatch(/1 too old/);
  const [event, ...others] = [...collector.kept.values()];
  expect(others).toEqual([]);
  // As `userId` it would say that the key is that of a known user, which that of a visitor is not: no sign-in and no erasure would find it from then on.
  expect(event).toMatchObject({ type: 'intervention', anonymousId: 'anna', properties: { intervention: 'help', of: 'planner' } });
  expect(event).not.toHaveProperty('userId');
  expect(receiver.received).toHaveLength(1);
  const [{ headers, body }] = receiver.received as [Received];
  expect(body).toMatchObject({ id: event?.['id'], userKey: 'anna', values: { views1h: 2 }, cause: lines[0] });
  // As the specification has it, with the bytes that were sent.
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${JSON.stringify(body)}`;
  const mac = createHmac('sha256', Buffer.alloc(32, 7)).update(signed).digest('base64');
  expect(headers['webhook-signature']).toBe(`v1,${mac}`);
  expect(headers['webhook-id']).toBe(event?.['id']);
  expect(asked.slice(0, 2)).toEqual([undefined, 'place-6']);
  expect(readFileSync(join(folder, 'journal.ndjson'), 'utf8')).not.toMatch(/anna|bo\b/);
  expect(done.stdout + done.stderr).not.toMatch(new RegExp(`${SECRET.slice(6)}|anna`));
  // The next process goes on where the stream stood, and keeps the cooldown. What is not known meets no condition (law 7).
  const again = new AbortController();
  const lines2 = [entered('anna', NOW_MS - 2), entered('eli', NOW_MS - 1)];
  const later = platform([sse(lines2)], { anna: 2 }, () => again.abort());
  await using next = await fakeServer(later.reply);
  const second = await run(next, rulesFile(RULE(receiver.url)), folder, again.signal);
  expect(second).toMatchObject({ code: 1, stderr: expect.stringMatching(/1 within the cooldown, 1 values not known/) });
  expect(later.asked[0]).toBe('place-9');
  expect(next.received.find(({ path }) => path === '/v1/stream')?.query).toEqual({
    kinds: 'segment.entered,user.erased',
    segments: 'planner',
  });
  expect(receiver.received).toHaveLength(1);
});

test('law 3: a process that is killed while the receiver is slow is carried on by the next, with the same id and one event', async () => {
  const hooked = Promise.withResolvers<void>();
  const killed = Promise.withResolvers<void>();
  await using receiver = await fakeServer(async (_, number) => {
    hooked.resolve();
    if (number === 1) await killed.promise;
    return { hangUp: number === 1 };
  });
  const ended = new AbortController();
  const line = entered('anna', Date.now());
  const { collector, reply } = platform([sse([line]), sse([line])], { anna: 2 }, () => {});
  await using server = await fakeServer(reply);
  const [file, folder] = [rulesFile(RULE(receiver.url)), temporaryFolder('journal')];
  const bin = fileURLToPath(new URL('../bin/tributary.mjs', import.meta.url));
  const env = { ...process.env, TRIBUTARY_KEY: 'tr_key', HOOK: SECRET, TRIBUTARY_DATA_DIR: folder };
  const child = spawn(process.execPath, [bin, ...argvOf(server, file, folder)], { env, stdio: 'ignore' });
  await hooked.promise;
  const other = await run(server, file, folder, ended.signal);
  expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining(`which process ${child.pid} holds`) });
  child.kill('SIGKILL');
  await once(child, 'exit');
  killed.resolve();
  const done = await run(server, file, folder, ended.signal, '--limit', '1', '--json');
  expect(done.stderr).toContain('carrying on 1 intervention that an earlier run did not finish');
  expect(JSON.parse(done.stdout)).toMatchObject({ intervention: 'help', fate: 'delivered' });
  expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(receiver.received).toHaveLength(2);
  expect(collector.kept.size).toBe(1);
});

test('a receiver that fails is given up after five attempts, and holds up no other; one that refuses is asked once', async () => {
  const reached = Promise.withResolvers<void>();
  await using good = await fakeServer(() => {
    reached.resolve();
    return { status: 200 };
  });
  // It answers only once the other receiver was called.
  await using bad = await fakeServer(() => reached.promise.then(() => ({ status: 503 })));
  await using gone = await fakeServer(() => ({ status: 302, headers: { location: good.url } }));
  const rule = (name: string, url: string) => RULE(url).replace('  help:', `  ${name}:`);
  const file = rulesFile(rule('bad', bad.url) + rule('gone', gone.url) + rule('good', good.url));
  const { collector, reply } = platform([sse([entered('anna', NOW_MS)])], { anna: 3 }, () => {});
  await using server = await fakeServer(reply);
  const done = await run(server, file, temporaryFolder('journal'), new AbortController().signal, '--limit', '3');
  expect(done.code).toBe(1);
  expect(done.stdout).toMatch(/^gone \w+ refused: it answered 302$/m);
  expect(done.stdout).toMatch(/^bad \w+ given-up, 5 attempts: it answered 503$/m);
  expect(done.stdout).toMatch(/^good \w+ delivered$/m);
  expect([bad, gone, good].map(({ received }) => received.length)).toEqual([5, 1, 1]);
  expect(collector.kept.size).toBe(3);
});

test('law 9: a webhook is not tried again once its user is erased, nor while that is not known', async () => {
  const asked: unknown[] = [];
  const query = async (then: Reply) => {
    await using receiver = await fakeServer(() => ({ status: 503 }));
    const { reply } = platform([sse([entered('anna', NOW_MS)])], { anna: 3 }, () => {});
    await using server = await fakeServer((request) => {
      if (request.path !== '/v1/signals/query') return reply(request);
      asked.push(request.body);
      return receiver.received.length === 0 ? answer('PRESENT', META) : then;
    });
    const folder = temporaryFolder('journal');
    const argv = [rulesFile(RULE(receiver.url)), folder, new AbortController().signal, '--limit', '1'] as const;
    const { code, stdout } = await run(server, ...argv);
    return { code, stdout: stdout.replace(/\w{32}/, 'ID').trim(), calls: receiver.received.length };
  };
  const answer = (status: string, meta: object) => ({
    body: { results: [{ userId: 'anna', status, signals: [], hasMore: false }], meta },
  });
  const erased = { code: 0, stdout: 'help ID erased: the user was erased meanwhile', calls: 1 };
  expect(await query(answer('NOT_FOUND', META))).toEqual(erased);
  expect(asked).toEqual(new Array(2).fill({ users: ['anna'], limit: 1 }));
  const notKnown = 'help ID given-up: whether the user was erased meanwhile is not known';
  expect(await query(answer('NOT_FOUND', { ...META, complete: false }))).toEqual({ code: 1, stdout: notKnown, calls: 1 });
  expect(await query({ status: 400, body: { code: 'invalid_query', detail: 'no' } })).toMatchObject({
    stdout: notKnown,
    calls: 1,
  });
  expect(await query(answer('PRESENT', META))).toMatchObject({ code: 1, calls: 5 });
});

test('law 9: a webhook does not name who was erased while its line waited for the collector', async () => {
  await using receiver = await fakeServer(() => ({ status: 204 }));
  const erased = new Set<string>();
  const lines = [entered('anna', NOW_MS), entered('bo', NOW_MS)];
  const { reply } = platform([sse(lines)], { anna: 3, bo: 3 }, () => {});
  await using server = await fakeServer((request) => {
    // The lines have left the API; bo is erased before the first is taken.
    if (request.path === '/v1/events') erased.add('bo');
    if (request.path !== '/v1/signals/query') return reply(request);
    const { users } = request.body as { users: [string] };
    const status = erased.has(users[0]) ? 'NOT_FOUND' : 'PRESENT';
    return { body: { results: [{ userId: users[0], status, signals: [], hasMore: false }], meta: META } };
  });
  const argv = [rulesFile(RULE(receiver.url)), temporaryFolder('journal'), new AbortController().signal, '--limit', '2'] as const;
  expect(await run(server, ...argv)).toMatchObject({ code: 0 });
  expect(receiver.received.map(({ body }) => (body as { userKey: string }).userKey)).toEqual(['anna']);
});

test('law 7: an event that the collector rejects calls no webhook, and the exit code says so', async () => {
  await using receiver = await fakeServer(() => ({ status: 204 }));
  const { reply } = platform([sse([entered('anna', NOW_MS)])], { anna: 3 }, () => {});
  const rejected = [{ index: 0, code: 'invalid_event', message: 'no' }];
  await using server = await fakeServer((request) =>
    request.path === '/v1/events' ? { body: { success: true, accepted: 0, rejected } } : reply(request),
  );
  const folder = temporaryFolder('journal');
  const done = await run(server, rulesFile(RULE(receiver.url)), folder, new AbortController().signal, '--limit', '1');
  expect(done).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^help \w+ rejected: the collector rejected its event$/m),
  });
  expect(receiver.received).toEqual([]);
});

test('receivers with private addresses are refused, also behind a name, and nothing is sent', async () => {
  await using receiver = await fakeServer(() => ({ status: 200 }));
  const { reply } = platform([sse([entered('anna', NOW_MS)])], { anna: 3 }, () => {});
  await using server = await fakeServer(reply);
  const port = new URL(receiver.url).port;
  const byName = RULE(`http://localhost:${port}`).replace('  help:', '  byName:');
  const argv = ['--folder', temporaryFolder('journal'), '--url', server.url, '--collector-url', server.url, '--limit', '2'];
  const file = rulesFile(RULE(receiver.url) + byName);
  const done = await tributary(['interventions', 'run', file, ...argv], { env: { TRIBUTARY_KEY: 'k', HOOK: SECRET } });
  expect(done.code).toBe(1);
  expect(done.stdout).toMatch(/help \w+ refused.*must have a public address \(got 127\.0\.0\.1\)/);
  expect(done.stdout).toMatch(/byName \w+ refused.*must have a public address \(got localhost, /);
  expect(receiver.received).toEqual([]);
});

test('what is wrong in a file is named by line and column, with the fix, and so is a secret that is not there', async () => {
  const { reply } = platform([], {}, () => {});
  await using server = await fakeServer(reply);
  const check = async (rules: string, ...more: string[]) =>
    (await tributary(['interventions', 'check', rulesFile(rules), '--url', server.url, ...more])).stderr;
  const rule = RULE('https://hooks.example');
  expect(await check(rule)).toBe('');
  expect(await check(rule.replace('views1h >= 2', 'views2h >= 2'))).toMatch(
    /rules\.yaml, line 5, column 5: .*at character 1, .*Write "views1h"/,
  );
  expect(await check(rule.replace('views1h >= 2', "views1h == 'two'"))).toMatch(/line 5, column 5.*no such overload/);
  expect(await check(rule.replace('of: planner', 'of: planer'))).toMatch(/line 4, column 5: .* name a segment .*Write "planner"/);
  expect(await check(rule.replace('7d', '7 days'))).toMatch(/line 6, column 5: .*\.cooldown must be a whole number with a unit/);
  expect(await check(rule.replace('https:', 'ftp:'))).toMatch(/line 7, column 16: .*webhook\.url must be an address such as/);
  expect(await check(rule.replace('https://', 'https://me:secret@'))).toMatch(/webhook\.url must be an address/);
  expect(await check(rule.replace('segment.entered', 'event.enriched').replace('planner', 'intervention'))).toMatch(
    /line 4, column 5/,
  );
  expect(await check('  help: [\n')).toMatch(/rules\.yaml must be YAML \(got line/);
  const unset = ['interventions', 'run', rulesFile(rule), '--folder', temporaryFolder('journal'), '--url', server.url];
  const wrong = await tributary(unset, { env: { TRIBUTARY_KEY: 'k', HOOK: 'hunter2' } });
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('interventions.help.webhook.secret must name') });
  expect(wrong.stderr).not.toContain('hunter2');
});
