/** The console: starts in `#app`, with the session that the browser has. */
import { render } from 'preact';
import { Shell } from './shell.tsx';
import { followLinks } from './state/place.ts';
import { begin } from './state/session.ts';
import { showStoredTheme } from './state/theme.ts';

showStoredTheme();
document.addEventListener('click', followLinks);
void begin();
const root = document.querySelector('#app');
if (root !== null) render(<Shell />, root);
