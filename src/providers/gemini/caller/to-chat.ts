import { isObject } from '../../openai/request.ts';
import type { ChatFacts, JsonObject } from '../../translation/caller-wire.ts';
import { type Loss, Untranslatable } from '../../translation/loss.ts';
import { chatMessages } from './conversation.ts';
import { memberOf, objectIn, usualName } from './members.ts';
import { jsonSchemaOf } from './schema.ts';
import { chatSettings } from './settings.ts';

/** Members that are carried over, each by its own rule. */
const CARRIED: ReadonlySet<string> = new Set([
  'model',
  'contents',
  'systemInstruction',
  'generationConfig',
  'tools',
  'toolConfig',
  'serviceTier',
]);

/**
 * Puts a generateContent request on the chat wire.
 *
 * @throws {Untranslatable} what cannot be left out without asking something else.
 */
export function toChat(request: JsonObject, facts: ChatFacts, losses: Loss[]): JsonObject {
  if (memberOf(request, 'cachedContent') !== undefined) {
    throw new Untranslatable('cachedContent', 'what Google keeps cannot be read from elsewhere');
  }
  const chat = {
    model: facts.model,
    messages: chatMessages(request, losses),
    ...toolMembers(request, losses),
    ...chatSettings(request, facts, losses),
  };
  for (const [field, value] of Object.entries(request)) {
    if (CARRIED.has(usualName(field)) || value === null || value === undefined || value === false) continue;
    losses.push({ field, how: 'dropped', why: 'the chat wire has nothing like it' });
  }
  return chat;
}

function toolMembers(request: JsonObject, losses: Loss[]): JsonObject {
  const { tools } = request;
  if (!Array.isArray(tools)) return {};
  const kept = tools.flatMap((tool: unknown, index) => toolsIn(tool, `tools[${index}]`, losses));
  if (kept.length === 0) return {};
  const calling = objectIn(objectIn(request, 'toolConfig') ?? {}, 'functionCallingConfig');
  return { tools: kept, ...(calling === null ? {} : choiceOf(calling)) };
}

interface ChatTool {
  readonly type: 'function';
  readonly function: { readonly name: string; readonly description?: string; readonly parameters?: unknown };
}

function toolsIn(tool: unknown, field: string, losses: Loss[]): ChatTool[] {
  if (!isObject(tool)) throw new Untranslatable(field, 'a tool has to be an object');
  const declared = memberOf(tool, 'functionDeclarations');
  for (const name of Object.keys(tool)) {
    if (usualName(name) === 'functionDeclarations') continue;
    losses.push({ field: `${field}.${name}`, how: 'dropped', why: "it is a tool that Google's models alone know" });
  }
  if (!Array.isArray(declared)) return [];
  return declared.map((each: unknown, index) => {
    if (!isObject(each)) throw new Untranslatable(`${field}.functionDeclarations[${index}]`, 'it has to be an object');
    const { name, description } = each;
    const parameters = jsonSchemaOf(memberOf(each, 'parametersJsonSchema') ?? each['parameters']);
    return {
      type: 'function',
      function: {
        name: String(name),
        ...(typeof description === 'string' ? { description } : {}),
        ...(parameters === undefined ? {} : { parameters }),
      },
    };
  });
}

/** Several names of which one has to be called are a choice of their own on the chat wire. */
function choiceOf(calling: JsonObject): JsonObject {
  const { mode } = calling;
  if (mode === 'NONE') return { tool_choice: 'none' };
  if (mode !== 'ANY') return { tool_choice: 'auto' };
  const allowed = memberOf(calling, 'allowedFunctionNames');
  const names: readonly unknown[] = Array.isArray(allowed) ? allowed : [];
  const tools = names.map((name) => ({ type: 'function', function: { name } }));
  if (tools.length === 0) return { tool_choice: 'required' };
  if (tools.length === 1) return { tool_choice: tools[0] };
  return { tool_choice: { type: 'allowed_tools', allowed_tools: { mode: 'required', tools } } };
}
