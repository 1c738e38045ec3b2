/**
 * Bull Board on the queues of the batch layer, as an inner server that `queues-page.ts` asks. A module of its own, as its packages are loaded
 * when somebody first opens the page.
 */
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import Fastify, { type FastifyInstance } from 'fastify';

type Queues = ConstructorParameters<typeof BullMQAdapter>[0][];

export async function openBullBoard(queues: Queues, path: string): Promise<FastifyInstance> {
  const serverAdapter = new FastifyAdapter();
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true, allowRetries: false })),
    serverAdapter,
    // Which workers are connected the API's user in Redis may not ask (infra/docker/redis-users.acl).
    options: { uiConfig: { boardTitle: 'Tributary: queues', showWorkers: false, pollingInterval: { forceInterval: 5 } } },
  });
  serverAdapter.setBasePath(path);
  const board = Fastify({ logger: false, routerOptions: { maxParamLength: 4_096 } });
  await board.register(serverAdapter.registerPlugin(), { prefix: path });
  await board.ready();
  return board;
}
