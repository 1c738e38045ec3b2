/**
 * Bodies that no route reads: of a GET, and where the answer is the same for all. Node reads them to their end, whatever their size, so that
 * the connection can go on. Those of clients are small, so beyond a bound the connection is closed instead.
 */
import type { IncomingMessage } from 'node:http';

const MOST_BYTES = 1024 * 1024;

/** Called before the answer is sent. */
export function boundUnread(request: IncomingMessage): void {
  const { headers } = request;
  if (request.complete || (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined)) return;
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) request.socket.destroy();
  });
}
