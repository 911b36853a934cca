/** Failures of the command line itself. */

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
	| "config_invalid"
	/** A file of the user's cannot be read or written. */
	| "file_failed";

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

/** A failure of the file system as one sentence, without a stack. */
export function fileError(action: string, path: string, error: unknown): CliError {
	const code = (error as { code?: unknown } | null)?.code;
	const reasons: Record<string, string> = {
		ENOENT: "no such file or directory",
		EACCES: "permission denied",
		EPERM: "not permitted",
		EISDIR: "it is a directory",
		ENOTDIR: "a part of the path is not a directory",
		ENOSPC: "no space left",
		EROFS: "the file system is read-only",
		EEXIST: "it exists",
	};
	const known = typeof code === "string" && Object.hasOwn(reasons, code) ? reasons[code] : code;
	const reason = known ?? (error instanceof Error ? error.message : "unknown failure");
	return new CliError("file_failed", `cannot ${action} ${path}: ${String(reason)}`, "", {
		cause: error,
	});
}
