/**
 * Opaque API tokens: `otc_tfe_<id>_<secret>` for a person, `otc_svc_<id>_<secret>` for a machine.
 * The id is public; of the whole only the SHA-256 is stored. Each token is a register of its own:
 * issued, then perhaps revoked, and nothing can bring a revoked one back. A use writes nothing.
 */
import { createHash } from "node:crypto";
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Caller, Principal } from "../../core/principal.ts";
import type { Grant } from "../../core/rbac/grant.ts";
import { Register } from "../../core/register/register.ts";
import { matchesHash, tokenHash } from "../admin-token.ts";
import type { TokenVerifier } from "../admin-verifier.ts";
import { personOf, scopeOf } from "../logins.ts";
import { BoundedMap, ownGrant, readAtMost, type SharedState } from "../shared-state.ts";
import type { Subjects } from "../subjects.ts";
import { TokenIndex, type TokenPlace, type TokensPage, type TokensWanted } from "./token-index.ts";

const tokenRegisters = "__opentaco/register/token-";

export type ApiTokenKind = "tfe" | "svc";

export interface ApiToken {
	readonly id: string;
	readonly kind: ApiTokenKind;
	readonly name: string;
	/** Whom it speaks for: a person, or `service:<name>`. */
	readonly subject: string;
	/** `svc`: the roles that it brings. `tfe`: those of its subject's that count; null: all. */
	readonly roles: readonly string[] | null;
	/** Patterns of unit ids; null: no limit beyond the rights. */
	readonly units: readonly string[] | null;
	/** Key of the organization in which alone it counts, null being the default one; absent: in all. */
	readonly organization?: string | null;
	/** ISO 8601. */
	readonly created: string;
	readonly createdBy: string;
	/** ms since the epoch; null: never. */
	readonly expires: number | null;
	/** ISO 8601; null: it counts. */
	readonly revoked: string | null;
}

interface StoredToken extends ApiToken {
	/** Of the whole token, hex; empty for a token that was revoked before it was issued. */
	readonly sha256: string;
	readonly epoch: number;
	/** The admin token that its subject was proven with; it ends with that one. */
	readonly adminTokenId?: string;
}

export interface NewApiToken {
	readonly kind: ApiTokenKind;
	readonly name: string;
	readonly subject: string;
	readonly roles: readonly string[] | null;
	readonly units: readonly string[] | null;
	/**
	 * Key of the organization that it is made in. A machine's token, and one that is narrowed, count
	 * there alone: their roles and patterns mean that organization's.
	 */
	readonly organization: string | null;
	/** null: it does not expire. */
	readonly lifeMs: number | null;
	/** Instead, where the end was named and not the life: ms since the epoch. */
	readonly endsAt?: number | undefined;
	/** Chosen by what the token comes from, so that it can be revoked by it; else a random one. */
	readonly id?: string;
}

/** Issues, judges, lists and revokes API tokens. */
export class ApiTokens {
	readonly #shared: SharedState;
	readonly #subjects: Subjects;
	readonly #admin: Pick<TokenVerifier, "isCurrent">;
	readonly #registers = new BoundedMap<Register<StoredToken>>(limits.credentialsCachedMax);
	readonly #unknown = new BoundedMap<number>(limits.unknownTokensCachedMax);
	readonly #index: TokenIndex;

	constructor(shared: SharedState, subjects: Subjects, admin: Pick<TokenVerifier, "isCurrent">) {
		this.#shared = shared;
		this.#index = new TokenIndex({
			...shared,
			registers: tokenRegisters,
			find: this.#glance.bind(this),
		});
		this.#subjects = subjects;
		this.#admin = admin;
	}

	/** A new token; its text is returned once and never again. Fails with `invalid_request`. */
	async issue(
		grant: Grant,
		wanted: NewApiToken,
	): Promise<{ readonly token: string; readonly view: ApiToken }> {
		const { random, clock } = this.#shared;
		checkNames(wanted);
		const document = await this.#subjects.find(wanted.subject, 0);
		if (document?.isDisabled === true) throw notIssued();
		const id = wanted.id ?? Buffer.from(random.bytes(10)).toString("hex");
		const secret = Buffer.from(random.bytes(32)).toString("hex");
		const token = `otc_${wanted.kind}_${id}_${secret}`;
		const now = clock.now();
		const { id: createdBy, adminTokenId } = grant.caller.principal;
		const stored: StoredToken = {
			id,
			kind: wanted.kind,
			name: wanted.name,
			subject: wanted.subject,
			roles: wanted.roles,
			units: wanted.units,
			...(wanted.organization === null ? {} : { organization: wanted.organization }),
			created: new Date(now).toISOString(),
			createdBy,
			expires: wanted.endsAt ?? (wanted.lifeMs === null ? null : now + wanted.lifeMs),
			revoked: null,
			sha256: tokenHash(token),
			epoch: document?.tokenEpoch ?? 1,
			...(wanted.subject === "admin" && adminTokenId !== undefined ? { adminTokenId } : {}),
		};
		await this.#index.add(viewOf(stored));
		await this.#register(id).update<void>(grant, (value) => {
			if (value !== null) throw notIssued();
			return { operation: "token.issue", value: stored, result: undefined };
		});
		this.#unknown.delete(id);
		return { token, view: viewOf(stored) };
	}

	/**
	 * Who the token speaks for; null when it proves nothing, has expired or was revoked (on another
	 * server at most `credentialFreshMs` ago). Fails when the store cannot tell (I14).
	 */
	async verify(token: string): Promise<Principal | null> {
		const parsed = parseToken(token);
		if (parsed === null) return null;
		const stored = await this.#find(parsed.id, limits.credentialFreshMs);
		if (stored === null || stored.revoked !== null || stored.kind !== parsed.kind) return null;
		if (!matchesHash(token, stored.sha256)) return null;
		return await this.#principalOf(stored);
	}

	/** What a principal that came with an API token is now; null and failures as of `verify`. */
	async renewPrincipal(principal: Principal): Promise<Principal | null> {
		const stored = await this.#find(principal.loginId, limits.credentialFreshMs);
		if (stored === null || stored.revoked !== null) return null;
		const now = await this.#principalOf(stored);
		if (now === null) return null;
		const { credentialKind, derivedFrom } = principal;
		return { ...now, credentialKind, ...(derivedFrom === undefined ? {} : { derivedFrom }) };
	}

	async #principalOf(stored: StoredToken): Promise<Principal | null> {
		if (stored.expires !== null && stored.expires <= this.#shared.clock.now()) return null;
		const document = await this.#subjects.find(stored.subject);
		if (document?.isDisabled === true) return null;
		if ((document?.tokenEpoch ?? 1) !== stored.epoch) return null;
		const { subject, kind, roles, units, adminTokenId } = stored;
		if (subject === "admin" && !(await this.#admin.isCurrent(adminTokenId ?? ""))) return null;
		const base = {
			id: subject,
			credentialKind: "api-token",
			loginId: stored.id,
			...confinementOf(stored),
		} as const;
		if (kind === "svc") return { ...base, roles: roles ?? [], ...scopeOf(units, null) };
		return {
			...base,
			...(document === null ? {} : personOf(document)),
			...(subject === "admin" ? { roles: ["admin"] } : {}),
			...(adminTokenId === undefined ? {} : { adminTokenId }),
			...scopeOf(units, roles),
		};
	}

	/** A token by its public part; null when there is none. */
	async find(id: string): Promise<ApiToken | null> {
		const stored = isTokenId(id) ? await this.#find(id, 0) : null;
		return stored === null || stored.sha256 === "" ? null : viewOf(stored);
	}

	/** A page of a subject's or an organization's tokens. Fails as TokenIndex.page. */
	async list(place: TokenPlace, wanted: TokensWanted = {}): Promise<TokensPage> {
		return await this.#index.page(place, wanted);
	}

	/**
	 * Revokes a token for good, at once on this server. A token that is not there yet can never be
	 * issued afterwards. Success as well when it was revoked before.
	 */
	async revoke(grant: Grant, id: string): Promise<void> {
		if (!isTokenId(id)) throw noSuchToken();
		const now = new Date(this.#shared.clock.now()).toISOString();
		const ended = await this.#register(id).update<StoredToken>(grant, (value) => {
			if (value !== null && value.revoked !== null) return { answer: value };
			const revoked = { ...(value ?? neverIssued(id, now)), revoked: now };
			return { operation: "token.revoke", value: revoked, result: revoked };
		});
		await this.#index.forget(viewOf(ended));
	}

	/**
	 * Puts off a token's end to `lifeMs` from now; an end that is later, or none, stays. Fails with
	 * `not_found` when the token does not count any more: nothing brings it back.
	 */
	async renew(grant: Grant, id: string, lifeMs: number): Promise<ApiToken> {
		if (!isTokenId(id)) throw noSuchToken();
		checkLife(lifeMs);
		const now = this.#shared.clock.now();
		return await this.#register(id).update<ApiToken>(grant, (value) => {
			if (value === null || value.revoked !== null) throw noSuchToken();
			const { expires } = value;
			if (expires !== null && expires <= now) throw noSuchToken();
			if (expires === null || expires >= now + lifeMs) return { answer: viewOf(value) };
			const renewed = { ...value, expires: now + lifeMs };
			return { operation: "token.renew", value: renewed, result: viewOf(renewed) };
		});
	}

	/** Revokes the token that the caller came with. */
	async revokeOwn(caller: Caller): Promise<void> {
		await this.revoke(await ownGrant(caller), caller.principal.loginId);
	}

	/** As `find`, a few seconds old, and without pushing out the registers of tokens in use. */
	async #glance(id: string): Promise<ApiToken | null> {
		const register = this.#registers.get(id) ?? this.#open(id);
		const { value } = await readAtMost(register, limits.credentialFreshMs);
		return value === null || value.sha256 === "" ? null : viewOf(value);
	}

	async #find(id: string, ageMaxMs: number): Promise<StoredToken | null> {
		const now = this.#shared.clock.monotonic();
		const missedAt = this.#unknown.get(id);
		if (missedAt !== undefined && now - missedAt < ageMaxMs) return null;
		const known = this.#registers.get(id);
		const register = known ?? this.#open(id);
		const { value } = await readAtMost(register, ageMaxMs);
		// Ids that somebody guesses must not push out the registers of tokens in use.
		if (value === null && known === undefined) this.#unknown.set(id, now);
		// A revocation that ran meanwhile keeps its own: it knows more than this one.
		else this.#registers.ensure(id, () => register);
		return value;
	}

	#register(id: string): Register<StoredToken> {
		return this.#registers.ensure(id, () => this.#open(id));
	}

	#open(id: string): Register<StoredToken> {
		return new Register<StoredToken>(this.#shared, `token-${id}`, (value) => {
			const stored = value as Partial<StoredToken> | null;
			if (stored?.id !== id || typeof stored.sha256 !== "string") {
				throw new DomainError("storage_corrupt", "a stored token is not readable");
			}
			return stored as StoredToken;
		});
	}
}

/** Whether the text claims to be an API token: then it is judged as one and as nothing else. */
export function looksLikeApiToken(token: string): boolean {
	return /^otc_(tfe|svc)_/i.test(token);
}

/** The id of the token that comes from a code or another single use, the same on all servers. */
export function tokenIdFrom(origin: string): string {
	return createHash("sha256").update(`token ${origin}`, "utf8").digest("hex").slice(0, 20);
}

function parseToken(token: string): { kind: ApiTokenKind; id: string } | null {
	const match = /^otc_(tfe|svc)_([0-9a-f]{20})_[0-9a-f]{64}$/.exec(token);
	if (match?.[2] === undefined) return null;
	return { kind: match[1] === "svc" ? "svc" : "tfe", id: match[2] };
}

function isTokenId(id: string): boolean {
	return /^[0-9a-f]{20}$/.test(id);
}

function checkNames(wanted: NewApiToken): void {
	const bytes = Buffer.byteLength(wanted.name);
	if (bytes === 0 || bytes > limits.tokenNameBytesMax || /[\p{C}]/u.test(wanted.name)) {
		throw new DomainError(
			"invalid_request",
			`a token needs a name of at most ${limits.tokenNameBytesMax} bytes, without control characters`,
		);
	}
	for (const list of [wanted.roles, wanted.units]) {
		const isFine =
			list === null ||
			(list.length <= limits.tokenScopesMax &&
				list.every((one) => one !== "" && Buffer.byteLength(one) <= limits.escapedIdBytesMax));
		if (!isFine) {
			throw new DomainError(
				"invalid_request",
				`a token takes at most ${limits.tokenScopesMax} roles or unit patterns, none empty or overlong`,
			);
		}
	}
	if (wanted.lifeMs !== null) checkLife(wanted.lifeMs);
}

function checkLife(lifeMs: number): void {
	if (!(Number.isSafeInteger(lifeMs) && lifeMs > 0 && lifeMs < 1e14)) {
		throw new DomainError("invalid_request", "a token's life must be a positive duration");
	}
}

function noSuchToken(): DomainError {
	return new DomainError("not_found", "there is no such token", {
		hint: "taco token ls lists them",
	});
}

function notIssued(): DomainError {
	return new DomainError("unauthenticated", "no token can be issued", {
		hint: "log in again",
	});
}

function neverIssued(id: string, now: string): StoredToken {
	return {
		id,
		kind: "tfe",
		name: "",
		subject: "",
		roles: null,
		units: null,
		created: now,
		createdBy: "",
		expires: null,
		revoked: null,
		sha256: "",
		epoch: 0,
	};
}

function viewOf(stored: StoredToken): ApiToken {
	const { sha256: _hash, epoch: _epoch, organization: _organization, ...view } = stored;
	return { ...view, ...confinementOf(stored) };
}

/** Where the token counts; tokens from before there were organizations mean the default one. */
function confinementOf(stored: StoredToken): Pick<ApiToken, "organization"> {
	const { kind, roles, units, organization = null } = stored;
	return kind === "svc" || roles !== null || units !== null ? { organization } : {};
}
