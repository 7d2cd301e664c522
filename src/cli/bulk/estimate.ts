import type { Config } from '../../config/config.ts';
import { priceList } from '../../config/assemble.ts';
import { matchRoute } from '../../config/match.ts';
import { linesOf } from '../../jobs/bulk/input.ts';
import { type BulkRequest, readLine } from '../../jobs/bulk/request-line.ts';
import { SystemClock } from '../../engine/system-clock.ts';
import { demands } from '../../providers/openai/demand.ts';
import { SKIMMED_BYTES } from '../../providers/openai/request.ts';
import { callOf } from './line-sender.ts';

/** What a bulk will take, as far as can be known before. */
export interface Estimate {
  readonly requests: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  /** US dollars; null: no request has a known price. */
  readonly cost: number | null;
  /** Requests whose price is unknown. */
  readonly unpriced: number;
  /** At the limits that are configured or told; null: nobody knows them. */
  readonly ms: number | null;
}

export interface EstimateOptions {
  /** Output tokens reckoned for a request that does not bound them. */
  readonly outputTokens: number;
  /** null: as the configuration has them for the target that comes first. */
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
}

const MINUTE_MS = 60_000;

/** Reckons what the requests of a file will take, without sending any. */
export async function estimate(file: string, config: Config, options: EstimateOptions): Promise<Estimate> {
  const prices = priceList(config);
  const at = Date.now();
  const sums = { requests: 0, promptTokens: 0, outputTokens: 0, cost: 0, unpriced: 0 };
  for await (const { text } of linesOf(file)) {
    const line = readLine(text);
    if (line.kind === 'wrong') continue;
    const { promptTokens, outputTokens } = tokensOf(line.request, options.outputTokens);
    const rung = config.routes[matchRoute(config.routes, line.request.model)]?.ladder[0]?.targets[0];
    const model = rung?.model ?? line.request.model;
    const usage = { inputTokens: promptTokens, outputTokens, cachedTokens: null, reasoningTokens: null };
    const cost = rung === undefined ? null : prices.cost(rung.target, model, usage, at);
    sums.requests += 1;
    sums.promptTokens += promptTokens;
    sums.outputTokens += outputTokens;
    if (cost === null) sums.unpriced += 1;
    else sums.cost += cost;
  }
  const { requests, unpriced } = sums;
  return { ...sums, cost: unpriced === requests ? null : sums.cost / 1e6, ms: timeOf(sums, config, options) };
}

const CLOCK = new SystemClock();

function tokensOf(request: BulkRequest, usual: number): { promptTokens: number; outputTokens: number } {
  const { promptTokens, outputTokens, generates } = demands.read(callOf(request, 'estimate', CLOCK, SKIMMED_BYTES));
  return { promptTokens, outputTokens: generates ? Math.min(outputTokens ?? usual, usual) : 0 };
}

function timeOf(
  { requests, promptTokens, outputTokens }: { requests: number; promptTokens: number; outputTokens: number },
  { targets }: Config,
  options: EstimateOptions,
): number | null {
  const pacing = targets[0]?.pacing;
  const perMinute = options.requestsPerMinute ?? pacing?.requestsPerMinute ?? null;
  const tokens = options.tokensPerMinute ?? pacing?.tokensPerMinute ?? null;
  if (perMinute === null && tokens === null) return null;
  const byRequests = perMinute === null ? 0 : requests / perMinute;
  const byTokens = tokens === null ? 0 : (promptTokens + outputTokens) / tokens;
  return Math.max(byRequests, byTokens) * MINUTE_MS;
}
