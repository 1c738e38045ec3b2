/** A throw-away Redis Cluster of real processes on free loopback ports, and what an operator does to one: moving slots. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

export interface ClusterNode {
  readonly server: RedisServer;
  readonly id: string;
  /** Talks to this node alone and follows no redirection. */
  readonly admin: Redis;
  /** Index of the master that it copies at first; null: a master itself. */
  readonly copies: number | null;
}

export interface RedisCluster {
  /** `redis-cluster://` with every node. */
  readonly url: string;
  readonly nodes: readonly ClusterNode[];
  /** The master that the other nodes say a key belongs to. */
  masterOf(key: string): Promise<ClusterNode>;
  /** Starts to move the key's slot to another master: from here on both know of the move, and no key has moved. */
  beginMove(key: string): Promise<SlotMove>;
  stop(): Promise<void>;
}

export interface SlotMove {
  readonly from: ClusterNode;
  readonly to: ClusterNode;
  /** Keys that are still where they were. */
  left(): Promise<string[]>;
  move(keys: readonly string[]): Promise<void>;
  /** Moves what is left and hands the slot over. */
  finish(): Promise<void>;
}

export interface ClusterOptions {
  readonly masters?: number;
  readonly replicasPerMaster?: number;
  /** How long a node may be silent before it counts as failed, ms. */
  readonly nodeTimeoutMs?: number;
}

const SLOTS = 16_384;

export async function startRedisCluster(options: ClusterOptions = {}): Promise<RedisCluster> {
  const { masters = 3, replicasPerMaster = 0, nodeTimeoutMs = 1_000 } = options;
  const nodes: ClusterNode[] = [];
  const stop = async () => {
    for (const { admin } of nodes) admin.disconnect();
    await Promise.all(nodes.map(({ server }) => server.stop()));
  };
  try {
    const buses: number[] = [];
    for (let i = 0; i < masters * (1 + replicasPerMaster); i++) buses.push(await freePort());
    const started = buses.map((bus, i) => startNode(bus, nodeTimeoutMs, i < masters ? null : i % masters));
    for (const outcome of await Promise.allSettled(started)) if (outcome.status === 'fulfilled') nodes.push(outcome.value);
    if (nodes.length < buses.length) await Promise.all(started);
    await join(nodes, buses, masters);
  } catch (cause) {
    await stop();
    throw cause;
  }

  async function slotOf(key: string): Promise<number> {
    const answers = await Promise.allSettled(nodes.map(({ admin }) => admin.cluster('KEYSLOT', key)));
    const answer = answers.find(({ status }) => status === 'fulfilled') as PromiseFulfilledResult<number>;
    return answer.value;
  }

  async function masterOf(key: string): Promise<ClusterNode> {
    const slot = await slotOf(key);
    for (const { admin, server } of nodes) {
      const ranges = (await admin.cluster('SLOTS').catch(() => [])) as [number, number, [string, number, string]][];
      const owner = ranges.find(([first, last]) => slot >= first && slot <= last);
      const node = nodes.find(({ id }) => id === owner?.[2][2]);
      // One that is cut off or stopped may still believe what was true before.
      if (node !== undefined && (node.server !== server || nodes.length === 1)) return node;
    }
    throw new Error(`no node owns the slot of ${key}`);
  }

  return {
    url: `redis-cluster://${nodes.map(({ server }) => `127.0.0.1:${server.port}`).join(',')}`,
    nodes,
    masterOf,
    async beginMove(key) {
      const from = await masterOf(key);
      const to = nodes.find(({ id, copies }) => copies === null && id !== from.id) as ClusterNode;
      return startMove(await slotOf(key), from, to, nodes);
    },
    stop,
  };
}

async function startNode(busPort: number, nodeTimeoutMs: number, copies: number | null): Promise<ClusterNode> {
  const settings = {
    'cluster-enabled': 'yes',
    'cluster-port': busPort,
    'cluster-node-timeout': nodeTimeoutMs,
    // A partition whose master is down must not stop the others; a replica that lags takes over all the same.
    'cluster-require-full-coverage': 'no',
    'cluster-replica-validity-factor': 0,
    'repl-diskless-sync-delay': 0,
    'repl-ping-replica-period': 1,
  };
  const server = await startRedis(Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]));
  const admin = new Redis(server.port, '127.0.0.1', {
    retryStrategy: () => 50,
    maxRetriesPerRequest: 0,
    commandTimeout: 2_000,
    autoResendUnfulfilledCommands: false,
  });
  admin.on('error', () => {});
  return { server, admin, copies, id: String(await admin.cluster('MYID')) };
}

async function join(nodes: readonly ClusterNode[], buses: readonly number[], masters: number): Promise<void> {
  for (let i = 0; i < masters; i++) {
    const { admin } = nodes[i] as ClusterNode;
    const [from, to] = [Math.floor((SLOTS * i) / masters), Math.floor((SLOTS * (i + 1)) / masters) - 1];
    await admin.call('CLUSTER', 'SET-CONFIG-EPOCH', String(i + 1));
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
  }
  // Everybody meets everybody: gossip alone would take ten seconds.
  for (const { admin } of nodes)
    for (const [i, { server }] of nodes.entries())
      await admin.call('CLUSTER', 'MEET', '127.0.0.1', String(server.port), String(buses[i]));
  await everyNode(nodes, async ({ admin }) => Number(field(await admin.cluster('INFO'), 'cluster_known_nodes')) === nodes.length);
  for (const { admin, copies } of nodes)
    if (copies !== null) await admin.call('CLUSTER', 'REPLICATE', (nodes[copies] as ClusterNode).id);
  await everyNode(nodes, async ({ admin, copies }) => {
    const info = String(await admin.cluster('INFO'));
    const covered = field(info, 'cluster_state') === 'ok' && field(info, 'cluster_slots_ok') === String(SLOTS);
    return covered && (copies === null || field(await admin.info('replication'), 'master_link_status') === 'up');
  });
  const copiesSeen = nodes.length - masters;
  await everyNode(nodes, async ({ admin }) => {
    const ranges = (await admin.cluster('SLOTS')) as unknown[][];
    return ranges.reduce((sum, range) => sum + range.length - 3, 0) === copiesSeen;
  });
}

async function everyNode(nodes: readonly ClusterNode[], holds: (node: ClusterNode) => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  for (const node of nodes)
    while (!(await holds(node).catch(() => false))) {
      if (Date.now() > end) throw new Error(`the cluster did not form: node ${node.server.port} is not where it should be`);
      await sleep(50);
    }
}

async function startMove(slot: number, from: ClusterNode, to: ClusterNode, nodes: readonly ClusterNode[]): Promise<SlotMove> {
  const at = String(slot);
  await to.admin.call('CLUSTER', 'SETSLOT', at, 'IMPORTING', from.id);
  await from.admin.call('CLUSTER', 'SETSLOT', at, 'MIGRATING', to.id);
  const left = async () => (await from.admin.call('CLUSTER', 'GETKEYSINSLOT', at, '1000000')) as string[];
  const move = async (keys: readonly string[]) => {
    if (keys.length > 0) await from.admin.call('MIGRATE', '127.0.0.1', String(to.server.port), '', '0', '5000', 'KEYS', ...keys);
  };
  return {
    from,
    to,
    left,
    move,
    async finish() {
      for (let keys = await left(); keys.length > 0; keys = await left()) await move(keys);
      const masters = nodes.filter(({ copies, id }) => copies === null && id !== to.id && id !== from.id);
      for (const { admin } of [to, from, ...masters]) await admin.call('CLUSTER', 'SETSLOT', at, 'NODE', to.id);
    },
  };
}

function field(info: unknown, name: string): string {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(String(info))?.[1] ?? '';
}
