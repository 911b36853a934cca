/** The client's bounds, with their units in their names. */

const MiB = 1024 * 1024;
const second = 1000;

export const clientLimits = {
	/** Waiting for an answer; of a transfer, waiting for the answer after the last byte was sent. */
	requestDeadlineMs: 30 * second,
	requestDeadlineMinMs: 1,
	requestDeadlineMaxMs: 3600 * second,
	/** A body's transfer may take this long without a byte moving. */
	transferIdleMs: 60 * second,
	/** All tries of one request, the first one included. */
	attemptsMax: 3,
	/** Before the second try; doubled before each further one, and shortened at random. */
	retryDelayMs: 250,
	/** A server that asks for a longer pause than this is not asked again. */
	retryAfterMaxMs: 10 * second,
	/** A JSON answer. */
	jsonBytesMax: 64 * MiB,
	/** An error's body. */
	errorBytesMax: 256 * 1024,
	unitsPerPage: 1000,
	auditEventsPerPage: 1000,
	/** Pages of one listing: a server that always names a next page must not hold us for ever. */
	pagesMax: 10_000,
	tokenBytesMax: 16 * 1024,
	serverUrlBytesMax: 2048,
} as const;
