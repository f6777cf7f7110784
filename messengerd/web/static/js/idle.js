// Tells the daemon when nobody is at the page, so that others see "away".

import { on } from './state.js';
import { socket } from './websocket.js';

const AFTER = 5 * 60_000;

/** Watches keys, the pointer and whether the page is shown. */
export function watchIdle() {
  let idle = false;
  let timer = 0;
  const tell = (now) => {
    if (idle === now) return;
    idle = now;
    socket.send('idle', { on: idle });
  };
  const active = () => {
    if (document.visibilityState !== 'visible') return;
    tell(false);
    clearTimeout(timer);
    timer = setTimeout(() => tell(true), AFTER);
  };
  for (const event of ['keydown', 'pointerdown', 'pointermove', 'wheel']) {
    document.addEventListener(event, active, { passive: true, capture: true });
  }
  document.addEventListener('visibilitychange', active);
  on('connection', ({ online }) => online && idle && socket.send('idle', { on: true }));
  active();
}
