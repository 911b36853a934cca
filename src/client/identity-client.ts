/** The typed client of `/v1/auth`, and of the token endpoint of the server's own login pages. */
import type {
	CreateToken,
	CreateUser,
	LoginConfig,
	Me,
	TokenCreated,
	TokenList,
	TokenPairView,
	TokenView,
	UserList,
	UserView,
} from "../api/identity.ts";
import { ClientError } from "./errors.ts";
import { type ApiRequest, Http, type HttpOptions } from "./http.ts";
import { allPages } from "./pages.ts";

interface CallOptions {
	readonly signal?: AbortSignal | undefined;
}

/** A server and perhaps a token. Every method throws ClientError, and nothing else. */
export class IdentityClient {
	readonly #http: Http;

	/** @throws ClientError `invalid_server_url`, `invalid_token`. */
	constructor(options: HttpOptions) {
		this.#http = new Http(options);
	}

	get serverUrl(): string {
		return this.#http.serverUrl;
	}

	/** How to log in; null when the server is older than logins. */
	async loginConfig(options: CallOptions = {}): Promise<LoginConfig | null> {
		try {
			return await this.#call<LoginConfig>(
				{ method: "GET", path: "/v1/auth/config", repeatable: true, ...options },
				"login",
			);
		} catch (error) {
			const isOlder =
				error instanceof ClientError && (error.status === 404 || error.status === 401);
			if (isOlder) return null;
			throw error;
		}
	}

	/** Sent once: a person's ID token counts once. */
	exchange(
		idToken: string,
		nonce: string | null,
		options: CallOptions = {},
	): Promise<TokenPairView> {
		const json = nonce === null ? { id_token: idToken } : { id_token: idToken, nonce };
		return this.#call(
			{ method: "POST", path: "/v1/auth/exchange", json, repeatable: false, ...options },
			"access_token",
		);
	}

	/** Sent once: a second use of a refresh token ends the login. */
	refresh(refreshToken: string, options: CallOptions = {}): Promise<TokenPairView> {
		const json = { refresh_token: refreshToken };
		return this.#call(
			{ method: "POST", path: "/v1/auth/token", json, repeatable: false, ...options },
			"access_token",
		);
	}

	/** Ends the login of a refresh token. */
	async revoke(refreshToken: string, options: CallOptions = {}): Promise<void> {
		const json = { refresh_token: refreshToken };
		const path = "/v1/auth/revoke";
		await this.#http.json({ method: "POST", path, json, repeatable: true, ...options });
	}

	/** Ends the login, or revokes the API token, that this client uses. */
	async logout(options: CallOptions = {}): Promise<void> {
		await this.#http.json({
			...{ method: "POST", path: "/v1/auth/logout", repeatable: false },
			...options,
		} as ApiRequest);
	}

	me(options: CallOptions = {}): Promise<Me> {
		return this.#call(
			{ method: "GET", path: "/v1/auth/me", repeatable: true, ...options },
			"subject",
		);
	}

	/** Sent once: a second one would make a second token. */
	createToken(wanted: CreateToken, options: CallOptions = {}): Promise<TokenCreated> {
		const path = "/v1/auth/tokens";
		return this.#call(
			{ method: "POST", path, json: wanted, repeatable: false, ...options },
			"token",
		);
	}

	/** One's own or all of the organization, oldest first, over as many pages as it takes. */
	async listTokens(filter: { all: boolean }, options: CallOptions = {}): Promise<TokenView[]> {
		const tokens = await allPages(async ({ cursor }) => {
			const query: [string, string][] = [];
			if (filter.all) query.push(["all", "true"]);
			if (cursor !== undefined) query.push(["cursor", cursor]);
			const { tokens: items, next }: TokenList = await this.#call(
				{ method: "GET", path: "/v1/auth/tokens", query, repeatable: true, ...options },
				"tokens",
			);
			return { items, next };
		});
		return tokens.sort((a, b) => (a.created < b.created ? -1 : 1));
	}

	/** One that was not revoked. */
	getToken(id: string, options: CallOptions = {}): Promise<TokenView> {
		const path = `/v1/auth/tokens/${encodeURIComponent(id)}`;
		return this.#call({ method: "GET", path, repeatable: true, ...options }, "id");
	}

	/** Puts off its end to so many seconds from now. */
	renewToken(id: string, ttlSeconds: number, options: CallOptions = {}): Promise<TokenView> {
		const path = `/v1/auth/tokens/${encodeURIComponent(id)}/renew`;
		const json = { ttl_seconds: ttlSeconds };
		return this.#call({ method: "POST", path, json, repeatable: true, ...options }, "id");
	}

	async revokeToken(id: string, options: CallOptions = {}): Promise<void> {
		const path = `/v1/auth/tokens/${encodeURIComponent(id)}`;
		await this.#http.json({ method: "DELETE", path, repeatable: true, ...options });
	}

	createUser(user: CreateUser, options: CallOptions = {}): Promise<UserView> {
		const path = "/v1/auth/users";
		return this.#call({ method: "POST", path, json: user, repeatable: false, ...options }, "name");
	}

	listUsers(options: CallOptions = {}): Promise<UserList> {
		return this.#call(
			{ method: "GET", path: "/v1/auth/users", repeatable: true, ...options },
			"users",
		);
	}

	async setPassword(name: string, password: string, options: CallOptions = {}): Promise<void> {
		const path = `/v1/auth/users/${encodeURIComponent(name)}/password`;
		const json = { password };
		await this.#http.json({ method: "POST", path, json, repeatable: true, ...options });
	}

	async removeUser(name: string, options: CallOptions = {}): Promise<void> {
		const path = `/v1/auth/users/${encodeURIComponent(name)}`;
		await this.#http.json({ method: "DELETE", path, repeatable: false, ...options });
	}

	/** A JSON object that has the field by which the answer is known. */
	async #call<T>(request: ApiRequest, field: keyof T & string): Promise<T> {
		const value = await this.#http.json(request);
		if (typeof value !== "object" || value === null || !Object.hasOwn(value, field)) {
			throw new ClientError("invalid_response", "the answer is not one of an OpenTaco server", {
				hint: "check the address in --server or OPENTACO_SERVER",
			});
		}
		return value as T;
	}
}
