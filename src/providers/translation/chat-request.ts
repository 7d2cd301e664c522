import type { Fault } from '../../engine/fault/fault.ts';
import type { Loss } from '../../engine/loss.ts';
import { isObject } from '../openai/request.ts';
import { Untranslatable, untranslatable } from './loss.ts';
import { loseTheRest } from './rest.ts';

type Request = Readonly<Record<string, unknown>>;

/** A chat request in another wire's words, or why it cannot be put there. */
export type TranslatedRequest =
  | {
      readonly kind: 'translated';
      readonly body: Request;
      /** What was left out or changed on the way; told to the caller, never silent. */
      readonly losses: readonly Loss[];
      /** The caller asked for an event that tells the usage (`stream_options.include_usage`). */
      readonly tellsUsage: boolean;
    }
  | { readonly kind: 'untranslatable'; readonly fault: Fault };

/**
 * Puts a Chat Completions request on another wire.
 *
 * @param wire its name, for people: `Messages`.
 * @param carried members that `bodyOf` carries over, each by its own rule; the others are lost.
 * @param bodyOf makes the other wire's body; throws {@link Untranslatable} where that has no words.
 */
export function translateChat(
  wire: string,
  request: Request,
  carried: ReadonlySet<string>,
  bodyOf: (losses: Loss[]) => Request,
): TranslatedRequest {
  const losses: Loss[] = [];
  try {
    const body = bodyOf(losses);
    loseTheRest(request, carried, wire, losses);
    const options = request['stream_options'];
    const tellsUsage = isObject(options) && options['include_usage'] === true;
    return { kind: 'translated', body, losses, tellsUsage };
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    return { kind: 'untranslatable', fault: untranslatable(wire, error.field, error.message) };
  }
}
