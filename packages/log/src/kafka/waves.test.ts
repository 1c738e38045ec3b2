import { expect, it } from 'vitest';
import type { Append } from '../append-queue.ts';
import { messagesOf } from './layout.ts';
import { BATCH_HEADER, messageBytes } from './record-batch.ts';
import { wavesOf } from './waves.ts';

const envelopeOf = () => ({ key: null, headers: [] });
const append = (partition: number, body: string): Append => ({
  partition,
  record: { kind: 'events', body },
  bytes: body.length,
  resolve: () => {},
  reject: () => {},
});
const ALL = messagesOf({ kind: 'events', body: 'xx' }, envelopeOf);
const SIZE = messageBytes(ALL[0] as (typeof ALL)[number]);

/** Bodies by partition, of each wave; a batch holds `held` appends of two bytes. */
function waves(group: readonly Append[], held: number) {
  const found = wavesOf(group, { topic: 't', envelopeOf, maxMessageBytes: BATCH_HEADER + held * SIZE });
  const bodies = found.waves.map((wave) =>
    Object.fromEntries([...wave].map(([partition, batch]) => [partition, batch.map((one) => one.append.record.body)])),
  );
  return { bodies, tooLarge: found.tooLarge };
}

it('law 6: a batch holds no more than the topic takes, in order; what is left of a partition goes with the next wave', () => {
  const group = ['a1', 'a2', 'a3'].map((body) => append(0, body)).concat(append(1, 'b1'));
  expect(waves(group, 2).bodies).toEqual([{ 0: ['a1', 'a2'], 1: ['b1'] }, { 0: ['a3'] }]);
  expect(waves(group, 3).bodies).toEqual([{ 0: ['a1', 'a2', 'a3'], 1: ['b1'] }]);
});

it('law 6: an append that no batch holds is refused alone', () => {
  const { bodies, tooLarge } = waves([append(0, 'a1'), append(0, 'x'.repeat(500)), append(0, 'a2')], 2);
  expect(bodies).toEqual([{ 0: ['a1', 'a2'] }]);
  expect(tooLarge).toMatchObject([{ append: { bytes: 500 }, error: { code: 'body_too_large' } }]);
});
