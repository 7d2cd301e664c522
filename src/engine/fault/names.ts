import type { FaultKind } from './fault.ts';
import type { Ground, Meaning } from './meaning.ts';

/**
 * The words providers put into `error.code`, `error.type`, `details` and exception names. One table serves all dialects:
 * `normalise` makes `RateLimitError`, `rate_limit_error` and `rate_limit` the same name, and no name has two meanings.
 */
const NAMED = new Map<string, Meaning>();
const GENERAL = new Map<string, Ground>();

/** Lower case, letters and digits only, without AWS decoration and the endings that say only "this is an error". */
export function normalise(name: string): string {
  const bare = name.slice(name.lastIndexOf('#') + 1).split(':')[0] ?? '';
  return bare
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replace(/(?:error|exception)$/, '');
}

function mean(kind: FaultKind, names: string, changes: Omit<Meaning, 'kind'> = {}): void {
  for (const name of names.split(/\s+/)) NAMED.set(normalise(name), { kind, ...changes });
}

function ground(on: Ground, names: string): void {
  for (const name of names.split(/\s+/)) GENERAL.set(normalise(name), on);
}

mean(
  'authentication',
  'authentication_error invalid_api_key incorrect_api_key incorrect_api_key_error missing_api_key no_api_key api_key_invalid ' +
    'api_key_expired expired_api_key invalid_authentication unauthenticated unauthorized invalid_token token_expired expired_token ' +
    'access_token_expired credentials_missing unrecognized_client invalid_signature incomplete_signature missing_authentication_token ' +
    'invalid_client_token_id account_deactivated account_state_invalid mismatched_organization invalid_organization no_organization ' +
    'mismatched_project invalid_project invalid_subscription_key invalid_grant not_signed_in',
);
mean('authentication', 'ip_not_authorized', {
  remedy:
    "Add this machine's egress address to the project's IP allow-list, or leave the VPN; the key itself may be fine.",
});
mean(
  'permission',
  'insufficient_permissions missing_scope missing_scopes access_terminated model_terms_required organization_restricted organization_on_hold ' +
    'organization_disabled service_disabled api_key_service_blocked api_key_http_referrer_blocked api_key_ip_address_blocked ' +
    'access_token_scope_insufficient consumer_invalid consumer_suspended user_project_denied validation_required model_access_denied ' +
    'sandbox_egress_restricted',
);
mean('region', 'unsupported_country_region_territory data_residency_mismatch location_policy_violated');
mean(
  'not-found',
  'not_found model_not_found deployment_not_found resource_not_found model_not_available model_decommissioned model_deprecated invalid_model ' +
    'unknown_model unavailable_model no_such_model invalid_model_id unknown_url invalid_url model_not_exist',
);
mean('not-found', 'previous_response_not_found item_not_found conversation_not_found', {
  elsewhere: false,
  remedy:
    'Send the whole conversation again: the state it refers to was not stored, has expired, or belongs to another account.',
});
mean(
  'invalid-request',
  'missing_required_parameter invalid_type integer_below_min_value decimal_below_min_value decimal_above_max_value string_above_max_length ' +
    'string_below_min_length array_above_max_length array_below_min_length invalid_json_schema invalid_function_parameters invalid_image ' +
    'invalid_image_format invalid_base64_image invalid_image_url invalid_image_mode image_too_large image_too_small image_parse_error ' +
    'image_file_too_large unsupported_image_media_type empty_image_file image_file_not_found image_dimensions_too_large unsupported_file ' +
    'tool_use_failed json_validate_failed tool_name_conflict available_tools_limit_exceeded method_not_allowed unsupported_media_type',
);
mean('invalid-request', 'failed_to_download_image', {
  here: true,
  remedy: 'Check that the image URL is public and fast; one retry may help, sending the bytes inline always does.',
});
mean('invalid-request', 'invalid_encrypted_content', {
  remedy: 'Keep the conversation on the key that made its reasoning items, or drop those items.',
});
mean(
  'unsupported-parameter',
  'unsupported_parameter unsupported_value unknown_parameter operation_not_supported not_supported unsupported_operation',
);
mean('unsupported-parameter', 'unimplemented not_implemented', { elsewhere: true });
mean(
  'context-length',
  'context_length_exceeded context_window_exceeded model_context_window_exceeded exceed_context_size exceeds_context_length prompt_too_long ' +
    'input_too_long tokens_limit_reached max_context_length_exceeded',
);
mean('output-cap', 'max_output_tokens_exceeded max_tokens_exceeded');
mean(
  'content-policy',
  'content_policy_violation content_filter content_filtered content_filter_policy moderation_blocked moderation_failed invalid_prompt bio_policy ' +
    'cyber_policy misalignment_policy_violation image_content_policy_violation responsible_ai_policy_violation data_inspection_failed ' +
    'content_moderation guardrail_intervened safety prompt_blocked policy_violation safety_check_failed sensitive_content',
);
mean(
  'payload-too-large',
  'request_too_large payload_too_large request_entity_too_large content_too_large request_body_too_large request_body_too_large_after_decoding',
);
mean('slow-down', 'slow_down ramp_limit_exceeded limit_burst_rate acceleration_limit_exceeded');
mean(
  'quota-exhausted',
  'insufficient_quota credit_balance_exhausted organization_spend_limit_exceeded project_spend_limit_exceeded organization_usage_limit_exceeded ' +
    'billing_hard_limit_reached billing_not_active billing billing_disabled enforced_spend_limit_reached contract_spend_limit_reached ' +
    'quota_exhausted quota_exceeded exceeded_current_quota service_quota_exceeded insufficient_balance insufficient_credits insufficient_funds ' +
    'insufficient_g1_credits_balance out_of_credits payment_required arrearage credit_limit usage_limit_reached blocked_api_access ' +
    'daily_limit_exceeded allocation_quota',
);
mean('conflict', 'conflict aborted already_exists');
mean(
  'overloaded',
  'overloaded server_is_overloaded server_overloaded engine_overloaded model_overloaded model_capacity_exhausted over_capacity capacity_exceeded ' +
    'queue_exceeded no_capacity service_tier_capacity_exceeded model_not_ready resource_unavailable server_busy queue_full',
);
mean('bad-gateway', 'bad_gateway cf_bad_gateway');
mean(
  'gateway-timeout',
  'timeout_error gateway_timeout cf_gateway_timeout deadline_exceeded model_timeout vector_store_timeout',
);
mean('timeout', 'request_timeout');
mean('cancelled', 'cancelled canceled client_closed_request request_cancelled request_canceled');

// These names leave the cause open; the wording decides within the ground.
ground(
  'request',
  'invalid_request invalid_request_error invalid_argument failed_precondition out_of_range bad_request validation validation_error',
);
ground(
  'request',
  'unprocessable_entity invalid_value invalid_parameter integer_above_max_value value_error image_generation_user_error',
);
ground('forbidden', 'permission permission_denied forbidden access_denied not_authorized authorization');
ground(
  'rate',
  'rate_limit rate_limited rate_limit_exceeded rate_limit_reached rate_limit_error model_rate_limit throttling throttling_error',
);
ground(
  'rate',
  'throttled resource_exhausted requests tokens input_tokens output_tokens limit_requests limit_tokens request_quota_exceeded',
);
ground(
  'rate',
  'token_quota_exceeded throttling_rate_quota too_many_requests concurrency_limit_exceeded websocket_connection_limit_reached',
);
ground('rate', 'request_limit_exceeded user_rate_limit_exceeded model_limit_exceeded');
ground(
  'server',
  'server_error internal internal_server_error internal_error api_error model_error model_stream_error unknown data_loss internal_failure',
);
ground(
  'unavailable',
  'unavailable unavailable_error service_unavailable service_unavailable_error cf_service_unavailable',
);

/** Shapes of codes that nobody has listed yet: new billing and limit codes appear every few months. */
const SHAPES: readonly (readonly [RegExp, Meaning])[] = [
  [
    /spendlimit|budgetexceeded|creditbalance|creditlimit|^billing|outofcredit|usagelimitexceeded|insufficient(?:quota|credit|balance|fund)/,
    { kind: 'quota-exhausted' },
  ],
  [/overloaded|atcapacity|overcapacity|capacityex/, { kind: 'overloaded' }],
  [/context(?:length|window|size)/, { kind: 'context-length' }],
  [/content(?:policy|filter|moderation)|policyviolation|moderation/, { kind: 'content-policy' }],
  [/(?:model|deployment)(?:isnt|is|was|does)?not(?:found|exist|available)|unknownmodel/, { kind: 'not-found' }],
  [
    /(?:invalid|incorrect|missing|expired|revoked)(?:api)?key|apikey(?:invalid|missing|expired|revoked|disabled)/,
    { kind: 'authentication' },
  ],
  [/^unsupported|notsupported$|^unknownparam/, { kind: 'unsupported-parameter' }],
];

const CMEK: Meaning = {
  kind: 'unavailable',
  party: 'account',
  remedy: 'Restore access to the customer-managed encryption key: the provider cannot read your data without it.',
};

/** What a name means by itself; null when it leaves that open or is unknown. */
export function meaningOf(name: string): Meaning | null {
  const normal = normalise(name);
  const known = NAMED.get(normal);
  if (known !== undefined) return known;
  if (GENERAL.has(normal)) return null;
  if (normal.startsWith('cmek')) return CMEK;
  return SHAPES.find(([shape]) => shape.test(normal))?.[1] ?? null;
}

/** The ground a name puts a failure on; null when it says nothing. */
export function groundOf(name: string): Ground | null {
  const normal = normalise(name);
  return GENERAL.get(normal) ?? (/ratelimit|toomanyrequests|throttl/.test(normal) ? 'rate' : null);
}

/** Which dimension a name says is limited. */
export function dimensionOf(name: string): 'requests' | 'tokens' | null {
  const normal = normalise(name);
  if (normal.includes('token')) return 'tokens';
  return /^requests?$|requestquota|limitrequests|requestlimit/.test(normal) ? 'requests' : null;
}
