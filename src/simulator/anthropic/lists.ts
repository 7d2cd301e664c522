import type { JsonObject } from '../json.ts';
import { jsonAnswer, wholeScript } from '../script.ts';
import type { Script } from '../script.ts';
import type { Received, Upstream } from '../upstream.ts';
import { claudeTraits } from './models.ts';
import { unknownModel } from './refusals.ts';

/** What is listed where nobody has said which models there are. */
const USUAL = ['claude-sonnet-5', 'claude-opus-4-7', 'claude-haiku-4-5', 'claude-opus-4-1', 'claude-3-haiku-20240307'];

/** GET /v1/models, to whoever names a version of Anthropic's wire. */
export function listModels(received: Received, upstream: Upstream): Script {
  const ids = upstream.models ?? USUAL;
  const list = {
    data: ids.map((id) => modelInfo(id, upstream)),
    has_more: false,
    first_id: ids[0] ?? null,
    last_id: ids.at(-1) ?? null,
  };
  return wholeScript(upstream.about(received, 'other'), jsonAnswer(200, list));
}

/** GET /v1/models/{id}, likewise. */
export function getModel(received: Received, upstream: Upstream): Script {
  const id = decodeURIComponent(received.route.split('/')[3] ?? '');
  const known = upstream.models === null ? id.startsWith('claude-') : upstream.models.includes(id);
  return wholeScript(
    upstream.about(received, 'other'),
    known ? jsonAnswer(200, modelInfo(id, upstream)) : unknownModel(id),
  );
}

function modelInfo(id: string, upstream: Upstream): JsonObject {
  const { window, outputCap } = claudeTraits(id);
  return {
    type: 'model',
    id,
    display_name: id,
    created_at: '2025-08-05T00:00:00Z',
    max_input_tokens: upstream.window ?? window,
    max_tokens: outputCap,
    capabilities: {},
  };
}
