/** What a program asks of /oauth/authorization, checked. */
import { limits } from "../../core/limits.ts";
import { isChallenge } from "./pkce.ts";
import { isLoopbackRedirect } from "./redirect-uri.ts";

/** Terraform, OpenTofu or `taco`, waiting on a port of the user's machine. */
export interface ClientRequest {
	readonly clientId: string;
	readonly redirectUri: string;
	readonly challenge: string;
	/** null: the client sent none. */
	readonly state: string | null;
	/** Ask for the password even if the browser is logged in. */
	readonly isFresh: boolean;
}

/** A request that is shown to the user and never sent back by a redirect. */
export class ClientRequestError extends Error {
	constructor(message: string) {
		super(message);
		this.name = "ClientRequestError";
	}
}

const single = [
	"client_id",
	"response_type",
	"redirect_uri",
	"code_challenge",
	"code_challenge_method",
	"state",
	"prompt",
];

/** Reads the query of the authorization request. Throws ClientRequestError. */
export function readClientRequest(query: URLSearchParams): ClientRequest {
	for (const name of single) {
		if (query.getAll(name).length > 1) throw new ClientRequestError(`Duplicate ${name}`);
	}
	const clientId = query.get("client_id") ?? "";
	if (!/^[A-Za-z0-9._-]{1,128}$/.test(clientId)) throw new ClientRequestError("Invalid client_id");
	if (query.get("response_type") !== "code") throw new ClientRequestError("Invalid response_type");
	const redirectUri = query.get("redirect_uri") ?? "";
	if (redirectUri === "") throw new ClientRequestError("Missing redirect_uri");
	if (!isLoopbackRedirect(redirectUri)) {
		throw new ClientRequestError("Invalid redirect_uri for Terraform login");
	}
	const challenge = query.get("code_challenge") ?? "";
	if (query.get("code_challenge_method") !== "S256" || !isChallenge(challenge)) {
		throw new ClientRequestError("PKCE required: code_challenge with code_challenge_method=S256");
	}
	const state = query.get("state");
	if (state !== null && !isState(state)) throw new ClientRequestError("Invalid state");
	return { clientId, redirectUri, challenge, state, isFresh: query.get("prompt") === "login" };
}

/** Where the browser goes at the end. Throws ClientRequestError unless it is this machine. */
export function redirectTo(
	request: ClientRequest,
	parameters: Readonly<Record<string, string>>,
): string {
	if (!isLoopbackRedirect(request.redirectUri)) {
		throw new ClientRequestError("Invalid redirect_uri for Terraform login");
	}
	const url = new URL(request.redirectUri);
	for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
	if (request.state !== null) url.searchParams.set("state", request.state);
	return url.href;
}

function isState(text: string): boolean {
	return text.length <= limits.oauthFieldBytesMax && /^[\x20-\x7e]*$/.test(text);
}
