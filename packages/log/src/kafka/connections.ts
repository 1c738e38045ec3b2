/** Connections by address, made when needed and again after they broke. */
import { type Address, type Connection, connectTo } from './connection.ts';
import type { KafkaSettings } from './settings.ts';

export interface Connections {
  to(address: Address): Promise<Connection>;
  /** Ends the one to this address, if any. */
  drop(address: Address): void;
  closeAll(): void;
}

export function createConnections(settings: KafkaSettings): Connections {
  const open = new Map<string, Promise<Connection>>();
  let closed = false;

  async function reuse(address: Address, key: string): Promise<Connection> {
    const known = await open.get(key)?.catch(() => undefined);
    if (known?.isOpen()) return known;
    const connecting = connectTo(address, settings);
    connecting.catch(() => {
      if (open.get(key) === connecting) open.delete(key);
    });
    open.set(key, connecting);
    const connection = await connecting;
    if (closed) connection.close();
    return connection;
  }
  /** Two that ask at once get the same one. */
  const asking = new Map<string, Promise<Connection>>();

  return {
    to(address) {
      const key = `${address.host}:${address.port}`;
      const current = asking.get(key) ?? reuse(address, key).finally(() => asking.delete(key));
      asking.set(key, current);
      return current;
    },
    drop({ host, port }) {
      const key = `${host}:${port}`;
      open.get(key)?.then(
        (connection) => connection.close(),
        () => {},
      );
      open.delete(key);
    },
    closeAll() {
      closed = true;
      for (const connecting of open.values())
        connecting.then(
          (connection) => connection.close(),
          () => {},
        );
      open.clear();
    },
  };
}
