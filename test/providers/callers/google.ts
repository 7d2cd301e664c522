import {
  ApiError,
  type Content,
  FinishReason,
  type FunctionCallingConfig,
  FunctionCallingConfigMode,
  type GenerateContentConfig,
  type GenerateContentParameters,
  type GenerateContentResponse,
  GoogleGenAI,
  type Part as WirePart,
  ThinkingLevel,
} from '@google/genai';
import { type Caller, DEFAULT_CAP, type Heard, KEY, type Part, type Question, type Turn } from '../question.ts';

export const googleGenerate: Caller = {
  name: 'google',
  wire: 'generate',
  lacks: ['user', 'alone'],
  failure(error) {
    if (!(error instanceof ApiError)) return { name: String(error), status: undefined };
    return { name: error.name, status: error.status };
  },
  async ask(question, asking, { origin, fetch, model }) {
    const { models } = new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: `${origin}/gemini`, fetch } });
    const request = generateRequest(question, model);
    const frames: GenerateContentResponse[] = [];
    if (asking === 'whole') frames.push(await models.generateContent(request));
    else for await (const frame of await models.generateContentStream(request)) frames.push(frame);
    return heard(frames);
  },
};

function heard(frames: readonly GenerateContentResponse[]): Heard {
  const candidates = frames.flatMap(({ candidates: all }) => all ?? []);
  const parts = candidates.flatMap(({ content }) => content?.parts ?? []);
  const calls = parts.flatMap(({ functionCall: call }) =>
    call === undefined ? [] : [{ name: call.name ?? '', input: call.args }],
  );
  const usage = frames.findLast(({ usageMetadata }) => usageMetadata !== undefined)?.usageMetadata;
  const reason = candidates.findLast(({ finishReason }) => finishReason !== undefined)?.finishReason;
  return {
    text: parts.map(({ text, thought }) => (thought === true ? '' : (text ?? ''))).join(''),
    calls,
    ending: reason === FinishReason.STOP && calls.length > 0 ? 'calls' : (ENDINGS[reason ?? ''] ?? 'end'),
    inputTokens: usage?.promptTokenCount ?? -1,
    outputTokens: (usage?.candidatesTokenCount ?? -1) + (usage?.thoughtsTokenCount ?? 0),
  };
}

const ENDINGS: Readonly<Record<string, Heard['ending']>> = { STOP: 'end', MAX_TOKENS: 'cap', SAFETY: 'refusal' };

const EFFORTS = { low: ThinkingLevel.LOW, medium: ThinkingLevel.MEDIUM, high: ThinkingLevel.HIGH } as const;

function generateRequest(question: Question, model: string): GenerateContentParameters {
  const { system, turns, tools, choice, schema, cap = DEFAULT_CAP, stop, temperature, topP, effort } = question;
  const config: GenerateContentConfig = {
    maxOutputTokens: cap,
    ...(system === undefined ? {} : { systemInstruction: system }),
    ...(tools === undefined
      ? {}
      : {
          tools: [
            {
              functionDeclarations: tools.map(({ name, description, schema: parametersJsonSchema }) => ({
                name,
                parametersJsonSchema,
                ...(description === undefined ? {} : { description }),
              })),
            },
          ],
        }),
    ...(choice === undefined ? {} : { toolConfig: { functionCallingConfig: callingOf(choice) } }),
    ...(schema === undefined ? {} : { responseMimeType: 'application/json', responseJsonSchema: schema }),
    ...(effort === undefined ? {} : { thinkingConfig: { thinkingLevel: EFFORTS[effort] } }),
    ...(stop === undefined ? {} : { stopSequences: [...stop] }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { topP }),
  };
  return { model, contents: turns.map(contentOf), config };
}

function callingOf(choice: NonNullable<Question['choice']>): FunctionCallingConfig {
  if (choice === 'none') return { mode: FunctionCallingConfigMode.NONE };
  if (choice === 'required') return { mode: FunctionCallingConfigMode.ANY };
  return { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: [choice.tool] };
}

function contentOf(turn: Turn): Content {
  switch (turn.by) {
    case 'user':
      return { role: 'user', parts: turn.says.map(partOf) };
    case 'model':
      return {
        role: 'model',
        parts: [
          ...(turn.says === undefined ? [] : [{ text: turn.says }]),
          // Nobody has sealed these: they are of no model.
          ...(turn.calls ?? []).map(({ id, name, input }) => ({
            functionCall: { id, name, args: { ...input } },
            thoughtSignature: 'skip_thought_signature_validator',
          })),
        ],
      };
    case 'tools':
      return {
        role: 'user',
        parts: turn.results.map(({ id, name, says }) => ({
          functionResponse: { id, name, response: { output: says } },
        })),
      };
  }
}

function partOf(part: Part): WirePart {
  if ('text' in part) return { text: part.text };
  if ('pdf' in part) return { inlineData: { mimeType: 'application/pdf', data: part.pdf } };
  if ('picture' in part) return { fileData: { mimeType: 'image/png', fileUri: part.picture } };
  return { inlineData: { mimeType: 'image/png', data: part.png } };
}
