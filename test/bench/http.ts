/** A lean HTTP client for load: keep-alive, bodies as text, nothing parsed. */
import { Agent, request } from 'node:http';

export interface Reply {
  readonly status: number;
  readonly body: string;
}

export interface Http {
  get(path: string): Promise<Reply>;
  post(path: string, body: string): Promise<Reply>;
  /** Only counts the bytes of the answer. */
  drain(path: string, body: string): Promise<{ status: number; bytes: number }>;
  close(): void;
}

export function createHttp(base: string, key: string): Http {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };

  function send<T>(
    method: string,
    path: string,
    body: string | undefined,
    collect: (chunks: Buffer[]) => T,
  ): Promise<{ status: number } & T> {
    return new Promise((resolve, reject) => {
      const call = request(new URL(path, base), { method, agent, headers }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, ...collect(chunks) }));
        response.on('error', reject);
      });
      call.on('error', reject);
      call.end(body);
    });
  }
  const text = (chunks: Buffer[]) => ({ body: Buffer.concat(chunks).toString() });
  return {
    get: (path) => send('GET', path, undefined, text),
    post: (path, body) => send('POST', path, body, text),
    drain: (path, body) =>
      send('POST', path, body, (chunks) => ({ bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0) })),
    close: () => agent.destroy(),
  };
}
