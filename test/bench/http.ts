/**
 * A lean HTTP/1.1 client for load: it shares the machine with what it measures. Raw sockets kept alive, one request in
 * flight on each, bodies received into one buffer per socket. It checks what an honest count needs: the status, and that
 * as many bytes came as `content-length` promised; chunked answers are refused, no route that is measured sends them.
 */
import { connect, type Socket } from 'node:net';

export interface Reply {
  readonly status: number;
  readonly body: string;
}

export interface Drained {
  readonly status: number;
  readonly bytes: number;
}

export interface Http {
  get(path: string): Promise<Reply>;
  post(path: string, body: string): Promise<Reply>;
  /** Only count the bytes of the answer. */
  drainGet(path: string): Promise<Drained>;
  drainPost(path: string, body: string): Promise<Drained>;
  close(): void;
}

const READ_BYTES = 256 * 1024;
const MAX_HEAD_BYTES = 16 * 1024;

/** `mostConnections`: a request that finds all of them under way waits for one, as in the pool of a service. */
export function createHttp(base: string, key: string, mostConnections = Number.POSITIVE_INFINITY): Http {
  const { hostname, port, host } = new URL(base);
  const shared = `Host: ${host}\r\nAuthorization: Bearer ${key}\r\n`;
  const idle: Connection[] = [];
  const all = new Set<Connection>();
  const waiting: ((connection: Connection) => void)[] = [];

  function free(): Connection | Promise<Connection> {
    const connection = idle.pop();
    if (connection !== undefined) return connection;
    if (all.size < mostConnections) return open(hostname, Number(port), all);
    return new Promise((resolve) => waiting.push(resolve));
  }

  async function send(message: string, keep: boolean): Promise<Answer> {
    const connection = await free();
    const answer = await connection.ask(message, keep);
    const next = waiting.shift();
    if (next === undefined) idle.push(connection);
    else next(connection);
    return answer;
  }
  const getOf = (path: string) => `GET ${path} HTTP/1.1\r\n${shared}\r\n`;
  const postOf = (path: string, body: string) =>
    `POST ${path} HTTP/1.1\r\n${shared}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const text = ({ status, body }: Answer): Reply => ({ status, body: Buffer.concat(body).toString() });
  return {
    get: async (path) => text(await send(getOf(path), true)),
    post: async (path, body) => text(await send(postOf(path, body), true)),
    drainGet: (path) => send(getOf(path), false),
    drainPost: (path, body) => send(postOf(path, body), false),
    close() {
      for (const connection of all) connection.close();
    },
  };
}

interface Answer extends Drained {
  /** Empty unless asked to keep it. */
  readonly body: Buffer[];
}

interface Connection {
  /** One at a time. Rejects when the connection ends before the answer does. */
  ask(message: string, keep: boolean): Promise<Answer>;
  close(): void;
}

interface Asked {
  readonly keep: boolean;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

function open(host: string, port: number, all: Set<Connection>): Connection {
  let asked: Asked | null = null;
  let head = '';
  let status = 0;
  /** Bytes of the body to come; -1 while the head is read. */
  let missing = -1;
  let bytes = 0;
  let body: Buffer[] = [];
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const socket: Socket = connect({
    host,
    port,
    noDelay: true,
    onread: {
      buffer,
      callback(length) {
        try {
          take(buffer.subarray(0, length));
        } catch (error) {
          fail(error as Error);
        }
        return true;
      },
    },
  });
  const connection: Connection = {
    ask: (message, keep) =>
      new Promise((resolve, reject) => {
        asked = { keep, resolve, reject };
        head = '';
        missing = -1;
        bytes = 0;
        body = [];
        socket.write(message);
      }),
    close: () => socket.destroy(),
  };
  all.add(connection);
  socket.on('error', (error) => fail(error));
  socket.on('close', () => fail(new Error('the connection ended before the answer did')));

  function fail(error: Error): void {
    all.delete(connection);
    asked?.reject(error);
    asked = null;
    socket.destroy();
  }

  function take(chunk: Buffer): void {
    if (asked === null) throw new Error('bytes came without a request');
    let from = 0;
    if (missing < 0) {
      const before = head.length;
      head += chunk.toString('latin1', 0, MAX_HEAD_BYTES);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0 && head.length <= MAX_HEAD_BYTES) return;
      const length = /\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end + 2))?.[1];
      if (length === undefined) throw new Error(`an answer without content-length: ${head.slice(0, 500)}`);
      status = Number(head.slice(9, 12));
      missing = Number(length);
      from = end + 4 - before;
    }
    const got = chunk.length - from;
    missing -= got;
    bytes += got;
    if (missing < 0) throw new Error('more bytes came than content-length promised');
    if (asked.keep) body.push(Buffer.from(chunk.subarray(from)));
    if (missing > 0) return;
    const { resolve } = asked;
    asked = null;
    resolve({ status, bytes, body });
  }
  return connection;
}
