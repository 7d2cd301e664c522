/**
 * What looks like a credential. Providers echo keys in their errors, and proxies echo whole headers; a fault travels into
 * logs, pages and tickets, so nothing of that shape may stay in it.
 */
const SECRETS: readonly RegExp[] = [
  /\b(?:sk|pk|rk)[-_](?:[a-z]+[-_])*[A-Za-z0-9_-]{16,}/g,
  /\b(?:gsk_|xai-|hf_|r8_|pplx-|nvapi-|gh[pousr]_|github_pat_|glpat-|xox[abpeors]-|AIza)[A-Za-z0-9_-]{16,}/g,
  /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g,
  /\b(?:Bearer|Basic)\s+(?:(?=\S*[\d=])[A-Za-z0-9._~+/=-]{8,}|[A-Za-z._~+/-]{20,})/gi,
  /(?<=\/\/)[^\s/:@]+:[^\s/@]+(?=@)/g,
  /(?<=\b(?:x-)?(?:api[-_ ]?key|authorization|access[-_]token|client[-_]secret|password|secret)\\?["']?\s*[:=]\s*\\?["']?)[^\s"'\\,;&}]{8,}/gi,
  /(?<=[?&]key=)[^\s"'&]{8,}/gi,
];

const MASK = '[redacted]';

/** Long enough for every provider's wording, short enough for a log line. */
const LONGEST = 500;

/** Makes text from a provider fit to show and store: one line, without secrets, at most `longest` characters. */
export function tellable(text: string, longest: number = LONGEST): string {
  // A cut through a secret would leave a piece too short to recognise, so more is masked than is kept.
  let told = text.slice(0, longest * 4);
  for (const secret of SECRETS) told = told.replace(secret, MASK);
  told = told.replace(/\s+/g, ' ').trim();
  if (told.length > longest) told = `${told.slice(0, longest - 1)}…`;
  return told.isWellFormed() ? told : told.toWellFormed();
}
