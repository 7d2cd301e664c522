/** Reading as much of an HTTP/1.1 head as the traffic needs; the full grammar would cost more than what is measured. */

/** The announced length of the body; null when there is none. */
export function lengthIn(head: string): number | null {
  const found = /\r\ncontent-length: *(\d+)/i.exec(head);
  return found === null ? null : Number(found[1]);
}

/** `HTTP/1.1 200 OK` → 200. */
export function statusIn(head: string): number {
  return Number(head.slice(9, 12));
}
