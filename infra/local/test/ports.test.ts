import { once } from 'node:events';
import { createServer } from 'node:net';
import { portsFrom } from '@tributary/runtime/process/local-ports';
import { afterEach, expect, test } from 'vitest';
import { assertFree, freeBasePort } from '../src/ports.ts';

const HOST = '127.0.0.1';
const squatters: ReturnType<typeof createServer>[] = [];

afterEach(async () => {
  for (const squatter of squatters.splice(0)) {
    squatter.close();
    await once(squatter, 'close');
  }
});

async function take(port: number): Promise<void> {
  const squatter = createServer().listen(port, HOST);
  await once(squatter, 'listening');
  squatters.push(squatter);
}

test.each([
  ['collector', 'the collector'],
  ['api', 'the API'],
  ['redis', 'Redis'],
  ['speed', 'the speed worker'],
  ['archiver', 'the archiver'],
  ['recompute', 'recompute'],
] as const)('the port of %s, taken, is refused by its number and what it is for', async (name, owner) => {
  const base = await freeBasePort(HOST, Math.random);
  const ports = portsFrom(base);
  await take(ports[name]);
  await expect(assertFree(HOST, ports, 0)).rejects.toMatchObject({
    code: 'invalid_config',
    message: `--port must be the first of 6 free ports in a row (got ${base}: another program uses port ${ports[name]}, which is for ${owner}). Stop it, or choose another port.`,
  });
});

test('all that are taken are named together; one that becomes free in time is waited for', async () => {
  const base = await freeBasePort(HOST, Math.random);
  const ports = portsFrom(base);
  await take(ports.api);
  await take(ports.recompute);
  await expect(assertFree(HOST, ports, 0)).rejects.toThrow(
    `uses port ${base + 1}, which is for the API; port ${base + 5}, which is for recompute)`,
  );
  const waiting = assertFree(HOST, ports, 20_000);
  for (const squatter of squatters.splice(0)) squatter.close();
  await waiting;
});

test('no base port is one that `fetch` refuses to ask', async () => {
  for (let tenth = 0; tenth < 20; tenth++) {
    const ports = Object.values(portsFrom(await freeBasePort(HOST, () => tenth / 2_000)));
    for (const port of ports)
      await expect(fetch(`http://${HOST}:${port}`)).rejects.not.toMatchObject({ cause: { message: 'bad port' } });
  }
});
