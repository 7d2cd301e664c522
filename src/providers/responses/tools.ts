import { isObject } from '../openai/request.ts';
import type { JsonObject } from '../translation/caller-wire.ts';
import { type Loss, Untranslatable } from '../translation/loss.ts';

/** Tools on offer and which of them may, must or must not be called, in chat form. */
export function toolMembers(request: JsonObject, losses: Loss[]): JsonObject {
  const { tools, tool_choice: choice, parallel_tool_calls: parallel } = request;
  const listed = Array.isArray(tools) ? tools : [];
  const kept = listed.flatMap((tool, index) => chatTool(tool, `tools[${index}]`, losses));
  if (kept.length === 0 && isObject(choice)) {
    throw new Untranslatable('tool_choice', 'none of the tools on offer is one that the caller has');
  }
  if (kept.length === 0) return {};
  return {
    tools: kept,
    ...(choice === undefined || choice === null ? {} : { tool_choice: chatChoice(choice) }),
    ...(parallel === false ? { parallel_tool_calls: false } : {}),
  };
}

function chatTool(tool: unknown, field: string, losses: Loss[]): JsonObject[] {
  if (!isObject(tool)) throw new Untranslatable(field, 'a tool has to be an object');
  const { type, name, description, parameters, strict, format } = tool;
  const described = { name, ...(typeof description === 'string' ? { description } : {}) };
  switch (type) {
    case 'function':
      return [
        {
          type,
          function: {
            ...described,
            ...(isObject(parameters) ? { parameters } : {}),
            ...(typeof strict === 'boolean' ? { strict } : {}),
          },
        },
      ];
    case 'custom':
      return [{ type, custom: { ...described, ...(isObject(format) ? { format: chatFormat(format) } : {}) } }];
    default:
      losses.push({ field, how: 'dropped', why: `${String(type)} is a tool that runs at OpenAI alone` });
      return [];
  }
}

/** A grammar is a level deeper on the chat wire. */
function chatFormat(format: JsonObject): JsonObject {
  const { type, ...grammar } = format;
  return type === 'grammar' ? { type, grammar } : format;
}

function chatChoice(choice: unknown): unknown {
  if (!isObject(choice)) return choice;
  const { type, name, mode, tools } = choice;
  switch (type) {
    case 'function':
      return { type, function: { name } };
    case 'custom':
      return { type, custom: { name } };
    case 'allowed_tools':
      return { type, allowed_tools: { mode, tools: Array.isArray(tools) ? tools.map(chatChoice) : [] } };
    default:
      throw new Untranslatable('tool_choice', `${String(type)} is a tool that runs at OpenAI alone`);
  }
}
