// Tells the others that one types: at the start, again before it lapses, and
// when it is over.

import { socket } from '../websocket.js';

const AGAIN = 4000;
const OVER = 5000;

export class Typing {
  #chatId = null;
  #sent = 0;
  #timer = 0;

  /** A key was pressed in the text for this chat. */
  typed(chatId) {
    if (this.#chatId && this.#chatId !== chatId) this.stop();
    const now = Date.now();
    if (this.#chatId !== chatId || now - this.#sent > AGAIN) {
      if (socket.send('typing', { chat_id: chatId, is_typing: true })) {
        this.#chatId = chatId;
        this.#sent = now;
      }
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(), OVER);
  }

  /** The text was sent, given up or left alone. */
  stop() {
    clearTimeout(this.#timer);
    if (!this.#chatId) return;
    socket.send('typing', { chat_id: this.#chatId, is_typing: false });
    this.#chatId = null;
  }
}
