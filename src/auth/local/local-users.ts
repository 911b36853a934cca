/** Users with passwords, for those who have no identity provider: one register, kept by the admin. */
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { Grant } from "../../core/rbac/grant.ts";
import { Register } from "../../core/register/register.ts";
import type { SharedState } from "../shared-state.ts";
import type { Identity, Subjects } from "../subjects.ts";
import { Passwords } from "./passwords.ts";

export interface LocalUser {
	readonly name: string;
	readonly email: string | null;
	readonly groups: readonly string[];
	/** ISO 8601 */
	readonly created: string;
}

interface StoredUser extends LocalUser {
	readonly passwordHash: string;
}

interface UsersDocument {
	readonly users: readonly StoredUser[];
}

/** The register of users with passwords. */
export class LocalUsers {
	readonly #shared: SharedState;
	readonly #subjects: Subjects;
	readonly #register: Register<UsersDocument>;
	readonly #passwords = new Passwords();

	constructor(shared: SharedState, subjects: Subjects) {
		this.#shared = shared;
		this.#subjects = subjects;
		this.#register = new Register<UsersDocument>(shared, "users", (value) => {
			const document = value as Partial<UsersDocument> | null;
			if (!Array.isArray(document?.users)) {
				throw new DomainError("storage_corrupt", "the register of users is not readable");
			}
			return document as UsersDocument;
		});
	}

	/** All users by name, without their passwords. */
	async list(): Promise<LocalUser[]> {
		const { value } = await this.#register.read();
		return (value?.users ?? []).map(viewOf).sort((a, b) => (a.name < b.name ? -1 : 1));
	}

	/**
	 * A new user. A name that is an e-mail address is also the user's address. Fails with
	 * `invalid_request`, `conflict`, `too_large`.
	 */
	async create(
		grant: Grant,
		wanted: {
			readonly name: string;
			readonly password: string;
			readonly groups: readonly string[];
		},
	): Promise<LocalUser> {
		const name = checkedName(wanted.name);
		checkGroups(wanted.groups);
		const user: StoredUser = {
			name,
			email: name.includes("@") ? name : null,
			groups: [...wanted.groups],
			created: new Date(this.#shared.clock.now()).toISOString(),
			passwordHash: await this.#passwords.hash(wanted.password),
		};
		await this.#register.update<void>(grant, (value) => {
			const users = value?.users ?? [];
			if (users.some((one) => one.name === name)) {
				throw new DomainError("conflict", "there is a user of that name", {
					hint: "set a new password with taco user passwd",
				});
			}
			if (users.length >= limits.localUsersMax) {
				throw new DomainError(
					"too_large",
					`more than ${limits.localUsersMax} local users are not kept`,
					{ hint: "use an identity provider" },
				);
			}
			return { operation: "user.create", value: { users: [...users, user] }, result: undefined };
		});
		// Whoever had the name before left nothing behind.
		await this.#subjects.setDisabled(grant, localSubject(name), false);
		return viewOf(user);
	}

	/** A new password; the user's logins end. Fails with `invalid_request`, `not_found`. */
	async setPassword(grant: Grant, givenName: string, password: string): Promise<void> {
		const name = checkedName(givenName);
		const passwordHash = await this.#passwords.hash(password);
		await this.#register.update<void>(grant, (value) => {
			const users = value?.users ?? [];
			if (!users.some((one) => one.name === name)) throw noSuchUser();
			const next = users.map((one) => (one.name === name ? { ...one, passwordHash } : one));
			return { operation: "user.passwd", value: { users: next }, result: undefined };
		});
		await this.#subjects.endAll(grant, localSubject(name), "logins");
	}

	/** Removes the user; no login and no token of theirs counts any more. Fails with `not_found`. */
	async remove(grant: Grant, givenName: string): Promise<void> {
		const name = checkedName(givenName);
		const { value } = await this.#register.read();
		if (value?.users.some((one) => one.name === name) !== true) throw noSuchUser();
		// First what they hold, so that a failure in between leaves nobody logged in.
		await this.#subjects.setDisabled(grant, localSubject(name), true);
		await this.#register.update<void>(grant, (current) => {
			const users = (current?.users ?? []).filter((one) => one.name !== name);
			if (users.length === current?.users.length) return { answer: undefined };
			return { operation: "user.remove", value: { users }, result: undefined };
		});
	}

	/** The user with that name and password; null when they do not fit. Fails with `overloaded`. */
	async authenticate(name: string, password: string): Promise<Identity | null> {
		const { value } = await this.#register.readCached(limits.credentialFreshMs);
		const user = value?.users.find((one) => one.name === name.toLowerCase());
		const isRight = await this.#passwords.verify(password, user?.passwordHash ?? null);
		if (!isRight || user === undefined) return null;
		return { subject: localSubject(user.name), email: user.email, groups: user.groups };
	}
}

function localSubject(name: string): string {
	return `user:${name}`;
}

function checkedName(text: string): string {
	const name = text.toLowerCase();
	if (!/^[a-z0-9][a-z0-9._+-]{0,63}(?:@[a-z0-9][a-z0-9.-]{0,127})?$/.test(name)) {
		throw new DomainError(
			"invalid_request",
			"a user's name is an e-mail address, or letters, digits, dots, dashes and underscores",
		);
	}
	return name;
}

function checkGroups(groups: readonly string[]): void {
	const isFine =
		groups.length <= limits.groupsMax &&
		groups.every((one) => one !== "" && Buffer.byteLength(one) <= limits.groupBytesMax);
	if (!isFine) throw new DomainError("invalid_request", "a group's name is empty or too long");
}

function noSuchUser(): DomainError {
	return new DomainError("not_found", "there is no local user of that name", {
		hint: "taco user ls lists them",
	});
}

function viewOf(user: StoredUser): LocalUser {
	const { passwordHash: _hash, ...view } = user;
	return view;
}
