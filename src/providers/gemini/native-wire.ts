import type { NativeWire } from '../native-wire.ts';
import { generateEnvelope } from './envelope.ts';

/** How callers of the Gemini wire are told what is not in the answer itself. Google has no headers of its own for it. */
export const generateWire: NativeWire = {
  envelope: generateEnvelope,
  head: (headers) => [...headers],
};
