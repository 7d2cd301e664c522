import { isObject } from '../../openai/request.ts';
import type { ChatFacts, JsonObject } from '../../translation/caller-wire.ts';
import { type Loss, Untranslatable } from '../../translation/loss.ts';
import { chatMessages } from './conversation.ts';
import { chatSettings } from './settings.ts';

/** Members that are carried over, each by its own rule. */
const CARRIED: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'system',
  'max_tokens',
  'temperature',
  'top_p',
  'stop_sequences',
  'stream',
  'tools',
  'tool_choice',
  'thinking',
  'output_config',
  'output_format',
  'metadata',
  'service_tier',
  // A hint that changes no answer.
  'cache_control',
]);

/**
 * Puts a Messages request on the chat wire.
 *
 * @throws {Untranslatable} what cannot be left out without asking something else.
 */
export function toChat(request: JsonObject, facts: ChatFacts, losses: Loss[]): JsonObject {
  const chat = {
    model: facts.model,
    messages: chatMessages(request, losses),
    ...toolMembers(request, losses),
    ...chatSettings(request, facts, losses),
  };
  for (const [field, value] of Object.entries(request)) {
    if (CARRIED.has(field) || value === null || value === undefined) continue;
    losses.push({ field, how: 'dropped', why: 'the chat wire has nothing like it' });
  }
  return chat;
}

function toolMembers({ tools, tool_choice: choice }: JsonObject, losses: Loss[]): JsonObject {
  if (!Array.isArray(tools)) return {};
  const kept = tools.flatMap((tool, index) => toolOf(tool, `tools[${index}]`, losses));
  const chosen = isObject(choice) ? choice['name'] : undefined;
  if (chosen !== undefined && !kept.some((tool) => tool.function.name === chosen)) {
    throw new Untranslatable('tool_choice', `the tool ${JSON.stringify(chosen)} is not one that can be offered`);
  }
  if (kept.length === 0) return {};
  const alone = isObject(choice) && choice['disable_parallel_tool_use'] === true;
  return {
    tools: kept,
    ...(isObject(choice) ? { tool_choice: choiceOf(choice) } : {}),
    ...(alone ? { parallel_tool_calls: false } : {}),
  };
}

interface ChatTool {
  readonly type: 'function';
  readonly function: {
    readonly name: string;
    readonly description?: string;
    readonly parameters: unknown;
    readonly strict?: true;
  };
}

function toolOf(tool: unknown, field: string, losses: Loss[]): ChatTool[] {
  if (!isObject(tool)) throw new Untranslatable(field, 'a tool has to be an object');
  const { type = 'custom', name, description, input_schema: parameters, strict } = tool;
  if (type !== 'custom') {
    losses.push({ field, how: 'dropped', why: `${String(type)} is a tool that Anthropic's models alone know` });
    return [];
  }
  return [
    {
      type: 'function',
      function: {
        name: String(name),
        ...(typeof description === 'string' ? { description } : {}),
        parameters,
        ...(strict === true ? { strict } : {}),
      },
    },
  ];
}

function choiceOf({ type, name }: Record<string, unknown>): unknown {
  if (type === 'tool') return { type: 'function', function: { name } };
  return type === 'any' ? 'required' : type;
}
