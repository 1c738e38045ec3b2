/** An import that is run again looks at what the platform has of its rows, where there is one to ask. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fakeCollector, fakeServer } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const folder = temporaryFolder('again');
let files = 0;
function fileOf(content: string): string {
  const file = join(folder, `${++files}.csv`);
  writeFileSync(file, content);
  return file;
}

test('law 7: an import again with a forgotten option changes nothing, and says so; one without a change does not', async () => {
  const collector = fakeCollector();
  await using server = await fakeServer((request) => {
    if (request.path !== '/v1/signals/query') return collector.take(request);
    const { users } = request.body as { users: string[] };
    const of = (user: string) => [...collector.kept.values()].filter((event) => event['userId'] === user);
    return { body: { results: users.map((userId) => ({ userId, signals: of(userId) })) } };
  });
  const file = fileOf('who,at,amount\nana,2026-11-01,5\nbo,2026-11-01,5\n');
  const run = (url: string, ...more: string[]) =>
    tributary([
      'import',
      'csv',
      file,
      '--map',
      'user=who,time=at,value=amount',
      '--collector-url',
      server.url,
      '--url',
      url,
      ...more,
    ]);
  const again = ['--currency', 'EUR', '--type', 'purchase'];
  expect(await run(server.url)).toMatchObject({ code: 0, stderr: '' });
  expect(await run(server.url)).toMatchObject({ code: 0, stderr: '' });
  const changed = await run(server.url, ...again);
  expect(changed.code).toBe(1);
  expect(changed.stderr).toMatch(
    /^warning: the event ".*" of "ana" has type "conversion", no currency; this command says type "purchase", currency "EUR" \(.*nothing of them changed/,
  );
  const keys = server.received.filter(({ path }) => path === '/v1/signals/query').map(({ headers }) => headers.authorization);
  expect(keys).toEqual(Array(3).fill('Bearer tw_key'));
  expect(await run('http://127.0.0.93:9', ...again)).toMatchObject({ code: 0, stderr: '' });
});

test('law 7: an import again with other times says so, though ids and fields are the same', async () => {
  const collector = fakeCollector();
  await using server = await fakeServer((request) =>
    request.path === '/v1/signals/query'
      ? { body: { results: [{ userId: 'ana', signals: [...collector.kept.values()] }] } }
      : collector.take(request),
  );
  const run = (time: string) => {
    const file = fileOf(`who,at,row\nana,${time},r1\n`);
    const map = ['--map', 'user=who,time=at,id=row', '--collector-url', server.url, '--url', server.url];
    return tributary(['import', 'csv', file, ...map]);
  };
  expect(await run('2026-11-01')).toMatchObject({ code: 0, stderr: '' });
  const changed = await run('2026-11-02');
  expect(changed.code).toBe(1);
  const [before, now] = [Date.UTC(2026, 10, 1), Date.UTC(2026, 10, 2)];
  expect(changed.stderr).toContain(`of "ana" has ts ${before}; this command says ts ${now}`);
});

test('law 3: rows that the platform has under other ids are refused before any is sent, but for --beside', async () => {
  const collector = fakeCollector();
  await using server = await fakeServer((request) => {
    if (request.path !== '/v1/signals/query') return collector.take(request);
    const { users } = request.body as { users: string[] };
    const of = (user: string) => [...collector.kept.values()].filter((event) => event['userId'] === user);
    return { body: { results: users.map((userId) => ({ userId, signals: of(userId) })) } };
  });
  const run = (lines: string, map: string, ...more: string[]) => {
    const file = fileOf(`who,at,via,amount,row\n${lines}`);
    const where = ['--collector-url', server.url, '--url', server.url, '--currency', 'EUR'];
    return tributary(['import', 'csv', file, '--map', map, ...where, ...more]);
  };
  const rows = 'ana,2026-11-01,a,5,r1\nbo,2026-11-01,b,6,r2\nbo,2026-11-02,,7,r3\nbo,2026-11-03,,8,r4\n';
  expect(await run(rows, 'user=who,time=at,value=amount')).toMatchObject({ code: 0, stderr: '' });
  const grown = `${rows}dan,2026-11-04,,9,r5\n`;
  expect(await run(grown, 'user=who,time=at,value=amount,id=row')).toMatchObject({ code: 1, stdout: '' });
  for (const map of ['user=who,time=at,value=amount,channel=via', 'user=who,time=at', 'user=who,time=at,value=amount,id=row']) {
    const done = await run(rows, map);
    expect(done).toMatchObject({ code: 1, stdout: '' });
    expect(done.stderr).toMatch(
      /^error: the conversion of "(ana|bo)" at 2026-11-0[1-3]T00:00:00\.000Z was imported before, with the id "[0-9a-f]{32}" and not "[0-9a-z]+": each such row would count twice\. Nothing was imported\n {2}fix: .*--beside\./,
    );
    expect(collector.kept.size).toBe(4);
  }
  // Begun and interrupted, or with a row that is new, or of another amount: not the same import.
  for (const more of ['cy,2026-11-03,,1,r5\n', 'bo,2026-11-03,,9,r6\n'])
    expect(await run(`${rows}${more}`, 'user=who,time=at,value=amount')).toMatchObject({ code: 0, stderr: '' });
  // A row without a channel was imported; beside it the file has got one with a channel.
  const begun = 'eva,2026-11-01,,5,r7\n';
  for (const lines of [begun, `${begun}eva,2026-11-01,a,5,r8\n`])
    expect(await run(lines, 'user=who,time=at,value=amount,channel=via')).toMatchObject({ code: 0, stderr: '' });
  const others = 'ana,2026-11-01,a,5,x1\nana,2026-11-05,,5,x2\nana,2026-11-06,,7,x3\nana,2026-11-07,c,6,x4\n';
  expect(await run(others, 'user=who,time=at,value=amount,channel=via,id=row')).toMatchObject({ code: 0, stderr: '' });
  const beside = await run(rows, 'user=who,time=at,value=amount,channel=via', '--beside');
  expect(beside).toMatchObject({ code: 0, stderr: '' });
});

test.each([
  {},
  null,
  [],
  { results: {} },
  { results: [null, 7] },
  { results: [{ userId: 'ana' }] },
  { results: [{ userId: 'ana', signals: [null] }] },
])('an import goes on where something other than the API answers: %j', async (body) => {
  const collector = fakeCollector();
  await using server = await fakeServer((request) => (request.path === '/v1/signals/query' ? { body } : collector.take(request)));
  const file = fileOf('who,at\nana,2026-11-01\n');
  const map = ['--map', 'user=who,time=at', '--collector-url', server.url, '--url', server.url];
  expect(await tributary(['import', 'csv', file, ...map])).toMatchObject({ code: 0, stderr: '' });
  expect(collector.kept.size).toBe(1);
});

test('a type that has values and is not a conversion of the definitions in force is named', async () => {
  const collector = fakeCollector();
  const run = async (conversions: unknown) => {
    await using server = await fakeServer((request) => {
      if (request.path === '/v1/status') return { body: { generation: { current: 3 } } };
      if (request.path === '/v1/generations/3') return { body: { definitions: { conversions } } };
      if (request.path === '/v1/signals/query') return { body: { results: [] } };
      return collector.take(request);
    });
    const file = fileOf('who,at,what,amount\nana,2026-11-01,purchase,5\nana,2026-11-02,refund,-5\nana,2026-11-02,page,\n');
    const map = ['--map', 'user=who,time=at,type=what,value=amount'];
    return await tributary(['import', 'csv', file, ...map, '--collector-url', server.url, '--url', server.url]);
  };
  const said = 'note: 1 event of type "refund" has a value, and the definitions in force do not count the type as a conversion';
  for (const conversions of [['purchase'], { purchase: {} }])
    expect(await run(conversions)).toMatchObject({ code: 0, stderr: expect.stringContaining(said) });
  expect((await run(['purchase'])).stderr).not.toMatch(/"page"|"purchase"/);
  expect((await run({ purchase: {}, refund: {} })).stderr).toBe('');
});
