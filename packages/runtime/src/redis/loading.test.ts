import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectRedis, whenReady } from './connect.ts';
import { LOADING_RETRY_MS } from './loading.ts';

/** Says of itself what `infos` say, one after the other, the last one for ever. Returns its address and when it was asked. */
async function startLoading(infos: readonly string[]) {
  const asked: number[] = [];
  const server = createServer((socket: Socket) =>
    socket.setEncoding('utf8').on('data', (text: string) => {
      for (const [, command = ''] of text.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        if (command.toLowerCase() !== 'info') {
          socket.write('+OK\r\n');
          continue;
        }
        const info = infos[Math.min(asked.length, infos.length - 1)] as string;
        asked.push(performance.now());
        socket.write(`$${info.length}\r\n${info}\r\n`);
      }
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const loading = (eta: number) => `# Persistence\r\nloading:1\r\nloading_eta_seconds:${eta}\r\nloading_loaded_bytes:5\r\n`;

test('a Redis that guesses that it was done before is asked again after a time, and one that guesses hours before they are over', async () => {
  const { url, asked } = await startLoading([loading(-3), loading(0), loading(7_200), '# Persistence\r\nloading:0\r\n']);
  const warnings: string[] = [];
  const onWarning = ({ name }: Error) => warnings.push(name);
  process.on('warning', onWarning);
  const redis = connectRedis(url, 'commit', () => {});
  onTestFinished(() => {
    process.off('warning', onWarning);
    redis.disconnect();
  });
  await whenReady(redis, 30_000);
  expect(warnings).toEqual([]);
  expect(asked).toHaveLength(4);
  // A timer of Node may be a millisecond early.
  const waits = asked.slice(1).map((at, i) => at - (asked[i] as number));
  expect(Math.min(...waits)).toBeGreaterThan(LOADING_RETRY_MS - 5);
});
