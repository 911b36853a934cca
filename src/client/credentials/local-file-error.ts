/** Failures of the user's own files: settings, logins, states on disk. */

export type LocalFileErrorCode =
	| "config_invalid"
	/** A file of the user's cannot be read or written. */
	| "file_failed";

/** One sentence for the user, and a hint that may be empty. */
export class LocalFileError extends Error {
	readonly code: LocalFileErrorCode;
	readonly hint: string;

	constructor(code: LocalFileErrorCode, message: string, hint = "", options?: { cause?: unknown }) {
		super(message, options);
		this.name = "LocalFileError";
		this.code = code;
		this.hint = hint;
	}
}

/** A failure of the file system as one sentence, without a stack. */
export function fileError(action: string, path: string, error: unknown): LocalFileError {
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
	return new LocalFileError("file_failed", `cannot ${action} ${path}: ${String(reason)}`, "", {
		cause: error,
	});
}
