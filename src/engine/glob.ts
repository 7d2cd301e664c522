/** Tells whether a lower-case name fits. */
export type Glob = (name: string) => boolean;

/**
 * Compiles a glob: `*` stands for any text, `?` for one character; case does not count. The common shapes (a name, a
 * beginning, everything) need no scanning.
 */
export function compileGlob(glob: string): Glob {
  const pattern = glob.toLowerCase();
  const stars = pattern.split('*').length - 1;
  if (pattern === '*') return () => true;
  if (pattern.includes('?') || stars > 1) return (name) => matchGlob(pattern, name);
  if (stars === 0) return (name) => name === pattern;
  const [head = '', tail = ''] = pattern.split('*');
  return (name) => name.length >= head.length + tail.length && name.startsWith(head) && name.endsWith(tail);
}

/**
 * Walks both texts, returning to the last star on a mismatch: at worst pattern times name steps, where a regular
 * expression with many stars could be made to run away by a hostile name.
 */
function matchGlob(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < name.length;) {
    if (pattern[at] === '*') {
      star = at++;
      resume = index;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[index])) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++resume;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
