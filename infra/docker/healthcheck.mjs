// For HEALTHCHECK: exit 0 while http://127.0.0.1:<port>/livez answers 200 within two seconds.
const [port] = process.argv.slice(2);
const url = `http://127.0.0.1:${port}/livez`;
try {
  const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  process.stderr.write(`${url}: ${error.cause?.message ?? error.message}\n`);
  process.exitCode = 1;
}
