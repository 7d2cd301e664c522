export { type Fallback, type Holdfast, holdfast, type HoldfastOptions } from './inprocess/holdfast.ts';
export { type JobClient, JobFailedError, patientFetch, waitForJob } from './inprocess/patient-fetch.ts';
export type { SharedCounters } from './inprocess/counting.ts';
export type { AppCaller, AppRequest, CallerOption } from './inprocess/limits.ts';
export type { Budget, Limits } from './engine/admission/limits.ts';
export type { Quota, QuotaEvent } from './engine/admission/quota.ts';
export type { CallRecord } from './engine/record.ts';
export type { Fault, FaultKind } from './engine/fault/fault.ts';
