import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { whenClosed } from './when-closed.ts';

test('all work of an answer is done once, in order, with one listener, and that of another answer is not', () => {
  const [response, other] = [0, 1].map(() => new ServerResponse(new IncomingMessage(new Socket()))) as [
    ServerResponse,
    ServerResponse,
  ];
  const listeners = response.listenerCount('close');
  const done: string[] = [];
  for (const name of ['first', 'second', 'third']) whenClosed(response, () => void done.push(name));
  whenClosed(other, () => void done.push('other'));
  expect(response.listenerCount('close')).toBe(listeners + 1);
  expect(done).toEqual([]);
  response.emit('close');
  expect(done).toEqual(['first', 'second', 'third']);
});
