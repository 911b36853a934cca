/** Where an issuer's endpoints are: by discovery (OpenID Connect Discovery 1.0), or as configured. */
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { type Fetch, fetchJson, isFetchable } from "./bounded-fetch.ts";

export interface Endpoints {
	/** Exactly as its tokens name it. */
	readonly issuer: string;
	readonly authorization: string | null;
	readonly token: string | null;
	readonly jwks: string;
	readonly deviceAuthorization: string | null;
	/** What it says that it signs with; null: it does not say. */
	readonly algorithms: readonly string[] | null;
}

export interface EndpointOptions {
	readonly fetch: Fetch;
	readonly clock: Pick<Clock, "monotonic">;
	readonly issuer: string;
	/** What replaces discovery; discovery is not asked when nothing is missing. */
	readonly fixed: {
		readonly authorization?: string | undefined;
		readonly token?: string | undefined;
		readonly jwks?: string | undefined;
	};
}

/** The endpoints of one issuer, asked for when first needed and again when an hour old. */
export class EndpointFinder {
	readonly #options: EndpointOptions;
	#found: { readonly endpoints: Endpoints; readonly at: number } | null = null;
	#failedAt = Number.NEGATIVE_INFINITY;
	#finding: Promise<Endpoints> | null = null;

	constructor(options: EndpointOptions) {
		this.#options = options;
	}

	/** Fails with `provider_unavailable`; the next call tries again after a moment. */
	async find(): Promise<Endpoints> {
		const { authorization, token, jwks } = this.#options.fixed;
		if (authorization !== undefined && token !== undefined && jwks !== undefined) {
			const { issuer } = this.#options;
			return {
				issuer,
				authorization,
				token,
				jwks,
				deviceAuthorization: null,
				algorithms: null,
			};
		}
		const now = this.#options.clock.monotonic();
		if (this.#found !== null && now - this.#found.at < limits.discoveryFreshMs) {
			return this.#found.endpoints;
		}
		if (now - this.#failedAt < limits.discoveryRetryMs) {
			if (this.#found !== null) return this.#found.endpoints;
			throw wrong("it did not answer a moment ago");
		}
		this.#finding ??= this.#discover().finally(() => {
			this.#finding = null;
		});
		try {
			return await this.#finding;
		} catch (error) {
			this.#failedAt = this.#options.clock.monotonic();
			// Endpoints hardly ever move: old ones are better than none.
			if (this.#found !== null) return this.#found.endpoints;
			throw error;
		}
	}

	async #discover(): Promise<Endpoints> {
		const { issuer, fetch, clock, fixed } = this.#options;
		const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
		const { status, body } = await fetchJson(fetch, url, "discovery");
		if (status !== 200) throw wrong(`it answers ${status}`);
		const named = body.issuer;
		if (typeof named !== "string" || withoutSlash(named) !== withoutSlash(issuer)) {
			throw wrong("it names another issuer than OPENTACO_AUTH_ISSUER");
		}
		const isPrivate = issuer.startsWith("http://");
		const endpoint = (name: string): string | null => {
			const value = body[name];
			if (typeof value !== "string" || !isFetchable(value)) return null;
			// A provider on the internet must not point at this machine.
			return value.startsWith("https:") || isPrivate ? value : null;
		};
		const jwks = fixed.jwks ?? endpoint("jwks_uri");
		if (jwks === null) throw wrong("it names no usable jwks_uri");
		const algorithms = body.id_token_signing_alg_values_supported;
		const endpoints: Endpoints = {
			issuer: named,
			authorization: fixed.authorization ?? endpoint("authorization_endpoint"),
			token: fixed.token ?? endpoint("token_endpoint"),
			jwks,
			deviceAuthorization: endpoint("device_authorization_endpoint"),
			algorithms: Array.isArray(algorithms)
				? algorithms.filter((one): one is string => typeof one === "string")
				: null,
		};
		this.#found = { endpoints, at: clock.monotonic() };
		return endpoints;
	}
}

function withoutSlash(issuer: string): string {
	return issuer.replace(/\/$/, "");
}

function wrong(why: string): DomainError {
	return new DomainError("provider_unavailable", "discovery of the identity provider failed", {
		hint: "check OPENTACO_AUTH_ISSUER; the server's log says more under the request id",
		privateDetail: why,
	});
}
