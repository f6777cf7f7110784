// The daemon's REST routes, one function each.
//
// The session is an HttpOnly cookie: no script ever holds a token.

import { t, has } from './i18n.js';

const BASE = '/api/v1';
const SIGN_IN = '/';

/** What the daemon, or the way to it, refused. */
export class ApiError extends Error {
  constructor(status, code, message, retryAfter = null) {
    super(message);
    this.name = 'ApiError';
    /** HTTP status, 0 where there was no answer. */
    this.status = status;
    /** Stable word; `offline` where there was no answer. */
    this.code = code;
    /** Seconds to wait, null where not said. */
    this.retryAfter = retryAfter;
  }

  /** Whether the same again may succeed. */
  get retryable() {
    return this.status === 0 || this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504;
  }
}

/** The error in the reader's language: by code, else what the daemon said. */
export function errorText(error) {
  if (error instanceof ApiError) {
    const key = `error.${error.code}`;
    if (error.status === 429 && error.retryAfter) return t('error.wait', { n: Math.ceil(error.retryAfter) });
    if (has(key)) return t(key);
    return error.message || t('error.unknown');
  }
  return t('error.unknown');
}

/** Sends a request and gives the parsed answer. Anything but success throws an {@link ApiError}. */
export async function request(method, path, body, { signal, stay = false, keepalive = false } = {}) {
  const form = body instanceof FormData;
  let response;
  try {
    response = await fetch(BASE + path, {
      method,
      signal,
      keepalive,
      credentials: 'same-origin',
      cache: 'no-store',
      headers: body === undefined || form ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : form ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new ApiError(0, 'offline', t('error.offline'));
  }
  const answer = await parsed(response);
  if (response.ok) return answer;
  if (response.status === 401 && !stay) {
    leave();
  }
  const retry = Number(answer?.retry_after ?? response.headers.get('Retry-After'));
  throw new ApiError(
    response.status,
    answer?.code ?? `http_${response.status}`,
    answer?.error ?? response.statusText,
    Number.isFinite(retry) && retry > 0 ? retry : null,
  );
}

async function parsed(response) {
  try {
    return await response.json();
  } catch {
    return null; // A proxy's page in place of an answer; the status says enough.
  }
}

const SIGNED_IN = 'messenger.signed-in';

/** Whether this browser probably holds a session: scripts cannot see the cookie. */
export function probablySignedIn() {
  try {
    return localStorage.getItem(SIGNED_IN) === 'yes';
  } catch {
    return true; // Not known; asking costs one refusal.
  }
}

/** Remembers that a session began or ended. */
export function rememberSignedIn(signedIn) {
  try {
    if (signedIn) localStorage.setItem(SIGNED_IN, 'yes');
    else localStorage.removeItem(SIGNED_IN);
  } catch {
    // Nothing is kept here.
  }
}

/** To the sign-in page; the present fragment (an invite) is kept. */
export function leave() {
  rememberSignedIn(false);
  if (location.pathname === SIGN_IN || location.pathname === '/index.html') return;
  location.replace(SIGN_IN + location.hash);
}

const part = encodeURIComponent;

function query(path, params) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

/** The routes. Answers are given as the daemon sends them. */
export const api = {
  // Sign-in
  register: (fields) => request('POST', '/auth/register', { ...fields, cookie: true }, { stay: true }),
  login: (username, password) => request('POST', '/auth/login', { username, password, cookie: true }, { stay: true }),
  logout: () => request('POST', '/auth/logout', undefined, { stay: true }),
  sessions: () => request('GET', '/auth/sessions'),
  endSession: (id) => request('DELETE', `/auth/sessions/${part(id)}`),
  changePassword: (old, fresh) => request('PUT', '/auth/password', { old, new: fresh }, { stay: true }),

  // Users
  me: (options) => request('GET', '/users/me', undefined, options),
  users: ({ search, status, limit, offset } = {}, options) =>
    request('GET', query('/users', { search, status, limit, offset }), undefined, options),
  user: (id) => request('GET', `/users/${part(id)}`),
  updateMe: (fields) => request('PUT', '/users/me', fields),
  setStatus: (status) => request('PUT', '/users/status', { status }),
  deleteMe: (password) => request('DELETE', '/users/me', { password }, { stay: true }),
  uploadMyAvatar: (file) => request('POST', '/users/me/avatar', fileForm(file)),

  // Chats
  chats: (options) => request('GET', '/chats', undefined, options),
  createChat: (fields) => request('POST', '/chats', fields),
  chat: (id, options) => request('GET', `/chats/${part(id)}`, undefined, options),
  updateChat: (id, fields) => request('PUT', `/chats/${part(id)}`, fields),
  deleteChat: (id) => request('DELETE', `/chats/${part(id)}`),
  uploadChatAvatar: (id, file) => request('POST', `/chats/${part(id)}/avatar`, fileForm(file)),
  addMember: (id, fields) => request('POST', `/chats/${part(id)}/members`, fields),
  setRole: (id, userId, role) => request('PUT', `/chats/${part(id)}/members/${part(userId)}`, { role }),
  removeMember: (id, userId) => request('DELETE', `/chats/${part(id)}/members/${part(userId)}`),
  createInvite: (id, fields = {}) => request('POST', `/chats/${part(id)}/invites`, fields),
  acceptInvite: (token) => request('POST', `/invites/${part(token)}/accept`),
  markRead: (id, seq, options) => request('PUT', `/chats/${part(id)}/read`, seq === undefined ? {} : { seq }, options),

  // Messages
  messages: (chatId, { before_seq, after_seq, limit, offset } = {}, options) =>
    request('GET', query('/messages', { chat_id: chatId, before_seq, after_seq, limit, offset }), undefined, options),
  searchMessages: (q, chatId, { limit, offset } = {}, options) =>
    request('GET', query('/messages/search', { q, chat_id: chatId, limit, offset }), undefined, options),
  sendMessage: (fields) => request('POST', '/messages', fields),
  message: (id) => request('GET', `/messages/${part(id)}`),
  editMessage: (id, content) => request('PUT', `/messages/${part(id)}`, { content }),
  deleteMessage: (id) => request('DELETE', `/messages/${part(id)}`),
  readMessage: (id) => request('POST', `/messages/${part(id)}/read`),
  react: (id, emoji) => request('PUT', `/messages/${part(id)}/reactions/${part(emoji)}`),
  unreact: (id, emoji) => request('DELETE', `/messages/${part(id)}/reactions/${part(emoji)}`),

  // Contacts
  contacts: () => request('GET', '/contacts'),
  addContact: (fields) => request('POST', '/contacts', fields),
  updateContact: (id, nickname) => request('PUT', `/contacts/${part(id)}`, { nickname }),
  deleteContact: (id) => request('DELETE', `/contacts/${part(id)}`),
  block: (id) => request('PUT', `/contacts/${part(id)}/block`),
  unblock: (id) => request('PUT', `/contacts/${part(id)}/unblock`),

  // Calls
  calls: () => request('GET', '/calls'),
  startCall: (fields) => request('POST', '/calls', fields),
  answerCall: (id) => request('PUT', `/calls/${part(id)}/answer`),
  rejectCall: (id) => request('PUT', `/calls/${part(id)}/reject`),
  endCall: (id) => request('PUT', `/calls/${part(id)}/end`),
  callSettings: () => request('GET', '/calls/settings'),
  setCallSettings: (fields) => request('PUT', '/calls/settings', fields),

  // Files
  upload: (fields, options) => request('POST', '/upload', fields, options),
};

function fileForm(file) {
  const form = new FormData();
  form.append('file', file);
  return form;
}

/** What the daemon says of itself to anyone. */
export async function about() {
  try {
    const response = await fetch('/about.json', { cache: 'no-store' });
    return response.ok ? await response.json() : null;
  } catch {
    return null; // The page works without it.
  }
}
