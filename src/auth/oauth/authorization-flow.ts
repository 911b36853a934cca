/**
 * The pages between `terraform login` (or `taco login`) and its code, from the first request to the
 * redirect back to the program that waits. Keeps nothing between two requests: what must be
 * remembered is sealed and goes through the browser, so that any server can take the next step.
 */
import { isDomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Log } from "../../core/ports/log.ts";
import type { Random } from "../../core/ports/random.ts";
import type { LoginNote } from "../identity.ts";
import type { LoginMethod, Logins } from "../logins.ts";
import type { OidcProvider } from "../oidc/provider.ts";
import { RateLimit } from "../rate-limit.ts";
import type { Identity } from "../subjects.ts";
import type { SignedTokens } from "../token/signed-token.ts";
import type { UsedOnce } from "../used-once.ts";
import {
	type ClientRequest,
	ClientRequestError,
	readClientRequest,
	redirectTo,
} from "./client-request.ts";
import { consentPage, loginPage, type Page, problemPage } from "./pages.ts";
import { challengeOf } from "./pkce.ts";
import type { StateBox } from "./state-box.ts";

/** The client that gets a short login instead of a long-lived token. */
export const ownClientId = "taco";

export type Step =
	| { readonly kind: "page"; readonly page: Page; readonly browser?: string }
	| { readonly kind: "redirect"; readonly url: string; readonly browser?: string };

/** Of a request, what the flow needs. */
export interface Visit {
	/** The cookie that binds a login to its browser; null: none yet. */
	readonly browser: string | null;
	/** For the rate limit and the audit trail. */
	readonly clientAddress: string | null;
	readonly requestId: string;
	/** How the provider reaches us; null: this server does not know its public URL. */
	readonly baseUrl: string | null;
}

export interface AuthorizationFlowDeps {
	readonly box: StateBox;
	readonly used: UsedOnce;
	readonly signed: SignedTokens;
	readonly logins: Logins;
	readonly random: Random;
	readonly clock: Clock;
	readonly log: Log;
	readonly provider: OidcProvider | null;
	/** The user with that name and password. */
	readonly authenticate: (name: string, password: string) => Promise<Identity | null>;
	/** Whether the text is the admin token. */
	readonly isAdminToken: (token: string) => Promise<boolean>;
	/** Passwords are taken beside the provider. */
	readonly isLocalLogin: boolean;
	readonly noteLogin: (note: LoginNote) => void;
}

interface LoginBox {
	readonly request: ClientRequest;
}
interface ProviderBox extends LoginBox {
	readonly nonce: string;
	readonly verifier: string;
	readonly callback: string;
}
interface ConsentBox extends LoginBox {
	readonly subject: string;
	readonly method: LoginMethod;
}

const startAgain = "Start the login again in your terminal.";

/** The steps of a login in a browser; each may run on another server. */
export class AuthorizationFlow {
	readonly #deps: AuthorizationFlowDeps;
	readonly #tries: RateLimit;

	constructor(deps: AuthorizationFlowDeps) {
		this.#deps = deps;
		this.#tries = new RateLimit(deps.clock, {
			triesMax: limits.loginTriesMax,
			refillMs: limits.loginTryRefillMs,
		});
	}

	/** GET /oauth/authorization: a program wants somebody to log in. */
	start(visit: Visit, query: URLSearchParams): Promise<Step> {
		return this.#guarded(async () => {
			const request = readClientRequest(query);
			const browser = visit.browser ?? this.#token();
			const { provider, isLocalLogin } = this.#deps;
			if (provider !== null && !isLocalLogin) {
				return await this.#toProvider(provider, request, browser, visit);
			}
			const flow = this.#deps.box.seal("login", { request } satisfies LoginBox, browser);
			return {
				kind: "page",
				page: loginPage({ flow, provider: await this.#providerLink() }),
				browser,
			};
		});
	}

	/** POST /oauth/provider: the user chose the identity provider. */
	chooseProvider(visit: Visit, form: URLSearchParams): Promise<Step> {
		return this.#guarded(async () => {
			const browser = visit.browser ?? "";
			const opened = this.#deps.box.open<LoginBox>("login", form.get("flow") ?? "", browser);
			const { provider } = this.#deps;
			if (opened === null || provider === null) return invalidState();
			return await this.#toProvider(provider, opened.value.request, browser, visit);
		});
	}

	/** POST /oauth/login: a name and password, or the admin token. */
	login(visit: Visit, form: URLSearchParams): Promise<Step> {
		return this.#guarded(async () => {
			const browser = visit.browser ?? "";
			const flow = form.get("flow") ?? "";
			const opened = this.#deps.box.open<LoginBox>("login", flow, browser);
			if (opened === null || !this.#deps.isLocalLogin) return invalidState();
			const proven = await this.#prove(visit, form);
			if ("problem" in proven) {
				const provider = await this.#providerLink();
				return { kind: "page", page: loginPage({ flow, provider, ...proven }) };
			}
			const { identity, method } = proven;
			return await this.#askConsent(opened.value.request, identity, method, visit);
		});
	}

	/** GET /oauth/oidc-callback: the provider sends the browser back. */
	callback(visit: Visit, query: URLSearchParams): Promise<Step> {
		return this.#guarded(async () => {
			const browser = visit.browser ?? "";
			const { provider, box, used } = this.#deps;
			const opened = box.open<ProviderBox>("provider", query.get("state") ?? "", browser);
			if (opened === null || provider === null) return invalidState();
			if (!(await used.claim(opened.id, opened.expires))) return invalidState();
			const code = query.get("code");
			if (query.has("error") || code === null) {
				return problem(400, "The identity provider did not log you in.", startAgain);
			}
			const { request, verifier, nonce, callback } = opened.value;
			const proof = { code, verifier, nonce, redirectUri: callback };
			const identity = await provider.exchangeCode(proof).catch((error) => {
				this.#note(visit, "provider", null);
				throw error;
			});
			return await this.#askConsent(request, identity, "provider", visit);
		});
	}

	/** POST /oauth/consent: the user allows it, or not. */
	consent(visit: Visit, form: URLSearchParams): Promise<Step> {
		return this.#guarded(async () => {
			const { box, used, signed } = this.#deps;
			const opened = box.open<ConsentBox>("consent", form.get("flow") ?? "", visit.browser ?? "");
			if (opened === null || !(await used.claim(opened.id, opened.expires))) return invalidState();
			const { request, subject, method } = opened.value;
			if (form.get("decision") !== "allow") {
				return { kind: "redirect", url: redirectTo(request, { error: "access_denied" }) };
			}
			const { token } = await signed.sign("code", subject, limits.authorizationCodeMs, {
				client_id: request.clientId,
				redirect_uri: request.redirectUri,
				code_challenge: request.challenge,
				method,
			});
			return { kind: "redirect", url: redirectTo(request, { code: token }) };
		});
	}

	async #toProvider(
		provider: OidcProvider,
		request: ClientRequest,
		browser: string,
		visit: Visit,
	): Promise<Step> {
		if (visit.baseUrl === null) {
			return problem(
				500,
				"This server does not know its public URL.",
				"Its operator must set OPENTACO_PUBLIC_BASE_URL.",
			);
		}
		const callback = `${visit.baseUrl}/oauth/oidc-callback`;
		const [nonce, verifier] = [this.#token(), this.#token()];
		const value: ProviderBox = { request, nonce, verifier, callback };
		const url = await provider.authorizationUrl({
			redirectUri: callback,
			state: this.#deps.box.seal("provider", value, browser),
			nonce,
			challenge: challengeOf(verifier),
			isFresh: request.isFresh,
		});
		return { kind: "redirect", url, browser };
	}

	async #prove(
		visit: Visit,
		form: URLSearchParams,
	): Promise<{ identity: Identity; method: LoginMethod } | { problem: string; status: number }> {
		const address = visit.clientAddress ?? "unknown";
		const token = form.get("token");
		const name = (form.get("username") ?? "")
			.toLowerCase()
			.slice(0, limits.providerSubjectBytesMax);
		const nameKey = `name ${address} ${token === null ? name : "admin token"}`;
		try {
			this.#tries.take(`address ${address}`, nameKey);
		} catch (error) {
			if (!isDomainError(error, "rate_limited")) throw error;
			return { problem: "Too many attempts. Wait a little and try again.", status: 429 };
		}
		const identity =
			token === null
				? await this.#deps.authenticate(name, form.get("password") ?? "")
				: (await this.#deps.isAdminToken(token))
					? { subject: "admin", email: null, groups: [] }
					: null;
		if (identity === null) {
			this.#note(visit, token === null ? "local" : "admin", null);
			const what = token === null ? "User name or password is" : "The admin token is";
			return { problem: `${what} not right.`, status: 401 };
		}
		this.#tries.forget(nameKey);
		return { identity, method: token === null ? "local" : "admin" };
	}

	async #askConsent(
		request: ClientRequest,
		identity: Identity,
		method: LoginMethod,
		visit: Visit,
	): Promise<Step> {
		await this.#deps.logins.note(identity);
		this.#note(visit, method, identity.subject);
		redirectTo(request, {});
		const value: ConsentBox = { request, subject: identity.subject, method };
		return {
			kind: "page",
			page: consentPage({
				flow: this.#deps.box.seal("consent", value, visit.browser ?? ""),
				who: identity.email ?? identity.subject,
				clientId: request.clientId,
				redirectUri: request.redirectUri,
				gets: request.clientId === ownClientId ? "a login" : "an API token",
			}),
		};
	}

	#note(visit: Visit, method: LoginMethod, subject: string | null): void {
		this.#deps.noteLogin({
			outcome: subject === null ? "failed" : "success",
			operation: `login.${method}`,
			subject,
			address: visit.clientAddress,
			requestId: visit.requestId,
		});
	}

	async #providerLink() {
		const { provider } = this.#deps;
		if (provider === null) return null;
		const { issuer, endpoints } = await provider.view();
		const urls = [issuer, endpoints?.authorization ?? issuer];
		const origins = [...new Set(urls.map((url) => new URL(url).origin))];
		return { name: new URL(issuer).hostname, origins };
	}

	#token(): string {
		return Buffer.from(this.#deps.random.bytes(32)).toString("base64url");
	}

	/** Failures as pages, because a person looks at them. */
	async #guarded(work: () => Promise<Step>): Promise<Step> {
		try {
			return await work();
		} catch (error) {
			if (error instanceof ClientRequestError) {
				return problem(400, error.message, startAgain);
			}
			if (isDomainError(error, "unauthenticated", "provider_unavailable", "overloaded")) {
				this.#deps.log.write("warn", error.message, { detail: error.privateDetail || undefined });
				const status = error.code === "unauthenticated" ? 401 : 503;
				return problem(status, error.message, error.hint);
			}
			throw error;
		}
	}
}

function problem(status: number, text: string, hint: string): Step {
	return { kind: "page", page: problemPage(status, text, hint) };
}

function invalidState(): Step {
	return problem(400, "Invalid or expired state", startAgain);
}
