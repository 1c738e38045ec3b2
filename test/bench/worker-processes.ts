/** Speed workers of the Kafka benchmarks as processes, each with its share of the partitions, from the start of the topic to its end. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { NODE_FLAGS } from '@tributary/local/roles';

const WORKER = fileURLToPath(new URL('./kafka-worker.ts', import.meta.url));

export interface WorkersOptions {
  readonly count: number;
  readonly bootstrap: string;
  readonly topicPrefix: string;
  readonly redisUrl: string;
  readonly partitions: number;
  readonly views: 'rules' | 'all';
  /** What the keys that they write to Redis begin with. */
  readonly namespace: string;
}

/** `seconds`: from the word to begin until the last has ended. CPU and peak of memory of all together. */
export interface WorkersRun {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

/** What a worker says before it ends. */
export interface WorkerEnd {
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
}

export async function runWorkers(options: WorkersOptions): Promise<WorkersRun> {
  const { count, bootstrap, topicPrefix, redisUrl, partitions, views, namespace } = options;
  const children = Array.from({ length: count }, (_, nth) => {
    const own = [...Array(partitions).keys()].filter((partition) => partition % count === nth);
    return fork(WORKER, [bootstrap, topicPrefix, redisUrl, String(partitions), own.join(','), views, namespace], {
      stdio: 'inherit',
      execArgv: [...NODE_FLAGS.speed],
    });
  });
  try {
    await Promise.all(children.map((child) => once(child, 'message')));
    const start = performance.now();
    const ends = Promise.all(children.map((child) => once(child, 'message').then(([end]) => end as WorkerEnd)));
    const exits = Promise.all(children.map((child) => once(child, 'exit').then(([code]) => code as number)));
    for (const child of children) child.send('go');
    const codes = await exits;
    if (codes.some((code) => code !== 0)) throw new Error(`workers ended with ${codes}`);
    const seconds = (performance.now() - start) / 1000;
    const all = await ends;
    const sum = (of: (end: WorkerEnd) => number) => all.reduce((total, end) => total + of(end), 0);
    return { seconds, cpuSeconds: sum((end) => end.cpuSeconds), peakMegabytes: sum((end) => end.peakMegabytes) };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}
