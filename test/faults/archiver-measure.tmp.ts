import { mkdtemp, rm } from 'node:fs/promises';
import { openDuckDb } from '@tributary/archive/duckdb';
import { createArchiver, DEFAULT_LIMITS } from '@tributary/archiver/pipeline';
import { encodeEvent } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { createMemoryLog } from '@tributary/testkit/memory-log';

const [N, DAYS] = [Number(process.argv[2]), Number(process.argv[3])];
const P = 16;
const dir = await mkdtemp('/tmp/tributary-measure-');
const log = createMemoryLog({ partitions: P });
const now = Date.UTC(2026, 9, 31);
const buf: string[][] = Array.from({ length: P }, () => []);
let bytes = 0;
for (let i = 0; i < N; i++) {
  const user = `user-${(i * 7919) % 100_000}`;
  const p = partitionOf(user, P);
  const ts = now - Math.floor(Math.random() * DAYS * 86400e3);
  const line = encodeEvent({
    ts,
    type: i % 20 === 0 ? 'purchase' : i % 3 ? 'page' : 'ad_click',
    id: `evt-${i}-${Math.random().toString(36).slice(2)}`,
    userId: user,
    anonymousId: 'anon-' + (i % 5000),
    receivedAt: now + i,
    source: 'web',
    channel: 'paid_search',
    campaign: 'c' + (i % 20),
    ...(i % 20 === 0 ? { value: i, currency: 'EUR' } : { cost: i % 100 }),
    page: '/products/' + (i % 300),
    properties: { a: i, b: 'some text' },
  });
  bytes += line.length + 1;
  const b = buf[p] as string[];
  b.push(line);
  if (b.length === 150) {
    await log.append(p, { kind: 'events', body: b.join('\n') });
    b.length = 0;
  }
}
for (let p = 0; p < P; p++) {
  const b = buf[p] as string[];
  if (b.length) await log.append(p, { kind: 'events', body: b.join('\n') });
}
const marks: Record<string, number> = {};
const spool = 0;
let last = performance.now();
const cpu0 = process.cpuUsage();
const archiver = createArchiver({
  log,
  dataDir: dir,
  writer: 'aa',
  openSession: () => openDuckDb({ memoryLimit: '768MB', threads: 2, tempDir: dir + '/tmp' }),
  limits: { ...DEFAULT_LIMITS, waitMs: 0 },
  now: Date.now,
  speedPosition: async () => null,
  copyLimits: { files: Number(process.argv[4] ?? 64), rows: Number(process.argv[5] ?? 150000) },
  hook: (s) => {
    const t = performance.now();
    marks[s] = (marks[s] ?? 0) + t - last;
    last = t;
  },
});
await archiver.turn();
const t0 = performance.now();
last = t0;
for (;;) {
  const before = archiver.spools().reduce((s, x) => s + x.rows, 0);
  await archiver.turn();
  if (archiver.spools().reduce((s, x) => s + x.rows, 0) === before) break;
}
const spooled = performance.now();
for (let p = 0; p < P; p++) await log.append(p, { kind: 'barrier', body: '{"generation":1,"definitions":"{}"}' });
last = performance.now();
const tb = last;
await archiver.turn();
const t1 = performance.now();
console.log({
  N,
  DAYS,
  rowsPerS: Math.round(N / ((t1 - t0) / 1000)),
  lineBytes: Math.round(bytes / N),
  spoolMs: Math.round(spooled - t0),
  barrierToManifestMs: Math.round(t1 - tb),
  marks: Object.fromEntries(Object.entries(marks).map(([k, v]) => [k, Math.round(v)])),
  cpuMs: Math.round((process.cpuUsage(cpu0).user + process.cpuUsage(cpu0).system) / 1e3),
  rssMb: Math.round(process.memoryUsage().rss / 1e6),
  maxRssMb: Math.round(process.resourceUsage().maxRSS / 1e3),
});
await rm(dir, { recursive: true });
