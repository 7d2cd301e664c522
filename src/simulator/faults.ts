import { distance } from 'fastest-levenshtein';
import { misbehaveInMessages } from './anthropic/faults.ts';
import { misbehaveInGemini } from './gemini/faults.ts';
import { BODY_FAULTS } from './faults/body.ts';
import { CONNECTION_FAULTS } from './faults/connection.ts';
import { EDGE_FAULTS } from './faults/edge.ts';
import { ERROR_FAULTS } from './faults/errors.ts';
import { QUIRKS } from './faults/quirks.ts';
import { REFUSALS } from './faults/refusing.ts';
import { STREAM_FAULTS } from './faults/stream.ts';
import type { Misbehaviour } from './faults/misbehaviour.ts';
import type { Script } from './script.ts';

/** Every way in which the simulator can misbehave. */
export const FAULTS: readonly Misbehaviour[] = [
  ...ERROR_FAULTS,
  ...EDGE_FAULTS,
  ...CONNECTION_FAULTS,
  ...STREAM_FAULTS,
  ...BODY_FAULTS,
  ...REFUSALS,
  ...QUIRKS,
];

const BY_NAME = new Map(FAULTS.map((fault) => [fault.name, fault]));

/** A fault with its argument, ready to be applied. */
export interface ChosenFault {
  readonly fault: Misbehaviour;
  readonly argument: number;
}

/**
 * Reads `cut` or `cut:17`.
 *
 * @throws {Error} that names the nearest known fault, or says what the argument should be.
 */
export function parseFault(text: string): ChosenFault {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const fault = BY_NAME.get(name);
  if (fault === undefined) {
    const nearest = [...BY_NAME.keys()].sort((a, b) => distance(a, name) - distance(b, name))[0];
    throw new Error(
      `unknown fault "${name}"; did you mean "${nearest}"? holdfast simulate --list-faults names them all`,
    );
  }
  if (colon < 0) return { fault, argument: fault.argument?.standard ?? 0 };
  if (fault.argument === null) throw new Error(`fault "${name}" takes no argument; write "${name}" alone`);
  const argument = Number(text.slice(colon + 1));
  if (!Number.isFinite(argument) || argument < 0 || text.length === colon + 1) {
    throw new Error(
      `fault "${text}": the argument has to be a number, 0 or more (${fault.argument.means}), such as ` +
        `"${name}:${fault.argument.standard}"`,
    );
  }
  return { fault, argument };
}

/** The answer as the fault spoils it; unchanged where the fault has nothing to spoil. */
export function misbehave(script: Script, { fault, argument }: ChosenFault): Script {
  if (fault.spoils !== 'any' && (fault.spoils === 'stream') !== script.stream) return script;
  if (script.about.wire === 'messages') return misbehaveInMessages(script, fault, argument);
  if (script.about.wire === 'generate') return misbehaveInGemini(script, fault, argument);
  if (fault.wires !== null && !fault.wires.includes(script.about.wire)) return script;
  return fault.apply(script, argument);
}
