/** Whether a client still waits for an answer: without one it is not computed. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { askerOf } from '../src/http/asker.ts';

/** A server that answers nothing by itself, and a connection to it on which `requests` were sent in one packet. */
async function asked(requests: number) {
  const answers: ServerResponse[] = [];
  const server = createServer((_, answer) => void answers.push(answer));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {});
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(requests));
  while (answers.length < requests) await once(server, 'request');
  return {
    askers: answers.map((raw) => askerOf({ owner: 'tr_1' }, { raw })),
    answers,
    client,
    async leave() {
      const closed = once(answers[0]?.req.socket ?? client, 'close');
      client.destroy();
      await closed;
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

test('a client that waits is there, whatever came before on its connection; its key is whose share its work has', async () => {
  await using connection = await asked(2);
  const [first, second] = connection.askers;
  expect([first?.key, first?.isGone(), second?.isGone()]).toEqual(['tr_1', false, false]);
  connection.answers[0]?.end('answered');
  await once(connection.client, 'data');
  expect(second?.isGone()).toBe(false);
});

test('law 7: a client that left is gone with all that it asked for, also what was to be answered later on its connection', async () => {
  await using connection = await asked(3);
  await connection.leave();
  expect(connection.askers.map(({ isGone }) => isGone())).toEqual([true, true, true]);
});
