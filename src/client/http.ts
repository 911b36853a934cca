/**
 * One request to the server: deadline, retries of what may be repeated, and errors as ClientError.
 * The token is sent to the configured server only: redirects are reported, never followed.
 */
import {
	type Answer,
	type Failure,
	failureOf,
	interrupted,
	parseJson,
	readText,
	retriedStatus,
	TimeRanOut,
	unknownOutcome,
} from "./answer.ts";
import { Deadline } from "./deadline.ts";
import { ClientError } from "./errors.ts";
import { clientLimits } from "./limits.ts";
import { pathIn } from "./organization-path.ts";
import { type RequestBody, watched } from "./request-body.ts";
import { normaliseServerUrl } from "./server-url.ts";

/** What was tried, for a log. Holds no token and no body. */
export interface Exchange {
	readonly method: string;
	readonly url: string;
	readonly requestId: string;
	readonly attempt: number;
	/** The status, or null when no answer came. */
	readonly status: number | null;
	readonly elapsedMs: number;
	readonly problem?: string | undefined;
}

export interface HttpOptions {
	readonly serverUrl: string;
	/** Or what gives it for each request, for a token that is renewed on the way. */
	readonly token?: string | (() => Promise<string>) | undefined;
	/** What is asked for is this organization's, where it is an organization's; absent: the default one's. */
	readonly organization?: string | undefined;
	/** `User-Agent`. */
	readonly agent: string;
	readonly requestDeadlineMs?: number | undefined;
	readonly transferIdleMs?: number | undefined;
	/** Trusted certificate authorities, PEM; the machine's own when absent. */
	readonly ca?: readonly string[] | undefined;
	readonly onExchange?: ((exchange: Exchange) => void) | undefined;
	/** Replaced by tests. */
	readonly fetch?: Fetch | undefined;
	readonly sleep?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
	readonly random?: (() => number) | undefined;
}

export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

export interface ApiRequest {
	readonly method: "GET" | "POST" | "PATCH" | "DELETE";
	/** Below the server's URL, encoded, with a leading slash. */
	readonly path: string;
	readonly query?: readonly (readonly [name: string, value: string])[] | undefined;
	readonly headers?: Readonly<Record<string, string>> | undefined;
	readonly json?: unknown;
	readonly body?: RequestBody | undefined;
	/** Whether sending it twice does what sending it once does. */
	readonly repeatable: boolean;
	readonly signal?: AbortSignal | undefined;
	/** Called with the count of bytes that went out. */
	readonly onSent?: ((bytes: number) => void) | undefined;
	/** How the JSON of the answer is read; `JSON.parse` when absent. Throws when it is none. */
	readonly parse?: ((text: string) => unknown) | undefined;
}

/** Failures before anything of the request was sent. */
const neverSent =
	/^(ECONNREFUSED|ConnectionRefused|FailedToOpenSocket|ENOTFOUND|EAI_|DNS|EHOSTUNREACH|ENETUNREACH|ConnectionTimeout)/;
const certificateFault = /CERT|ERR_TLS|SSL|UNABLE_TO_(GET|VERIFY)|HOSTNAME_MISMATCH/;

/** Sends requests to one server. Keeps no state between them. */
export class Http {
	readonly serverUrl: string;
	readonly requestDeadlineMs: number;
	readonly transferIdleMs: number;
	readonly #options: HttpOptions;
	readonly #fetch: Fetch;
	readonly #sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
	readonly #random: () => number;

	/** @throws ClientError `invalid_server_url`, `invalid_token`. */
	constructor(options: HttpOptions) {
		this.serverUrl = normaliseServerUrl(options.serverUrl);
		if (typeof options.token === "string") checkToken(options.token);
		this.#options = options;
		this.requestDeadlineMs = options.requestDeadlineMs ?? clientLimits.requestDeadlineMs;
		this.transferIdleMs = options.transferIdleMs ?? clientLimits.transferIdleMs;
		this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
		this.#sleep = options.sleep ?? sleep;
		this.#random = options.random ?? Math.random;
	}

	/** Sends, and gives a successful answer as JSON; null for 204. */
	async json(request: ApiRequest): Promise<unknown> {
		const answer = await this.send(request);
		try {
			if (answer.response.status === 204) return null;
			const text = await readText(answer, clientLimits.jsonBytesMax, this.transferIdleMs);
			return parseJson(text, answer, request.parse);
		} catch (error) {
			throw this.#bodyFailure(error, request, answer);
		} finally {
			answer.deadline.stop();
		}
	}

	/**
	 * Sends, and gives the first successful answer with its body unread: the caller reads it and
	 * stops the deadline.
	 * @throws ClientError for everything else.
	 */
	async send(request: ApiRequest): Promise<Answer> {
		let unknown: ClientError | null = null;
		for (let attempt = 1; ; attempt++) {
			const outcome = await this.#attempt(request, attempt);
			if ("response" in outcome) return outcome;
			const { error, retryAfterMs } = outcome;
			const waitMs = retryAfterMs ?? this.#backoffMs(attempt);
			if (!this.#mayRetry(request, attempt, outcome) || waitMs > clientLimits.retryAfterMaxMs) {
				// That a later try did nothing does not tell what an earlier one did.
				throw unknown !== null && isNoAnswer(error) ? unknown : error;
			}
			if (error.code === "outcome_unknown") unknown = error;
			await this.#sleep(waitMs, request.signal);
			if (request.signal?.aborted) throw interrupted(request);
		}
	}

	#mayRetry(request: ApiRequest, attempt: number, { error, notDone }: Failure): boolean {
		if (attempt >= clientLimits.attemptsMax) return false;
		if (notDone) return true;
		if (!request.repeatable) return false;
		if (error.status !== null) return retriedStatus.has(error.status);
		return error.code === "server_unreachable" || error.code === "outcome_unknown"
			? !(error.cause instanceof TimeRanOut)
			: false;
	}

	#backoffMs(attempt: number): number {
		const ceiling = clientLimits.retryDelayMs * 2 ** (attempt - 1);
		return ceiling / 2 + (this.#random() * ceiling) / 2;
	}

	async #attempt(request: ApiRequest, attempt: number): Promise<Answer | Failure> {
		if (request.signal?.aborted) throw interrupted(request);
		const requestId = crypto.randomUUID();
		const url = this.#url(request);
		const started = performance.now();
		const idleMs = request.body === undefined ? this.requestDeadlineMs : this.transferIdleMs;
		const deadline = new Deadline(idleMs, request.signal);
		const tell = (status: number | null, problem?: string): void =>
			this.#options.onExchange?.({
				method: request.method,
				url,
				requestId,
				attempt,
				status,
				elapsedMs: Math.round(performance.now() - started),
				problem,
			});
		try {
			const token = await this.#token();
			const init = this.#init(request, requestId, token, deadline, idleMs);
			const response = await this.#fetch(url, init);
			tell(response.status);
			const answer = { response, deadline, requestId };
			if (response.ok || response.status === 304) return answer;
			const failure = await failureOf(answer, request);
			deadline.stop();
			return failure;
		} catch (error) {
			deadline.stop();
			const failure = this.#noAnswer(error, request, deadline);
			tell(null, failure.message);
			return { error: failure, retryAfterMs: null, notDone: false };
		}
	}

	#url(request: ApiRequest): string {
		const query = new URLSearchParams();
		for (const [name, value] of request.query ?? []) query.append(name, value);
		const text = query.toString();
		const path = pathIn(this.#options.organization, request.path);
		return `${this.serverUrl}${path}${text === "" ? "" : `?${text}`}`;
	}

	async #token(): Promise<string | undefined> {
		const { token } = this.#options;
		if (typeof token !== "function") return token;
		const current = await token();
		checkToken(current);
		return current;
	}

	#init(
		request: ApiRequest,
		requestId: string,
		token: string | undefined,
		deadline: Deadline,
		idleMs: number,
	): BunFetchRequestInit {
		const headers: Record<string, string> = {
			accept: "application/json",
			// A state is hashed and counted as it arrives.
			"accept-encoding": "identity",
			"user-agent": this.#options.agent,
			"x-request-id": requestId,
			...request.headers,
		};
		const { ca } = this.#options;
		if (token !== undefined) headers.authorization = `Bearer ${token}`;
		const init: BunFetchRequestInit = {
			method: request.method,
			headers,
			redirect: "manual",
			signal: deadline.signal,
			// A connection that turns out to be dead is replaced by fetch, which sends the request again.
			keepalive: request.repeatable && request.body === undefined,
		};
		if (ca !== undefined) init.tls = { ca: [...ca] };
		if (request.json !== undefined) {
			headers["content-type"] = "application/json";
			init.body = JSON.stringify(request.json);
		} else if (request.body !== undefined) {
			headers["content-type"] = "application/json";
			headers["content-length"] = String(request.body.bytes);
			if (request.body.md5 !== undefined) headers["content-md5"] = request.body.md5;
			init.body = watched(request.body.open(), request.body.bytes, (bytes) => {
				deadline.restart(idleMs);
				request.onSent?.(bytes);
			});
		}
		return init;
	}

	/** No answer: was anything sent, and can it have had an effect? */
	#noAnswer(error: unknown, request: ApiRequest, deadline: Deadline): ClientError {
		if (deadline.interrupted) return interrupted(request);
		const code = String((error as { code?: unknown } | null)?.code ?? "");
		if (certificateFault.test(code)) {
			return new ClientError("tls_failed", `the server's certificate is not accepted (${code})`, {
				hint: "name the certificate authority's file in OPENTACO_CA_CERT, or check the server URL",
				cause: error,
			});
		}
		if (neverSent.test(code)) return this.#unreachable(code, error);
		if (deadline.expired) {
			return request.method === "GET"
				? new ClientError("request_timeout", `no answer from ${this.serverUrl} in time`, {
						hint: "try again, or allow more with --timeout",
						cause: new TimeRanOut(),
					})
				: unknownOutcome("no answer came in time", new TimeRanOut());
		}
		return request.method === "GET"
			? this.#unreachable(code === "" ? "the connection failed" : code, error)
			: unknownOutcome("the connection broke", error);
	}

	#unreachable(reason: string, cause: unknown): ClientError {
		return new ClientError(
			"server_unreachable",
			`the server at ${this.serverUrl} cannot be reached (${reason})`,
			{ hint: hintUnreachable(this.serverUrl), cause },
		);
	}

	#bodyFailure(error: unknown, request: ApiRequest, { deadline, response }: Answer): ClientError {
		if (error instanceof ClientError) return error;
		if (deadline.interrupted) return interrupted(request);
		// The head of the answer said that it was done: only what it tells is lost.
		return new ClientError("invalid_response", "the answer broke off", {
			status: response.status,
			hint: request.method === "GET" ? "try again" : "look at the unit before you try again",
			cause: error,
		});
	}
}

function isNoAnswer(error: ClientError): boolean {
	return error.status === null || retriedStatus.has(error.status);
}

function checkToken(token: string): void {
	if (!/^[\x21-\x7e]+$/.test(token) || token.length > clientLimits.tokenBytesMax) {
		throw new ClientError("invalid_token", "the token holds characters that a token cannot have", {
			hint: "look for a line break or a quote that was copied along",
		});
	}
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
	return new Promise((resolve) => {
		const timer = setTimeout(done, ms);
		function done(): void {
			clearTimeout(timer);
			signal?.removeEventListener("abort", done);
			resolve();
		}
		signal?.addEventListener("abort", done, { once: true });
		if (signal?.aborted) done();
	});
}

function hintUnreachable(serverUrl: string): string {
	const hint = "check that it runs, and the address in --server or OPENTACO_SERVER";
	// A server with a certificate cuts a request without TLS off, and says nothing.
	const isPlain = serverUrl.startsWith("http:");
	return isPlain ? `${hint}: a server with a certificate has one with https` : hint;
}
