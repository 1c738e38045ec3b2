/** Between pages and their collector: passes bodies on, or answers as a collector in trouble does. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A status; `pass` to the collector; `take`: it has the events, and the answer never comes; `hang`: nothing ever happens. */
export type Mood = number | 'pass' | 'take' | 'hang';

export interface Attempt {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  readonly body: {
    readonly writeKey: string;
    readonly sentAt: number;
    readonly batch: readonly { messageId: string; event?: string }[];
  };
}

export interface Gate {
  readonly url: string;
  readonly attempts: Attempt[];
  mood: Mood;
  /** Ends what hangs: a browser has six connections to a host. */
  release(): void;
  close(): Promise<void>;
}

export async function openGate(collectorUrl: string): Promise<Gate> {
  const attempts: Attempt[] = [];
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = String(Buffer.concat(chunks));
    attempts.push({ path: request.url ?? '', headers: request.headers, text, body: JSON.parse(text) as Attempt['body'] });
    const { mood } = gate;
    response.setHeader('access-control-allow-origin', '*');
    if (mood === 'hang') return;
    if (typeof mood === 'number') return void response.writeHead(mood).end();
    const { status } = await fetch(`${collectorUrl}/web`, { method: 'POST', body: text });
    if (mood === 'pass') response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gate: Gate = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    attempts,
    mood: 'pass',
    release: () => server.closeAllConnections(),
    close: () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections()),
  };
  return gate;
}
