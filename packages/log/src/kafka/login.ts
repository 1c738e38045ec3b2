/** Login by SASL, as the library does it, but a reply that it cannot read ends the login, not the process. */
import { type SASLCustomAuthenticator, type SASLOptions, saslPlain, saslScramSha } from '@platformatic/kafka';
import type { KafkaSettings } from './settings.ts';

type Sasl = NonNullable<KafkaSettings['sasl']>;

const MECHANISMS = { plain: 'PLAIN', 'scram-sha-256': 'SCRAM-SHA-256', 'scram-sha-512': 'SCRAM-SHA-512' } as const;

export function mechanismOf({ mechanism }: Sasl): (typeof MECHANISMS)[Sasl['mechanism']] {
  return MECHANISMS[mechanism];
}

export function loginOf(sasl: Sasl): SASLOptions {
  const { username, password } = sasl;
  const authenticate: SASLCustomAuthenticator = (mechanism, connection, exchange, _username, _password, _token, done) => {
    const guarded = (...[to, bytes, took]: Parameters<typeof exchange>): void =>
      exchange(to, bytes, (error, reply) => {
        try {
          took?.(error, reply);
        } catch (thrown) {
          done(thrown as Error);
        }
      });
    const asking = Object.assign(guarded, { async: exchange.async, key: exchange.key, version: exchange.version });
    if (mechanism === 'PLAIN') saslPlain.authenticate(asking, connection, username, password, done);
    else {
      const algorithm = mechanism === 'SCRAM-SHA-256' ? 'SHA-256' : 'SHA-512';
      saslScramSha.authenticate(asking, connection, algorithm, username, password, saslScramSha.defaultCrypto, done);
    }
  };
  return { mechanism: mechanismOf(sasl), username, password, authenticate };
}
