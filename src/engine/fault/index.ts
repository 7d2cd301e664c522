export type { Fault, FaultDetail, FaultKind, Party, RetryAdvice } from './fault.ts';
export { classifyEvent, classifyResponse, type EventFailure, type ResponseFailure } from './classify.ts';
export {
  callerStatus,
  envelope,
  errorEventChat,
  errorEventResponses,
  type Envelope,
  type EnvelopeError,
  type EnvelopeFacts,
} from './envelope.ts';
export { eventData, type EventText } from './event-data.ts';
export { classifyException } from './exception.ts';
export { findErrorInBody } from './find-error.ts';
export { durationMs, waitHint, type HintInput, type WaitHint } from './hints.ts';
export { faultOf, type FaultFacts } from './fault-of.ts';
export { KINDS, type KindFacts } from './kinds.ts';
export { tellable } from './tellable.ts';
