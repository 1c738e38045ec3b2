import { listenTrouble } from '@tributary/runtime/http/listen-trouble';
import type { FastifyInstance } from 'fastify';

/** Throws `port_taken` or `invalid_config`, which name the setting. */
export async function listen(server: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    throw listenTrouble(error, 'TRIBUTARY_COLLECTOR_PORT', host, port);
  }
}
