/**
 * What is known of the people behind credentials: the e-mail address and groups of their latest
 * login, and what of theirs no longer counts. Tokens name their subject and are judged by this
 * document at each use, so that a change reaches credentials that are already about.
 */
import { createHash } from "node:crypto";
import { DomainError } from "../core/errors.ts";
import { limits } from "../core/limits.ts";
import type { Grant } from "../core/rbac/grant.ts";
import { Register } from "../core/register/register.ts";
import { BoundedMap, readAtMost, type SharedState } from "./shared-state.ts";

export interface SubjectDocument {
	readonly subject: string;
	readonly email: string | null;
	readonly groups: readonly string[];
	readonly isDisabled: boolean;
	/** Logins of an earlier epoch no longer count. */
	readonly loginEpoch: number;
	/** The same for API tokens. */
	readonly tokenEpoch: number;
	/** Single logins that no longer count, until their tokens have run out anyway. */
	readonly endedLogins: readonly { readonly login: string; readonly until: number }[];
}

/** Somebody who has just proved who they are. */
export interface Identity {
	/** Stable and unique over all sources: `user:…`, `oidc:…`, `admin`. */
	readonly subject: string;
	readonly email: string | null;
	readonly groups: readonly string[];
}

/** The documents about people, each a register of its own. */
export class Subjects {
	readonly #shared: SharedState;
	readonly #registers = new BoundedMap<Register<SubjectDocument>>(limits.credentialsCachedMax);

	constructor(shared: SharedState) {
		this.#shared = shared;
	}

	/** What is known, at most `ageMaxMs` old; null: this subject has never logged in. */
	async find(
		subject: string,
		ageMaxMs: number = limits.credentialFreshMs,
	): Promise<SubjectDocument | null> {
		return (await readAtMost(this.#register(subject), ageMaxMs)).value;
	}

	/** Notes a login's e-mail address and groups. Fails with `unauthenticated` for the disabled. */
	async noteLogin(grant: Grant, identity: Identity): Promise<SubjectDocument> {
		return await this.#register(identity.subject).update(grant, (value) => {
			if (value?.isDisabled === true) throw disabled();
			const next: SubjectDocument = {
				...(value ?? freshSubject(identity.subject)),
				email: identity.email,
				groups: [...identity.groups].sort(),
			};
			const isSame =
				value !== null &&
				value.email === next.email &&
				JSON.stringify(value.groups) === JSON.stringify(next.groups);
			if (isSame) return { answer: value };
			return { operation: "subject.login", value: next, result: next };
		});
	}

	/** Ends one login everywhere, for good. `until` is when its last token has run out. */
	async endLogin(grant: Grant, subject: string, login: string, until: number): Promise<void> {
		const now = this.#shared.clock.now();
		await this.#register(subject).update<void>(grant, (value) => {
			const document = value ?? freshSubject(subject);
			if (document.endedLogins.some((one) => one.login === login)) return { answer: undefined };
			const kept = document.endedLogins.filter((one) => one.until > now);
			const endedLogins = [...kept, { login, until: until + limits.clockSkewMaxMs }];
			const next =
				endedLogins.length > limits.loginsRevokedMax
					? { ...document, loginEpoch: document.loginEpoch + 1, endedLogins: [] }
					: { ...document, endedLogins };
			return { operation: "subject.logout", value: next, result: undefined };
		});
	}

	/** Ends all logins of the subject, and with `tokens` its API tokens too. */
	async endAll(grant: Grant, subject: string, what: "logins" | "tokens too"): Promise<void> {
		await this.#register(subject).update<void>(grant, (value) => {
			const next = withoutCredentials(value ?? freshSubject(subject), what);
			return { operation: "subject.revoke", value: next, result: undefined };
		});
	}

	/** Lets the subject log in or not; either way nothing that it had before counts any more. */
	async setDisabled(grant: Grant, subject: string, isDisabled: boolean): Promise<void> {
		await this.#register(subject).update<void>(grant, (value) => {
			const document = withoutCredentials(value ?? freshSubject(subject), "tokens too");
			const operation = isDisabled ? "subject.disable" : "subject.enable";
			return { operation, value: { ...document, isDisabled }, result: undefined };
		});
	}

	#register(subject: string): Register<SubjectDocument> {
		return this.#registers.ensure(subject, () => {
			const name = createHash("sha256").update(subject, "utf8").digest("hex").slice(0, 40);
			return new Register<SubjectDocument>(this.#shared, `subject-${name}`, (value) => {
				const document = value as Partial<SubjectDocument> | null;
				if (document?.subject !== subject || !Array.isArray(document.endedLogins)) {
					throw new DomainError("storage_corrupt", "what is known of a subject is not readable");
				}
				return document as SubjectDocument;
			});
		});
	}
}

function withoutCredentials(
	document: SubjectDocument,
	what: "logins" | "tokens too",
): SubjectDocument {
	return {
		...document,
		loginEpoch: document.loginEpoch + 1,
		tokenEpoch: document.tokenEpoch + (what === "tokens too" ? 1 : 0),
		endedLogins: [],
	};
}

function freshSubject(subject: string): SubjectDocument {
	return {
		subject,
		email: null,
		groups: [],
		isDisabled: false,
		loginEpoch: 1,
		tokenEpoch: 1,
		endedLogins: [],
	};
}

function disabled(): DomainError {
	return new DomainError("unauthenticated", "this account is disabled", {
		hint: "ask an administrator",
	});
}
