import { snakeOf } from '../prompt/proto.ts';
import {
  anything,
  decimal,
  either,
  type FieldCheck,
  flag,
  listOf,
  nullable,
  object,
  oneOf,
  text,
  whole,
} from './fields.ts';

// The fields of Google's generateContent, as its SDK of November 2026 and its documentation have them. It is a protocol
// buffer written as JSON: names in either spelling, null for what is left out, numbers also as text, one entry also for a
// list of one.

/** An object whose fields may all be left out; what has to be there is said by `generate-rules.ts`. */
function proto(fields: Readonly<Record<string, FieldCheck>>, moved: Readonly<Record<string, string>> = {}): FieldCheck {
  const optional: Record<string, FieldCheck> = {};
  for (const [name, check] of Object.entries(fields)) {
    optional[name] = nullable(check);
    optional[snakeOf(name)] = optional[name];
  }
  return object({ optional, moved });
}

function many(what: string, entry: FieldCheck): FieldCheck {
  return either(`an array of ${what}`, { list: listOf(what, entry), object: entry, string: entry });
}

/** A number, or a text that holds one. */
function readable(check: FieldCheck): FieldCheck {
  return (value, on) => {
    const isText = typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value));
    check(isText ? Number(value) : value, on);
  };
}

const count = readable(whole({ least: 0 }));
const integer = readable(whole());
const fraction = readable(decimal());

/** A word of an enumeration, or its number. */
function word(...words: readonly string[]): FieldCheck {
  const named = oneOf(words, 'open');
  return (value, on) => {
    if (typeof value !== 'number') named(value, on);
  };
}

const part = proto({
  text: text(),
  thought: flag,
  thoughtSignature: text(),
  inlineData: proto({ data: text(), mimeType: text(), displayName: text() }),
  fileData: proto({ fileUri: text(), mimeType: text(), displayName: text() }),
  functionCall: proto({ id: text(), name: text(), args: anything, partialArgs: anything, willContinue: flag }),
  functionResponse: proto({
    id: text(),
    name: text(),
    response: anything,
    parts: anything,
    scheduling: anything,
    willContinue: flag,
  }),
  audioTranscription: anything,
  codeExecutionResult: anything,
  executableCode: anything,
  mediaProcessing: anything,
  mediaResolution: anything,
  partMetadata: anything,
  speechMetadata: anything,
  toolCall: anything,
  toolResponse: anything,
  videoMetadata: anything,
});

const content = proto({ role: text(), parts: many('parts', part) }, { content: 'parts' });

const declaration = proto(
  {
    name: text({ least: 1, most: 128 }),
    description: text(),
    behavior: anything,
    parameters: anything,
    parametersJsonSchema: anything,
    response: anything,
    responseJsonSchema: anything,
  },
  { input_schema: 'parametersJsonSchema' },
);

const tool = proto(
  {
    functionDeclarations: many('functions', declaration),
    codeExecution: anything,
    computerUse: anything,
    enterpriseWebSearch: anything,
    exaAiSearch: anything,
    fileSearch: anything,
    googleMaps: anything,
    googleSearch: anything,
    googleSearchRetrieval: anything,
    mcpServers: anything,
    parallelAiSearch: anything,
    retrieval: anything,
    urlContext: anything,
  },
  { function: 'functionDeclarations' },
);

const toolConfig = proto({
  functionCallingConfig: proto({
    mode: word('MODE_UNSPECIFIED', 'AUTO', 'ANY', 'NONE', 'VALIDATED'),
    allowedFunctionNames: many('strings', text()),
    streamFunctionCallArguments: flag,
  }),
  retrievalConfig: anything,
  includeServerSideToolInvocations: flag,
});

const settings = proto(
  {
    audioTimestamp: flag,
    audioTranscriptionConfig: anything,
    candidateCount: count,
    enableAffectiveDialog: flag,
    enableEnhancedCivicAnswers: flag,
    frequencyPenalty: fraction,
    imageConfig: anything,
    logprobs: integer,
    maxOutputTokens: integer,
    mediaResolution: anything,
    modelSelectionConfig: anything,
    presencePenalty: fraction,
    responseFormat: anything,
    responseJsonSchema: anything,
    responseLogprobs: flag,
    responseMimeType: text(),
    responseModalities: many('strings', anything),
    responseSchema: anything,
    routingConfig: anything,
    seed: integer,
    speechConfig: anything,
    stopSequences: many('strings', text()),
    temperature: fraction,
    thinkingConfig: proto({
      includeThoughts: flag,
      thinkingBudget: integer,
      thinkingLevel: word('THINKING_LEVEL_UNSPECIFIED', 'MINIMAL', 'LOW', 'MEDIUM', 'HIGH'),
    }),
    topK: fraction,
    topP: fraction,
    translationConfig: anything,
  },
  { max_tokens: 'maxOutputTokens', stop: 'stopSequences' },
);

/** What stands elsewhere: within the settings, or under another name in another API. */
const moved: Readonly<Record<string, string>> = {
  config: 'generationConfig',
  messages: 'contents',
  system: 'systemInstruction',
  tool_choice: 'toolConfig.functionCallingConfig',
  ...Object.fromEntries(
    ['temperature', 'topP', 'topK', 'maxOutputTokens', 'stopSequences', 'responseMimeType', 'responseSchema'].map(
      (name) => [name, `generationConfig.${name}`],
    ),
  ),
};

export const generateRequest: FieldCheck = proto(
  {
    cachedContent: text(),
    contents: many('contents', content),
    generationConfig: settings,
    labels: anything,
    model: text(),
    modelArmorConfig: anything,
    safetySettings: many('settings', proto({ category: anything, method: anything, threshold: anything })),
    serviceTier: anything,
    store: flag,
    systemInstruction: content,
    toolConfig,
    tools: many('tools', tool),
  },
  moved,
);
