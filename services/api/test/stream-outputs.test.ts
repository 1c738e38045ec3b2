/** The output log as a stream of events: each line once and in order from wherever a listener begins, and what is gone is named. */
import { TributaryError } from '@tributary/model/errors';
import { partitionOf } from '@tributary/model/user-key';
import { createRandom } from '@tributary/testkit/inputs/random';
import { createMemoryLog, type MemoryLog } from '@tributary/testkit/memory/memory-log';
import fc from 'fast-check';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { idOfPlaces, nameOfLog, placesOf } from '../src/stream/event-id.ts';
import type { IsForgotten } from '../src/stream/forgotten.ts';
import type { Member } from '../src/stream/hub.ts';
import { createOutputStream, type OutputStream, type OutputStreamOptions } from '../src/stream/outputs.ts';
import { createWorld, event, NOON, READ, PARTITIONS as WORLD_PARTITIONS } from './world.ts';

const PARTITIONS = 3;
const ALL = () => true;

interface Heard {
  readonly id: string;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into JSON freely
  readonly data: any;
}

function listener(waiting = () => 0) {
  const gone = new AbortController();
  const heard: Heard[] = [];
  const dismissed: string[] = [];
  const member: Member = {
    gone: gone.signal,
    waiting,
    send(text) {
      if (gone.signal.aborted) return;
      for (const frame of text.split('\n\n').slice(0, -1)) {
        const [, id = ''] = /^id: (.*)$/m.exec(frame) ?? [];
        const [, name = ''] = /^event: (.*)$/m.exec(frame) ?? [];
        const [, data = 'null'] = /^data: (.*)$/m.exec(frame) ?? [];
        heard.push({ id, name, data: JSON.parse(data) });
      }
    },
    dismiss(reason) {
      dismissed.push(reason);
      gone.abort();
    },
    leave: () => gone.abort(),
  };
  const lines = () => heard.filter(({ data }) => data?.userKey !== undefined);
  return { member, heard, lines, dismissed };
}

const open: ReturnType<typeof listener>[] = [];
afterEach(() => {
  for (const { member } of open.splice(0)) member.leave();
});

function follow(
  stream: OutputStream,
  id: string | null = null,
  waiting?: () => number,
  wants: Parameters<OutputStream['follow']>[1]['wants'] = ALL,
) {
  const one = listener(waiting);
  open.push(one);
  stream.follow(one.member, { wants, from: id === null ? null : placesOf(id, PARTITIONS) });
  return one;
}

const NOT_FORGOTTEN: IsForgotten = async () => false;
function streamOf(log: MemoryLog | (() => MemoryLog | null), options: Partial<OutputStreamOptions> = {}) {
  const warnings: string[] = [];
  const stream = createOutputStream({
    partitions: PARTITIONS,
    open: async () => {
      const found = typeof log === 'function' ? log() : log;
      return found === null ? null : { ...found, close: async () => {} };
    },
    forgotten: async () => NOT_FORGOTTEN,
    onWarning: (message, cause) => void warnings.push(`${message}: ${(cause as Error).message}`),
    againMs: 5,
    ...options,
  });
  return { stream, warnings };
}

let said = 0;
const line = (userKey = 'ana', more: object = {}) =>
  JSON.stringify({ ts: 1, type: 'segment.entered', id: `l${++said}`, userKey, segment: 'buyers', ...more, n: said });
const say = (log: MemoryLog, partition: number, ...lines: string[]) =>
  log.append(partition, { kind: 'events', body: lines.join('\n') });
const numbers = (lines: readonly Heard[]) => lines.map(({ data }) => data.n);
const startAt = (log: MemoryLog) =>
  idOfPlaces(
    nameOfLog(log.identity),
    Array.from({ length: PARTITIONS }, () => ({ after: null, lines: 0 })),
  );

test('law 3: a listener that goes on behind any event hears each line after it once, in the order of its partition', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.array(fc.tuple(fc.nat(PARTITIONS - 1), fc.integer({ min: 1, max: 4 })), { maxLength: 12 }),
      async (seed, entries) => {
        const random = createRandom(seed);
        const log = createMemoryLog({ partitions: PARTITIONS });
        const { stream } = streamOf(log);
        const sent: number[][] = [[], [], []];
        let total = 0;
        let at = startAt(log);
        const got: Heard[] = [];
        const takeSome = async () => {
          const one = follow(stream, at);
          const wanted = random.between(0, total - got.length);
          await vi.waitFor(() => expect(one.lines().length).toBeGreaterThanOrEqual(wanted), { interval: 1 });
          // The connection broke behind one of the events, whatever was under way.
          const taken = one.heard.slice(0, one.heard.findIndex((heard) => heard === one.lines()[wanted - 1]) + 1);
          got.push(...taken.filter(({ data }) => data?.n !== undefined));
          at = taken.at(-1)?.id ?? at;
          one.member.leave();
        };
        for (const [partition, count] of entries) {
          const lines = Array.from({ length: count }, () => line());
          sent[partition]?.push(...lines.map((text) => JSON.parse(text).n));
          total += count;
          await say(log, partition, ...lines);
          if (random.chance(0.3)) await takeSome();
        }
        const last = follow(stream, at);
        await vi.waitFor(() => expect(last.lines().length).toBe(total - got.length), { interval: 1 });
        got.push(...last.lines());
        last.member.leave();
        for (const [partition, all] of sent.entries())
          expect(numbers(got.filter(({ data }) => data.partition === partition))).toEqual(all);
      },
    ),
    { numRuns: 40 },
  );
});

test('who names no event hears what comes next, those who came back hear the same, and filters choose', async () => {
  const log = createMemoryLog({ partitions: PARTITIONS });
  await say(log, 0, line(), line());
  const { stream } = streamOf(log);
  const fresh = follow(stream);
  const back = follow(stream, startAt(log));
  const other = follow(stream, null, undefined, ({ of }) => of === 'others');
  await vi.waitFor(() =>
    expect([fresh, back].map(({ heard }) => heard[0]?.data)).toEqual([{ outputs: true }, { outputs: true }]),
  );
  await vi.waitFor(() => expect(back.lines()).toHaveLength(2));
  await say(log, 1, line(), line('eve', { segment: 'others' }), 'not JSON', '{"type":"x\\ny.z","userKey":"eve"}', line());
  await vi.waitFor(() => expect(fresh.lines()).toHaveLength(3));
  expect(numbers(back.lines()).slice(2)).toEqual(numbers(fresh.lines()));
  expect(other.lines().map(({ data }) => data.userKey)).toEqual(['eve']);
  // All stand at one place then, and the id of it says so.
  expect(back.lines().at(-1)?.id).toBe(fresh.lines().at(-1)?.id);
  expect(fresh.member.beat?.()).toBe(`: listening\nid: ${fresh.lines().at(-1)?.id}\n\n`);
});

test('law 7: what the log let go of is a gap of its partition, and what follows it comes', async () => {
  const log = createMemoryLog({ partitions: PARTITIONS });
  const { stream } = streamOf(log);
  const first = follow(stream, startAt(log));
  await say(log, 0, line());
  await vi.waitFor(() => expect(first.lines()).toHaveLength(1));
  const id = first.lines()[0]?.id ?? '';
  first.member.leave();
  const gone = await say(log, 0, line());
  await say(log, 0, line('eve'));
  await log.trim(0, gone);
  const back = follow(stream, id);
  await vi.waitFor(() => expect(back.lines()).toHaveLength(1));
  expect(back.heard.map(({ name }) => name)).toEqual(['stream', 'gap', 'segment.entered']);
  expect([back.heard[1]?.data.partitions, back.lines()[0]?.data.userKey]).toEqual([[0], 'eve']);
  // An id of another log, or of entries that this one lost, says nothing of it: all of it may be missing.
  const foreign = follow(stream, id.replace(/^.{8}/, '01234567'));
  const ahead = follow(
    stream,
    idOfPlaces(
      nameOfLog(log.identity),
      [0, 1, 2].map(() => ({ after: '0000000000000999', lines: 0 })),
    ),
  );
  await vi.waitFor(() =>
    expect([foreign, ahead].map(({ heard }) => heard[1]?.data.partitions)).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ]),
  );
  await say(log, 2, line('zoe'));
  for (const one of [foreign, ahead])
    await vi.waitFor(() => expect(one.lines().map(({ data }) => data.userKey)).toEqual(['zoe']));
});

test('law 7: another log in the place of the first one is a gap of all partitions, and is read from its beginning', async () => {
  let log: MemoryLog = createMemoryLog({ partitions: PARTITIONS });
  const { stream, warnings } = streamOf(() => log);
  const one = follow(stream);
  await vi.waitFor(() => expect(one.heard).toHaveLength(1));
  const before = log;
  log = createMemoryLog({ partitions: PARTITIONS });
  await say(log, 1, line('new'));
  await before.close();
  await vi.waitFor(() => expect(one.lines().map(({ data }) => data.userKey)).toEqual(['new']));
  expect(one.heard.map(({ name }) => name)).toEqual(['stream', 'stream', 'gap', 'segment.entered']);
  expect(one.heard[2]?.data.partitions).toEqual([0, 1, 2]);
  expect(warnings.length).toBeGreaterThan(0);
});

test('law 7: a log that lost the last of its entries is a gap, and what it takes in their place comes', async () => {
  const log = createMemoryLog({ partitions: PARTITIONS });
  const shorter = createMemoryLog({ partitions: PARTITIONS });
  let current: MemoryLog = log;
  const { stream } = streamOf(() => current);
  const one = follow(stream, startAt(log));
  await say(log, 0, line());
  await say(log, 0, line());
  await vi.waitFor(() => expect(one.lines()).toHaveLength(2));
  current = {
    ...shorter,
    identity: log.identity,
    async read(after, limits) {
      const ends = await shorter.ends();
      // As Kafka: it begins nowhere beyond its end.
      if ([...after].some(([p, position]) => (position ?? '') > (ends[p] ?? '')))
        throw new TributaryError('log_recreated', 'it ends before the position');
      return shorter.read(after, limits);
    },
  };
  await log.close();
  await vi.waitFor(() => expect(one.heard.map(({ name }) => name)).toContain('gap'));
  await say(shorter, 0, line('new'));
  await vi.waitFor(() => expect(one.lines().at(-1)?.data.userKey).toBe('new'));
  expect(one.heard.find(({ name }) => name === 'gap')?.data.partitions).toEqual([0]);
});

test('law 9: lines of erased users are left out, and while it is not known who is erased nothing is sent', async () => {
  const log = createMemoryLog({ partitions: PARTITIONS });
  let isKnown = false;
  const { stream, warnings } = streamOf(log, {
    forgotten: async () => {
      if (!isKnown) throw new TributaryError('store_unavailable', 'the store is away');
      return async (userKey) => userKey === 'ana';
    },
  });
  const [live, back] = [follow(stream), follow(stream, startAt(log))];
  await vi.waitFor(() => expect(live.heard).toHaveLength(1));
  await say(log, 0, line('ana'), line('eve'), line('ana'));
  await vi.waitFor(() => expect(warnings.length).toBeGreaterThan(1));
  expect([live.lines(), back.lines()]).toEqual([[], []]);
  isKnown = true;
  for (const one of [live, back]) await vi.waitFor(() => expect(one.lines().map(({ data }) => data.userKey)).toEqual(['eve']));
});

test('law 9: that a user is erased is sent, though nothing else of them is', async () => {
  const log = createMemoryLog({ partitions: PARTITIONS });
  const { stream } = streamOf(log, { forgotten: async () => async (userKey) => userKey === 'ana' });
  const [live, back] = [follow(stream), follow(stream, startAt(log))];
  await vi.waitFor(() => expect(live.heard).toHaveLength(1));
  await say(log, 0, line('ana'), line('ana', { type: 'user.erased' }), line('ana'), line('eve'));
  for (const one of [live, back])
    await vi.waitFor(() => expect(one.lines().map(({ name }) => name)).toEqual(['user.erased', 'segment.entered']));
});

test('outputs that were never on are said to be off, and what is said once they are comes whole', async () => {
  let log: MemoryLog | null = null;
  const { stream } = streamOf(() => log);
  const one = follow(stream);
  await vi.waitFor(() => expect(one.heard.map(({ data }) => data.outputs)).toEqual([false]));
  const late = follow(stream);
  expect(late.heard[0]?.data.fix).toContain('TRIBUTARY_OUTPUTS');
  const there = createMemoryLog({ partitions: PARTITIONS });
  await say(there, 2, line());
  log = there;
  for (const each of [one, late]) await vi.waitFor(() => expect(each.lines()).toHaveLength(1));
});

test('one that does not read goes on at its own pace, and loses nothing; others do not wait for it', async () => {
  const log = createMemoryLog({ partitions: PARTITIONS });
  const { stream } = streamOf(log);
  let waits = 0;
  const [slow, fast] = [follow(stream, null, () => waits), follow(stream)];
  await vi.waitFor(() => expect(slow.heard).toHaveLength(1));
  waits = 1024 * 1024;
  const all = Array.from({ length: 20 }, () => line());
  for (const text of all) await say(log, 0, text);
  await vi.waitFor(() => expect(fast.lines()).toHaveLength(20));
  expect(slow.lines()).toEqual([]);
  waits = 0;
  await vi.waitFor(() => expect(slow.lines()).toHaveLength(20));
  expect(numbers(slow.lines())).toEqual(numbers(fast.lines()));
});

test('law 7: one that reads nothing for 10 s is dismissed as slow', async () => {
  const log = createMemoryLog({ partitions: PARTITIONS });
  const { stream } = streamOf(log);
  await say(log, 0, line());
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const slow = follow(stream, startAt(log), () => 1024 * 1024);
  for (let i = 0; i < 500 && slow.dismissed.length === 0; i++) await vi.advanceTimersByTimeAsync(25);
  vi.useRealTimers();
  expect([slow.dismissed, slow.lines()]).toEqual([['slow'], []]);
});

test('ids name places in positions of either log, and what cannot be one is refused', () => {
  const redis = [
    { after: '001795556597847-0000000003', lines: 0 },
    { after: null, lines: 0 },
    { after: '001795556597848-0000000000', lines: 12 },
  ];
  const kafka = [
    { after: '0000000000004711', lines: 3 },
    { after: null, lines: 2 },
    { after: '0000000000000000', lines: 0 },
  ];
  for (const places of [redis, kafka]) {
    const id = idOfPlaces('89abcdef', places);
    expect(placesOf(id, 3)).toEqual({ log: '89abcdef', places });
    expect(() => placesOf(id, 4)).toThrow('of 4 partitions');
  }
  for (const id of [
    '',
    '7',
    '89abcdef',
    '89abcdef.16.a.b.zzzzzzzzzzzzz',
    '89abcdef.1.zz.1.1',
    '89abcdef.16-3.a.b.c',
    '89abcdef.16.a~0.b.c',
    `89abcdef.16${'.a'.repeat(20_000)}`,
  ])
    expect(() => placesOf(id, 3), id.slice(0, 40)).toThrow(/must be the id of an event of this stream/);
});

test('over HTTP: events of the kinds asked for, an id to go on behind, nothing of erased users, and refusals', async () => {
  let nowMs = NOON;
  const log = createMemoryLog({ partitions: WORLD_PARTITIONS, now: () => nowMs });
  const world = await createWorld({ openOutputs: async () => ({ ...log, close: async () => {} }) });
  onTestFinished(() => world.app.close());
  for (const userId of ['ana', 'eve', 'ida', 'zoe']) await world.ingest(event({ type: 'page', userId }));
  const tell = (userKey: string, more: object = {}) => say(log, partitionOf(userKey, WORLD_PARTITIONS), line(userKey, more));
  const set = { reason: null, by: 'test', askedAt: NOON, recorded: { at: NOON, position: '1' } };
  // Ida was erased, and lifted a minute later; Eve is erased.
  const { erasures } = world.deps;
  const id = `erasure-${NOON.toString(36)}-${erasures.digestOf('ida')}`;
  await erasures.create({
    ...set,
    id,
    partition: 0,
    digest: erasures.digestOf('ida'),
    lifted: { at: NOON + 60_000, by: 'test' },
  });
  const partition = partitionOf('eve', WORLD_PARTITIONS);
  await world.commit(partition, {}, { ...world.states[partition], erased: [erasures.digestOf('eve')] });
  await world.tick();

  const url = await world.app.listen({ host: '127.0.0.1', port: 0 });
  const headers = { authorization: READ, accept: 'text/event-stream' };
  async function listen(query: string, more: Record<string, string> = {}) {
    const response = await fetch(`${url}/v1/stream?${query}`, { headers: { ...headers, ...more } });
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    return async (wanted: string) => {
      while (!text.includes(wanted)) text += (await reader?.read())?.value ?? '';
      await reader?.cancel();
      return text;
    };
  }
  const kinds = 'kinds=segment.entered,segment.left';
  const until = await listen(`${kinds}&segments=buyers`, {
    'last-event-id': idOfPlaces(
      nameOfLog(log.identity),
      Array.from({ length: WORLD_PARTITIONS }, () => ({ after: null, lines: 0 })),
    ),
  });
  await tell('ida', { cause: 'before' });
  nowMs = NOON + 120_000;
  for (const user of ['eve', 'ida']) await tell(user);
  await tell('ana', { segment: 'others' });
  await tell('ana', { type: 'event.enriched' });
  await tell('ana', { cause: 'that' });
  await tell('zoe', { type: 'segment.left', cause: 'last' });
  const text = await until('"last"');
  expect(text).not.toMatch(/arrivals|event\.enriched|others|"eve"|"before"/);
  expect([...text.matchAll(/^event: (.*)$/gm)].map(([, name]) => name).sort()).toEqual([
    'segment.entered',
    'segment.entered',
    'segment.left',
    'stream',
  ]);
  expect(text).toContain('"userKey":"ida"');
  // Behind its last event, named as a parameter, nothing of it comes again.
  const last = [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
  const again = await listen(`${kinds}&after=${encodeURIComponent(last)}`);
  await tell('ana', { cause: 'new' });
  expect((await again('"new"')).match(/^event: segment/gm)).toHaveLength(1);

  const refusal = async (query: string, more: Record<string, string> = {}) =>
    (await (await fetch(`${url}/v1/stream?${query}`, { headers: { ...headers, ...more } })).json()) as {
      code: string;
      detail: string;
    };
  expect(await refusal('', { 'last-event-id': 'x' })).toMatchObject({
    code: 'invalid_query',
    detail: expect.stringMatching(/must be the id of an event of this stream/),
  });
  expect(await refusal('kinds=segment.lost')).toMatchObject({
    code: 'invalid_query',
    detail: expect.stringMatching(/segment\.left/),
  });
  expect(await refusal(kinds, { accept: 'application/json' })).toMatchObject({
    code: 'invalid_query',
    detail: expect.stringMatching(/must come with the header/),
  });
});
