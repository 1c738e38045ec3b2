import { Writable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { sendTogether } from './one-packet.ts';

/** A connection that notes what each packet has. */
function connectionTo(packets: string[][]) {
  const write = (chunks: { readonly chunk: unknown }[]) => packets.push(chunks.map(({ chunk }) => String(chunk)));
  const stream = new Writable({
    write: (chunk, _encoding, done) => done(void write([{ chunk }]) as undefined),
    writev: (chunks, done) => done(void write(chunks) as undefined),
  });
  return { isCluster: false, stream } as unknown as Pick<Redis, 'isCluster' | 'stream'> & { readonly stream: Writable };
}

test('commands of one turn are one packet, of two turns two; what another command sends goes with them, in order', async () => {
  const packets: string[][] = [];
  const connection = connectionTo(packets);
  for (const command of ['a', 'b']) {
    sendTogether(connection);
    connection.stream.write(command);
  }
  connection.stream.write('c');
  expect(packets).toEqual([]);
  await turn();
  expect(packets).toEqual([['a', 'b', 'c']]);
  sendTogether(connection);
  connection.stream.write('d');
  await turn();
  expect(packets).toEqual([['a', 'b', 'c'], ['d']]);
});

test('a connection that was never made, that ended meanwhile, and a cluster are left as they are', async () => {
  sendTogether({ isCluster: false } as Redis);
  sendTogether({ isCluster: true } as Redis);
  const ended = connectionTo([]);
  sendTogether(ended);
  ended.stream.destroy();
  await turn();
  expect(ended.stream.destroyed).toBe(true);
});
