/** Where callers of Anthropic's wire find it beside OpenAI's: the SDK is pointed at the part before `/v1`. */
export const ANTHROPIC_ROOT = '/anthropic/v1';

/** Whether a path below the gateway's root is Anthropic's own and no other's. */
export function isAnthropics(path: string): boolean {
  return path.startsWith(`${ANTHROPIC_ROOT}/`) || /^\/messages(?:[/?]|$)/.test(path);
}

/** A path below the gateway's root as it is below Anthropic's: `/anthropic/v1/files` is `/files`. */
export function pathAtAnthropic(path: string): string {
  return path.startsWith(`${ANTHROPIC_ROOT}/`) ? path.slice(ANTHROPIC_ROOT.length) : path;
}
