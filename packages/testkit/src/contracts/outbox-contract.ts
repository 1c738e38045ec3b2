/** The contract of Outbox over a speed store: every adapter runs it. The numbers are the invariants of the port. */
import type { Outbox } from '@tributary/store/outbox';
import { describe, expect, test } from 'vitest';
import { commitOf, type StoreUnderTest, since, wholeOf } from './store-under-test.ts';

export interface OutboxUnderTest extends StoreUnderTest {
  readonly outbox: Outbox;
  /** The one of messages to other keys. */
  readonly messages: Outbox;
}

const P = 2;

export function describeOutboxContract(name: string, make: () => Promise<OutboxUnderTest>): void {
  describe(`outbox contract: ${name}`, () => {
    test('law 3: the outbox holds the lines of each commit once, numbered in order, also when it is sent again', async () => {
      const store = await make();
      expect(await store.outbox.read(P, 10)).toEqual({ from: 0, lines: [] });
      const first = commitOf(null, 'p1', { outputs: ['a', 'b'] });
      await store.speed.commit(first);
      expect(await store.speed.commit(first)).toBe('already');
      await store.speed.commit(commitOf('p1', 'p2'));
      const many = Array.from({ length: 2_500 }, (_, i) => `line ${i}`);
      await store.speed.commit(commitOf('p2', 'p3', { outputs: many }));
      expect(await store.speed.commit(commitOf('p1', 'p2', { id: 'zombie', outputs: ['z'] }))).toBe('fenced');
      expect(await store.outbox.read(P, 3)).toEqual({ from: 0, lines: ['a', 'b', 'line 0'] });
      expect(await store.outbox.length(P)).toBe(2_502);
      expect(await store.outbox.read(P, 5_000)).toEqual({ from: 0, lines: ['a', 'b', ...many] });
      expect(await store.outbox.read(1, 10)).toEqual({ from: 0, lines: [] });
    });

    test('law 3: messages to other keys have an outbox of their own, and state and feed say which were the last', async () => {
      const store = await make();
      const relayed = { sent: ['', '1-0.0000000.0000001', '1-0.0000000.0000000'], applied: ['', '', '9-0.0000000.0000005'] };
      const { next } = commitOf(null, 'p1');
      await store.speed.commit(commitOf(null, 'p1', { outputs: ['o'], messages: ['m0', 'm1'], next: { ...next, relayed } }));
      expect(await store.messages.read(P, 10)).toEqual({ from: 0, lines: ['m0', 'm1'] });
      expect(await store.outbox.read(P, 10)).toEqual({ from: 0, lines: ['o'] });
      await store.messages.remove(P, 1);
      expect(await store.messages.read(P, 10)).toEqual({ from: 1, lines: ['m1'] });
      expect(await store.outbox.length(P)).toBe(1);
      expect((await store.speed.loadState(P))?.relayed).toEqual(relayed);
      const { cursor } = await wholeOf(store);
      const later = {
        sent: ['', '2-0.0000000.0000001', '1-0.0000000.0000000'],
        applied: ['', '7-0.0000000.0000001', '9-0.0000000.0000005'],
      };
      const second = commitOf('p1', 'p2');
      await store.speed.commit({ ...second, next: { ...second.next, relayed: later } });
      expect(await since(store, cursor)).toMatchObject([{ next: { position: 'p2', relayed: later } }]);
    });

    test('law 3: a removal names numbers: twice, late or too far it removes no line that it did not name', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1', { outputs: ['0', '1', '2', '3'] }));
      await store.outbox.remove(P, 2);
      await store.outbox.remove(P, 2);
      expect(await store.outbox.read(P, 10)).toEqual({ from: 2, lines: ['2', '3'] });
      await store.outbox.remove(P, 1);
      await store.outbox.remove(1, 9);
      expect(await store.outbox.read(P, 10)).toEqual({ from: 2, lines: ['2', '3'] });
      await store.outbox.remove(P, 9);
      expect(await store.outbox.read(P, 10)).toEqual({ from: 4, lines: [] });
      await store.speed.commit(commitOf('p1', 'p2', { outputs: ['4', '5'] }));
      expect(await store.outbox.read(P, 10)).toEqual({ from: 4, lines: ['4', '5'] });
      await store.outbox.remove(P, 4);
      expect(await store.outbox.length(P)).toBe(2);
      expect((await store.speed.loadState(P))?.position).toBe('p2');
    });

    test('law 3: a removal of lines that were not read removes none where the outbox has others before them', async () => {
      const store = await make();
      expect(await store.outbox.remove(P, 2, 1)).toBe(true);
      await store.speed.commit(commitOf(null, 'p1', { outputs: ['0', '1', '2', '3'] }));
      expect(await store.outbox.remove(P, 3, 2)).toBe(false);
      expect(await store.outbox.read(P, 10)).toEqual({ from: 0, lines: ['0', '1', '2', '3'] });
      expect(await store.outbox.remove(P, 2, 0)).toBe(true);
      expect(await store.outbox.remove(P, 3, 2)).toBe(true);
      expect(await store.outbox.remove(P, 3, 1)).toBe(true);
      expect(await store.outbox.read(P, 10)).toEqual({ from: 3, lines: ['3'] });
    });

    test('law 3: a removal removes none where another line has the number of its last one, or none has it yet', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1', { outputs: ['0', '1', '2'] }));
      expect(await store.outbox.remove(P, 2, 0, '2')).toBe(false);
      expect(await store.outbox.remove(P, 4, 0, '3')).toBe(false);
      expect(await store.outbox.read(P, 10)).toEqual({ from: 0, lines: ['0', '1', '2'] });
      expect(await store.outbox.remove(P, 2, 0, '1')).toBe(true);
      expect(await store.outbox.remove(P, 2, 0, '1')).toBe(true);
      expect(await store.outbox.remove(P, 3, 2, '2')).toBe(true);
      expect(await store.outbox.remove(P, 3, 2, '2')).toBe(true);
      expect(await store.outbox.read(P, 10)).toEqual({ from: 3, lines: [] });
    });

    test('law 3, invariant 2: an outbox that lost its newest commits or removals has the same lines under the same numbers again', async () => {
      const store = await make();
      await store.speed.commit(commitOf(null, 'p1', { outputs: ['0', '1'] }));
      const lose = await store.checkpoint(P);
      await store.speed.commit(commitOf('p1', 'p2', { outputs: ['2'] }));
      await store.outbox.remove(P, 3);
      await lose();
      expect(await store.outbox.read(P, 10)).toEqual({ from: 0, lines: ['0', '1'] });
      await store.outbox.remove(P, 3);
      await store.speed.commit(commitOf('p1', 'p2', { id: 'again', outputs: ['2'] }));
      expect(await store.outbox.read(P, 10)).toEqual({ from: 2, lines: ['2'] });
    });
  });
}
