/**
 * Which API tokens somebody has, and which an organization has: an object without content for each,
 * so that a list reads the tokens that it shows and no others. A cache: what it names and does not
 * count any more is passed over, and it is made anew when it is not whole.
 */
import { createHash } from "node:crypto";
import { DomainError } from "../../core/errors.ts";
import { limits } from "../../core/limits.ts";
import type { BlobStore, ListOptions, ListPage } from "../../core/ports/blob-store.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { orUnavailable } from "../../core/ports/unavailable.ts";
import type { ApiToken } from "./api-token.ts";

const root = "__opentaco/tokens/";
const wholeKey = `${root}whole`;
const empty = new Uint8Array();
const idForm = /^[0-9a-f]{20}$/;
const readsAtOnce = limits.directoryReadsAtOnce;

/** Whose tokens are meant: those that speak for a subject, or an organization's (null: the default one's). */
export type TokenPlace = { readonly subject: string } | { readonly organization: string | null };

export interface TokensWanted {
	/** At most so many; `tokensPageMax` without it. */
	readonly limit?: number | undefined;
	/** The `next` of the page before. */
	readonly after?: string | undefined;
	readonly wants?: ((token: ApiToken) => boolean) | undefined;
}

export interface TokensPage {
	/** In order of their ids. */
	readonly tokens: readonly ApiToken[];
	/** The `after` of the next page; absent on the last one. */
	readonly next?: string | undefined;
}

export interface TokenIndexDeps {
	readonly store: BlobStore;
	readonly clock: Clock;
	/** What the keys of all tokens' registers begin with. */
	readonly registers: string;
	/** null: it was never issued, or is about to be. */
	readonly find: (id: string) => Promise<ApiToken | null>;
}

/** Lists tokens by subject and by organization. */
export class TokenIndex {
	readonly #deps: TokenIndexDeps;
	#completing: Promise<void> | null = null;

	constructor(deps: TokenIndexDeps) {
		this.#deps = deps;
	}

	/** Before the token is issued: one that counts must be found. Fails with `storage_unavailable`. */
	async add(token: ApiToken): Promise<void> {
		const { store } = this.#deps;
		const keys = placesOf(token).map((place) => keyOf(place, token.id));
		await orUnavailable(() => Promise.all(keys.map((key) => store.put(key, empty))));
	}

	/** After the token has ended for good. Never fails: a list passes over what stays. */
	async forget(token: ApiToken): Promise<void> {
		const { store } = this.#deps;
		const keys = placesOf(token).map((place) => keyOf(place, token.id));
		await Promise.allSettled(keys.map((key) => store.delete(key)));
	}

	/**
	 * A page of the tokens there that were not revoked and did not end long ago. Fails with
	 * `invalid_request`, `storage_unavailable`, or as `find`.
	 */
	async page(
		place: TokenPlace,
		{ limit = limits.tokensPageMax, after = "", wants = () => true }: TokensWanted,
	): Promise<TokensPage> {
		if (limit < 1 || limit > limits.tokensPageMax || !(after === "" || idForm.test(after))) {
			throw new DomainError("invalid_request", "there is no such page of tokens", {
				hint: `give a limit from 1 to ${limits.tokensPageMax}, and the cursor of the page before`,
			});
		}
		await this.#complete();
		const prefix = keyOf(place, "");
		const tokens: ApiToken[] = [];
		for await (const ids of this.#ids(prefix, `${prefix}${after}`)) {
			const found = await Promise.all(ids.map((id) => this.#counting(id, prefix)));
			tokens.push(...found.filter((token) => token !== null).filter(wants));
			// One more than is shown tells whether there is another page.
			if (tokens.length > limit) break;
		}
		const shown = tokens.slice(0, limit);
		return { tokens: shown, next: tokens.length > limit ? shown.at(-1)?.id : undefined };
	}

	/** The token, if it is to be listed there; what ended is forgotten. */
	async #counting(id: string, prefix: string): Promise<ApiToken | null> {
		const token = await this.#deps.find(id);
		if (token === null || !placesOf(token).some((place) => keyOf(place, "") === prefix))
			return null;
		if (this.#isListed(token)) return token;
		await this.forget(token);
		return null;
	}

	#isListed({ revoked, expires }: ApiToken): boolean {
		const endedMs = expires === null ? 0 : this.#deps.clock.now() - expires;
		return revoked === null && endedMs <= limits.tokensEndedListedMs;
	}

	/** Ids below a prefix, as objects or as folders, as many at once as are read at once. */
	async *#ids(prefix: string, start: string): AsyncGenerator<readonly string[]> {
		for (let after: string | undefined = start; after !== undefined; ) {
			const options: ListOptions = { prefix, delimiter: "/", after, limit: limits.listPageMax };
			const page: ListPage = await orUnavailable(() => this.#deps.store.list(options));
			const names = [...page.blobs.map(({ key }) => key), ...page.prefixes];
			const ids = names
				.map((name) => name.slice(prefix.length).replace("/", ""))
				.filter((id) => idForm.test(id));
			for (let at = 0; at < ids.length; at += readsAtOnce) yield ids.slice(at, at + readsAtOnce);
			after = page.next;
		}
	}

	/** Once for a store whose tokens are older than the index, or whose index was deleted. */
	async #complete(): Promise<void> {
		const { store } = this.#deps;
		if ((await orUnavailable(() => store.get(wholeKey))).found) return;
		this.#completing ??= this.#addAll().finally(() => {
			this.#completing = null;
		});
		await this.#completing;
	}

	async #addAll(): Promise<void> {
		const { store, registers, find } = this.#deps;
		for await (const ids of this.#ids(registers, registers)) {
			const found = await Promise.all(ids.map((id) => find(id)));
			const listed = found.filter((token) => token !== null && this.#isListed(token));
			await Promise.all(listed.map((token) => token && this.add(token)));
		}
		await orUnavailable(() => store.put(wholeKey, empty));
	}
}

function placesOf({ subject, organization = null }: ApiToken): readonly TokenPlace[] {
	return [{ subject }, { organization }];
}

/** Hashed: a subject may be of any characters and length. */
function keyOf(place: TokenPlace, id: string): string {
	const [kind, name] =
		"subject" in place ? ["subject", place.subject] : ["organization", place.organization ?? ""];
	const hash = createHash("sha256").update(name, "utf8").digest("hex").slice(0, 40);
	return `${root}${kind}-${hash}/${id}`;
}
