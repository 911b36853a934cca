/** Structured logging. Fields hold no secret, no state bytes and no credential. */
export type LogLevel = "debug" | "info" | "warn" | "error";

export interface Log {
	write(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** A log that keeps nothing. */
export const silentLog: Log = { write() {} };
