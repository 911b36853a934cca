/** Failures of the token endpoint as RFC 6749, 5.2 has them. The texts are public. */

export type OAuthErrorCode =
	| "invalid_request"
	| "invalid_client"
	| "invalid_grant"
	| "unsupported_grant_type";

/** What a client of the token endpoint did wrong. */
export class OAuthError extends Error {
	readonly code: OAuthErrorCode;

	constructor(code: OAuthErrorCode, description: string) {
		super(description);
		this.name = "OAuthError";
		this.code = code;
	}
}
