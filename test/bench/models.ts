/**
 * Data-driven models from a live stream: 90 days of history over 20 channels in a generation, 5 000 events/s flowing, and Markov
 * (order 1) and sum-game answers over all of it asked for 50 times a second, on schedule. Beside it the rate game of 20
 * channels, exact, in this process.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Coalition } from '@tributary/attribution/data-driven/counts';
import { rateGame } from '@tributary/attribution/data-driven/rate-game';
import { DAY_MS } from '@tributary/model/time';
import { flow } from './flow.ts';
import { createHttp, type Http } from './http.ts';
import { percentile, withPlatform } from './platform.ts';
import type { Figure } from './report.ts';
import { workload } from './workload.ts';

const CHANNELS = 20;
const HISTORY_DAYS = 90;
const HISTORY_EVENTS = 300_000;
const EVENTS_PER_SECOND = 5_000;
const ASKED_PER_SECOND = 50;
const WARM_UP_S = 5;

export async function benchModels(seconds: number): Promise<Figure[]> {
  return [...(await live(seconds)), rateGameFigure()];
}

function live(seconds: number): Promise<Figure[]> {
  return withPlatform(async ({ collectorUrl, apiUrl, keys }) => {
    const collector = createHttp(collectorUrl, keys.write);
    const api = createHttp(apiUrl, keys.admin);
    const now = Date.now();
    await load(collector, now);
    await generation(api);

    const range = `from=${now - HISTORY_DAYS * DAY_MS}&to=${now + DAY_MS}`;
    const end = Date.now() + (WARM_UP_S + seconds) * 1000;
    const flowing = flow(collector, EVENTS_PER_SECOND, end, overChannels);
    const paths = [`/v1/attribution?model=markov&order=1&${range}`, `/v1/attribution?model=shapley&${range}`];
    const first = await askOnSchedule(api, paths, Date.now() + WARM_UP_S * 1000);
    const asked = await askOnSchedule(api, paths, end - 500);
    const { accepted, behindMs, refused } = await flowing;
    collector.close();
    api.close();
    const note = `${asked.length} answers while ${Math.round(accepted / (WARM_UP_S + seconds))} events/s flowed, at most ${Math.round(behindMs)} ms behind, ${refused} requests refused`;
    const section = 'models';
    return [
      { section, figure: 'live Markov and Shapley, p50', value: percentile(asked, 0.5), unit: 'ms', note },
      {
        section,
        figure: 'live Markov and Shapley, p99',
        value: percentile(asked, 0.99),
        unit: 'ms',
        goal: { value: 50, better: 'less' },
        note: `${HISTORY_DAYS} days, ${CHANNELS} channels, ${ASKED_PER_SECOND} requests/s, after ${WARM_UP_S} s of warm-up`,
      },
      { section, figure: 'the first answer of all', value: Math.max(...first.slice(0, 2)), unit: 'ms' },
    ];
  });
}

/** The workload has 8 channels: here its touches are spread over 20. */
function overChannels(line: string): string {
  return line.replace(/"channel":"[^"]+","campaign":"campaign-(\d+)"/, (_, n: string) => {
    const channel = String(Number(n) % CHANNELS).padStart(2, '0');
    return `"channel":"channel-${channel}","campaign":"campaign-${n}"`;
  });
}

/** History over 90 days, flagged as such; of users whom the flow will bring back. */
async function load(collector: Http, now: number): Promise<void> {
  const batch: string[] = [];
  let number = 0;
  const send = async () => {
    const { status, body } = await collector.post('/v1/events', `[${batch.join(',')}]`);
    if (status !== 200) throw new Error(`the collector answered ${status}: ${body.slice(0, 300)}`);
    batch.length = 0;
  };
  for (const { line } of workload({ events: HISTORY_EVENTS, users: 100_000, seed: 7 })) {
    const ts = now - HISTORY_DAYS * DAY_MS + Math.floor((number++ / HISTORY_EVENTS) * (HISTORY_DAYS - 1) * DAY_MS);
    const event = overChannels(line)
      .replace(/"ts":\d+/, `"ts":${ts}`)
      .replace(/,"receivedAt":\d+/, ',"historical":true');
    if (batch.push(event) >= 500) await send();
  }
  if (batch.length > 0) await send();
}

/** One generation over the history, published. */
async function generation(api: Http): Promise<void> {
  const asked = await api.post('/v1/generations', '{"mode":"full"}');
  if (asked.status >= 300) throw new Error(`a generation was refused, ${asked.status}: ${asked.body}`);
  for (let i = 0; i < 600; i++) {
    const { body } = await api.get('/v1/attribution?model=last');
    const { meta, totals } = JSON.parse(body) as { meta: { generation: number }; totals: { creditMicros: number } };
    if (meta.generation > 0 && totals.creditMicros > 0) return;
    await sleep(200);
  }
  throw new Error('no generation was published within two minutes');
}

/** Asks at a fixed rate whatever the answers take: ms from when a question was due to its answer. */
async function askOnSchedule(api: Http, paths: readonly string[], end: number): Promise<number[]> {
  const start = performance.now();
  const latencies: number[] = [];
  const open: Promise<void>[] = [];
  for (let asked = 0; Date.now() < end; asked++) {
    const due = start + (asked * 1000) / ASKED_PER_SECOND;
    const ahead = due - performance.now();
    if (ahead > 0) await sleep(ahead);
    open.push(
      api.get(paths[asked % paths.length] as string).then(({ status, body }) => {
        if (status !== 200) throw new Error(`a model answered ${status}: ${body.slice(0, 300)}`);
        const { rows, meta } = JSON.parse(body) as { rows: unknown[]; meta: { complete: boolean; generation: number } };
        if (rows.length < CHANNELS || meta.generation === 0) throw new Error(`a poor answer: ${body.slice(0, 300)}`);
        latencies.push(performance.now() - due);
      }),
    );
  }
  await Promise.all(open);
  return latencies;
}

function rateGameFigure(): Figure {
  const coalitions: Coalition[] = [];
  for (let n = 1; n < 60_000; n++) {
    // A multiplicative hash spreads the sets; the numbers are those of a shop: one journey in twenty converts.
    const set = Math.imul(n, 0x9e3779b1) >>> 12;
    const channels = Array.from({ length: CHANNELS }, (_, i) => i).filter((i) => (set >> i) & 1);
    if (channels.length > 0)
      coalitions.push({
        channels: channels.map((i) => `channel-${String(i).padStart(2, '0')}`),
        conversions: 1 + (n % 3),
        value: 100 + (n % 900),
        nulls: 20 + (n % 31),
      });
  }
  const start = performance.now();
  const { channels } = rateGame(coalitions);
  const seconds = (performance.now() - start) / 1000;
  if (channels.length !== CHANNELS) throw new Error(`the rate game gave ${channels.length} channels`);
  return {
    section: 'models',
    figure: 'rate-game Shapley, 20 channels, exact',
    value: seconds,
    unit: 's',
    goal: { value: 1, better: 'less' },
    note: `${coalitions.length.toLocaleString('en')} sets`,
  };
}
