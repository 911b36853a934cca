/** Failures of the command line itself. */
import type { LocalFileErrorCode } from "../client/credentials/local-file-error.ts";

export type CliErrorCode =
	/** The provider, the server or the user said no. */
	| "login_failed"
	| "interrupted"
	/** The command line is wrong. */
	| "usage"
	/** There is nobody to ask, and no `--yes`. */
	| "confirmation_required"
	/** The answer was no. */
	| "declined"
	/** No lock id given, and none saved in this directory. */
	| "no_saved_lock"
	| "no_token"
	/** The credentials file is readable for others. */
	| "credentials_exposed"
	| LocalFileErrorCode;

export class CliError extends Error {
	readonly code: CliErrorCode;
	/** What to do next, one sentence; empty when there is nothing to do. */
	readonly hint: string;

	constructor(code: CliErrorCode, message: string, hint = "", options?: { cause?: unknown }) {
		super(message, options);
		this.name = "CliError";
		this.code = code;
		this.hint = hint;
	}
}

export function usageError(message: string, hint = ""): CliError {
	return new CliError("usage", message, hint);
}
