/** The baseline of single reads: a Fastify route that sends as many bytes from memory. Reports its CPU time when asked. */
import fastify from 'fastify';

const payload = Buffer.alloc(Number(process.argv[2]), ' ');
const app = fastify({ logger: false });
app.get('/bare', (_request, reply) => reply.type('application/json').send(payload));
app.get('/cpu', () => {
  const { user, system } = process.cpuUsage();
  return { micros: user + system };
});
process.on('disconnect', () => process.exit(0));
process.send?.(await app.listen({ host: '127.0.0.1', port: 0 }));
