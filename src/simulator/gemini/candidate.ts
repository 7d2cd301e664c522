import type { JsonObject } from '../json.ts';

/** One answer as generated: its candidates side by side. */
export interface Generated {
  readonly id: string;
  readonly model: string;
  readonly candidates: readonly Candidate[];
  readonly promptTokens: number;
  readonly thoughtTokens: number;
}

/** One candidate: what it thinks and says in pieces, and the functions it calls, each whole. */
export interface Candidate {
  readonly thoughts: readonly string[];
  readonly pieces: readonly string[];
  readonly calls: readonly FunctionCall[];
  readonly finishReason: string;
  readonly outputTokens: number;
}

interface FunctionCall {
  readonly id: string;
  readonly name: string;
  readonly args: unknown;
}

/** What seals a model's thoughts. */
const SEAL = 'c2VhbGVk';

/** What is told of tokens: in a stream with every frame, of the answer as far as it has come. */
export function usageOf({ promptTokens, thoughtTokens }: Generated, said: number): JsonObject {
  return {
    promptTokenCount: promptTokens,
    ...(said > 0 ? { candidatesTokenCount: said } : {}),
    ...(thoughtTokens > 0 ? { thoughtsTokenCount: thoughtTokens } : {}),
    totalTokenCount: promptTokens + thoughtTokens + said,
    promptTokensDetails: [{ modality: 'TEXT', tokenCount: promptTokens }],
  };
}

export function saidBy({ candidates }: Generated): number {
  return candidates.reduce((sum, { outputTokens }) => sum + outputTokens, 0);
}

/** Of calls that are made at once, the first carries the seal. */
export function callParts(calls: readonly FunctionCall[], sealed: boolean): readonly JsonObject[] {
  return calls.map((functionCall, at) => ({
    functionCall,
    ...(sealed && at === 0 ? { thoughtSignature: SEAL } : {}),
  }));
}

/** What every frame of an answer repeats. */
export function frameOf({ id, model }: Generated): JsonObject {
  return { modelVersion: model, responseId: id };
}

/** An answer as it is given whole. */
export function wholeAnswer(generated: Generated, sealed: boolean): JsonObject {
  return {
    candidates: generated.candidates.map(({ thoughts, pieces, calls, finishReason }, index) => {
      const parts = [
        ...(thoughts.length === 0 ? [] : [{ text: thoughts.join(''), thought: true }]),
        ...(pieces.length === 0 ? [] : [{ text: pieces.join('') }]),
        ...callParts(calls, sealed),
      ];
      return { content: { ...(parts.length === 0 ? {} : { parts }), role: 'model' }, finishReason, index };
    }),
    usageMetadata: usageOf(generated, saidBy(generated)),
    ...frameOf(generated),
  };
}
