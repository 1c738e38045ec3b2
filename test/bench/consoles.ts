/** What open consoles cost the API while events flow: 20 pages that watch what comes in, against none, in turn. Processor time of the API alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds } from './cpu-of-process.ts';
import { flow } from './flow.ts';
import { createHttp } from './http.ts';
import { percentile, withPlatform } from './platform.ts';
import type { Figure } from './report.ts';

const CONSOLES = 20;
const WARM_UP_S = 5;
const ROUNDS = 4;

export function benchConsoles(eventsPerSecond: number, seconds: number): Promise<Figure[]> {
  return withPlatform(async ({ collectorUrl, apiUrl, keys, roles }) => {
    const collector = createHttp(collectorUrl, keys.write);
    const roundS = Math.ceil(seconds / (2 * ROUNDS));
    const beganMs = Date.now();
    const flowing = flow(collector, eventsPerSecond, Date.now() + (WARM_UP_S + 2 * ROUNDS * (roundS + 1) + 1) * 1_000);
    await sleep(WARM_UP_S * 1_000);
    /** Parts of a processor. */
    const api = async (): Promise<number> => {
      const { pid } = roles.api;
      if (pid === null) throw new Error('the API is not running');
      const before = cpuSeconds(pid);
      await sleep(roundS * 1_000);
      return (cpuSeconds(pid) - before) / roundS;
    };
    const [without, open]: [number[], number[]] = [[], []];
    let moments = 0;
    for (let round = 0; round < ROUNDS; round++) {
      without.push(await api());
      const watching = await watch(apiUrl, keys.read, () => moments++);
      await sleep(1_000);
      open.push(await api());
      await watching.close();
      await sleep(1_000);
    }
    const { accepted, refused } = await flowing;
    collector.close();
    const reached = accepted / ((Date.now() - beganMs) / 1_000);
    const median = (parts: readonly number[]) => percentile(parts, 0.5);
    const note = `median of ${ROUNDS} times ${roundS} s, in turn: ${(100 * median(without)).toFixed(1)} % without, ${(100 * median(open)).toFixed(1)} % with; ${moments} moments were heard; ${accepted} events accepted, ${Math.round(reached)} a second, ${refused} requests refused`;
    return [
      {
        section: 'consoles',
        figure: `${CONSOLES} open consoles at ${eventsPerSecond} events/s`,
        value: 100 * (median(open) - median(without)),
        unit: '% of a processor',
        // On a machine that is too busy for the flow the goal is not asked.
        ...(reached >= 0.9 * eventsPerSecond && { goal: { value: 3, better: 'less' as const } }),
        note,
      },
    ];
  });
}

/** Streams as browsers open them, each read to its end. */
async function watch(apiUrl: string, key: string, heard: () => void) {
  const ending = new AbortController();
  const headers = { accept: 'text/event-stream', authorization: `Bearer ${key}` };
  const streams = await Promise.all(
    Array.from({ length: CONSOLES }, async () => {
      const { status, body } = await fetch(`${apiUrl}/v1/stream?kinds=arrivals`, { headers, signal: ending.signal });
      if (status !== 200 || body === null) throw new Error(`the stream answered ${status}`);
      return read(body, heard);
    }),
  );
  return {
    async close(): Promise<void> {
      ending.abort();
      await Promise.all(streams.map((stream) => stream.ended));
    },
  };
}

function read(body: ReadableStream<Uint8Array>, heard: () => void): { readonly ended: Promise<void> } {
  const decoder = new TextDecoder();
  const follow = async () => {
    for await (const part of body) if (decoder.decode(part, { stream: true }).includes('event: arrivals')) heard();
  };
  return {
    ended: follow().catch((error: Error) => {
      if (error.name !== 'AbortError') throw error;
    }),
  };
}
