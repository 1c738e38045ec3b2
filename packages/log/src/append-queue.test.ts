import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '@tributary/model/errors';
import { describe, expect, it } from 'vitest';
import { APPEND_LIMITS, type Append, createAppendQueue } from './append-queue.ts';

const events = (body: string) => ({ kind: 'events', body }) as const;

/** A sender that holds each group until it is let go. */
function heldSender() {
  const groups: (readonly Append[])[] = [];
  let release: (() => void) | null = null;
  return {
    groups,
    bodies: () => groups.map((group) => group.map(({ record }) => record.body)),
    async send(group: readonly Append[]) {
      groups.push(group);
      await new Promise<void>((resolve) => (release = resolve));
      for (const append of group) append.resolve(`at ${append.record.body}`);
    },
    async letGo() {
      await new Promise(setImmediate);
      release?.();
      await new Promise(setImmediate);
    },
  };
}

describe('group commit', () => {
  it('appends of one turn leave together, those that arrive meanwhile as the next group, in the order of the calls', async () => {
    const sender = heldSender();
    const queue = createAppendQueue(sender.send);
    const first = ['a', 'b', 'c'].map((body) => queue.append(0, events(body)));
    await new Promise(setImmediate);
    const second = ['d', 'e'].map((body) => queue.append(1, events(body)));
    expect(sender.bodies()).toEqual([['a', 'b', 'c']]);
    await sender.letGo();
    expect(sender.bodies()).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
    expect(await Promise.all(first)).toEqual(['at a', 'at b', 'at c']);
    await sender.letGo();
    expect(await Promise.all(second)).toEqual(['at d', 'at e']);
    const third = queue.append(0, events('f'));
    await sender.letGo();
    expect(await third).toBe('at f');
  });

  it('a group is bounded in appends and in bytes, but always takes one', async () => {
    const sender = heldSender();
    const queue = createAppendQueue(sender.send, { ...APPEND_LIMITS, groupAppends: 3, groupBytes: 10 });
    const bodies = ['1', '2', '3', '4', 'six666', 'six666', 'longer than the group', 'x'];
    const all = bodies.map((body) => queue.append(0, events(body)));
    for (let i = 0; i < 5; i += 1) await sender.letGo();
    expect(sender.bodies()).toEqual([['1', '2', '3'], ['4', 'six666'], ['six666'], ['longer than the group'], ['x']]);
    await Promise.all(all);
  });

  it('what waits and what is under way count against the bounds; what was settled does not', async () => {
    const sender = heldSender();
    const queue = createAppendQueue(sender.send, { ...APPEND_LIMITS, maxAppends: 3, maxBytes: 100 });
    const held = [queue.append(0, events('a')), queue.append(0, events('b'))];
    await new Promise(setImmediate);
    held.push(queue.append(0, events('c')));
    await expect(queue.append(0, events('d'))).rejects.toMatchObject({ code: 'overloaded' });
    await sender.letGo();
    held.push(queue.append(0, events('x'.repeat(90))));
    await expect(queue.append(0, events('é'.repeat(5)))).rejects.toMatchObject({ code: 'overloaded' });
    await sender.letGo();
    await sender.letGo();
    expect(await Promise.all(held)).toHaveLength(4);
    const full = queue.append(0, events('é'.repeat(50)));
    await sender.letGo();
    await full;
    await expect(queue.append(0, events('é'.repeat(51)))).rejects.toMatchObject({ code: 'body_too_large' });
  });

  it('failing what waits frees its room and leaves the group under way alone', async () => {
    const sender = heldSender();
    const queue = createAppendQueue(sender.send, { ...APPEND_LIMITS, maxAppends: 2, maxBytes: 10 });
    const underWay = queue.append(0, events('aaaaa'));
    await new Promise(setImmediate);
    const waiting = queue.append(0, events('bbbbb'));
    queue.failWaiting(new TributaryError('log_unavailable', 'gone'));
    await expect(waiting).rejects.toMatchObject({ code: 'log_unavailable' });
    const next = queue.append(0, events('ccccc'));
    await sender.letGo();
    expect(await underWay).toBe('at aaaaa');
    await sender.letGo();
    expect(await next).toBe('at ccccc');
  });

  it('is drained when nothing waits and nothing is under way', async () => {
    const sender = heldSender();
    const queue = createAppendQueue(sender.send, { ...APPEND_LIMITS, groupAppends: 1 });
    await queue.drained();
    const all = ['a', 'b'].map((body) => queue.append(0, events(body)));
    let drained = false;
    const draining = queue.drained().then(() => (drained = true));
    await sender.letGo();
    await sleep(5);
    expect(drained).toBe(false);
    await sender.letGo();
    await draining;
    expect(await Promise.all(all)).toEqual(['at a', 'at b']);
  });
});
