/**
 * The exit codes, and the one table from error codes to them. A code that the server's domain or
 * the client adds does not compile until it stands here.
 */
import type { ClientErrorCode } from "../client/errors.ts";
import type { ErrorCode } from "../core/errors.ts";
import type { CliErrorCode } from "./errors.ts";

export const exitCodes = {
	ok: 0,
	unexpected: 1,
	usage: 2,
	notFound: 3,
	conflict: 4,
	notPermitted: 5,
	unavailable: 6,
	outcomeUnknown: 7,
	invalidInput: 8,
	stale: 9,
	undetermined: 10,
	interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** For the reference; one line each. */
export const exitCodeMeanings: Record<ExitCode, string> = {
	0: "done",
	1: "something unexpected: a defect, damaged data, a file that cannot be read or written",
	2: "the command line or the configuration is wrong; nothing was sent",
	3: "the unit, the version, the state or the saved lock id does not exist",
	4: "locked by somebody else, or in conflict with the current state",
	5: "no valid token, or not permitted",
	6: "the server or its store is not available; nothing was changed",
	7: "the outcome is unknown: the change may or may not have been made",
	8: "the input is not valid: unit id, state, checksum or size",
	9: "with --exit-code: a unit needs to be applied again, or might",
	10: "with --exit-code: no unit needs to be applied again, but the status of one is unknown",
	130: "interrupted with Ctrl-C",
};

type KnownCode = ErrorCode | ClientErrorCode | CliErrorCode;

const table: Record<KnownCode, ExitCode> = {
	// From the server
	invalid_request: exitCodes.invalidInput,
	invalid_unit_id: exitCodes.invalidInput,
	invalid_state: exitCodes.invalidInput,
	checksum_mismatch: exitCodes.invalidInput,
	too_large: exitCodes.invalidInput,
	length_required: exitCodes.invalidInput,
	unauthenticated: exitCodes.notPermitted,
	forbidden: exitCodes.notPermitted,
	unit_not_found: exitCodes.notFound,
	version_not_found: exitCodes.notFound,
	no_state: exitCodes.notFound,
	route_not_found: exitCodes.unexpected,
	method_not_allowed: exitCodes.unexpected,
	unit_exists: exitCodes.conflict,
	not_found: exitCodes.notFound,
	conflict: exitCodes.conflict,
	unit_reserved: exitCodes.invalidInput,
	locked: exitCodes.conflict,
	lock_mismatch: exitCodes.conflict,
	state_conflict: exitCodes.conflict,
	precondition_failed: exitCodes.conflict,
	contention: exitCodes.conflict,
	storage_unavailable: exitCodes.unavailable,
	outcome_unknown: exitCodes.outcomeUnknown,
	storage_corrupt: exitCodes.unexpected,
	schema_too_new: exitCodes.unexpected,
	rate_limited: exitCodes.unavailable,
	provider_unavailable: exitCodes.unavailable,
	shutting_down: exitCodes.unavailable,
	overloaded: exitCodes.unavailable,
	internal: exitCodes.unexpected,
	// From the client
	server_unreachable: exitCodes.unavailable,
	tls_failed: exitCodes.unavailable,
	request_timeout: exitCodes.unavailable,
	interrupted: exitCodes.interrupted,
	invalid_response: exitCodes.unexpected,
	redirected: exitCodes.unavailable,
	download_damaged: exitCodes.unavailable,
	invalid_server_url: exitCodes.usage,
	invalid_token: exitCodes.notPermitted,
	// From the command line itself
	usage: exitCodes.usage,
	confirmation_required: exitCodes.usage,
	declined: exitCodes.unexpected,
	no_saved_lock: exitCodes.notFound,
	no_token: exitCodes.notPermitted,
	login_failed: exitCodes.notPermitted,
	credentials_exposed: exitCodes.notPermitted,
	config_invalid: exitCodes.usage,
	file_failed: exitCodes.unexpected,
};

/** The exit code for an error code; 1 for one that a newer server has invented. */
export function exitCodeOf(code: string): ExitCode {
	return Object.hasOwn(table, code) ? table[code as KnownCode] : exitCodes.unexpected;
}
