/** Login by SASL, as the library does it, within bounds on what the broker may ask for. */
import { type SASLCustomAuthenticator, type SASLOptions, saslPlain, saslScramSha } from '@platformatic/kafka';
import type { KafkaSettings, SaslMechanism } from './settings.ts';

type Sasl = NonNullable<KafkaSettings['sasl']>;

/** Brokers ask for 4 096 unless configured otherwise. A login computes on one of the four threads that the process reads files with. */
const MAX_ITERATIONS = 1_000_000;
/** The library logs in again by a timer before a session ends: one of more than 2^31 - 1 ms would fire at once, for ever. */
const MAX_SESSION_MS = 24n * 60n * 60_000n;

export function mechanismOf({ mechanism }: Sasl): Uppercase<SaslMechanism> {
  return mechanism.toUpperCase() as Uppercase<SaslMechanism>;
}

const BOUNDED_CRYPTO: typeof saslScramSha.defaultCrypto = {
  ...saslScramSha.defaultCrypto,
  async hi(definition, password, salt, iterations) {
    if (iterations > MAX_ITERATIONS)
      throw new Error(
        `the broker asks for ${iterations} iterations of SCRAM, at most ${MAX_ITERATIONS} are computed; give the user fewer`,
      );
    return await saslScramSha.defaultCrypto.hi(definition, password, salt, iterations);
  },
};

export function loginOf(sasl: Sasl): SASLOptions {
  const { username, password } = sasl;
  // biome-ignore lint/complexity/useMaxParams: the client's own signature.
  const authenticate: SASLCustomAuthenticator = (mechanism, connection, exchange, _username, _password, _token, done) => {
    const bounded: typeof done = (error, reply) => {
      if (error || !reply) return done(error, reply);
      const { sessionLifetimeMs: ms } = reply;
      done(null, { ...reply, sessionLifetimeMs: ms > MAX_SESSION_MS ? MAX_SESSION_MS : ms });
    };
    if (mechanism === 'PLAIN') saslPlain.authenticate(exchange, connection, username, password, bounded);
    else {
      const algorithm = mechanism === 'SCRAM-SHA-256' ? 'SHA-256' : 'SHA-512';
      saslScramSha.authenticate(exchange, connection, algorithm, username, password, BOUNDED_CRYPTO, bounded);
    }
  };
  return { mechanism: mechanismOf(sasl), username, password, authenticate };
}
