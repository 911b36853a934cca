/** JSON from endpoints of OAuth: the server's own, an identity provider's, a CI system's. Bounded. */
import { ClientError } from "./errors.ts";
import { clientLimits } from "./limits.ts";

export interface OAuthRequest {
	readonly url: string;
	/** Sent as a form by POST; absent: GET. */
	readonly form?: Readonly<Record<string, string>> | undefined;
	readonly bearer?: string | undefined;
	/** PEM. */
	readonly ca?: readonly string[] | undefined;
	readonly signal?: AbortSignal | undefined;
}

export interface OAuthAnswer {
	readonly status: number;
	readonly body: Readonly<Record<string, unknown>>;
}

/**
 * The JSON object that the endpoint answers, whatever its status. Only https, or http on this
 * machine; redirects are not followed. @throws ClientError.
 */
export async function askOAuth(request: OAuthRequest): Promise<OAuthAnswer> {
	const url = URL.parse(request.url);
	if (url === null || !isSafe(url)) {
		throw new ClientError("invalid_server_url", "a login endpoint is not an https URL");
	}
	const headers: Record<string, string> = { accept: "application/json" };
	if (request.bearer !== undefined) headers.authorization = `Bearer ${request.bearer}`;
	const late = AbortSignal.timeout(clientLimits.requestDeadlineMs);
	try {
		const response = await fetch(url.href, {
			method: request.form === undefined ? "GET" : "POST",
			headers,
			redirect: "manual",
			signal: request.signal === undefined ? late : AbortSignal.any([late, request.signal]),
			...(request.form === undefined ? {} : { body: new URLSearchParams(request.form) }),
			...(request.ca === undefined ? {} : { tls: { ca: [...request.ca] } }),
		});
		const text = await boundedText(response);
		const body: unknown = JSON.parse(text);
		if (typeof body !== "object" || body === null) throw new SyntaxError("no object");
		return { status: response.status, body: body as Record<string, unknown> };
	} catch (error) {
		if (error instanceof ClientError) throw error;
		throw new ClientError("server_unreachable", `${url.host} gave no usable answer`, {
			hint: "check that it can be reached from here",
			cause: error,
		});
	}
}

function isSafe(url: URL): boolean {
	const isLocal = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
	return url.protocol === "https:" || (url.protocol === "http:" && isLocal);
}

async function boundedText(response: Response): Promise<string> {
	const chunks: Uint8Array[] = [];
	let size = 0;
	for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
		size += chunk.byteLength;
		if (size > clientLimits.jsonBytesMax) {
			throw new ClientError("invalid_response", "the answer is too large");
		}
		chunks.push(chunk);
	}
	return Buffer.concat(chunks, size).toString("utf8");
}
