/**
 * The baselines of single reads, as bare Fastify routes: one sends as many bytes from memory, one gets as many from Redis by one command.
 * Reports its CPU time when asked.
 */
import fastify from 'fastify';
import { Redis } from 'ioredis';

const [size = '0', redisUrl = ''] = process.argv.slice(2);
const KEY = 'bench:bare';
const payload = Buffer.alloc(Number(size), ' ');
const redis = new Redis(redisUrl);
await redis.set(KEY, payload);
const app = fastify({ logger: false });
app.get('/bare', (_request, reply) => reply.type('application/json').send(payload));
app.get('/get', async (_request, reply) => reply.type('application/json').send(await redis.getBuffer(KEY)));
app.get('/cpu', () => {
  const { user, system } = process.cpuUsage();
  return { micros: user + system };
});
process.on('disconnect', () => process.exit(0));
process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }));
