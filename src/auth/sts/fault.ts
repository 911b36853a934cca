/** Why a signed request or its body is refused. The closed set that a surface maps to its own codes. */

export const stsFaultCodes = [
	/** Nothing proves who sends it. */
	"unsigned",
	/** The Authorization header is not what Signature Version 4 makes. */
	"authorization_malformed",
	/** The same in the query of a presigned URL. */
	"query_malformed",
	/** A header that must be there, or must be signed, is not. */
	"header_missing",
	/** The request's time is too far from the server's. */
	"time_skewed",
	/** A presigned URL after its end. */
	"url_expired",
	/** The access key is not one of this server's, or does not belong to the session token. */
	"unknown_access_key",
	/** The session token is past its end. */
	"credentials_expired",
	"signature_mismatch",
	/** The body is not the one that was signed. */
	"payload_mismatch",
	/** The body does not match the checksum that came with it. */
	"checksum_mismatch",
	/** The body ended before its announced end. */
	"body_incomplete",
	/** The body's framing, or a header about the body, cannot be understood. */
	"body_malformed",
	/** The trailer is not the one that was announced. */
	"trailer_malformed",
	/** The body's length is not known in advance. */
	"length_missing",
	/** A way to sign or to check a body that is not known here. */
	"unsupported",
] as const;

export type StsFaultCode = (typeof stsFaultCodes)[number];

/** An expected refusal. The message is public: it holds nothing that was submitted. */
export class StsFault extends Error {
	readonly code: StsFaultCode;

	constructor(code: StsFaultCode, message: string) {
		super(message);
		this.name = "StsFault";
		this.code = code;
	}
}
