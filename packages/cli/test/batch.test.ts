import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Generation, Generations, Publication } from '../src/api-types.ts';
import { fateOf, previousOf } from '../src/report/generations.ts';
import { fakeServer, problem } from './fake-server.ts';
import { tributary } from './fake-shell.ts';
import { temporaryFolder } from './temporary.ts';

const generation = (number: number, state: string, more: Partial<Generation> = {}): Generation => ({
  generation: number,
  state,
  mode: 'incremental',
  base: null,
  reason: 'schedule',
  createdAt: Date.UTC(2026, 10, 21),
  computedAt: null,
  definitionsVersion: 'abc',
  counts: { events: 1_000, newEvents: 10, duplicates: 1 },
  current: false,
  staged: false,
  published: true,
  ...more,
}); // prettier-ignore
const published = (number: number, held = false): Publication => ({
  sequence: 9,
  generation: number,
  action: held ? 'rollback' : 'publish',
  held,
  at: Date.UTC(2026, 10, 21),
  by: 'schedule',
});
const list = (generations: Generation[], publication: Generations['publication']): Generations => ({
  generations,
  publication,
  nextCursor: null,
});

describe('batch run', () => {
  test('asks and answers at once; the definitions travel in the body', async () => {
    await using server = await fakeServer(() => ({ status: 202, body: { jobId: '7', mode: 'full' } }));
    const file = join(temporaryFolder('batch'), 'definitions.json');
    writeFileSync(file, '{"conversions":["purchase"]}');
    const done = await tributary(['batch', 'run', '--full', '--definitions', file, '--url', server.url]);
    expect(done).toMatchObject({ code: 0, stdout: 'job 7 (full); follow it with "tributary batch status"\n' });
    expect(server.received.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['POST', '/v1/generations', { mode: 'full', definitions: { conversions: ['purchase'] } }],
    ]);
  });

  test.each([
    [
      'is published',
      0,
      [
        [4, 'pending'],
        [4, 'computed'],
      ],
      published(4),
      'generation 4 is published',
    ],
    [
      'fails',
      1,
      [
        [4, 'pending'],
        [4, 'failed'],
      ],
      published(3),
      'generation 4 failed: no disk',
    ],
    ['is held back by a rollback', 0, [[4, 'computed']], published(2, true), 'computed but not published'],
  ] as const)('--wait until it %s: exit %i', async (_, code, steps, publication, text) => {
    let asked = -1;
    let looked = 0;
    await using server = await fakeServer(({ method, path }) => {
      // It has not found the publication yet, has not loaded it yet, answers from it.
      if (path === '/v1/status') {
        const [current, served, sequence] =
          [
            [3, 3, 8],
            [4, 3, 9],
            [4, 4, 9],
          ][looked++] ?? [];
        return { body: { generation: { current, served, sequence, failure: null } } };
      }
      if (method === 'POST') return { status: 202, body: { jobId: '7', mode: 'incremental' } };
      const step = steps[Math.min(asked++, steps.length - 1)];
      const done = asked > steps.length - 1;
      return {
        body: list(
          [...(step === undefined ? [] : [generation(step[0], step[1], { failure: 'no disk' })]), generation(3, 'computed')],
          done ? publication : published(3),
        ),
      };
    });
    const done = await tributary(['batch', 'run', '--wait', '--url', server.url]);
    expect(done.stdout).toContain(text);
    expect(done.code).toBe(code);
    expect(looked, 'questions after the generation that is served').toBe(code === 0 ? 3 : 0);
  });

  test.each([
    ['finds nothing new', 0, { outcome: 'nothing_new', generation: 3 }, 'nothing new since generation 3: none is made (after '],
    [
      'fails before it has a generation',
      1,
      { state: 'failed', failure: 'no definitions' },
      'the run failed: no definitions (after ',
    ],
  ])('--wait ends where the run %s: exit %i', async (_, code, ended, text) => {
    await using server = await fakeServer(({ method, path }) => {
      if (method === 'POST') return { status: 202, body: { jobId: 'run-7', mode: 'incremental' } };
      return { body: path === '/v1/runs/run-7' ? { state: 'done', outcome: null, generation: null, ...ended } : list([], null) };
    });
    const done = await tributary(['batch', 'run', '--wait', '--url', server.url]);
    expect(done).toMatchObject({ code, stdout: expect.stringContaining(text) });
  });

  test('--wait gives up after --timeout, and says that the run goes on', async () => {
    let now = 0;
    await using server = await fakeServer(({ method }) =>
      method === 'POST' ? { status: 202, body: { jobId: '7', mode: 'incremental' } } : { body: list([], null) },
    );
    const done = await tributary(['batch', 'run', '--wait', '--timeout', '5s', '--url', server.url], { now: () => (now += 700) });
    expect(done).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/waiting for the run to start\n {2}fix: It goes on by itself/),
    });
  });

  test('definitions are read with a byte order mark, and refused by line and column', async () => {
    await using server = await fakeServer(() => ({ body: { jobId: '1', mode: 'incremental' } }));
    const file = join(temporaryFolder('batch'), 'definitions.json');
    const run = (text: string) => {
      writeFileSync(file, text);
      return tributary(['batch', 'run', '--definitions', file, '--url', server.url]);
    };
    expect((await run('\ufeff{"conversions":["purchase"]}')).code).toBe(0);
    const commented = await run('{\n  // sales\n}');
    expect(commented).toMatchObject({
      code: 2,
      stderr: `error: --definitions must name a file of JSON or YAML (got ${file}): line 2, column 3: JSON has no comments. Remove it.\n`,
    });
    expect(server.received.map(({ body }) => body)).toEqual([
      { mode: 'incremental', definitions: { conversions: ['purchase'] } },
    ]);
  });

  test('wrong definitions and timeouts are exit 2 before anything is asked', async () => {
    await using server = await fakeServer(() => problem(500, 'internal', 'unexpected'));
    for (const option of [
      ['--definitions', 'none.json'],
      ['--timeout', 'soon'],
    ])
      expect(await tributary(['batch', 'run', ...option, '--url', server.url])).toMatchObject({ code: 2, stdout: '' });
    expect(server.received).toEqual([]);
  });
});

describe('batch rollback and publish', () => {
  test('a rollback without a number goes to the newest computed one below the current', async () => {
    const all = list(
      [
        generation(6, 'computed'),
        generation(5, 'computed', { current: true }),
        generation(4, 'failed'),
        generation(3, 'computed'),
        generation(2, 'retired'),
      ],
      published(5),
    );
    await using server = await fakeServer(({ method }) => ({
      body: method === 'GET' ? all : { publication: published(3, true) },
    }));
    const done = await tributary(['batch', 'rollback', '--url', server.url]);
    expect(server.received.at(-1)).toMatchObject({ method: 'POST', path: '/v1/generations/3/rollback', body: {} });
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('readers get generation 3') });
    expect(done.stdout).toContain('held: scheduled runs do not publish');
  });

  test('nothing to go back to is exit 1; a conflict of the API is reported; a number that is none is exit 2', async () => {
    await using server = await fakeServer(({ method }) =>
      method === 'GET'
        ? { body: list([generation(1, 'computed')], published(1)) }
        : problem(409, 'conflict', 'generation 9 is failed'),
    );
    expect(await tributary(['batch', 'rollback', '--url', server.url])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('a computed generation older'),
    });
    expect(await tributary(['batch', 'publish', '9', '--url', server.url])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('409: generation 9 is failed'),
    });
    expect(await tributary(['batch', 'publish', '0', '--url', server.url])).toMatchObject({ code: 2 });
  });
});

describe('staged generations', () => {
  const staged = list(
    [generation(4, 'computed', { staged: true, reason: 'demand by key ta_1' }), generation(3, 'computed', { current: true })],
    published(3),
  );

  test.each([
    [[], undefined],
    [['--promote', 'auto'], undefined],
    [['--promote', 'ask'], 'ask'],
    [['--promote', 'if-below 0.5%'], { below: 0.005 }],
  ])('batch run %j asks for %j', async (args, promote) => {
    await using server = await fakeServer(() => ({ status: 202, body: { jobId: '7', mode: 'incremental' } }));
    expect(await tributary(['batch', 'run', ...args, '--url', server.url])).toMatchObject({ code: 0 });
    expect(server.received[0]?.body).toEqual({ mode: 'incremental', ...(promote !== undefined && { promote }) });
  });

  test('batch run --priority is sent, and refused where it is unknown or definitions come', async () => {
    await using server = await fakeServer(() => ({ status: 202, body: { jobId: '7', mode: 'incremental' } }));
    const run = (...args: string[]) => tributary(['batch', 'run', ...args, '--url', server.url]);
    expect(await run('--priority', 'urgent')).toMatchObject({ code: 2, stderr: expect.stringContaining('(got "urgent")') });
    expect(await run('--priority', 'high', '--definitions', 'x.json')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--priority must be normal beside --definitions'),
    });
    expect(server.received).toEqual([]);
    expect((await run('--priority', 'high')).code).toBe(0);
    expect(server.received[0]?.body).toEqual({ mode: 'incremental', priority: 'high' });
  });

  test.each(['soon', 'if-below', 'if-below 0%', 'if-below 100%', 'if-below 1', 'if-below -1%'])(
    '--promote "%s" is refused before anything is asked',
    async (rule) => {
      await using server = await fakeServer(() => problem(500, 'internal', 'unexpected'));
      const { code, stderr } = await tributary(['batch', 'run', '--promote', rule, '--url', server.url]);
      expect(code).toBe(2);
      expect(stderr).toContain('--promote must be auto, ask or "if-below 0.5%"');
      expect(server.received).toEqual([]);
    },
  );

  test('a run that waits for its generation ends when that is compared, and says what to do', () => {
    expect(fateOf(staged, 3)).toMatchObject({ done: false, text: expect.stringContaining('is compared with what readers have') });
    const waits = { done: true, ok: true, text: expect.stringContaining('tributary batch promote') };
    expect(fateOf(staged, 3, 'ask', { moved: 0 })).toMatchObject(waits);
  });

  test('a run that may promote itself is not said to wait for somebody before it is decided', () => {
    const decided = (moved: number | null | undefined) => fateOf(later, 3, { below: 0.005 }, { moved });
    const later = list([generation(4, 'computed', { staged: true, computedAt: published(3).at + 1 })], published(3));
    const defects = fateOf(later, 3, { below: 0.005 }, { moved: 0, engineDefectRows: 2 });
    expect(defects).toMatchObject({ done: true, text: expect.stringContaining('as 2 rows differ for no known reason') });
    for (const moved of [0, 0.005])
      expect(decided(moved)).toEqual({ done: false, text: 'generation 4 is compared, and promotes itself' });
    // More moves, the comparison could not tell, or an earlier version made it: it waits.
    for (const moved of [0.006, null, undefined])
      expect(decided(moved)).toMatchObject({ done: true, text: expect.stringContaining('generation 4 is staged') });
    // Somebody published another one meanwhile: it does not promote itself any more.
    const overtaken = list(later.generations, { ...published(3), at: published(3).at + 2 });
    expect(fateOf(overtaken, 3, { below: 0.005 }, { moved: 0 })).toMatchObject({
      done: true,
      text: expect.stringContaining('is staged'),
    });
    const promoted = list([generation(4, 'computed', { current: true })], published(4));
    expect(fateOf(promoted, 3, { below: 0.005 })).toMatchObject({ done: true, text: 'generation 4 is published' });
  });

  test('batch run --promote "if-below …" --wait asks for the comparison, and ends when it is published', async () => {
    let asked = 0;
    const at = published(3).at;
    await using server = await fakeServer(({ method, path }) => {
      if (method === 'POST') return { status: 202, body: { jobId: '7', mode: 'incremental' } };
      if (path.startsWith('/v1/status')) return { body: { generation: { served: 4, current: 4, sequence: 9, failure: null } } };
      if (path.startsWith('/v1/runs')) return problem(404, 'not_found', 'an older API');
      if (path.startsWith('/v1/reconciliations'))
        return asked === 2 ? problem(404, 'not_found', 'not yet') : { body: { generation: 4, reconciliation: { moved: 0.001 } } };
      asked++;
      if (asked === 1) return { body: list([generation(3, 'computed', { current: true })], published(3)) };
      if (asked < 4) return { body: list([generation(4, 'computed', { staged: true, computedAt: at + 1 })], published(3)) };
      return { body: list([generation(4, 'computed', { current: true })], published(4)) };
    });
    const done = await tributary(['batch', 'run', '--promote', 'if-below 0.5%', '--wait', '--url', server.url]);
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('generation 4 is published') });
    expect(asked).toBe(4);
  });

  test('promote and discard of a number that is not staged say which is', async () => {
    await using server = await fakeServer(() => ({
      body: { ...staged, generations: [...staged.generations, generation(2, 'retired')] },
    }));
    for (const action of ['promote', 'discard'])
      expect(await tributary(['batch', action, '2', '--url', server.url])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(
          'generation 2 must be the staged one (got retired)\n  fix: Generation 4 is the staged one',
        ),
      });
    expect(server.received.every(({ method }) => method === 'GET')).toBe(true);
  });

  test.each(['rollback', 'publish'])('%s keeps why', async (action) => {
    await using server = await fakeServer(() => ({ body: { publication: published(3) } }));
    await tributary(['batch', action, '3', '--why', 'wrong rates', '--url', server.url]);
    expect(server.received.at(-1)).toMatchObject({ path: `/v1/generations/3/${action}`, body: { why: 'wrong rates' } });
  });

  test('promote names what it was compared with, and why; discard and history say what was done', async () => {
    await using server = await fakeServer(({ method, path }) => {
      if (path.startsWith('/v1/reconciliations')) return { body: { generation: 4, reconciliation: { comparedWith: 3 } } };
      if (path.startsWith('/v1/publications')) {
        const discarded = { ...published(3), by: 'key ta_1', discarded: 4, why: 'too much moves' };
        return { body: { publications: [discarded, published(3)], nextCursor: null } };
      }
      return { body: method === 'GET' ? staged : { publication: { ...published(4), by: 'key ta_1' } } };
    });
    const run = (...args: string[]) => tributary(['batch', ...args, '--url', server.url]);
    expect(await run('promote', '--why', 'checked')).toMatchObject({ code: 0, stdout: expect.stringContaining('generation 4') });
    expect(server.received.at(-1)).toMatchObject({
      path: '/v1/generations/4/publish',
      body: { comparedWith: 3, why: 'checked' },
    });
    expect(await run('discard')).toMatchObject({ code: 0, stdout: expect.stringContaining('generation 4 is given up') });
    expect(server.received.at(-1)).toMatchObject({ path: '/v1/generations/4/discard', body: {} });
    expect((await run('history')).stdout).toMatch(
      /discarded 4 .* 3 {2}key ta_1 +too much moves\n.* published +3 {2}a scheduled run/,
    );
    expect((await run('status')).stdout).toMatch(/ 4 {2}staged /);
  });

  test('where none is staged, promote says how to get one', async () => {
    await using server = await fakeServer(() => ({ body: list([generation(3, 'computed', { current: true })], published(3)) }));
    const { code, stderr } = await tributary(['batch', 'promote', '--url', server.url]);
    expect(code).toBe(1);
    expect(stderr).toContain('tributary batch run --promote ask');
  });
});

test('a generation that readers cannot be moved to: the fix says which can', async () => {
  const all = list(
    [generation(7, 'computed'), generation(4, 'computed', { current: true }), generation(1, 'retired')],
    published(4),
  );
  await using server = await fakeServer(({ method }) => (method === 'GET' ? { body: all } : problem(409, 'conflict', 'not so')));
  const fixOf = async (...args: string[]) => (await tributary(['batch', ...args, '--url', server.url])).stderr;
  expect(await fixOf('rollback', '7')).toContain('fix: A newer one is published: tributary batch publish 7');
  expect(await fixOf('publish', '1')).toContain('only computed ones (7, 4) can be published.');
});

test('law 7: publish without a number gives readers nothing that they were rolled back from', async () => {
  const of = (newest: boolean, held: boolean) =>
    list([{ ...generation(5, 'computed'), published: newest }, generation(4, 'computed', { current: true })], published(4, held));
  const publish = async (all: ReturnType<typeof of>, ...args: string[]) => {
    await using server = await fakeServer(({ method }) => ({ body: method === 'GET' ? all : { publication: published(5) } }));
    const { code, stderr } = await tributary(['batch', 'publish', ...args, '--url', server.url]);
    return { code, stderr, asked: server.received.filter(({ method }) => method === 'POST').map(({ path }) => path) };
  };
  const refused = await publish(of(true, true));
  expect(refused).toMatchObject({ code: 1, asked: [] });
  expect(refused.stderr).toContain('generation 5 must be named, as readers were rolled back from it to 4 (got no generation)');
  expect(refused.stderr).toContain('tributary batch publish 5');
  // Named, computed since, or after another one was published.
  const done = { code: 0, asked: ['/v1/generations/5/publish'] };
  expect(await publish(of(true, true), '5')).toMatchObject(done);
  expect(await publish(of(false, true))).toMatchObject(done);
  expect(await publish(of(true, false))).toMatchObject(done);
});

test('batch status: the current one is marked, a failure is reported', async () => {
  const all = list(
    [
      generation(4, 'failed', { failure: 'no disk' }),
      generation(3, 'computed', { current: true, computedAt: Date.UTC(2026, 10, 21, 0, 0, 4) }),
    ],
    published(3),
  );
  await using server = await fakeServer(() => ({ body: all }));
  const { stdout } = await tributary(['batch', 'status', '--url', server.url]);
  expect(stdout).toMatch(/ 4 {2}failed .* no disk\n/);
  expect(stdout).toMatch(/▸ 3 {2}computed .* 4\.0 s +1,000 +10 +1 /);
});

test.each([
  [{ by: 'schedule' }, 'publication 9, published by a scheduled run, 2026-11-21 00:00:00Z)'],
  [{ by: 'demand by key ta_1' }, 'publication 9, published by a run that key ta_1 asked for, 2026-11-21 00:00:00Z)'],
  [{ by: 'key ta_1' }, 'publication 9, published by key ta_1, 2026-11-21 00:00:00Z)'],
  [
    { by: 'key ta_1', action: 'rollback', held: true } as const,
    'publication 9, rolled back to by key ta_1, 2026-11-21 00:00:00Z); held: scheduled runs do not publish',
  ],
])('batch status says who published: %j', async (change, says) => {
  await using server = await fakeServer(() => ({ body: list([generation(3, 'computed')], { ...published(3), ...change }) }));
  const { stdout } = await tributary(['batch', 'status', '--url', server.url]);
  expect(stdout).toContain(`readers get generation 3 (${says}\n`);
});

test('the fate of a run is that of the first generation after the newest known', () => {
  const fate = (generations: Generation[], publication: Generations['publication']) => fateOf(list(generations, publication), 3);
  expect(fate([generation(3, 'computed')], published(3))).toMatchObject({ done: false, text: 'waiting for the run to start' });
  expect(fate([generation(5, 'pending'), generation(4, 'superseded')], published(3))).toMatchObject({
    done: false,
    text: 'generation 5 is pending',
  });
  expect(fate([generation(5, 'computed'), generation(4, 'superseded')], published(5))).toMatchObject({
    done: true,
    ok: true,
    generation: 5,
  });
  expect(fate([generation(4, 'computed')], published(3))).toMatchObject({ done: false });
  // By hand it is published a moment later, whatever was held before; a rollback that came after it was computed stays.
  const byHand = generation(4, 'computed', { reason: 'demand by key ta_1', computedAt: Date.UTC(2026, 10, 21) + 1 });
  expect(fate([byHand], published(2, true))).toMatchObject({ done: false });
  expect(fate([{ ...byHand, computedAt: Date.UTC(2026, 10, 20) }], published(2, true))).toMatchObject({ done: true, ok: true });
  expect(previousOf(list([generation(1, 'computed')], null))).toBeNull();
});

test('where no generation is staged, a report of the staged layer says where to look', async () => {
  const detail = 'a staged generation does not exist: compute one with "tributary batch run --promote ask"';
  await using server = await fakeServer(() => problem(404, 'not_found', detail));
  const { code, stderr } = await tributary(['attribution', 'report', '--layer', 'staged', '--url', server.url]);
  expect([code, stderr]).toEqual([1, expect.stringContaining(`${detail}\n  fix: See "tributary batch status"`)]);
});
