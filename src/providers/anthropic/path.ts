/** Where callers of Anthropic's wire find it beside OpenAI's: the SDK is pointed at the part before `/v1`. */
const ROOT = '/anthropic/v1';

/** Whether a path below the gateway's root is Anthropic's own and no other's. */
export function isAnthropics(path: string): boolean {
  return path.startsWith(`${ROOT}/`) || /^\/messages(?:[/?]|$)/.test(path);
}

/** A path below the gateway's root as it is below Anthropic's: `/anthropic/v1/files` is `/files`. */
export function pathAtAnthropic(path: string): string {
  return path.startsWith(`${ROOT}/`) ? path.slice(ROOT.length) : path;
}

/**
 * Below the gateway's root, what is asked below Anthropic's: its messages have a name of their own there, and everything else
 * keeps the whole of its path, because OpenAI has files and models too. Null for what is no path of Anthropic's.
 */
export function belowAnthropic(url: string): string | null {
  if (!url.startsWith(`${ROOT}/`) || url.startsWith(`${ROOT}/v1/`)) return null;
  const below = url.slice(ROOT.length);
  return isAnthropics(below) ? below : url;
}
