/** Failures of the token endpoint as RFC 6749, 5.2 has them. The texts are public. */

export type OAuthErrorCode =
	| "invalid_request"
	| "invalid_client"
	| "invalid_grant"
	| "unsupported_grant_type";

export class OAuthError extends Error {
	readonly code: OAuthErrorCode;

	constructor(code: OAuthErrorCode, description: string) {
		super(description);
		this.name = "OAuthError";
		this.code = code;
	}
}
