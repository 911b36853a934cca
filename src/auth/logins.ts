/**
 * Logins: a short-lived access token and a refresh token that renews both, once. Using a refresh
 * token a second time means that somebody else has it: the whole login ends (RFC 9700, 4.14.2).
 */
import { DomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import { type Random, randomId } from "../core/ports/random.ts";
import type { CredentialScope, Principal } from "../core/principal.ts";
import type { TokenVerifier } from "./admin-verifier.ts";
import { ownGrant, type SharedState, systemGrant } from "./shared-state.ts";
import type { Identity, SubjectDocument, Subjects } from "./subjects.ts";
import type { Claims, SignedTokens } from "./token/signed-token.ts";
import type { UsedOnce } from "./used-once.ts";

/** How somebody proved who they are. */
export type LoginMethod = "provider" | "local" | "admin" | "ci";

export interface TokenPair {
	readonly accessToken: string;
	/** null: this login is not renewed. */
	readonly refreshToken: string | null;
	readonly expiresInSeconds: number;
}

/** A login from a CI system: no person, rights from the rule that matched. */
export interface MachineLogin {
	readonly subject: string;
	readonly roles: readonly string[];
	readonly units: readonly string[] | null;
	/** Key of the organization whose roles they are; null: the default one. */
	readonly organization: string | null;
}

export interface LoginsDeps {
	readonly shared: SharedState;
	readonly signed: SignedTokens;
	readonly subjects: Subjects;
	readonly used: UsedOnce;
	readonly random: Random;
	readonly admin: Pick<TokenVerifier, "isCurrent">;
	readonly accessTokenMs: number;
	readonly refreshTokenMs: number;
}

interface LoginClaims {
	readonly subject: string;
	readonly login: string;
	readonly method: LoginMethod;
	readonly epoch: number;
	/** ms since the epoch */
	readonly began: number;
	/** Of a login with the admin token: which one it was. */
	readonly adminTokenId?: string;
}

/** Begins, renews, judges and ends logins. */
export class Logins {
	readonly #deps: LoginsDeps;

	constructor(deps: LoginsDeps) {
		this.#deps = deps;
	}

	/** Begins a login of a person. Fails with `unauthenticated` when the account is disabled. */
	async begin(identity: Identity, method: LoginMethod): Promise<TokenPair> {
		await this.note(identity);
		return await this.beginNoted(identity.subject, method, randomId(this.#deps.random));
	}

	/** Notes who has logged in; what is granted to them follows. Fails as `begin`. */
	async note(identity: Identity): Promise<void> {
		await this.#deps.subjects.noteLogin(await systemGrant(), identity);
	}

	/** Begins the login `login` of a person who was noted a moment ago. Fails as `begin`. */
	async beginNoted(
		subject: string,
		method: LoginMethod,
		login: string,
		by: Pick<Principal, "adminTokenId"> = {},
	): Promise<TokenPair> {
		const { subjects, shared } = this.#deps;
		const document = await subjects.find(subject, 0);
		if (document === null || document.isDisabled) throw invalidRefresh();
		const epoch = document.loginEpoch;
		return await this.#pair({ subject, login, method, epoch, began: shared.clock.now(), ...by });
	}

	/** A token for a CI job: it is not renewed, and it brings its own roles. */
	async beginMachine(machine: MachineLogin): Promise<TokenPair> {
		const { signed, random, accessTokenMs } = this.#deps;
		const { claims, token } = await signed.sign("access", machine.subject, accessTokenMs, {
			sid: randomId(random),
			method: "ci",
			roles: machine.roles,
			...(machine.units === null ? {} : { units: machine.units }),
			...(machine.organization === null ? {} : { organization: machine.organization }),
		});
		return {
			accessToken: token,
			refreshToken: null,
			expiresInSeconds: claims.exp - claims.iat,
		};
	}

	/** Renews a login. Fails with `unauthenticated`; a second use of the token ends the login. */
	async refresh(refreshToken: string): Promise<TokenPair> {
		const { signed, subjects, used } = this.#deps;
		const claims = await signed.verify("refresh", refreshToken);
		const login = claims === null ? null : loginOf(claims);
		if (claims === null || login === null) throw invalidRefresh();
		const document = await subjects.find(login.subject, 0);
		if (!isCounting(document, login) || !(await this.#isBacked(login))) throw invalidRefresh();
		if (await used.claim(claims.jti, claims.exp * 1000)) return await this.#pair(login);
		await subjects.endLogin(await systemGrant(), login.subject, login.login, this.#endOf(login));
		this.#deps.shared.log.write("warn", "a refresh token was used twice; its login was ended", {
			subject: login.subject,
		});
		throw invalidRefresh();
	}

	/** Ends the login that the refresh token belongs to, used or not. False when it proves nothing. */
	async endByRefreshToken(refreshToken: string): Promise<boolean> {
		const claims = await this.#deps.signed.verify("refresh", refreshToken);
		const login = claims === null ? null : loginOf(claims);
		if (login === null) return false;
		const grant = await systemGrant();
		await this.#deps.subjects.endLogin(grant, login.subject, login.login, this.#endOf(login));
		return true;
	}

	/** Ends a login by its id, begun or not yet. */
	async endById(subject: string, login: string): Promise<void> {
		const { subjects, shared } = this.#deps;
		const until = shared.clock.now() + this.#lifeMs();
		await subjects.endLogin(await systemGrant(), subject, login, until);
	}

	/** Ends the login of a principal that came with an access token. */
	async end(principal: Principal, requestId: string): Promise<void> {
		const { subjects, shared } = this.#deps;
		const grant = await ownGrant({ principal, surface: "management", requestId });
		const until = shared.clock.now() + this.#lifeMs();
		await subjects.endLogin(grant, principal.id, principal.loginId, until);
	}

	/**
	 * Who an access token speaks for; null when it proves nothing, or belongs to a login that has
	 * ended. Fails when the store cannot tell (I14).
	 */
	async verify(accessToken: string): Promise<Principal | null> {
		const { signed, subjects } = this.#deps;
		const claims = await signed.verify("access", accessToken);
		if (claims === null) return null;
		if (claims.method === "ci") return machinePrincipal(claims);
		const login = loginOf(claims);
		if (login === null) return null;
		const document = await subjects.find(login.subject);
		if (!isCounting(document, login) || !(await this.#isBacked(login))) return null;
		const { adminTokenId } = login;
		return {
			id: login.subject,
			credentialKind: "access-token",
			loginId: login.login,
			epoch: login.epoch,
			...personOf(document),
			...(login.method === "admin" ? { roles: ["admin"] } : {}),
			...(adminTokenId === undefined ? {} : { adminTokenId }),
		};
	}

	/**
	 * What a principal that came with an access token is now; null: its login has ended, as
	 * everywhere at most `credentialFreshMs` ago. A CI job's cannot end early. Fails as `verify`.
	 */
	async renewPrincipal(principal: Principal): Promise<Principal | null> {
		const { id, loginId, epoch, adminTokenId } = principal;
		if (epoch === undefined) return principal;
		const document = await this.#deps.subjects.find(id);
		if (!isCounting(document, { login: loginId, epoch })) return null;
		if (adminTokenId !== undefined && !(await this.#deps.admin.isCurrent(adminTokenId)))
			return null;
		return { ...principal, ...personOf(document) };
	}

	/** A login with the admin token ends when another token takes its place. */
	async #isBacked({ method, adminTokenId }: LoginClaims): Promise<boolean> {
		return method !== "admin" || (await this.#deps.admin.isCurrent(adminTokenId ?? ""));
	}

	async #pair(login: LoginClaims): Promise<TokenPair> {
		const { signed, accessTokenMs, refreshTokenMs, shared } = this.#deps;
		const { subject, login: sid, method, epoch, began, adminTokenId } = login;
		const leftMs = this.#endOf(login) - shared.clock.now();
		if (leftMs < 1000) throw invalidRefresh();
		const backing = adminTokenId === undefined ? {} : { admin_token: adminTokenId };
		const claims = { sid, method, epoch, began, ...backing };
		const access = await signed.sign("access", subject, Math.min(accessTokenMs, leftMs), claims);
		const refresh = await signed.sign("refresh", subject, Math.min(refreshTokenMs, leftMs), claims);
		return {
			accessToken: access.token,
			refreshToken: refresh.token,
			expiresInSeconds: access.claims.exp - access.claims.iat,
		};
	}

	#endOf(login: LoginClaims): number {
		return login.began + this.#lifeMs();
	}

	#lifeMs(): number {
		return Math.max(limits.loginMaxMs, this.#deps.refreshTokenMs);
	}
}

/** E-mail address and groups as a principal has them. */
export function personOf(document: SubjectDocument): Pick<Principal, "email" | "groups"> {
	return {
		...(document.email === null ? {} : { email: document.email }),
		groups: document.groups,
	};
}

/** A scope that narrows nothing is no scope. */
export function scopeOf(
	units: readonly string[] | null,
	roles: readonly string[] | null,
): { scope?: CredentialScope } {
	return units === null && roles === null ? {} : { scope: { units, roles } };
}

function isCounting(
	document: SubjectDocument | null,
	login: Pick<LoginClaims, "epoch" | "login">,
): document is SubjectDocument {
	return (
		document !== null &&
		!document.isDisabled &&
		document.loginEpoch === login.epoch &&
		!document.endedLogins.some((one) => one.login === login.login)
	);
}

function loginOf(claims: Claims): LoginClaims | null {
	const { sub, sid, method, epoch, began, admin_token: adminToken } = claims;
	if (typeof sid !== "string" || typeof epoch !== "number" || typeof began !== "number") {
		return null;
	}
	if (method !== "provider" && method !== "local" && method !== "admin") return null;
	const backing = typeof adminToken === "string" ? { adminTokenId: adminToken } : {};
	return { subject: sub, login: sid, method, epoch, began, ...backing };
}

function machinePrincipal(claims: Claims): Principal | null {
	const { sub, sid, roles, units, organization = null } = claims;
	if (typeof sid !== "string" || !isTexts(roles)) return null;
	if (units !== undefined && !isTexts(units)) return null;
	if (organization !== null && typeof organization !== "string") return null;
	return {
		id: sub,
		credentialKind: "access-token",
		loginId: sid,
		roles,
		organization,
		...scopeOf(units ?? null, null),
	};
}

function isTexts(value: unknown): value is string[] {
	return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function invalidRefresh(): DomainError {
	return new DomainError("unauthenticated", "the refresh token is not valid", {
		hint: "log in again: taco login",
	});
}
