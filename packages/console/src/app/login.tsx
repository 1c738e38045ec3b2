/** Without a session: a key is typed, which opens one. It is kept nowhere in the browser. */
import { useState } from 'preact/hooks';
import { Mark } from './parts/mark.tsx';
import { logIn } from './state/session.ts';

export function Login({ why }: { readonly why: string | null }) {
  const [isBusy, setBusy] = useState(false);
  const submit = async (form: HTMLFormElement) => {
    const key = String(new FormData(form).get('key') ?? '').trim();
    if (key === '') return;
    setBusy(true);
    await logIn({ key });
    setBusy(false);
  };
  return (
    <main class="login">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <p class="brand">
          <Mark />
          Tributary
        </p>
        <h1>Log in with a key</h1>
        <p class="about">
          A key of the scope <b>read</b> shows reports and users. One of the scope <b>admin</b> shows dead letters as well, and
          can begin runs and change which generation readers get.
        </p>
        {!isSecureContext && (
          <p class="login-why">
            This address is plain HTTP. Browsers keep a session over HTTPS, and over HTTP on the machine itself alone: open the
            console there, or put a proxy with TLS before it.
          </p>
        )}
        <label for="key">Key</label>
        <input
          id="key"
          name="key"
          type="password"
          autocomplete="off"
          spellcheck={false}
          placeholder="tr_…"
          required
          aria-describedby="why"
        />
        <p id="why" class="login-why" role="alert">
          {why}
        </p>
        <button type="submit" class="main" disabled={isBusy}>
          {isBusy ? 'Logging in …' : 'Log in'}
        </button>
        <p class="small">
          <code>npm start</code> prints a link that logs in once. <code>tributary keys create read</code> makes a key.
        </p>
      </form>
    </main>
  );
}
