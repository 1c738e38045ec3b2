/** What partitions write to each other is taken, and every other event of these types is parked, by the one function that both layers decode with. */
import { describe, expect, test } from 'vitest';
import { type Event, encodeEvent } from '../event.ts';
import type { Message } from '../identity/adoption.ts';
import { encodeMessage, messageNumber, messageOf, SAID } from '../identity/message-line.ts';
import { decodeLine } from './decode-line.ts';
import { createPlainLineReader } from './plain-line.ts';

const NOW = 1_795_000_000_000;
const PARTITIONS = 3;
const SENT: Event = {
  ts: NOW,
  type: 'page',
  id: 'e-1',
  anonymousId: 'cookie',
  receivedAt: NOW,
  source: 'shop',
  properties: { a: [1] },
};
const item = { origin: 'cookie', id: 'e-1', ts: NOW, isKnown: true, path: ['cookie'], line: encodeEvent(SENT) };
const MESSAGES: readonly Message[] = [
  { kind: 'link', to: 'cookie', link: { id: 'ada\nat e', to: 'ada', ts: NOW, version: '1-0.0000001', receivedAt: NOW } },
  { kind: 'unlink', to: 'cookie', from: 'ada', version: '1-0.0000001', receivedAt: NOW },
  { kind: 'put', to: 'ada', item, version: '1-0.0000001' },
  { kind: 'put', to: 'ada', item: { ...item, path: ['cookie', 'b', 'c', 'd'] }, version: '000000000007.0000001' },
  { kind: 'take', to: 'ada', item, version: '1-0.0000001' },
  {
    ...{ kind: 'withdraw', to: 'ada', of: 'a'.repeat(32), by: 'b'.repeat(32), hops: 1, receivedAt: NOW },
    ...{ erasure: '1-0.0000001', version: '1-0.0000001' },
  },
];
const lineOf = (message: Message) =>
  encodeMessage(message, { from: 2, number: messageNumber('1-0.0000001', 7), after: messageNumber('1-0.0000001', 6) });
const partitionsOf = (line: string) => Array.from({ length: PARTITIONS }, (_, p) => decodeLine(line, p, PARTITIONS, NOW));
const isTaken = (line: string) => partitionsOf(line).some(({ ok }) => ok);

const reader = createPlainLineReader();
function isPlain(line: string): boolean {
  const bytes = reader.open(line);
  return Array.from({ length: PARTITIONS }, (_, p) => reader.read(0, bytes, p, PARTITIONS, NOW)).some(
    (read) => read !== undefined,
  );
}

/** Each value of `value` replaced, and each left out. */
function* wrongOnes(value: Readonly<Record<string, unknown>>): Generator<Record<string, unknown>> {
  for (const name of Object.keys(value)) {
    for (const other of [
      undefined,
      null,
      7,
      '',
      'x\ty',
      '\ud800',
      [],
      ['a', 'a'],
      ['a', 'b', 'c', 'd', 'e'],
      {},
      'x'.repeat(2_000),
    ])
      yield { ...value, [name]: other };
  }
}

describe.each(MESSAGES.map((message) => [message.kind, message] as const))('a message: %s', (_, message) => {
  const line = lineOf(message);
  const event = JSON.parse(line) as Event & { readonly properties: Record<string, Record<string, unknown>> };

  test('is taken as it was sent, and by no shorter way', () => {
    expect(isTaken(line)).toBe(true);
    const sent = message.kind === 'take' ? { ...message, item: { ...item, line: JSON.stringify({ receivedAt: NOW }) } } : message;
    expect(messageOf(JSON.parse(line) as Event)).toEqual(sent);
    expect(isPlain(line)).toBe(false);
  });

  test('law 3: is parked where anything that it says is missing or wrong, with what is wrong', () => {
    const said = event.properties[SAID] as Record<string, unknown>;
    for (const wrong of wrongOnes(said)) {
      const text = JSON.stringify({ ...event, properties: { ...event.properties, [SAID]: wrong } });
      const decoded = partitionsOf(text);
      expect(
        decoded.some(({ ok }) => ok),
        text.slice(0, 400),
      ).toBe(false);
      for (const one of decoded) if (!one.ok && !('home' in one)) expect(one.message).toMatch(/ must .* \(got /);
    }
    for (const properties of [undefined, {}, { [SAID]: null }, { [SAID]: [said] }])
      expect(isTaken(JSON.stringify({ ...event, properties }))).toBe(false);
  });

  test('law 7: a number of a partition that does not exist is parked, before a table is made that long', () => {
    const [one, two] = [messageNumber('1-0.0000001', 1), messageNumber('1-0.0000001', 2)];
    const wrong = [
      `3/${two}/${one}`,
      `999999999/${two}/${one}`,
      `-1/${two}/${one}`,
      `x/${two}/${one}`,
      `1/${one}/${two}`,
      `1/${one}/${one}`,
    ];
    for (const id of [...wrong, '1', '1.1', '1//', `1/${one}`, `1/${one}.1/`, `1/${'9'.repeat(41)}${one}/`])
      expect([id, isTaken(JSON.stringify({ ...event, id }))]).toEqual([id, false]);
  });

  test('is parked without the key that it goes to, or where that is on its way already', () => {
    const { userId, ...without } = event;
    expect(isTaken(JSON.stringify({ ...without, anonymousId: userId }))).toBe(false);
    if ('item' in message) expect(isTaken(lineOf({ ...message, to: 'cookie' }))).toBe(false);
  });
});

test('a message cannot lend a message, nor what is not an event', () => {
  for (const type of ['tributary.put', 'tributary.link', 'x'.repeat(200)]) {
    const line = encodeEvent({ ...SENT, type });
    expect([type, isTaken(lineOf({ kind: 'put', to: 'ada', item: { ...item, line }, version: '1' }))]).toEqual([type, false]);
  }
});

test('laws 3 and 7: what a key says to itself of what it lost is taken, and parked where the instant is none', () => {
  const link = { id: 'ada\nat e', to: 'ada', ts: NOW, version: '1-0.0000001', receivedAt: NOW, floor: NOW - 5 };
  const messages: readonly Message[] = [
    { kind: 'link', to: 'cookie', link },
    { kind: 'link', to: 'cookie', link: { ...link, floor: 0, held: NOW - 5 } },
    { kind: 'unlink', to: 'cookie', from: 'ada', version: '1-0.0000001', receivedAt: NOW, floor: 0 },
  ];
  for (const message of messages) {
    const line = lineOf(message);
    expect([isTaken(line), messageOf(JSON.parse(line) as Event)]).toEqual([true, message]);
    for (const wrong of ['-1', '1.5', '"7"', 'null', '1e300'])
      for (const name of ['floor', 'held'].filter((one) => line.includes(`"${one}":`)))
        expect(isTaken(line.replace(new RegExp(`"${name}":\\d+`), `"${name}":${wrong}`)), wrong).toBe(false);
  }
});
