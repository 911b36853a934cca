/** A setting of identity that the server refuses to start with. The message holds no secret. */
export class AuthConfigError extends Error {
	constructor(message: string) {
		super(message);
		this.name = "AuthConfigError";
	}
}
