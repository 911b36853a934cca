/**
 * What each failure is to Terraform's HTTP backend, which shows a user nothing but the status and
 * takes 404 for "no state": storage trouble must never be one (I14).
 */
import type { StatusTable } from "../../shared/present-error.ts";

export const backendStatus: StatusTable = {
	invalid_request: 400,
	invalid_unit_id: 400,
	invalid_state: 400,
	checksum_mismatch: 400,
	too_large: 413,
	length_required: 411,
	unauthenticated: 401,
	forbidden: 403,
	unit_not_found: 404,
	version_not_found: 404,
	// Reading answers 204 without a body instead.
	no_state: 404,
	route_not_found: 404,
	method_not_allowed: 405,
	unit_exists: 409,
	not_found: 404,
	conflict: 409,
	// Terraform would say "invalid auth" for 403, and would wait for a lock on 409.
	unit_reserved: 404,
	locked: 409,
	lock_mismatch: 409,
	state_conflict: 409,
	precondition_failed: 412,
	contention: 503,
	storage_unavailable: 503,
	outcome_unknown: 503,
	storage_corrupt: 500,
	schema_too_new: 500,
	rate_limited: 429,
	provider_unavailable: 502,
	shutting_down: 503,
	overloaded: 503,
	internal: 500,
};
