import type { Call } from '../../engine/call.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import type { Arrangement, Fit, FitPolicy, FittedCall, Fitting } from '../../engine/fitting.ts';
import type { Candidate, PlanRules } from '../../engine/plan.ts';
import type { PromptOperation } from '../prompt/prompt-wire.ts';
import { hasPrompt, PROMPT_WIRES } from '../prompt/prompt-wires.ts';
import type { FitAnswer } from '../thread/messages.ts';
import type { PayloadThread } from '../thread/payload-thread.ts';
import { boundFits, surelyFits } from '../tokens/bounds.ts';
import { tokenizingOf } from '../tokens/encodings.ts';
import { mostPictureTokens } from '../tokens/pictures.ts';
import type { Shrinking } from './fitter.ts';
import { tooLong } from './refusal.ts';
import { roomFor, type RoomRules } from './room.ts';
import { readTooLong } from './too-long.ts';
import { type Estimate, UNKNOWN_LIMITS, type WindowEstimates } from './window-estimates.ts';

type Ladder = PlanRules['ladder'];

export interface PromptFittingDeps {
  readonly windows: WindowEstimates;
  readonly thread: Pick<PayloadThread, 'fit'>;
  /** Sums up a text on behalf of a call; null: nobody does. */
  readonly summarise: ((text: string, call: Call) => Promise<string>) | null;
  /** The most tokens that the summariser is given to read at once. */
  readonly chunkTokens: number;
  /** Clock time, ms. */
  readonly now: () => number;
}

/** What a candidate takes, worked out once for as long as nothing new is learnt; in tokens of the encoding. */
interface Room {
  readonly model: string;
  readonly version: number;
  readonly until: number;
  readonly estimate: Estimate;
  /** The model's tokens for each token of the encoding. */
  readonly factor: number;
  /** Room for a prompt whose request may ask for the longest answer. */
  readonly least: number;
  /** Room for one that says nothing of its answer. */
  readonly most: number;
  readonly picture: number;
}

/** In the name of every member that says how long the answer may be: `max_tokens`, `max_completion_tokens`, `maxOutputTokens`, ... */
const OUTPUT_WORDS: readonly Buffer[] = [Buffer.from('_tokens"'), Buffer.from('OutputTokens"')];

/** Makes the prompts of one route fit. Nearly all do, which their bytes prove; the others go to the payload's own thread. */
export class PromptFitting implements Fitting {
  readonly policy: FitPolicy;
  readonly deps: PromptFittingDeps;
  readonly rules: RoomRules;
  /** What may be done to a prompt, in order. */
  readonly shrinking: readonly Shrinking[];
  readonly #route: string;
  readonly #rooms = new Map<Candidate, Room>();
  /** What was sent last of the prompts that may not fit. */
  readonly #open = new WeakMap<Call, FittedPrompt>();

  constructor(route: string, policy: FitPolicy, deps: PromptFittingDeps) {
    this.#route = route;
    this.policy = policy;
    this.deps = deps;
    this.rules = { ceiling: policy.ceilingTokens, reserve: policy.reserveTokens };
    this.shrinking = allowed(policy).filter((strategy) => strategy === 'trim' || strategy === 'summarise');
  }

  begin(call: Call, ladder: Ladder): FittedCall | null {
    const { operation, body } = call;
    if (!hasPrompt(operation) || !(body instanceof Uint8Array)) return null;
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    for (const rung of ladder) {
      for (const candidate of rung) {
        if (this.surelyFits(call, candidate, bytes)) continue;
        const fitted = new FittedPrompt(this, call, operation, bytes, ladder);
        this.#open.set(call, fitted);
        return fitted;
      }
    }
    return null;
  }

  async refused(call: Call, ladder: Ladder, candidate: Candidate, fault: Fault): Promise<FittedCall | null> {
    const { operation, body } = call;
    if (!hasPrompt(operation) || !(body instanceof Uint8Array)) return null;
    const sent = this.#open.get(call)?.sentTo(candidate) ?? body;
    const model = modelOf(call, candidate);
    const estimate: Estimate = { ...UNKNOWN_LIMITS, factor: 1, until: 0 };
    const weighed = await this.ask(call, { operation, body: sent, model, estimate, strategies: [] });
    const { windows } = this.deps;
    const before = windows.version;
    if (weighed !== null) windows.refused(candidate.target.id, model, weighed, readTooLong(fault.message));
    return windows.version === before ? null : this.begin(call, ladder);
  }

  surelyFits(call: Call, candidate: Candidate, bytes: Buffer): boolean {
    const { least, most, factor, estimate, picture } = this.roomOf(call, candidate);
    const { parsed, operation } = call;
    if (!hasPrompt(operation)) return true;
    const wire = PROMPT_WIRES[operation];
    // Whoever has parsed the request has spared us a search through its bytes.
    if (parsed !== null) {
      const output = wire.outputOf(parsed) ?? call.caller.ceilings.outputTokens;
      const limit = output === null ? most : roomFor(estimate, output, this.rules) / factor;
      if (boundFits(bytes.length, wire, limit, picture)) return true;
      return boundFits(bytes.length, wire, limit, 0) && !wire.showsPictures(parsed);
    }
    if (surelyFits(bytes, wire, least, picture)) return true;
    return most > least && surelyFits(bytes, wire, most, picture) && !OUTPUT_WORDS.some((word) => bytes.includes(word));
  }

  roomOf(call: Call, candidate: Candidate): Room {
    const { windows, now } = this.deps;
    const model = modelOf(call, candidate);
    const known = this.#rooms.get(candidate);
    if (known !== undefined && known.model === model && known.version === windows.version) {
      if (known.until === Number.POSITIVE_INFINITY || now() < known.until) return known;
    }
    const estimate = windows.of(candidate.target.id, model);
    const factor = tokenizingOf(model).factor * estimate.factor;
    // Where nobody knows the longest answer, a request may ask for one that leaves no room.
    const longest = estimate.maxOutput ?? estimate.window ?? 0;
    const room: Room = {
      model,
      version: windows.version,
      until: estimate.until,
      estimate,
      factor,
      least: roomFor(estimate, longest, this.rules) / factor,
      most: roomFor(estimate, null, this.rules) / factor,
      picture: mostPictureTokens(model),
    };
    this.#rooms.set(candidate, room);
    return room;
  }

  /** Asks the thread; null when it cannot say, and the prompt has to go as it is. */
  async ask(
    call: Call,
    question: {
      readonly operation: PromptOperation;
      readonly body: Uint8Array;
      readonly model: string;
      readonly estimate: Estimate;
      readonly strategies: readonly Shrinking[];
    },
  ): Promise<FitAnswer | null> {
    const { thread, summarise, chunkTokens, now } = this.deps;
    const scope = `${this.#route} ${call.caller.tenant ?? ''}`;
    const sumUp = async (text: string): Promise<string> => {
      const since = now();
      try {
        return (await summarise?.(text, call)) ?? '';
      } finally {
        // A provider's time, and not the line's own.
        call.upstreamMs += now() - since;
      }
    };
    try {
      return await thread.fit(
        { ...question, rules: this.rules, chunkTokens, scope },
        summarise === null ? null : sumUp,
      );
    } catch (error) {
      call.notes = [...call.notes, `unfitted: ${error instanceof Error ? error.message : String(error)}`];
      return null;
    }
  }
}

/** One call whose prompt may not fit every model of its ladder. */
class FittedPrompt implements FittedCall {
  readonly #fitting: PromptFitting;
  readonly #call: Call;
  readonly #operation: PromptOperation;
  readonly #bytes: Buffer;
  readonly #ladder: Ladder;
  /** How the prompt as it came stands to the candidates that were asked about. */
  readonly #weighed = new Map<Candidate, FitAnswer | null>();
  readonly #fits = new Map<Candidate, Promise<Fit>>();
  readonly #sent = new Map<Candidate, Uint8Array>();
  /** Tokens of the prompt at the first candidate, which others were preferred to because of them; null: none were. */
  #movedFor: number | null = null;

  constructor(fitting: PromptFitting, call: Call, operation: PromptOperation, bytes: Buffer, ladder: Ladder) {
    this.#fitting = fitting;
    this.#call = call;
    this.#operation = operation;
    this.#bytes = bytes;
    this.#ladder = ladder;
  }

  sentTo(candidate: Candidate): Uint8Array | null {
    return this.#sent.get(candidate) ?? null;
  }

  async ladder(): Promise<Arrangement> {
    const strategies = allowed(this.#fitting.policy);
    const moves = strategies.indexOf('larger-window');
    const shrinksFirst = moves < 0 || strategies.slice(0, moves).some((strategy) => strategy !== 'larger-window');
    if (shrinksFirst) return { kind: 'ladder', ladder: this.#ladder };
    const candidates = this.#ladder.flat();
    const fitting = new Set<Candidate>();
    for (const candidate of candidates) if (await this.#fitsAsItCame(candidate)) fitting.add(candidate);
    const [first] = candidates;
    const refused = first === undefined ? null : (this.#weighed.get(first) ?? null);
    if (first !== undefined && refused !== null && !fitting.has(first)) {
      if (fitting.size === 0 && this.#fitting.shrinking.length === 0) {
        return { kind: 'refused', fault: this.#refusal(this.#roomiest(candidates)) };
      }
      this.#movedFor = refused.tokens;
    }
    const rest =
      this.#fitting.shrinking.length === 0 ? [] : rungsOf(this.#ladder, (candidate) => !fitting.has(candidate));
    return { kind: 'ladder', ladder: [...rungsOf(this.#ladder, (candidate) => fitting.has(candidate)), ...rest] };
  }

  bodyFor(candidate: Candidate): Promise<Fit> {
    let fit = this.#fits.get(candidate);
    if (fit === undefined) {
      fit = this.#fit(candidate);
      this.#fits.set(candidate, fit);
    }
    return fit;
  }

  async #fit(candidate: Candidate): Promise<Fit> {
    if (await this.#fitsAsItCame(candidate)) return this.#asItCame();
    const { shrinking } = this.#fitting;
    const answer = shrinking.length === 0 ? this.#weighed.get(candidate) : await this.#ask(candidate, shrinking);
    // The thread cannot say: better to let the provider judge than to refuse what may well fit.
    if (answer === null || answer === undefined || answer.kind === 'fits') return this.#asItCame();
    if (answer.kind === 'refused') return { kind: 'refused', fault: this.#refusal({ candidate, answer }) };
    const body = Buffer.from(answer.body.buffer, answer.body.byteOffset, answer.body.byteLength);
    this.#sent.set(candidate, body);
    return { kind: 'body', body, report: answer.report };
  }

  #asItCame(): Fit {
    const tokens = this.#movedFor;
    const nothing = { dropped: 0, shortened: 0, summarised: 0 };
    const report =
      tokens === null ? null : { how: 'larger-window' as const, before: tokens, after: tokens, ...nothing };
    return { kind: 'body', body: null, report };
  }

  async #fitsAsItCame(candidate: Candidate): Promise<boolean> {
    if (this.#fitting.surelyFits(this.#call, candidate, this.#bytes)) return true;
    let answer = this.#weighed.get(candidate);
    if (answer === undefined) {
      answer = await this.#ask(candidate, []);
      this.#weighed.set(candidate, answer);
    }
    return answer === null || answer.kind === 'fits';
  }

  #ask(candidate: Candidate, strategies: readonly Shrinking[]): Promise<FitAnswer | null> {
    const { model, estimate } = this.#fitting.roomOf(this.#call, candidate);
    return this.#fitting.ask(this.#call, {
      operation: this.#operation,
      body: this.#bytes,
      model,
      estimate,
      strategies,
    });
  }

  /** Of the candidates that the prompt does not fit the one with the most room: what is told of it helps most. */
  #roomiest(candidates: readonly Candidate[]): Misfit {
    let best: Misfit | null = null;
    for (const candidate of candidates) {
      const answer = this.#weighed.get(candidate);
      if (answer !== null && answer !== undefined && (best === null || answer.room > best.answer.room))
        best = { candidate, answer };
    }
    if (best === null) throw new Error('no candidate was weighed');
    return best;
  }

  #refusal({ candidate, answer }: Misfit): Fault {
    const { model, estimate } = this.#fitting.roomOf(this.#call, candidate);
    const { tokens, room, output } = answer;
    const why = answer.kind === 'refused' ? answer.why : [];
    const { ceiling } = this.#fitting.rules;
    return tooLong({ operation: this.#operation, model, tokens, room, window: estimate.window, ceiling, output, why });
  }
}

interface Misfit {
  readonly candidate: Candidate;
  readonly answer: FitAnswer;
}

/** The strategies before `refuse`, which ends the list. */
function allowed({ strategies }: FitPolicy): FitPolicy['strategies'] {
  const end = strategies.indexOf('refuse');
  return end < 0 ? strategies : strategies.slice(0, end);
}

function rungsOf(ladder: Ladder, wanted: (candidate: Candidate) => boolean): Ladder {
  return ladder.map((rung) => rung.filter(wanted)).filter(({ length }) => length > 0);
}

function modelOf(call: Call, { model }: Candidate): string {
  return model ?? call.model ?? '';
}
