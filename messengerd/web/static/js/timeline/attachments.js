// Files of a message. Pictures and sound come from this daemon only.

import { h, icon } from '../dom.js';
import { formatNumber, t } from '../i18n.js';

/** `1.4 MB` in the reader's numbers. */
export function formatSize(bytes) {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  for (; size >= 1000 && unit < units.length - 1; unit++) size /= 1000;
  return `${formatNumber(unit && size < 100 ? Math.round(size * 10) / 10 : Math.round(size))} ${t(`unit.${units[unit]}`)}`;
}

/** The element with all files, null where there are none. */
export function attachments(message) {
  const files = (message.files ?? []).filter((file) => isOwn(file.file_path));
  if (!files.length) return null;
  return h('div', { class: 'files' }, files.map(attachment));
}

function isOwn(path) {
  try {
    return new URL(path, location.origin).origin === location.origin;
  } catch {
    return false;
  }
}

function attachment(file) {
  const kind = (file.mime_type ?? '').split('/')[0];
  if (kind === 'image') {
    const link = h('a', { class: 'picture', href: file.file_path, target: '_blank', rel: 'noopener noreferrer' });
    link.append(h('img', { src: file.file_path, alt: file.file_name, loading: 'lazy', decoding: 'async' }));
    return link;
  }
  if (kind === 'audio') return h('audio', { src: file.file_path, controls: true, preload: 'none', aria: { label: file.file_name } });
  if (kind === 'video') return h('video', { src: file.file_path, controls: true, preload: 'metadata', aria: { label: file.file_name } });
  return h(
    'a',
    { class: 'file', href: file.file_path, download: file.file_name },
    icon('file'),
    h('span', null, h('strong', null, file.file_name), h('small', null, formatSize(file.file_size))),
  );
}
