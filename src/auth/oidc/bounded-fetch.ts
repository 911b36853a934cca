/**
 * Requests to identity providers, which answer what they like: only https (http on this machine, for
 * development), no redirects, a size and a time. Anything else could be made to read local files or
 * inner networks (SSRF).
 */
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Whether the URL may be asked: https, or http on a loopback address. */
export function isFetchable(url: string): boolean {
	const parsed = URL.parse(url);
	if (parsed === null || parsed.username !== "" || parsed.password !== "") return false;
	return parsed.protocol === "https:" || (parsed.protocol === "http:" && isLoopbackHost(parsed));
}

function isLoopbackHost(url: URL): boolean {
	return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
}

export interface JsonAnswer {
	readonly status: number;
	readonly body: Readonly<Record<string, unknown>>;
}

/**
 * A JSON object from a provider, whatever its status. Fails with `provider_unavailable` (the provider is not
 * to be reached, or answers what is no answer); `what` names the request for people.
 */
export async function fetchJson(
	fetch: Fetch,
	url: string,
	what: string,
	init: RequestInit = {},
): Promise<JsonAnswer> {
	if (!isFetchable(url)) throw unreachable(what, "its URL is not https");
	const signal = AbortSignal.timeout(limits.identityFetchDeadlineMs);
	try {
		const response = await fetch(url, {
			...init,
			signal,
			redirect: "manual",
			headers: { accept: "application/json", ...init.headers },
		});
		if (response.status >= 300 && response.status < 400) {
			throw unreachable(what, "it redirects");
		}
		const text = await readBounded(response, what, signal);
		const type = response.headers.get("content-type") ?? "";
		if (!/^application\/([\w.-]+\+)?json\b/i.test(type)) {
			throw unreachable(what, `it answers ${response.status} and no JSON`);
		}
		const body: unknown = JSON.parse(text);
		if (typeof body !== "object" || body === null || Array.isArray(body)) {
			throw unreachable(what, "it answers no JSON object");
		}
		return { status: response.status, body: body as Record<string, unknown> };
	} catch (error) {
		if (error instanceof DomainError) throw error;
		throw unreachable(what, signal.aborted ? "it does not answer in time" : "", error);
	}
}

async function readBounded(response: Response, what: string, signal: AbortSignal): Promise<string> {
	if (response.body === null) return "";
	const reader = (response.body as ReadableStream<Uint8Array>).getReader();
	// A body that drips does not end by itself when the request is aborted after its head.
	const cancel = () => void reader.cancel().catch(() => undefined);
	signal.addEventListener("abort", cancel, { once: true });
	const chunks: Uint8Array[] = [];
	let size = 0;
	try {
		for (;;) {
			const { done, value } = await reader.read();
			signal.throwIfAborted();
			if (done) break;
			size += value.byteLength;
			if (size > limits.identityFetchBytesMax) {
				cancel();
				throw unreachable(what, "its answer is too large");
			}
			chunks.push(value);
		}
	} finally {
		signal.removeEventListener("abort", cancel);
	}
	return Buffer.concat(chunks, size).toString("utf8");
}

function unreachable(what: string, why: string, cause?: unknown): DomainError {
	return new DomainError("provider_unavailable", `${what} of the identity provider failed`, {
		hint: "try again; the server's log says more under the request id",
		privateDetail: why,
		...(cause === undefined ? {} : { cause }),
	});
}
