import { askedIn } from './path.ts';

/** What the line needs to know of a request on the Gemini wire. */
interface GenerateReading {
  readonly model: string | null;
  readonly stream: boolean;
  readonly choices: number;
}

/** How many answers are asked for. Within a text the quotation marks would be escaped. */
const CANDIDATES = /"candidate(?:C|_c)ount"\s*:\s*(\d{1,6})/;

/** Reads what stands in the path on this wire, and how many answers are asked for. */
export function readGenerate(path: string, body: Buffer): GenerateReading {
  const asked = askedIn(path);
  const counted = body.includes('"candidate') ? CANDIDATES.exec(body.toString('latin1')) : null;
  return {
    model: asked?.model ?? null,
    // Without that word a stream comes as one list of JSON, which is an answer like any other.
    stream: asked?.method === 'streamGenerateContent' && /[?&]alt=sse(?:&|$)/.test(asked.query),
    choices: Math.max(1, Number(counted?.[1] ?? 1)),
  };
}
