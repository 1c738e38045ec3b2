import { TributaryError } from '@tributary/model/errors';
import type { FastifyInstance } from 'fastify';

/** Throws `port_taken` that names the port. */
export async function listen(server: FastifyInstance, host: string, port: number): Promise<void> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new TributaryError('port_taken', `collector: ${host}:${port} is in use`, { cause: error });
  }
}
