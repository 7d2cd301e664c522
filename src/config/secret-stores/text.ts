/** Beginnings of the keys and tokens that providers hand out. */
const KEY_SHAPE =
  /^(?:[Bb]earer\s|[Bb]asic\s|sk[-_]|pk[-_]|rk[-_]|gsk_|xai-|AIza|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|hf_|r8_|nvapi-|pplx-|tgp_|eyJ|-----BEGIN|hvs\.)/;

/** True for text that is a provider's key or a bearer token. */
export function looksLikeKey(text: string): boolean {
  return KEY_SHAPE.test(text.trim());
}

/** True for text that could be a secret and so is not quoted: better once too often, the price is a vaguer message. */
export function mayBeSecret(text: string): boolean {
  if (looksLikeKey(text)) return true;
  return /^[\w\-+/=.]{24,}$/.test(text) && text.split(/[-_.]/).some(isJumble);
}

/** Letters and digits mixed at length, as no word is. */
function isJumble(part: string): boolean {
  return part.length >= 12 && /\d/.test(part) && /[A-Za-z]/.test(part);
}

/** What a secret's value must not look like; null when it can be sent. */
export function secretValueFault(value: string): string | null {
  if (value === '') return 'is empty';
  if (/^\s|\s$/.test(value)) return 'begins or ends with white space or a line break';
  if (/[\r\n]/.test(value)) return 'has more than one line';
  if (/\s/.test(value)) return 'has white space in it';
  if (/^["'`]|["'`]$/.test(value)) return 'has quotation marks around it';
  if (/^(?:undefined|null|none|nan|changeme|todo|\$.*|<.*>|your[-_].*|.*\.\.\.)$/i.test(value)) {
    return 'is a placeholder, not a key';
  }
  // Header values are printable ASCII; anything else would fail later, far from here.
  return /^[\u0021-\u007e]+$/.test(value) ? null : 'has characters in it that no key has';
}
